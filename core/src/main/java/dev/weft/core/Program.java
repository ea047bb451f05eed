package dev.weft.core;

import java.io.IOException;
import java.time.Duration;

/**
 * The life of a process: it runs until it is told to stop, then closes what it runs.
 *
 * <p>Told to stop means SIGTERM, SIGINT or SIGHUP (as the JVM's shutdown), or, with {@code
 * WEFT_SUPERVISED} set, the end of standard input, which comes when the supervisor dies. Closing
 * gets {@link #GRACE}; after that the process ends as it is.
 */
public final class Program {

    /** How long closing may take. */
    public static final Duration GRACE = Duration.ofSeconds(15);

    private Program() {}

    /** Blocks for ever; the process ends by a signal or with its supervisor. */
    public static void runUntilStopped(AutoCloseable running) {
        Runtime.getRuntime().addShutdownHook(closing(running));
        if (System.getenv("WEFT_SUPERVISED") != null) {
            awaitEndOfInput();
            System.exit(0);
        }
        while (true) {
            try {
                SystemTime.INSTANCE.sleep(Duration.ofDays(1));
            } catch (InterruptedException e) {
                System.exit(0);
            }
        }
    }

    /** Reports a failed start in one line and ends the process, threads or not. */
    public static void fail(String what, Throwable why) {
        System.err.println(what + ": " + (why.getMessage() == null ? why : why.getMessage()));
        System.exit(1);
    }

    private static Thread closing(AutoCloseable running) {
        return new Thread("weft-shutdown") {
            @Override
            public void run() {
                var timer = SystemTime.INSTANCE.schedule(GRACE, () -> Runtime.getRuntime().halt(1));
                try (running) {
                    return;
                } catch (Exception e) {
                    System.err.println("closing failed: " + e);
                } finally {
                    timer.cancel();
                }
            }
        };
    }

    private static void awaitEndOfInput() {
        try {
            while (System.in.read() >= 0)
                ;
        } catch (IOException e) {
            System.err.println("standard input failed, stopping: " + e.getMessage());
        }
    }
}
