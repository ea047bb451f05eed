package dev.weft.core;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Decides which new traces are recorded. A trace that came with a request or an event keeps the
 * decision that was made where it began.
 *
 * <p>Safe for many threads; never blocks.
 */
@FunctionalInterface
public interface Sampler {

    /** Records every trace. */
    Sampler ALL = () -> true;

    /** Whether the trace that begins now is recorded. */
    boolean sample();

    /**
     * Records at most so many new traces a second over any longer time, and at most that many at
     * once: a token bucket of one second, kept as the moment at which it will be full again (the
     * generic cell rate algorithm). Zero or less records none.
     */
    static Sampler atMost(int perSecond, Time time) {
        if (perSecond <= 0) return () -> false;
        long second = 1_000_000_000;
        long cost = Math.max(1, second / perSecond);
        long origin = time.nanos();
        var fullAt = new AtomicLong();
        return () -> {
            long now = time.nanos() - origin;
            while (true) {
                long before = fullAt.get();
                long after = Math.max(before, now) + cost;
                if (after - now > second) return false;
                if (fullAt.compareAndSet(before, after)) return true;
            }
        };
    }
}
