package dev.weft.testkit;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Time that stands still until a test moves it.
 *
 * <p>{@link #advance} runs what falls due, in order, on the test's thread, with the clock at the
 * moment it was due. Threads are real. To move time for a thread that is about to wait, wait first
 * with {@link #awaitWaiting} until it does. Random numbers come from a seed. The monitor guards the
 * clock and the timers; no task is run with it held.
 */
public final class VirtualTime implements Time {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private record Timer(long atNanos, long number, Runnable task) {}

    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>(
                    Comparator.comparingLong(Timer::atNanos).thenComparingLong(Timer::number));
    private final RandomGenerator seeded;
    private long nanos;
    private long lastNumber;

    public VirtualTime() {
        this(1);
    }

    public VirtualTime(long seed) {
        seeded = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    @Override
    public synchronized long nanos() {
        return nanos;
    }

    @Override
    public synchronized Instant now() {
        return START.plusNanos(nanos);
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        synchronized (this) {
            if (Thread.interrupted()) throw new InterruptedException();
            long endNanos = end(duration);
            var timer = add(endNanos, () -> {});
            try {
                while (nanos < endNanos) wait();
            } finally {
                remove(timer);
            }
        }
    }

    @Override
    public synchronized Cancel schedule(Duration delay, Runnable task) {
        var timer = add(end(delay), task);
        return () -> remove(timer);
    }

    private long end(Duration delay) {
        long delayNanos = Math.max(0, delay.toNanos());
        return nanos > Long.MAX_VALUE - delayNanos ? Long.MAX_VALUE : nanos + delayNanos;
    }

    private Timer add(long atNanos, Runnable task) {
        var timer = new Timer(atNanos, ++lastNumber, task);
        timers.add(timer);
        notifyAll();
        return timer;
    }

    private synchronized void remove(Timer timer) {
        timers.remove(timer);
    }

    @Override
    public RandomGenerator random() {
        return () -> {
            synchronized (this) {
                return seeded.nextLong();
            }
        };
    }

    @Override
    public Thread start(String name, Runnable task) {
        return SystemTime.INSTANCE.start(name, task);
    }

    /** Moves the clock forward and runs what falls due on the way. */
    public void advance(Duration duration) {
        long endNanos;
        synchronized (this) {
            endNanos = end(duration);
        }
        while (true) {
            Timer due;
            synchronized (this) {
                var next = timers.peek();
                if (next == null || next.atNanos > endNanos) {
                    // A task may have moved it further.
                    nanos = Math.max(nanos, endNanos);
                    notifyAll();
                    return;
                }
                due = timers.remove();
                nanos = Math.max(nanos, due.atNanos);
                notifyAll();
            }
            due.task.run();
        }
    }

    /**
     * Waits until at least so many sleep or have something scheduled; fails when that takes longer
     * than so much real time.
     */
    public synchronized void awaitWaiting(int atLeast, Duration atMost)
            throws InterruptedException {
        long endNanos = SystemTime.INSTANCE.nanos() + atMost.toNanos();
        while (timers.size() < atLeast) {
            long leftMs = (endNanos - SystemTime.INSTANCE.nanos()) / 1_000_000;
            if (leftMs <= 0)
                throw new AssertionError(
                        "only " + timers.size() + " wait for virtual time, not " + atLeast);
            wait(leftMs);
        }
    }
}
