package dev.weft.core.policy;

import dev.weft.core.Time;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * A histogram of how long something took lately, in 18 KB of memory.
 *
 * <p>It remembers the last 20 to 30 s, in 3 slices. A percentile is at most 3.2 % or 1 µs too large, never too small; what
 * took longer than two minutes counts as two minutes. Recording is cheap and allocates nothing, a percentile costs a
 * few microseconds. Safe for many threads.
 */
public final class Latencies {

    /*
     * Buckets are log-linear, as in HdrHistogram: up to 32 units of 1,024 ns one for each, then 32 for each doubling.
     * Of a value with its highest bit at place e, the 5 bits below that one say which.
     */

    private static final Duration WINDOW = Duration.ofSeconds(30);
    private static final int SLICES = 3;
    private static final int UNIT_BITS = 10;
    private static final int SUB_BITS = 5;
    private static final int SUBS = 1 << SUB_BITS;
    private static final int VALUE_BITS = 27;
    private static final long LARGEST = (1L << VALUE_BITS) - 1;
    private static final int BUCKETS = (VALUE_BITS - SUB_BITS + 1) * SUBS;

    private final Ring ring;

    public Latencies(Time time) {
        ring = new Ring(WINDOW, SLICES, BUCKETS, time);
    }

    public void record(long nanos) {
        ring.add(bucket(Math.clamp(nanos >> UNIT_BITS, 0, LARGEST)), 1);
    }

    /** How many are remembered. */
    public long count() {
        return total(sums());
    }

    /**
     * How long all but a share of them took at most, in nanoseconds: 0.01 gives the 99th percentile.
     *
     * @param atLeast with fewer remembered, or none, there is no percentile
     */
    public OptionalLong exceededBy(double share, long atLeast) {
        return exceededBy(RetryBudget.millionths("the share of latencies", share), atLeast);
    }

    OptionalLong exceededBy(long millionths, long atLeast) {
        var sums = sums();
        long total = total(sums);
        if (total < Math.max(1, atLeast)) return OptionalLong.empty();
        long mayExceed = total * millionths / RetryBudget.ONE;
        int bucket = BUCKETS - 1;
        for (long above = sums[bucket]; bucket > 0 && above <= mayExceed; above += sums[bucket])
            bucket--;
        return OptionalLong.of(upper(bucket) << UNIT_BITS);
    }

    private long[] sums() {
        var sums = new long[BUCKETS];
        ring.sums(sums);
        return sums;
    }

    private static long total(long[] sums) {
        long total = 0;
        for (long sum : sums) total += sum;
        return total;
    }

    private static int bucket(long units) {
        if (units < SUBS) return (int) units;
        int highest = Long.SIZE - 1 - Long.numberOfLeadingZeros(units);
        int shift = highest - SUB_BITS;
        return (shift + 1) * SUBS + (int) (units >> shift) - SUBS;
    }

    /** The end of a bucket, which is the begin of the next. */
    private static long upper(int bucket) {
        if (bucket < SUBS) return bucket + 1L;
        int shift = bucket / SUBS - 1;
        return (long) (SUBS + bucket % SUBS + 1) << shift;
    }
}
