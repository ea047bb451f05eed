package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Work;
import java.time.Duration;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A chain of services, each with a retry of 3 attempts and a budget towards the next; the last one fails. */
@Timeout(60)
class RetriesOverHopsTest {

    private static final int HOPS = 4;
    private static final int PER_SECOND = 100;
    private static final Duration WINDOW = Duration.ofSeconds(10);
    private static final Retry.Options AT_ONCE =
            new Retry.Options(Mode.ON, 3, 3, new Backoff(Duration.ZERO, Duration.ZERO));

    private final SteppedTime time = new SteppedTime();
    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(SteppedTime.seed());
    private final long[] calls = new long[HOPS];
    private double failing;

    /** Whether services say that they gave up; those of others do not. */
    private boolean sayGaveUp;

    private Service<Request, Response> chain(RetryBudget.Options budget) {
        Service<Request, Response> next = this::last;
        for (int hop = HOPS - 2; hop >= 0; hop--) next = server(hop, retry(budget).then(next));
        return retry(budget).then(next);
    }

    private Retry<Request, Response> retry(RetryBudget.Options budget) {
        return new Retry<>(
                "hop",
                AT_ONCE,
                Protocol.http(time),
                new RetryBudget(budget, time),
                Tally.NONE,
                time);
    }

    private Response last(Request request) {
        calls[HOPS - 1]++;
        return Response.of(random.nextDouble() < failing ? 500 : 200);
    }

    private Service<Request, Response> server(int hop, Service<Request, Response> behind) {
        return request -> {
            calls[hop]++;
            var work = Work.of("", "");
            var answer = Context.current().with(work).call(() -> behind.call(request));
            if (answer.successful()) return answer;
            var failed = Response.of(502);
            return sayGaveUp && work.gaveUp()
                    ? failed.header(ContextHeaders.RETRYABLE, "no")
                    : failed;
        };
    }

    /** The calls at the last hop for each request, over a window. */
    private double load(Service<Request, Response> chain) throws Exception {
        Arrays.fill(calls, 0);
        int requests = PER_SECOND * (int) WINDOW.toSeconds();
        for (int i = 0; i < requests; i++) {
            chain.call(Request.get("/"));
            time.pass(WINDOW.dividedBy(requests));
        }
        return calls[HOPS - 1] / (double) requests;
    }

    @Test
    void one_request_that_always_fails_is_tried_nine_times_and_not_81() throws Exception {
        failing = 1;
        chain(RetryBudget.Options.DEFAULT).call(Request.get("/"));
        assertThat(calls).containsExactly(3, 5, 7, 9);
    }

    @Test
    void services_that_gave_up_are_not_asked_again() throws Exception {
        failing = 1;
        sayGaveUp = true;
        chain(RetryBudget.Options.DEFAULT).call(Request.get("/"));
        assertThat(calls).containsExactly(1, 1, 1, 3);
    }

    @Test
    void an_outage_adds_a_fifth_of_load_over_all_hops() throws Exception {
        sayGaveUp = true;
        for (double share : new double[] {1, 0.3, 0.1}) {
            var chain = chain(new RetryBudget.Options(0.2, 0, WINDOW));
            failing = 0;
            assertThat(load(chain)).isEqualTo(1);
            failing = share;
            for (int i = 0; i < 5; i++)
                assertThat(load(chain)).as("%s fail", share).isLessThanOrEqualTo(1.2);
        }
    }

    @Test
    void an_outage_soon_adds_a_fifth_also_where_nobody_says_that_he_gave_up() throws Exception {
        var chain = chain(new RetryBudget.Options(0.2, 0, WINDOW));
        assertThat(load(chain)).isEqualTo(1);
        failing = 1;
        assertThat(load(chain)).isLessThanOrEqualTo(1.5);
        for (int i = 0; i < 5; i++) assertThat(load(chain)).isLessThanOrEqualTo(1.21);
    }

    @Test
    void what_is_allowed_per_second_does_not_add_up_over_hops() throws Exception {
        var chain = chain(new RetryBudget.Options(0, 10, WINDOW));
        failing = 1;
        load(chain);
        load(chain);
        for (int i = 0; i < 5; i++) assertThat(load(chain)).isLessThanOrEqualTo(1.11);
    }
}
