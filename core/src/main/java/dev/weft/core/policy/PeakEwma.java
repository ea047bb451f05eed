package dev.weft.core.policy;

import dev.weft.core.Time;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What one more call to an instance would cost: how long its calls take lately, times how many it would then have.
 *
 * <p>A call that took longer than what is remembered replaces it at once; what is remembered fades by the clock, however
 * many calls there are. So a slow instance is left quickly and comes back slowly, and one that was left is tried again
 * (peak EWMA, after Finagle and Linkerd). A call that failed counts as a long one, at least {@link #LEAST_PENALTY}:
 * otherwise an instance that fails fast would look like the best of all. Safe for many threads; takes no lock.
 */
public final class PeakEwma {

    /*
     * What is remembered is the largest of all latencies, each times e^(−its age/10 s): Finagle's average, which decays
     * with each look at it, looked at without end. Mixing in shorter calls beside that would forget the decay between
     * two calls, and an instance that is seldom called would stay slow for ever.
     */

    /** In this time what was measured falls to 1/e. */
    public static final Duration DECAY = Duration.ofSeconds(10);

    /** What is assumed before the first answer. */
    public static final Duration FIRST = Duration.ofMillis(30);

    /** What a failure counts at least. */
    public static final Duration LEAST_PENALTY = Duration.ofSeconds(5);

    private static final Duration MOST_PENALTY = Duration.ofMinutes(5);

    /** It never falls below this: times zero, the calls under way would make no difference. */
    private static final double LEAST_NANOS = 1;

    private record Peak(double nanos, long atNanos, boolean measured) {}

    private final Time time;
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicReference<Peak> peak;

    /** The same, of good calls alone. */
    private final AtomicReference<Peak> good;

    public PeakEwma(Time time) {
        this.time = time;
        this.peak = new AtomicReference<>(first());
        this.good = new AtomicReference<>(first());
    }

    private Peak first() {
        return new Peak(FIRST.toNanos(), time.nanos(), false);
    }

    /** Counts a call, before it is sent; the answer is for {@link #end}. */
    public long begin() {
        pending.incrementAndGet();
        return time.nanos();
    }

    /**
     * Counts its end. One of which nothing is known, because it was cancelled, is only under way no more.
     *
     * @param begunNanos what {@link #begin} answered
     */
    public void end(long begunNanos, Verdict verdict) {
        long tookNanos = time.nanos() - begunNanos;
        switch (verdict.health()) {
            case GOOD -> {
                took(peak, tookNanos);
                took(good, tookNanos);
            }
            case BUSY, BAD -> took(peak, Math.max(tookNanos, penaltyNanos(verdict.retryAfter())));
            case UNKNOWN -> {}
        }
        pending.decrementAndGet();
    }

    private static long penaltyNanos(Duration retryAfter) {
        if (retryAfter.compareTo(LEAST_PENALTY) < 0) return LEAST_PENALTY.toNanos();
        return (retryAfter.compareTo(MOST_PENALTY) < 0 ? retryAfter : MOST_PENALTY).toNanos();
    }

    private void took(AtomicReference<Peak> peak, long nanos) {
        var now = new Peak(nanos, time.nanos(), true);
        Peak before;
        do {
            before = peak.get();
            if (before.measured && faded(before, now.atNanos) >= nanos) return;
        } while (!peak.compareAndSet(before, now));
    }

    private static double faded(Peak peak, long nowNanos) {
        long ageNanos = Math.max(0, nowNanos - peak.atNanos);
        return peak.nanos * Math.exp(-(double) ageNanos / DECAY.toNanos());
    }

    /** What one more call would cost; only comparing it with others means something. */
    public double cost() {
        return costAt(latencyNanos());
    }

    /** What it would cost if calls took so long. */
    double costAt(double latencyNanos) {
        return latencyNanos * (pending.get() + 1);
    }

    /** Whether a call has ended yet of which something is known; what is remembered before is a guess. */
    public boolean measured() {
        return peak.get().measured;
    }

    /** What is remembered, as of now. */
    public double latencyNanos() {
        return Math.max(LEAST_NANOS, faded(peak.get(), time.nanos()));
    }

    /** What is remembered of good calls alone, as of now: who had less time than that may not blame the instance. */
    double goodNanos() {
        return faded(good.get(), time.nanos());
    }

    /** Calls under way. */
    public int pending() {
        return pending.get();
    }

    /** Forgets what was measured; calls under way stay counted. */
    public void reset() {
        peak.set(first());
    }
}
