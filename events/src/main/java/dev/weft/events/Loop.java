package dev.weft.events;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * A thread that repeats one step until it is told to stop. Whatever the step throws is reported,
 * logged once per streak, and tried again with backoff.
 *
 * <p>A step says by {@link #idle} where it may be broken off: told to stop there, it is interrupted,
 * anywhere else it is let finish. The monitor guards the fields and is never held while blocking.
 */
final class Loop {

    /** What is repeated. */
    interface Step {
        void run() throws Exception;
    }

    /** What a step throws when it is one event's fault. */
    static final class StuckAt extends Exception {
        private static final long serialVersionUID = 1;
        private final String source;
        private final long position;
        private final String type;

        StuckAt(String source, long position, String type, Throwable cause) {
            super(type + " at " + source + "/" + position + ": " + cause, cause);
            this.source = source;
            this.position = position;
            this.type = type;
        }
    }

    /** How long an interrupted step may take to end. */
    static final Duration GRACE = Duration.ofSeconds(1);

    static final System.Logger LOG = System.getLogger("dev.weft.events");

    private final String name;
    private final Time time;
    private final Progress.Part part;
    private final Step step;
    private Optional<Thread> thread = Optional.empty();
    private boolean stopping;
    private boolean idle;

    /**
     * @param name of the thread, and in the log
     */
    Loop(String name, Time time, Progress.Part part, Step step) {
        this.name = name;
        this.time = time;
        this.part = part;
        this.step = step;
    }

    synchronized void start() {
        if (thread.isPresent() || stopping) return;
        Context.none().run(() -> thread = Optional.of(time.start(name, this::run)));
    }

    private void run() {
        int attempt = 0;
        while (!stopping()) {
            try {
                step.run();
                if (attempt > 0) {
                    LOG.log(System.Logger.Level.INFO, name + " goes on");
                    part.recovered(this);
                    attempt = 0;
                }
            } catch (Throwable failure) { // A loop that ended on an error would be missed too late.
                if (stopping()) return;
                attempt++;
                var wait = Backoff.PATIENT.after(attempt, time);
                failed(attempt, failure, time.now().plus(wait));
                pause(wait);
            }
        }
    }

    private void failed(int attempt, Throwable failure, Instant next) {
        if (attempt == 1)
            LOG.log(
                    System.Logger.Level.WARNING,
                    name + " fails and is tried again until it succeeds",
                    failure);
        part.failing(
                this,
                failure instanceof StuckAt stuck
                        ? new Progress.Failing(
                                stuck.source, stuck.position, "", attempt, text(stuck), next)
                        : new Progress.Failing("", 0, "", attempt, failure.toString(), next));
    }

    private static String text(StuckAt stuck) {
        return stuck.type + ": " + stuck.getCause();
    }

    private void pause(Duration duration) {
        try {
            idle(() -> {
                time.sleep(duration);
                return true;
            });
        } catch (InterruptedException stopped) {
            // Either told to stop, which ends the loop, or meant for a step that is over.
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits in a way that may be broken off; fails with InterruptedException when told to stop. */
    <T> T idle(Callable<T> wait) throws Exception {
        synchronized (this) {
            if (stopping) throw new InterruptedException(name + " stops");
            idle = true;
        }
        try {
            return wait.call();
        } finally {
            synchronized (this) {
                idle = false;
                if (stopping) Thread.interrupted();
            }
        }
    }

    synchronized boolean stopping() {
        return stopping;
    }

    /** Lets the step at hand finish, and interrupts it when the time is over. */
    void stop(Duration atMost) {
        Optional<Thread> running;
        synchronized (this) {
            stopping = true;
            running = thread;
            if (idle) running.ifPresent(Thread::interrupt);
        }
        if (running.isPresent() && !ended(running.get(), atMost)) {
            running.get().interrupt();
            if (!ended(running.get(), GRACE))
                LOG.log(System.Logger.Level.WARNING, name + " does not end when interrupted");
        }
    }

    private static boolean ended(Thread thread, Duration atMost) {
        try {
            return thread.join(atMost);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
