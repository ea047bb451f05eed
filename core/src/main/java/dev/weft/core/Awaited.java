package dev.weft.core;

import java.util.List;

/**
 * How it went to wait for all that came of some commands.
 *
 * @param done whether all of it is done, in all services
 * @param blocked what it was that was not done at the end of the time, or that does not go on by itself
 */
public record Awaited(boolean done, long waitedMs, List<Blocked> blocked) {

    public Awaited {
        blocked = List.copyOf(blocked);
    }

    /** {@code done}, or what blocks, a line each. */
    public String text() {
        return done ? "done" : "not done after " + waitedMs + " ms" + Blocked.lines(blocked);
    }
}
