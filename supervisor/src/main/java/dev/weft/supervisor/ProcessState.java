package dev.weft.supervisor;

import java.time.Instant;

/**
 * One line of the process table.
 *
 * @param instance new with each start
 * @param pid of the running process, else of the last one; 0 before the first
 * @param address where its requests go; empty while it is not ready
 * @param restarts how often it was started again after a crash
 * @param since when it came into this state
 * @param problem why it crashed; empty if it did not
 */
public record ProcessState(
        String service,
        String instance,
        long pid,
        State state,
        String address,
        int restarts,
        Instant since,
        String problem) {

    /** Where a process is in its life. */
    public enum State {
        STARTING,
        READY,
        DRAINING,
        /** Ended by itself; it is started again, unless it was given up. */
        CRASHED,
        STOPPED
    }
}
