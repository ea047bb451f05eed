package dev.weft.supervisor;

import java.util.List;
import java.util.Optional;

/** What runs, and how to replace it. */
public interface ProcessTable {

    /** One line per instance of each service, in the order of their start. */
    List<ProcessState> processes();

    /** The names of all services, in the order of their start. */
    List<String> services();

    /**
     * Replaces a service's instances by new ones and returns when these are ready; else the answer
     * says what went wrong.
     */
    Optional<String> restart(String service) throws InterruptedException;
}
