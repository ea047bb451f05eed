package dev.weft.testkit.simulation;

import dev.weft.core.Context;
import dev.weft.core.Time;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Virtual time in which blocking code runs as it is, on one thread, the same way each time.
 *
 * <p>The threads that {@link #start} starts are virtual ones whose scheduler is this simulation: it
 * runs whichever is ready, in the order in which they became so, and when none is, it moves the
 * clock on to the next timer. So an hour takes as long as its work, and a seed repeats it exactly.
 * Locks, conditions and futures of the JDK work, but for waits with a timeout, which would wait for
 * real: what is simulated takes its timeouts from {@link Time}. So does {@code Object.wait}, whose
 * threads the JDK wakes from a thread of its own. A thread that keeps the clock from
 * moving by never blocking hangs the simulation.
 *
 * <p>The JDK has no public way to give virtual threads a scheduler; this one needs {@code --add-opens
 * java.base/java.lang=dev.weft.testkit} and says so without.
 *
 * <p>Used by one thread, which calls {@link #run}, and by those it started.
 */
public final class Simulation implements Time {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** A cancelled one stays in the queue until it is due: taking it out would look at all others. */
    private static final class Timer {
        final long atNanos;
        final long number;
        final Runnable task;
        boolean cancelled;

        Timer(long atNanos, long number, Runnable task) {
            this.atNanos = atNanos;
            this.number = number;
            this.task = task;
        }

        void cancel() {
            cancelled = true;
        }
    }

    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>(
                    Comparator.<Timer>comparingLong(timer -> timer.atNanos)
                            .thenComparingLong(timer -> timer.number));
    private final ArrayDeque<Runnable> ready = new ArrayDeque<>();
    private final Executor scheduler = ready::add;
    private final MethodHandle newThread;
    private final RandomGenerator random;
    private final long seed;
    private long nanos;
    private long lastNumber;

    /**
     * @param seed of all chance in it
     */
    public Simulation(long seed) {
        this.seed = seed;
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        this.newThread = newThread();
    }

    private static MethodHandle newThread() {
        try {
            var method =
                    Class.forName("java.lang.ThreadBuilders")
                            .getDeclaredMethod(
                                    "newVirtualThread",
                                    Executor.class,
                                    String.class,
                                    int.class,
                                    Runnable.class);
            method.setAccessible(true);
            return MethodHandles.lookup().unreflect(method);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException(
                    "a simulation schedules virtual threads itself, for which the JVM has to be"
                            + " started with --add-opens java.base/java.lang=dev.weft.testkit (or"
                            + " =ALL-UNNAMED, on the class path); it works on JDK 25",
                    e);
        }
    }

    /** What repeats it. */
    public long seed() {
        return seed;
    }

    /** Runs all that happens within the next so much virtual time. */
    public void run(Duration duration) {
        long endNanos = nanos + duration.toNanos();
        while (true) {
            for (var next = ready.poll(); next != null; next = ready.poll()) next.run();
            var timer = timers.peek();
            if (timer == null || timer.atNanos > endNanos) break;
            timers.remove();
            if (timer.cancelled) continue;
            nanos = Math.max(nanos, timer.atNanos);
            timer.task.run();
        }
        nanos = endNanos;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public Instant now() {
        return START.plusNanos(nanos);
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        if (Thread.interrupted()) throw new InterruptedException();
        var sleeper = Thread.currentThread();
        long endNanos = nanos + Math.max(0, duration.toNanos());
        var cancel = schedule(duration, () -> LockSupport.unpark(sleeper));
        do {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                cancel.cancel();
                throw new InterruptedException();
            }
        } while (nanos < endNanos);
    }

    @Override
    public Cancel schedule(Duration delay, Runnable task) {
        var timer = new Timer(nanos + Math.max(0, delay.toNanos()), ++lastNumber, task);
        timers.add(timer);
        return timer::cancel;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public Thread start(String name, Runnable task) {
        var context = Context.current();
        Runnable inContext = () -> context.run(task);
        try {
            var thread = (Thread) newThread.invokeExact(scheduler, name, 0, inContext);
            thread.start();
            return thread;
        } catch (Throwable e) {
            throw new IllegalStateException("no thread can be started", e);
        }
    }
}
