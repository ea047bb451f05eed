package dev.weft.core;

import java.time.Duration;

/**
 * How long to wait before the next attempt: full jitter, U(0, min(cap, base · 2ⁿ)).
 *
 * <p>From "Exponential Backoff and Jitter" (AWS architecture blog): of the jitters tried there it
 * needs the least work in total.
 *
 * @param base the first wait's upper bound
 * @param cap the largest upper bound
 */
public record Backoff(Duration base, Duration cap) {

    /** For calls: 25 ms doubling to 250 ms. */
    public static final Backoff CALLS = new Backoff(Duration.ofMillis(25), Duration.ofMillis(250));

    /** For events and processes: 100 ms doubling to 30 s. */
    public static final Backoff PATIENT =
            new Backoff(Duration.ofMillis(100), Duration.ofSeconds(30));

    /**
     * The wait behind a failed attempt.
     *
     * @param attempt 1 for the wait after the first attempt
     */
    public Duration after(int attempt, Time time) {
        long capNanos = cap.toNanos();
        int doublings = Math.min(attempt - 1, 62);
        long bound =
                base.toNanos() > capNanos >> doublings ? capNanos : base.toNanos() << doublings;
        return Duration.ofNanos(bound <= 0 ? 0 : time.random().nextLong(bound + 1));
    }
}
