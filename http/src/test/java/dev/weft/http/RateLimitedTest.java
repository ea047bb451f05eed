package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.core.policy.Tally;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RateLimitedTest {

    private final SteppedTime time = new SteppedTime();

    private Filter<Request, Response> limited(RateLimit.Options options) {
        return Problems.filter("cart/1")
                .then(
                        new RateLimited(
                                "cart/1",
                                new RateLimit(options, Tally.NONE, time),
                                request -> request.headers().get("X-Who").orElse("")));
    }

    private static Response call(Filter<Request, Response> stack, String who) throws Exception {
        Service<Request, Response> end = request -> Response.of(200);
        return stack.then(Problems.handlers())
                .then(end)
                .call(Request.get("/").header("X-Who", who));
    }

    @Test
    void who_asks_too_often_is_told_until_when_and_that_nothing_was_begun() throws Exception {
        var stack = limited(RateLimit.Options.of(2, Duration.ofSeconds(60)));
        var first = call(stack, "ann");
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.headers().get("RateLimit-Policy")).hasValue("\"default\";q=2;w=60");
        assertThat(first.headers().get("RateLimit")).hasValue("\"default\";r=1;t=30");
        assertThat(first.headers().get("Retry-After")).isEmpty();
        call(stack, "ann");
        var refused = call(stack, "ann");
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.headers().get("RateLimit-Policy")).hasValue("\"default\";q=2;w=60");
        assertThat(refused.headers().get("RateLimit")).hasValue("\"default\";r=0;t=30");
        assertThat(refused.headers().get("Retry-After")).hasValue("30");
        assertThat(refused.headers().get(ContextHeaders.REFUSED)).hasValue("rate");
        assertThat(refused.headers().get(ContextHeaders.RETRYABLE)).hasValue("yes");
        assertThat(Problems.parse(refused).members())
                .containsEntry("reason", "rate")
                .containsEntry("by", "cart/1")
                .containsEntry("begun", false);
        assertThat(call(stack, "bob").status()).isEqualTo(200);
    }

    @Test
    void who_comes_back_when_told_finds_a_token() throws Exception {
        var stack = limited(RateLimit.Options.of(7, Duration.ofSeconds(60)));
        while (call(stack, "ann").status() == 200) time.pass(Duration.ofMillis(1));
        var wait = Long.parseLong(call(stack, "ann").headers().get("Retry-After").orElseThrow());
        time.pass(Duration.ofSeconds(wait));
        assertThat(call(stack, "ann").status()).isEqualTo(200);
    }

    @Test
    void several_limits_hold_beside_each_other() throws Exception {
        var burst = new RateLimit.Options(Mode.ON, "burst", 1, Duration.ofSeconds(1), 10);
        var daily = new RateLimit.Options(Mode.ON, "daily", 5, Duration.ofDays(1), 10);
        var stack = limited(burst).then(limited(daily));
        var answer = call(stack, "ann");
        assertThat(answer.headers().all("RateLimit"))
                .containsExactly("\"daily\";r=4;t=17280", "\"burst\";r=0;t=1");
        assertThat(answer.headers().all("RateLimit-Policy")).hasSize(2);
    }

    @Test
    void a_limit_on_trial_is_not_told() throws Exception {
        for (var mode : new Mode[] {Mode.DARK, Mode.OFF}) {
            var stack =
                    limited(new RateLimit.Options(mode, "default", 0, Duration.ofSeconds(1), 10));
            var answer = call(stack, "ann");
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.headers().get("RateLimit")).isEmpty();
            assertThat(answer.headers().get("RateLimit-Policy")).isEmpty();
        }
    }
}
