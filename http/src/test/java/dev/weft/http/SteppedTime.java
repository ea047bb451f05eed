package dev.weft.http;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** A clock that stands until a test lets time pass; threads and chance are the system's. */
final class SteppedTime implements Time {

    private record Timer(long atNanos, Runnable task) {}

    private final List<Timer> timers = new ArrayList<>();
    private long nanos = 1;

    /** Runs what is due on the way, in order. */
    void pass(Duration duration) {
        long end = nanos() + duration.toNanos();
        for (var next = next(end); next != null; next = next(end)) next.task.run();
        synchronized (this) {
            nanos = end;
        }
    }

    private synchronized @org.jspecify.annotations.Nullable Timer next(long end) {
        Timer first = null;
        for (var timer : timers)
            if (timer.atNanos <= end && (first == null || timer.atNanos < first.atNanos))
                first = timer;
        if (first != null) {
            timers.remove(first);
            nanos = Math.max(nanos, first.atNanos);
        }
        return first;
    }

    /** How much will run when so much time passes. */
    synchronized long due(Duration within) {
        return timers.stream().filter(timer -> timer.atNanos <= nanos + within.toNanos()).count();
    }

    @Override
    public synchronized long nanos() {
        return nanos;
    }

    @Override
    public Instant now() {
        return Instant.ofEpochSecond(0, nanos());
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        SystemTime.INSTANCE.sleep(duration);
    }

    @Override
    public synchronized Cancel schedule(Duration delay, Runnable task) {
        var timer = new Timer(nanos + delay.toNanos(), task);
        timers.add(timer);
        return () -> {
            synchronized (this) {
                timers.remove(timer);
            }
        };
    }

    @Override
    public RandomGenerator random() {
        return SystemTime.INSTANCE.random();
    }

    @Override
    public Thread start(String name, Runnable task) {
        return SystemTime.INSTANCE.start(name, task);
    }
}
