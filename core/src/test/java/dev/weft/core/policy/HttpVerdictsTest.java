package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Response;
import dev.weft.core.SystemTime;
import dev.weft.core.policy.Verdict.Again;
import dev.weft.core.policy.Verdict.Health;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is thought of an answer, in a table: retry, breaker, load, throttle and metrics all go by it. */
class HttpVerdictsTest {

    private final HttpVerdicts verdicts = new HttpVerdicts(SystemTime.INSTANCE);

    @Test
    void answers() {
        record Case(
                int status,
                String refused,
                String retryable,
                Health health,
                Again again,
                String error) {}
        for (var each :
                List.of(
                        new Case(200, "", "", Health.GOOD, Again.NEVER, ""),
                        new Case(304, "", "", Health.GOOD, Again.NEVER, ""),
                        new Case(404, "", "", Health.GOOD, Again.NEVER, "404"),
                        new Case(409, "", "yes", Health.UNKNOWN, Again.ALWAYS, "409"),
                        new Case(429, "", "", Health.BUSY, Again.IF_IDEMPOTENT, "429"),
                        new Case(429, "", "no", Health.BUSY, Again.NEVER, "429"),
                        new Case(429, "quota", "", Health.BUSY, Again.IF_IDEMPOTENT, "quota"),
                        new Case(429, "rate", "", Health.UNKNOWN, Again.IF_IDEMPOTENT, "rate"),
                        new Case(429, "rate", "yes", Health.UNKNOWN, Again.ALWAYS, "rate"),
                        new Case(429, "rate", "no", Health.UNKNOWN, Again.NEVER, "rate"),
                        new Case(500, "", "", Health.BAD, Again.IF_IDEMPOTENT, "500"),
                        new Case(500, "", "no", Health.BAD, Again.NEVER, "500"),
                        new Case(501, "", "", Health.BAD, Again.NEVER, "501"),
                        new Case(502, "", "", Health.BAD, Again.IF_IDEMPOTENT, "502"),
                        new Case(503, "", "", Health.BAD, Again.IF_IDEMPOTENT, "503"),
                        new Case(503, "limit", "yes", Health.BUSY, Again.ALWAYS, "limit"),
                        new Case(503, "draining", "yes", Health.BUSY, Again.ALWAYS, "draining"),
                        new Case(503, "lag", "", Health.UNKNOWN, Again.IF_IDEMPOTENT, "lag"),
                        new Case(503, "unavailable", "no", Health.BAD, Again.NEVER, "unavailable"),
                        new Case(503, "breaker", "no", Health.BAD, Again.NEVER, "breaker"),
                        new Case(504, "deadline", "", Health.BAD, Again.IF_IDEMPOTENT, "deadline"),
                        new Case(505, "", "", Health.BAD, Again.NEVER, "505"))) {
            var answer = Response.of(each.status());
            if (!each.refused().isEmpty())
                answer = answer.header(ContextHeaders.REFUSED, each.refused());
            if (!each.retryable().isEmpty())
                answer = answer.header(ContextHeaders.RETRYABLE, each.retryable());
            assertVerdict(
                    each.toString(),
                    verdicts.answered(answer),
                    each.health(),
                    each.again(),
                    each.error());
        }
    }

    @Test
    void failures() {
        record Case(Throwable failure, Health health, Again again, String error) {}
        var deadline = Refusal.Reason.DEADLINE;
        for (var each :
                List.of(
                        new Case(
                                new Failure.Unreachable("nobody listens", false, null),
                                Health.BAD,
                                Again.ALWAYS,
                                "unreachable"),
                        new Case(
                                Failure.Unreachable.untried("no connection got free"),
                                Health.UNKNOWN,
                                Again.ALWAYS,
                                "unreachable"),
                        new Case(
                                new Failure.Unreachable("cut", true, null),
                                Health.BAD,
                                Again.IF_IDEMPOTENT,
                                "unreachable"),
                        new Case(
                                new Failure.Refused(Refusal.begun("a/1", deadline, "late")),
                                Health.BAD,
                                Again.IF_IDEMPOTENT,
                                "deadline"),
                        new Case(
                                new Failure.Refused(Refusal.notBegun("a/1", deadline, "late")),
                                Health.UNKNOWN,
                                Again.ALWAYS,
                                "deadline"),
                        new Case(
                                Problem.of(503, "away", "").failure(),
                                Health.BAD,
                                Again.IF_IDEMPOTENT,
                                "503"),
                        new Case(
                                Problem.of(404, "none", "").failure(),
                                Health.GOOD,
                                Again.NEVER,
                                "404"),
                        new Case(
                                new InterruptedException(),
                                Health.UNKNOWN,
                                Again.NEVER,
                                "cancelled"),
                        new Case(
                                new IllegalStateException("a bug"),
                                Health.UNKNOWN,
                                Again.NEVER,
                                "java.lang.IllegalStateException")))
            assertVerdict(
                    each.toString(),
                    verdicts.failed(each.failure()),
                    each.health(),
                    each.again(),
                    each.error());
    }

    private static void assertVerdict(
            String of, Verdict verdict, Health health, Again again, String error) {
        assertThat(verdict.health()).as(of).isEqualTo(health);
        assertThat(verdict.again()).as(of).isEqualTo(again);
        assertThat(verdict.error()).as(of).isEqualTo(error);
    }
}
