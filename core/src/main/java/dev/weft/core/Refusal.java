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
 * @param hop how many calls away it was refused: 0 in this process, 1 by the service that was
 *     called, 2 by one that that service called
 */
public record Refusal(
        String by, Reason reason, boolean begun, Duration retryAfter, String detail, int hop) {

    /** A refusal in this process. */
    public Refusal(String by, Reason reason, boolean begun, Duration retryAfter, String detail) {
        this(by, reason, begun, retryAfter, detail, 0);
    }

    /** The reasons, with their name on the wire and the HTTP status they travel with. */
    public enum Reason {
        /** The time was over. */
        DEADLINE(504),
        /** No more tries are allowed. */
        BUDGET(503),
        /** What is needed failed too often of late. */
        BREAKER(503),
        /** Too much at once. */
        LIMIT(503),
        /** Too many in too short a time, of this caller. */
        RATE(429),
        /** It is about to stop. */
        DRAINING(503),
        /** There is no instance of it, or none that can be reached. */
        UNAVAILABLE(503),
        /** What was named is not applied here yet. */
        LAG(503),
        /** The service's store cannot be read or written. */
        STORAGE(503),
        /** A service that is needed could not be reached, or broke off. */
        UNREACHABLE(503);

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
        return new Refusal(by, reason, begun, retryAfter, detail, hop);
    }

    /** This refusal as the one who called sees it: one call further away. */
    public Refusal fromAfar() {
        return new Refusal(by, reason, begun, retryAfter, detail, hop + 1);
    }

    /** This refusal, of work that was begun. */
    public Refusal afterBegin() {
        return new Refusal(by, reason, true, retryAfter, detail, hop);
    }
}
