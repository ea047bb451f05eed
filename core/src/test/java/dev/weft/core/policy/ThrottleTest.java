package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ThrottleTest {

    private static final Response TOO_MUCH =
            Response.of(503)
                    .header(ContextHeaders.REFUSED, "limit")
                    .header(ContextHeaders.RETRYABLE, "yes");

    private final long seed = SteppedTime.seed();
    private final SteppedTime time = new SteppedTime(seed);
    private final Counts counts = new Counts();
    private Response answer = Response.of(200);
    private int arrived;
    private int accepted;
    private int refused;

    private Throttle<Request, Response> throttle(Throttle.Options options) {
        return new Throttle<>("shop", "cart", options, new HttpVerdicts(time), counts, time);
    }

    private Throttle<Request, Response> throttle(Mode mode, double mostRefused, double least) {
        return throttle(new Throttle.Options(mode, Duration.ofSeconds(10), 2, mostRefused, least));
    }

    private Response service(Request request) {
        arrived++;
        return answer;
    }

    /** Calls, and notes if it was refused here. */
    private void call(Service<Request, Response> service) throws Exception {
        try {
            service.call(Fleet.GET);
        } catch (Failure.Refused e) {
            refused++;
        }
    }

    /** Says how many arrived of so many a second for so long. */
    private int arrivals(Throttle<Request, Response> throttle, int perSecond, int seconds)
            throws Exception {
        Service<Request, Response> service = throttle.then(this::service);
        int before = arrived;
        for (int i = 0; i < perSecond * seconds; i++) {
            time.pass(Duration.ofSeconds(1).dividedBy(perSecond));
            call(service);
        }
        return arrived - before;
    }

    @Test
    void refuses_nothing_while_the_service_accepts() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        for (var fine : new Response[] {Response.of(200), Response.of(404), Response.of(500)}) {
            answer = fine;
            assertThat(arrivals(throttle, 100, 300)).isEqualTo(30_000);
        }
    }

    @Test
    void sends_about_twice_as_much_as_the_service_accepts() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        Service<Request, Response> service =
                throttle.then(request -> {
                    arrived++;
                    return accepted++ < 30 ? Response.of(200) : TOO_MUCH;
                });
        for (int second = 0; second < 600; second++) {
            if (second == 300) arrived = 0;
            accepted = 0;
            for (int i = 0; i < 100; i++) {
                time.pass(Duration.ofMillis(10));
                call(service);
            }
        }
        assertThat(arrived).isBetween(300 * 57, 300 * 63);
    }

    @Test
    void refuses_at_most_eighty_percent_and_sends_all_again_ten_seconds_behind_the_end()
            throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        answer = TOO_MUCH;
        arrivals(throttle, 100, 120);
        assertThat(throttle.refusedShare()).isEqualTo(0.8);
        refused = 0;
        assertThat(arrivals(throttle, 100, 100)).isBetween(1_800, 2_200);
        assertThat(refused).isBetween(7_800, 8_200);
        answer = Response.of(200);
        assertThat(arrivals(throttle, 100, 5)).as("a fifth is sent").isBetween(60, 140);
        arrivals(throttle, 100, 13);
        assertThat(throttle.refusedShare()).isZero();
        assertThat(arrivals(throttle, 100, 10)).isEqualTo(1_000);
    }

    @Test
    void the_share_is_the_books() throws Exception {
        var throttle = throttle(Mode.ON, 1, 0);
        arrivals(throttle, 20, 5);
        answer = TOO_MUCH;
        Service<Request, Response> service = throttle.then(this::service);
        for (int i = 0; i < 100; i++) service.call(Fleet.GET);
        assertThat(throttle.refusedShare()).isZero();
        int requests = 200;
        for (int i = 0; i < 50; i++, requests++) {
            assertThat(throttle.refusedShare())
                    .isCloseTo((requests - 2 * 100) / (requests + 1.0), within(1e-12));
            call(service);
        }
    }

    @Test
    void remembers_ten_seconds() throws Exception {
        var throttle = throttle(Mode.ON, 0.8, 0);
        answer = TOO_MUCH;
        arrivals(throttle, 100, 1);
        time.pass(Duration.ofSeconds(8));
        assertThat(throttle.refusedShare()).isEqualTo(0.8);
        time.pass(Duration.ofSeconds(2));
        assertThat(throttle.refusedShare()).isZero();
    }

    @Test
    void refuses_nothing_below_five_requests_a_second() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        answer = TOO_MUCH;
        assertThat(arrivals(throttle, 4, 600)).isEqualTo(2_400);
        assertThat(arrivals(throttle, 20, 60)).isLessThan(600);
        arrivals(throttle, 4, 10);
        assertThat(arrivals(throttle, 4, 60)).as("few again").isEqualTo(240);
    }

    @Test
    void a_refusal_is_not_begun_and_names_who_and_why() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        answer = TOO_MUCH;
        arrivals(throttle, 100, 60);
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 100; i++) throttle.apply(Fleet.GET, this::service);
                        })
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().by()).isEqualTo("shop");
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.LIMIT);
                            assertThat(e.refusal().begun()).isFalse();
                            assertThat(e.refusal().detail()).contains("cart", "80 %");
                        });
    }

    @Test
    void what_was_cancelled_or_never_left_counts_nowhere() {
        var throttle = throttle(Mode.ON, 0.8, 0);
        for (var failure :
                new Exception[] {
                    new InterruptedException(),
                    new Failure.Refused(
                            Refusal.notBegun("shop", Refusal.Reason.UNAVAILABLE, "nobody"))
                })
            for (int i = 0; i < 1_000; i++)
                assertThatThrownBy(() ->
                                throttle.apply(
                                        Fleet.GET,
                                        request -> {
                                            throw failure;
                                        }))
                        .isSameAs(failure);
        assertThat(throttle.refusedShare()).isZero();
    }

    @Test
    void never_refuses_at_most_zero_percent() throws Exception {
        var throttle = throttle(Mode.ON, 0, 0);
        answer = TOO_MUCH;
        assertThat(arrivals(throttle, 1_000, 10)).isEqualTo(10_000);
        assertThat(counts.all()).isEmpty();
    }

    @Test
    void dark_counts_and_lets_through_and_off_does_nothing() throws Exception {
        answer = TOO_MUCH;
        assertThat(arrivals(throttle(Mode.OFF, 0.8, 0), 100, 10)).isEqualTo(1_000);
        assertThat(counts.all()).isEmpty();
        assertThat(arrivals(throttle(Mode.DARK, 0.8, 0), 100, 10)).isEqualTo(1_000);
        assertThat(counts.of("throttle", "refused")).isBetween(700, 900);
    }

    @Test
    void a_key_that_has_used_up_its_rate_throttles_no_other() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        answer = Response.of(429).header(ContextHeaders.REFUSED, "rate");
        assertThat(arrivals(throttle, 100, 60)).isEqualTo(6_000);
        assertThat(throttle.refusedShare()).isZero();
    }

    @Test
    void a_429_of_a_service_of_others_is_about_us() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        answer = Response.of(429);
        assertThat(arrivals(throttle, 100, 60)).isLessThan(3_000);
    }

    @Test
    void says_when_to_come_back() throws Exception {
        var throttle = throttle(Throttle.Options.DEFAULT);
        answer = TOO_MUCH;
        arrivals(throttle, 100, 10);
        Service<Request, Response> service = throttle.then(this::service);
        Failure.Refused failure = null;
        while (failure == null)
            try {
                service.call(Fleet.GET);
            } catch (Failure.Refused e) {
                failure = e;
            }
        assertThat(failure.refusal().reason()).isEqualTo(Refusal.Reason.LIMIT);
        assertThat(failure.refusal().retryAfter()).isEqualTo(Duration.ofSeconds(1));
    }
}
