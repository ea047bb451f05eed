package dev.weft.core.policy;

import dev.weft.core.Time;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What one more call to an instance would cost: how long it would take, times how many the instance would then have.
 *
 * <p>How long it would take is the longest of three:
 *
 * <ul>
 *   <li><em>what calls took lately.</em> A longer one replaces what is remembered at once, and that fades by the clock,
 *       however many calls there are; so a slow instance is left quickly and comes back slowly
 *       (peak EWMA, after Finagle and Linkerd). After {@link #DECAY} it is not known any more, so one that was left is tried again. A call that was given up took at least as long as it was waited for.
 *   <li><em>its silence</em>: how long calls have been under way since one last went well, whether they were given up meanwhile or
 *       not. An instance that hangs is left after a few times what its calls take, not when the first of them has failed.
 *   <li><em>what is left of its penalty.</em> A failure costs {@link #LEAST_PENALTY}, or as long as the answer asks to be left
 *       alone; otherwise an instance that fails fast would look like the best of all. It goes by like any time that must be waited for.
 * </ul>
 *
 * <p>Safe for many threads; takes no lock.
 */
public final class PeakEwma {

    /*
     * What is remembered is the largest of all latencies, each times e^(−its age/10 s): Finagle's average, which decays
     * with each look at it, looked at without end. Mixing in shorter calls beside that would forget the decay between
     * two calls, and an instance that is seldom called would stay slow for ever.
     */

    /** In this time what was measured falls to 1/e; then it is forgotten. */
    public static final Duration DECAY = Duration.ofSeconds(10);

    /** What is assumed before the first answer. */
    public static final Duration FIRST = Duration.ofMillis(30);

    /** What a failure counts at least. */
    public static final Duration LEAST_PENALTY = Duration.ofSeconds(5);

    private static final Duration MOST_PENALTY = Duration.ofMinutes(5);

    /** It never falls below this: times zero, the calls under way would make no difference. */
    private static final double LEAST_NANOS = 1;

    private record Peak(double nanos, long atNanos, boolean measured) {

        /** Whether it is known still, and not a guess. */
        boolean known(long nowNanos) {
            return measured && nowNanos - atNanos <= DECAY.toNanos();
        }
    }

    private final Time time;
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicReference<Peak> peak;

    /** The same, of good calls alone. */
    private final AtomicReference<Peak> good;

    /** When a call last went well, or the first of those under way began; earlier by the silence before. */
    private volatile long askedNanos;

    /** How long it had been silent when the last call under way ended. */
    private volatile long silentNanos;

    /** Until when the last failure counts. */
    private final AtomicLong penaltyEndsNanos;

    public PeakEwma(Time time) {
        this.time = time;
        this.peak = new AtomicReference<>(first());
        this.good = new AtomicReference<>(first());
        long now = time.nanos();
        this.askedNanos = now;
        this.penaltyEndsNanos = new AtomicLong(now);
    }

    private Peak first() {
        return new Peak(FIRST.toNanos(), time.nanos(), false);
    }

    /** Counts a call, before it is sent; the answer is for {@link #end}. */
    public long begin() {
        long now = time.nanos();
        if (pending.get() == 0) askedNanos = now - silentNanos;
        pending.incrementAndGet();
        return now;
    }

    /**
     * Counts its end.
     *
     * @param begunNanos what {@link #begin} answered
     */
    public void end(long begunNanos, Verdict verdict) {
        long now = time.nanos();
        long took = now - begunNanos;
        switch (verdict.health()) {
            case GOOD -> {
                took(peak, took, now);
                took(good, took, now);
                askedNanos = now;
            }
            case BUSY, BAD -> {
                tookAtLeast(took, now);
                punish(now + penaltyNanos(verdict.retryAfter()));
            }
            case UNKNOWN -> tookAtLeast(took, now);
        }
        if (pending.decrementAndGet() == 0) silentNanos = Math.max(0, now - askedNanos);
    }

    private static long penaltyNanos(Duration retryAfter) {
        if (retryAfter.compareTo(LEAST_PENALTY) < 0) return LEAST_PENALTY.toNanos();
        return (retryAfter.compareTo(MOST_PENALTY) < 0 ? retryAfter : MOST_PENALTY).toNanos();
    }

    private static void took(AtomicReference<Peak> peak, long nanos, long nowNanos) {
        var now = new Peak(nanos, nowNanos, true);
        Peak before;
        do {
            before = peak.get();
            if (before.known(nowNanos) && faded(before, nowNanos) >= nanos) return;
        } while (!peak.compareAndSet(before, now));
    }

    /** A guess is only replaced by more: how long a good call takes is still not known. */
    private void tookAtLeast(long nanos, long nowNanos) {
        if (faded(peak.get(), nowNanos) < nanos) took(peak, nanos, nowNanos);
    }

    private void punish(long endsNanos) {
        penaltyEndsNanos.accumulateAndGet(
                endsNanos, (before, now) -> now - before > 0 ? now : before);
    }

    private static double faded(Peak peak, long nowNanos) {
        long ageNanos = Math.max(0, nowNanos - peak.atNanos);
        return peak.nanos * Math.exp(-(double) ageNanos / DECAY.toNanos());
    }

    /** What one more call would cost; only comparing it with others means something. */
    public double cost() {
        return costAt(rememberedNanos());
    }

    /** What it would cost if its calls took so long lately. */
    double costAt(double rememberedNanos) {
        return Math.max(rememberedNanos, leastNanos()) * (pending.get() + 1);
    }

    /** Whether it is known how long calls take; what is remembered before is a guess. */
    public boolean measured() {
        return peak.get().known(time.nanos());
    }

    /** How long one more call would take. */
    public double latencyNanos() {
        return Math.max(rememberedNanos(), leastNanos());
    }

    /** What calls took lately, as of now. */
    double rememberedNanos() {
        return faded(peak.get(), time.nanos());
    }

    /** Whether one more call would take longer than calls took lately, because it is silent or has failed. */
    boolean overdue() {
        return leastNanos() > rememberedNanos();
    }

    /** What it takes in any case: as long as the silence lasts, and until the penalty is over. */
    private double leastNanos() {
        long now = time.nanos();
        long silent = pending.get() == 0 ? 0 : now - askedNanos;
        return Math.max(LEAST_NANOS, (double) Math.max(silent, penaltyEndsNanos.get() - now));
    }

    /** What is remembered of good calls alone, as of now: who had less time than that may not blame the instance. */
    double goodNanos() {
        return faded(good.get(), time.nanos());
    }

    /** Calls under way. */
    public int pending() {
        return pending.get();
    }

    /** Forgets what was measured, and its penalty; calls under way stay counted. */
    public void reset() {
        peak.set(first());
        long now = time.nanos();
        askedNanos = now;
        silentNanos = 0;
        penaltyEndsNanos.set(now);
    }
}
