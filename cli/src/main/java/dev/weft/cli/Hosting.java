package dev.weft.cli;

import dev.weft.supervisor.ProcessTable;
import dev.weft.supervisor.Replacement;
import java.util.Optional;

/** Runs the parts of a system: each as a process of its own, or all in this one. */
interface Hosting extends ProcessTable, AutoCloseable {

    String HUB = "hub";
    String GATEWAY = "gateway";

    /** Starts hub and gateway and returns at once. */
    void startParts();

    /**
     * Starts a service and returns at once.
     *
     * @param built empty if it is a program of another kind
     */
    void start(ServiceFile service, Optional<Built> built);

    /**
     * Puts a new version in the place of the old one without dropping requests. If it does not
     * become ready, the old one stays if it is ready itself; the answer says so.
     */
    Replacement replace(ServiceFile service, Optional<Built> built) throws InterruptedException;

    /** Blocks until the part or service is ready; else tells why it never will be. */
    Optional<String> awaitReady(String service) throws InterruptedException;

    /** Stops everything: the gateway first, then the services, the hub last. */
    @Override
    void close();
}
