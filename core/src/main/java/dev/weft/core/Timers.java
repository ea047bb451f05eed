package dev.weft.core;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs short tasks at their times, made for calls that set several timers each and cancel nearly all of them.
 *
 * <p>Setting a timer puts it into a queue, cancelling it marks it; neither takes a lock. One thread alone knows the heap of
 * what is due. While timers are being set it empties the queue every {@link #LOOK} into the heap, and drops those that were
 * cancelled by then: the timers of a call that takes less mostly never reach the heap. When none are set any more, it sleeps until
 * the next one is due. No task is run early.
 */
final class Timers implements Runnable {

    /** How long a timer that is due later may stay in the queue. */
    private static final Duration LOOK = Duration.ofMillis(10);

    private static final Duration LONGEST = Duration.ofDays(365);

    /** A heap of no more than so many is not searched for cancelled ones. */
    private static final int FEW = 1_024;

    /** Holds its task until it is run or cancelled. */
    private static final class Timer implements Time.Cancel, Comparable<Timer> {

        private final long dueNanos;
        private final AtomicReference<@Nullable Runnable> task;

        private Timer(long dueNanos, Runnable task) {
            this.dueNanos = dueNanos;
            this.task = new AtomicReference<>(task);
        }

        @Override
        public void cancel() {
            task.set(null);
        }

        private boolean over() {
            return task.get() == null;
        }

        private void fire() {
            var it = task.getAndSet(null);
            if (it == null) return;
            try {
                it.run();
            } catch (RuntimeException | Error e) {
                System.getLogger(Timers.class.getName())
                        .log(System.Logger.Level.ERROR, "a timer's task failed", e);
            }
        }

        /** By the clock, which may overflow. */
        @Override
        public int compareTo(Timer other) {
            return Long.signum(dueNanos - other.dueNanos);
        }
    }

    private final LongSupplier clock;
    private final ConcurrentLinkedQueue<Timer> queue = new ConcurrentLinkedQueue<>();
    private final PriorityQueue<Timer> heap = new PriorityQueue<>();
    private int purgedAbove = FEW;

    /** Who sleeps until {@link #wakesAtNanos}, and whether any new timer wakes it or only one that is due sooner. */
    private volatile @Nullable Thread sleeper;

    private volatile long wakesAtNanos;
    private volatile boolean wakesForAny;

    /**
     * @param clock nanoseconds that only go forward
     */
    Timers(LongSupplier clock) {
        this.clock = clock;
    }

    Time.Cancel schedule(Duration delay, Runnable task) {
        long nanos = delay.compareTo(LONGEST) < 0 ? delay.toNanos() : LONGEST.toNanos();
        var timer = new Timer(clock.getAsLong() + nanos, task);
        queue.add(timer);
        var thread = sleeper;
        if (thread != null && (wakesForAny || timer.dueNanos - wakesAtNanos < 0)) {
            sleeper = null;
            LockSupport.unpark(thread);
        }
        return timer;
    }

    /** Runs what is due, until the thread is interrupted. */
    @Override
    public void run() {
        while (!Thread.currentThread().isInterrupted())
            try {
                sleep(look());
            } catch (OutOfMemoryError e) {
                // Without this thread no deadline would ever pass again.
                System.getLogger(Timers.class.getName())
                        .log(System.Logger.Level.ERROR, "timers may be late", e);
            }
    }

    /** One look into the queue and at the clock; whether any timer had been set. */
    boolean look() {
        boolean some = take();
        fire();
        return some;
    }

    private boolean take() {
        boolean some = false;
        for (var timer = queue.poll(); timer != null; timer = queue.poll()) {
            some = true;
            if (!timer.over()) heap.add(timer);
        }
        if (heap.size() > purgedAbove) {
            heap.removeIf(Timer::over);
            purgedAbove = Math.max(FEW, 2 * heap.size());
        }
        return some;
    }

    private void fire() {
        for (var next = heap.peek(); next != null; next = heap.peek()) {
            if (!next.over() && next.dueNanos - clock.getAsLong() > 0) return;
            heap.remove();
            next.fire();
        }
    }

    private void sleep(boolean lightly) {
        long now = clock.getAsLong();
        var next = heap.peek();
        long nanos = lightly ? LOOK.toNanos() : LONGEST.toNanos();
        if (next != null) nanos = Math.min(nanos, next.dueNanos - now);
        if (nanos <= 0) return;
        wakesAtNanos = now + nanos;
        wakesForAny = !lightly;
        sleeper = Thread.currentThread();
        // Who comes after this sees the sleeper; who came before it is seen here.
        if (queue.isEmpty()) LockSupport.parkNanos(this, nanos);
        sleeper = null;
    }

    /** How many are in the heap. */
    int held() {
        return heap.size();
    }
}
