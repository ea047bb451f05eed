package dev.weft.core;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The JDK's own clocks, timers, random numbers and virtual threads. */
public final class SystemTime implements Time {

    public static final SystemTime INSTANCE = new SystemTime();

    private final Timers timers = new Timers(System::nanoTime);

    private SystemTime() {
        Thread.ofPlatform().daemon().name("weft-timer").start(timers);
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        Thread.sleep(duration);
    }

    @Override
    public Cancel schedule(Duration delay, Runnable task) {
        return timers.schedule(delay, task);
    }

    @Override
    public RandomGenerator random() {
        return ThreadLocalRandom.current();
    }

    @Override
    public Thread start(String name, Runnable task) {
        var context = Context.current();
        return Thread.ofVirtual().name(name).start(() -> context.run(task));
    }

    @Override
    public Thread startNative(String name, Runnable task) {
        var context = Context.current();
        return Thread.ofPlatform().daemon().name(name).start(() -> context.run(task));
    }
}
