package dev.weft.core;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * Where clocks, timers, chance and threads come from, so that a test can replace them all at once.
 *
 * <p>{@link SystemTime} is the real one and the only class that may touch the JDK's clocks, sleeps,
 * random sources and thread starts.
 */
public interface Time {

    /** Nanoseconds on a clock that only goes forward; its zero means nothing. */
    long nanos();

    /** The calendar's time, for people and for stored events; it may jump. */
    Instant now();

    /** Blocks for the duration, or until the thread is interrupted. */
    void sleep(Duration duration) throws InterruptedException;

    /**
     * Runs a short task that does not block after the delay, on a thread shared with others. The
     * answer cancels it if it has not begun.
     */
    Cancel schedule(Duration delay, Runnable task);

    /** Random numbers; safe for many threads. */
    RandomGenerator random();

    /**
     * Starts a virtual thread that inherits the caller's {@link Context}. Whoever starts it sees to
     * its end.
     */
    Thread start(String name, Runnable task);

    /**
     * Starts a thread for work that blocks in native code, where a virtual thread would hold on to
     * its carrier: a platform thread that does not keep the process alive. Otherwise as {@link
     * #start}.
     */
    default Thread startNative(String name, Runnable task) {
        return start(name, task);
    }

    /** Takes back a scheduled task. */
    @FunctionalInterface
    interface Cancel {
        void cancel();
    }
}
