package dev.weft.core.policy;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A clock that stands until a test lets time pass; chance comes from a seed, threads are real.
 *
 * <p>{@link #pass} runs what falls due, in order, on the test's thread. By default a thread that sleeps lets time pass
 * by itself, so that a policy which waits can be tested on one thread; {@link #sleepersWait} makes it wait for the test.
 */
final class SteppedTime implements Time {

    private record Timer(long atNanos, Runnable task) {}

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final List<Timer> timers = new ArrayList<>();
    private final List<Duration> slept = new ArrayList<>();
    private final RandomGenerator seeded;
    private long nanos;
    private boolean sleepersWait;
    private int started;

    SteppedTime() {
        this(1);
    }

    SteppedTime(long seed) {
        this(seed, -77);
    }

    /**
     * @param startNanos where the clock begins; its zero means nothing
     */
    SteppedTime(long seed, long startNanos) {
        seeded = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        nanos = startNanos;
    }

    /** A seed for a test, printed: the one of {@code -Dweft.test.seed}, or a new one. */
    static long seed() {
        long seed = Long.getLong("weft.test.seed", SystemTime.INSTANCE.random().nextLong());
        System.out.println("repeat with -Dweft.test.seed=" + seed);
        return seed;
    }

    /** From now on, sleepers wait until the test lets time pass. */
    synchronized void sleepersWait() {
        sleepersWait = true;
    }

    /** How long each sleeper wanted to sleep. */
    synchronized List<Duration> slept() {
        return List.copyOf(slept);
    }

    /** How much is scheduled and neither run nor taken back, sleepers among it. */
    synchronized int scheduled() {
        return timers.size();
    }

    /** How many threads were started. */
    synchronized int started() {
        return started;
    }

    /** Runs what is due on the way, in order. */
    void pass(Duration duration) {
        long endNanos = nanos() + duration.toNanos();
        for (var next = next(endNanos); next != null; next = next(endNanos)) next.task.run();
        synchronized (this) {
            if (endNanos - nanos > 0) nanos = endNanos;
        }
    }

    private synchronized @org.jspecify.annotations.Nullable Timer next(long endNanos) {
        Timer first = null;
        for (var timer : timers)
            if (timer.atNanos - endNanos <= 0
                    && (first == null || timer.atNanos - first.atNanos < 0)) first = timer;
        if (first != null) {
            timers.remove(first);
            if (first.atNanos - nanos > 0) nanos = first.atNanos;
        }
        return first;
    }

    /** Waits, in real time, until so much is scheduled. */
    synchronized void awaitScheduled(int atLeast) throws InterruptedException {
        long endNanos = SystemTime.INSTANCE.nanos() + 20_000_000_000L;
        while (timers.size() < atLeast) {
            long leftMs = (endNanos - SystemTime.INSTANCE.nanos()) / 1_000_000;
            if (leftMs <= 0) throw new AssertionError(timers.size() + " scheduled, not " + atLeast);
            wait(leftMs);
        }
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
        if (Thread.interrupted()) throw new InterruptedException();
        boolean waits;
        synchronized (this) {
            slept.add(duration);
            waits = sleepersWait;
        }
        if (!waits) {
            pass(duration);
            return;
        }
        var over = new AtomicBoolean();
        synchronized (this) {
            var timer =
                    schedule(
                            duration,
                            () -> {
                                synchronized (this) {
                                    over.set(true);
                                    notifyAll();
                                }
                            });
            try {
                while (!over.get()) wait();
            } finally {
                timer.cancel();
            }
        }
    }

    @Override
    public synchronized Cancel schedule(Duration delay, Runnable task) {
        var timer = new Timer(nanos + Math.max(0, delay.toNanos()), task);
        timers.add(timer);
        notifyAll();
        return () -> {
            synchronized (this) {
                timers.remove(timer);
            }
        };
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
        synchronized (this) {
            started++;
        }
        return SystemTime.INSTANCE.start(name, task);
    }
}
