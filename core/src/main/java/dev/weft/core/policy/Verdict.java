package dev.weft.core.policy;

import java.time.Duration;

/**
 * How a try ended, as every policy sees it.
 *
 * @param health what it says of the instance that was tried
 * @param again whether the call may be tried again
 * @param retryAfter when the peer wants the next try; zero if it did not say
 * @param error the kind of error, of few values, as OpenTelemetry's {@code error.type}: a status, {@code timeout},
 *     the reason of a refusal; empty if there was none
 */
public record Verdict(Health health, Again again, Duration retryAfter, String error) {

    /** What a try says of the instance. */
    public enum Health {
        GOOD,

        /** Too busy for this one (429, over its limit): counts against the success rate, not as a run of failures. */
        BUSY,

        BAD,

        /** Nothing: it was cancelled by us, or never left this process. */
        UNKNOWN
    }

    /** Whether a call may be tried again. */
    public enum Again {
        /** The work was not begun: nothing was written, or it was refused before. */
        ALWAYS,

        /** It may have been done: only if doing it twice is doing it once. */
        IF_IDEMPOTENT,

        NEVER
    }

    public static final Verdict GOOD = new Verdict(Health.GOOD, Again.NEVER, Duration.ZERO, "");

    /** Nothing is known of how it ended. */
    public static final Verdict UNKNOWN =
            new Verdict(Health.UNKNOWN, Again.NEVER, Duration.ZERO, "");

    /** Whether the call has what it wanted, or an answer that would be the same at any instance. */
    public boolean good() {
        return health == Health.GOOD && again == Again.NEVER;
    }

    public Verdict retryAfter(Duration retryAfter) {
        return new Verdict(health, again, retryAfter, error);
    }
}
