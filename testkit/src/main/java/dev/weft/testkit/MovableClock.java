package dev.weft.testkit;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** The system's time with another wall clock, which a test moves forth and back. Safe for many threads. */
public final class MovableClock implements Time {

    private static final SystemTime SYSTEM = SystemTime.INSTANCE;

    private volatile Duration ahead = Duration.ZERO;
    private volatile long passedNanos;

    /** Shows the right time until it is moved. */
    public MovableClock() {}

    /** Moves the wall clock from where it is; back, if negative. Nothing that waits notices. */
    public synchronized void move(Duration by) {
        ahead = ahead.plus(by);
    }

    /** Lets so much time pass; what waits does not notice. */
    public synchronized void pass(Duration time) {
        move(time);
        passedNanos += time.toNanos();
    }

    @Override
    public Instant now() {
        return SYSTEM.now().plus(ahead);
    }

    @Override
    public long nanos() {
        return SYSTEM.nanos() + passedNanos;
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        SYSTEM.sleep(duration);
    }

    @Override
    public Cancel schedule(Duration delay, Runnable task) {
        return SYSTEM.schedule(delay, task);
    }

    @Override
    public RandomGenerator random() {
        return SYSTEM.random();
    }

    @Override
    public Thread start(String name, Runnable task) {
        return SYSTEM.start(name, task);
    }
}
