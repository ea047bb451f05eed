package dev.weft.core.policy;

import dev.weft.core.Time;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Sums over a sliding window of time: a ring of buckets, each with a few counters.
 *
 * <p>The window is the bucket under way and the ones before it, so what was added counts for at least {@code window −
 * window/buckets} and less than {@code window}, and then leaves with its bucket, never all at once. Nothing decays: a sum
 * is exactly what was added in the window, however often it is asked for. Safe for many threads; {@link #add} takes no
 * lock but for the first time in each bucket, and allocates nothing.
 */
public final class Ring {

    /*
     * Buckets are numbered from the ring's start; bucket b lies in slot b mod n. `newest` is written, under the monitor,
     * after the slots that it reuses were set to zero. A thread that read an older `newest` and was held up adds to the
     * slot of its bucket: if that has been reused meanwhile, it counts as of now, or is lost together with the bucket
     * that left the window while it was held up. A thread whose clock lies behind `newest` adds to the newest bucket.
     */

    private final AtomicLongArray slots;
    private final int buckets;
    private final int counters;
    private final long bucketNanos;
    private final long startNanos;
    private final Time time;
    private volatile long newest;

    /** A ring with one counter. */
    public Ring(Duration window, int buckets, Time time) {
        this(window, buckets, 1, time);
    }

    /**
     * @param window divided by the number of buckets, at least a nanosecond
     * @param buckets 1 or more; with one, everything is forgotten at its end
     * @param counters how many counters each bucket has
     */
    public Ring(Duration window, int buckets, int counters, Time time) {
        if (buckets < 1 || counters < 1 || window.dividedBy(buckets).toNanos() < 1)
            throw new IllegalArgumentException(
                    "a ring needs a bucket, a counter and a nanosecond for each bucket, not "
                            + buckets
                            + " buckets of "
                            + counters
                            + " counters in "
                            + window);
        this.buckets = buckets;
        this.counters = counters;
        this.bucketNanos = window.toNanos() / buckets;
        this.slots = new AtomicLongArray(Math.multiplyExact(buckets, counters));
        this.time = time;
        this.startNanos = time.nanos();
    }

    /** Adds to the counter in the bucket under way. */
    public void add(int counter, long n) {
        slots.getAndAdd(slot(now()) + checked(counter), n);
    }

    /** What was added to the counter in the window. */
    public long sum(int counter) {
        checked(counter);
        now();
        long sum = 0;
        for (int i = counter; i < buckets * counters; i += counters) sum += slots.get(i);
        return sum;
    }

    /** What was added to each counter in the window, the first ones first. */
    void sums(long[] into) {
        now();
        for (int i = 0; i < counters; i++) into[i] = slots.get(i);
        for (int i = counters; i < buckets * counters; i++) into[i % counters] += slots.get(i);
    }

    /** Forgets everything. */
    public synchronized void clear() {
        for (int i = 0; i < buckets * counters; i++) slots.set(i, 0);
    }

    private int checked(int counter) {
        if (counter < 0 || counter >= counters) throw new IndexOutOfBoundsException(counter);
        return counter;
    }

    private int slot(long bucket) {
        return (int) (bucket % buckets) * counters;
    }

    /** The bucket of this moment; what left the window is cleared before. */
    private long now() {
        long atNanos = time.nanos() - startNanos;
        long bucket = newest;
        return atNanos - bucket * bucketNanos < bucketNanos
                ? bucket
                : advance(atNanos / bucketNanos);
    }

    private synchronized long advance(long bucket) {
        if (bucket <= newest) return newest;
        for (long next = Math.max(newest + 1, bucket - buckets + 1); next <= bucket; next++)
            for (int i = 0; i < counters; i++) slots.set(slot(next) + i, 0);
        newest = bucket;
        return bucket;
    }
}
