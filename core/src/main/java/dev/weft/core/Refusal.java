package dev.weft.core;

import java.time.Duration;

/**
 * Why something was not done, in one vocabulary for calls, servers and the bus.
 *
 * @param by who refused: service, or service/instance
 * @param reason why
 * @param begun whether the work may have been begun; if not, it is safe to try again
 * @param retryAfter when to come back; zero if it makes no difference
 * @param detail a sentence for people, with the value and the limit
 */
public record Refusal(String by, Reason reason, boolean begun, Duration retryAfter, String detail) {

    /** The reasons, with their name on the wire and the HTTP status they travel with. */
    public enum Reason {
        DEADLINE(504),
        BUDGET(503),
        BREAKER(503),
        LIMIT(503),
        RATE(429),
        DRAINING(503),
        UNAVAILABLE(503),
        LAG(503);

        private final int status;

        Reason(int status) {
            this.status = status;
        }

        public int status() {
            return status;
        }

        /** The name on the wire: {@code deadline}, {@code lag} … */
        public String wireName() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    public static Refusal notBegun(String by, Reason reason, String detail) {
        return new Refusal(by, reason, false, Duration.ZERO, detail);
    }

    public static Refusal begun(String by, Reason reason, String detail) {
        return new Refusal(by, reason, true, Duration.ZERO, detail);
    }

    public Refusal retryAfter(Duration retryAfter) {
        return new Refusal(by, reason, begun, retryAfter, detail);
    }
}
