package dev.weft.testkit;

import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** Virtual time of one thread: who sleeps moves the clock, and a thread that is started has ended when its start returns. */
final class HostileTime implements Time {

    private final VirtualTime virtual;

    HostileTime(long seed) {
        virtual = new VirtualTime(seed);
    }

    void advance(Duration duration) {
        virtual.advance(duration);
    }

    @Override
    public long nanos() {
        return virtual.nanos();
    }

    @Override
    public Instant now() {
        return virtual.now();
    }

    @Override
    public void sleep(Duration duration) {
        virtual.advance(duration);
    }

    @Override
    public Cancel schedule(Duration delay, Runnable task) {
        return virtual.schedule(delay, task);
    }

    @Override
    public RandomGenerator random() {
        return virtual.random();
    }

    @Override
    public Thread start(String name, Runnable task) {
        task.run();
        return Thread.currentThread();
    }
}
