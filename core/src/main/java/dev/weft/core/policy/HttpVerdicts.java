package dev.weft.core.policy;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Refusal;
import dev.weft.core.Response;
import dev.weft.core.RetryAfter;
import dev.weft.core.Time;
import java.time.Duration;

/**
 * Verdicts over HTTP answers, by what their head says; no body is read.
 *
 * <p>An answer below 500 is good, also a 404: another instance would say the same; unless it says itself that
 * it may be tried again, as the 409 does of a request whose first try is still in work. A 5xx may be tried again if the call
 * is idempotent, unless {@link ContextHeaders#RETRYABLE} says {@code yes} (refused before the work) or {@code no}; so may a
 * 429, for it may be that of a service further in, passed on by one that had begun. {@link RetryAfter} counts up to its longest.
 *
 * <p>A 429 that Weft gave ({@code rate} in {@link ContextHeaders#REFUSED}) is about one key of many and says nothing of the instance.
 * One of anybody else is about us, so it counts as busy.
 */
public final class HttpVerdicts implements Classifier<Response> {

    private final Time time;

    public HttpVerdicts(Time time) {
        this.time = time;
    }

    @Override
    public Verdict answered(Response answer) {
        int status = answer.status();
        if (status < 400) return Verdict.GOOD;
        if (status < 500 && status != 429) {
            var again = again(answer, Verdict.Again.NEVER);
            return new Verdict(
                    again == Verdict.Again.NEVER ? Verdict.Health.GOOD : Verdict.Health.UNKNOWN,
                    again,
                    Duration.ZERO,
                    Integer.toString(status));
        }
        var reason = answer.headers().get(ContextHeaders.REFUSED).orElse("");
        var otherwise =
                status == 501 || status == 505 ? Verdict.Again.NEVER : Verdict.Again.IF_IDEMPOTENT;
        return new Verdict(
                health(status, reason),
                again(answer, otherwise),
                retryAfter(answer),
                reason.isEmpty() ? Integer.toString(status) : reason);
    }

    private static Verdict.Health health(int status, String reason) {
        return switch (reason) {
            case "limit", "draining" -> Verdict.Health.BUSY;
            case "lag", "rate" -> Verdict.Health.UNKNOWN;
            default -> status == 429 ? Verdict.Health.BUSY : Verdict.Health.BAD;
        };
    }

    private static Verdict.Again again(Response answer, Verdict.Again otherwise) {
        return switch (answer.headers().get(ContextHeaders.RETRYABLE).orElse("")) {
            case "yes" -> Verdict.Again.ALWAYS;
            case "no" -> Verdict.Again.NEVER;
            default -> otherwise;
        };
    }

    private Duration retryAfter(Response answer) {
        return RetryAfter.in(answer.headers(), time);
    }

    @Override
    public Verdict failed(Throwable failure) {
        return switch (failure) {
            case Failure.Unreachable it ->
                    new Verdict(
                            it.tried() ? Verdict.Health.BAD : Verdict.Health.UNKNOWN,
                            it.sent() ? Verdict.Again.IF_IDEMPOTENT : Verdict.Again.ALWAYS,
                            Duration.ZERO,
                            "unreachable");
            case Failure.Refused it -> refused(it.refusal());
            case Failure.Answered it when it.problem().status() >= 500 ->
                    new Verdict(
                            Verdict.Health.BAD,
                            Verdict.Again.IF_IDEMPOTENT,
                            Duration.ZERO,
                            Integer.toString(it.problem().status()));
            case Failure.Answered it ->
                    new Verdict(
                            Verdict.Health.GOOD,
                            Verdict.Again.NEVER,
                            Duration.ZERO,
                            Integer.toString(it.problem().status()));
            default ->
                    new Verdict(
                            Verdict.Health.UNKNOWN,
                            Verdict.Again.NEVER,
                            Duration.ZERO,
                            failure instanceof InterruptedException
                                    ? "cancelled"
                                    : failure.getClass().getName());
        };
    }

    private static Verdict refused(Refusal refusal) {
        var again = refusal.begun() ? Verdict.Again.IF_IDEMPOTENT : Verdict.Again.ALWAYS;
        var health =
                refusal.reason() == Refusal.Reason.DEADLINE && refusal.begun()
                        ? Verdict.Health.BAD
                        : Verdict.Health.UNKNOWN;
        return new Verdict(health, again, refusal.retryAfter(), refusal.reason().wireName());
    }
}
