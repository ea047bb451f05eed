package dev.weft.supervisor;

import dev.weft.core.Program;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What is to run, and how.
 *
 * @param service the name in the process table and in logs
 * @param command program and arguments
 * @param environment all variables of the process; {@code WEFT_INSTANCE} and {@code WEFT_PORT} are
 *     added at each start
 * @param directory the working folder
 * @param port what the process is told to listen on
 * @param instances how many run at the same time
 * @param readiness when it counts as ready
 * @param readyTimeout how long it may take until then, at each start
 * @param grace how long it may take to end when told to, before it is killed
 * @param stage processes of a higher stage are stopped before those of a lower one
 * @param overlap whether a replacement may start while the old one still runs
 * @param signal how it is told to end
 */
public record ProcessSpec(
        String service,
        List<String> command,
        Map<String, String> environment,
        Path directory,
        Port port,
        int instances,
        Readiness readiness,
        Duration readyTimeout,
        Duration grace,
        int stage,
        boolean overlap,
        Signal signal) {

    /** What tells a program to end in an orderly way. */
    public enum Signal {
        TERM,

        /** To programs that take SIGTERM as leave to wait for others, as PostgreSQL waits for its clients. */
        INT
    }

    public static final Duration READY_TIMEOUT = Duration.ofSeconds(30);

    /** A little more than a process of Weft's takes by itself before it gives up. */
    public static final Duration GRACE = Program.GRACE.plusSeconds(1);

    /** The most instances of one service. */
    public static final int MAX_INSTANCES = 32;

    /** One that SIGTERM tells to end. */
    public ProcessSpec(
            String service,
            List<String> command,
            Map<String, String> environment,
            Path directory,
            Port port,
            int instances,
            Readiness readiness,
            Duration readyTimeout,
            Duration grace,
            int stage,
            boolean overlap) {
        this(
                service,
                command,
                environment,
                directory,
                port,
                instances,
                readiness,
                readyTimeout,
                grace,
                stage,
                overlap,
                Signal.TERM);
    }

    public ProcessSpec {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        if (command.isEmpty())
            throw new IllegalArgumentException(service + " has an empty command");
        if (instances < 1 || instances > MAX_INSTANCES)
            throw new IllegalArgumentException(
                    service
                            + " has between 1 and "
                            + MAX_INSTANCES
                            + " instances, not "
                            + instances);
    }

    /** The same, told to end by this signal. */
    public ProcessSpec endedBy(Signal by) {
        return new ProcessSpec(
                service,
                command,
                environment,
                directory,
                port,
                instances,
                readiness,
                readyTimeout,
                grace,
                stage,
                overlap,
                by);
    }
}
