package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Refusal.Reason;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Work;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How a refusal is told on the wire, and what becomes of it on its way through services. */
class RefusalsTest {

    private static final Filter<Request, Response> PROBLEMS = Problems.filter("cart/1");
    private static final Filter<Request, Response> WITH_HANDLERS =
            PROBLEMS.then(Problems.handlers());

    private static Response answer(Filter<Request, Response> stack, Service<Request, Response> end)
            throws Exception {
        return stack.then(end).call(Request.get("/"));
    }

    private static Service<Request, Response> failing(Exception failure) {
        return request -> {
            throw failure;
        };
    }

    private static Failure refused(Reason reason, boolean begun) {
        return new Failure.Refused(
                new Refusal("cart/1", reason, begun, Duration.ofMillis(1500), "why"));
    }

    private static Optional<String> reason(Response response) {
        return response.headers().get(ContextHeaders.REFUSED);
    }

    private static Optional<String> retryable(Response response) {
        return response.headers().get(ContextHeaders.RETRYABLE);
    }

    private static Refusal read(Response response) {
        return ((Failure.Refused) Problems.failure(response)).refusal();
    }

    @Test
    void a_refusal_says_in_its_headers_why_and_whether_it_is_safe_to_try_again() throws Exception {
        for (var reason : Reason.values())
            for (boolean begun : new boolean[] {true, false}) {
                var response = answer(PROBLEMS, failing(refused(reason, begun)));
                var says = reason + (begun ? " begun" : "");
                assertThat(response.status()).as(says).isEqualTo(reason.status());
                assertThat(reason(response)).as(says).hasValue(reason.wireName());
                if (reason == Reason.BUDGET) assertThat(retryable(response)).hasValue("no");
                else if (begun) assertThat(retryable(response)).as(says).isEmpty();
                else assertThat(retryable(response)).as(says).hasValue("yes");
                assertThat(response.headers().get("Retry-After")).as(says).hasValue("2");
            }
    }

    @Test
    void it_says_who_and_how_far_away() throws Exception {
        var first = read(answer(PROBLEMS, failing(refused(Reason.LIMIT, false))));
        assertThat(first)
                .isEqualTo(
                        new Refusal(
                                "cart/1", Reason.LIMIT, false, Duration.ofMillis(1500), "why", 1));
        var second = read(answer(WITH_HANDLERS, failing(new Failure.Refused(first))));
        assertThat(second.by()).isEqualTo("cart/1");
        assertThat(second.hop()).isEqualTo(2);
    }

    @Test
    void what_was_safe_at_a_called_service_is_not_safe_here() throws Exception {
        var far = answer(PROBLEMS, failing(refused(Reason.LIMIT, false)));
        assertThat(retryable(far)).hasValue("yes");
        var passedOn = answer(WITH_HANDLERS, request -> far);
        assertThat(retryable(passedOn)).isEmpty();
        var thrown = answer(WITH_HANDLERS, failing(Problems.failure(far)));
        assertThat(retryable(thrown)).isEmpty();
        assertThat(reason(thrown)).hasValue("limit");
        assertThat(read(thrown).begun()).isTrue();
        var newer =
                Problem.of(503, "quota", "a reason that we do not know")
                        .with("reason", "quota")
                        .with("begun", false);
        assertThat(retryable(answer(WITH_HANDLERS, failing(newer.failure())))).isEmpty();
    }

    @Test
    void what_this_service_refuses_in_front_of_its_handlers_stays_safe() throws Exception {
        var own =
                PROBLEMS.then(
                        (request, next) -> failing(refused(Reason.RATE, false)).call(request));
        assertThat(retryable(answer(own.then(Problems.handlers()), request -> Response.of(200))))
                .hasValue("yes");
    }

    @Test
    void after_giving_up_trying_no_server_error_and_no_refusal_may_be_tried_again()
            throws Exception {
        Service<Request, Response> gaveUp =
                request -> {
                    Context.current().work().noteGaveUp();
                    return switch (request.path()) {
                        case "/fine" -> Response.of(200);
                        case "/unknown" -> Response.of(404);
                        case "/rate" -> Response.of(429);
                        case "/rated" -> throw refused(Reason.RATE, true);
                        case "/refused" -> throw refused(Reason.UNAVAILABLE, true);
                        case "/bug" -> throw new IllegalStateException("bug");
                        default -> Response.of(502);
                    };
                };
        for (var path : List.of("/fine", "/unknown"))
            assertThat(retryable(inWork(WITH_HANDLERS.then(gaveUp), path))).as(path).isEmpty();
        for (var path : List.of("/refused", "/bug", "/502", "/rate", "/rated"))
            assertThat(retryable(inWork(WITH_HANDLERS.then(gaveUp), path))).as(path).hasValue("no");
        assertThat(retryable(inWork(WITH_HANDLERS.then(request -> Response.of(502)), "/")))
                .isEmpty();
    }

    @Test
    void giving_up_is_passed_on_over_all_hops_whether_the_call_is_typed_or_not() throws Exception {
        Service<Request, Response> last =
                request -> {
                    Context.current().work().noteGaveUp();
                    throw new Failure.Unreachable("lost", true, null);
                };
        Service<Request, Response> far = request -> inWork(WITH_HANDLERS.then(last), "/");
        var typed = Endpoint.get("/", Request.class, Response.class).on(far);
        for (var middle : List.of(far, typed)) {
            var near = inWork(WITH_HANDLERS.then(middle), "/");
            assertThat(near.status()).isEqualTo(503);
            assertThat(retryable(near)).hasValue("no");
        }
    }

    private static Response inWork(Service<Request, Response> service, String path)
            throws Exception {
        return Context.none().with(Work.of("", "")).call(() -> service.call(Request.get(path)));
    }

    /** A call as a client makes it, of a peer. */
    private static Service<Request, Response> calling(
            String by, String peer, Service<Request, Response> service) {
        Filter<Request, Response> inTime =
                (request, next) ->
                        Context.none()
                                .with(Deadline.after(Duration.ofMinutes(1), SystemTime.INSTANCE))
                                .call(() -> next.call(request));
        return inTime.then(Cancellation.ofCalls(by, peer, SystemTime.INSTANCE)).then(service);
    }

    @Test
    void a_failure_names_the_service_where_it_happened_over_all_hops() throws Exception {
        var product = PROBLEMS.then(failing(new IllegalStateException("bug")));
        var called = calling("cart", "product/p1", product);
        var typed = Endpoint.get("/", Request.class, Response.class).on(called);
        for (var handler : List.of(called, typed)) {
            var cart = calling("front", "cart/c1", WITH_HANDLERS.then(handler));
            var failure = (Failure.Answered) Problems.failure(cart.call(Request.get("/")));
            assertThat(failure.by()).isEqualTo("product/p1");
            assertThat(failure).hasMessageContaining("failed at product/p1");
            assertThat(failure.problem().members()).doesNotContainKey("by");
        }
        var own = calling("front", "cart/c1", WITH_HANDLERS.then(request -> Response.of(500)));
        assertThat(((Failure.Answered) Problems.failure(own.call(Request.get("/")))).by())
                .isEqualTo("cart/c1");
    }

    @Test
    void a_lost_connection_names_the_service_that_was_called_and_not_its_address()
            throws Exception {
        var lost = new Failure.Unreachable("http://127.0.0.1:1: gone", true, null);
        var cart = WITH_HANDLERS.then(calling("cart", "product/p1", failing(lost)));
        var answer = cart.call(Request.get("/"));
        assertThat(read(answer).by()).isEqualTo("product/p1");
        assertThat(read(answer).hop()).isEqualTo(2);
        assertThat(answer.body().text()).doesNotContain("127.0.0.1");
    }

    @Test
    void every_503_and_every_429_has_a_reason() throws Exception {
        assertThat(reason(answer(PROBLEMS, failing(new Failure.Storage("disk", null)))))
                .hasValue("storage");
        var lost = answer(PROBLEMS, failing(new Failure.Unreachable("gone", false, null)));
        assertThat(reason(lost)).hasValue("unreachable");
        assertThat(read(lost).begun()).isTrue();
        assertThat(read(lost).by()).isEqualTo("cart/1");
        assertThat(reason(answer(WITH_HANDLERS, request -> Response.of(503))))
                .hasValue("unavailable");
        assertThat(reason(answer(PROBLEMS, failing(Problem.of(503, "x", "y").failure()))))
                .hasValue("unavailable");
        assertThat(reason(answer(PROBLEMS, request -> Response.of(500)))).isEmpty();
        assertThat(reason(answer(WITH_HANDLERS, request -> Response.of(429)))).hasValue("rate");
        assertThat(retryable(answer(WITH_HANDLERS, request -> Response.of(429)))).isEmpty();
    }

    @Test
    void a_429_of_a_handler_keeps_the_type_that_it_gave() throws Exception {
        var own = Problem.of(429, "too-many-guesses", "wait a day").failure();
        var answer = answer(WITH_HANDLERS, failing(own));
        assertThat(reason(answer)).hasValue("rate");
        assertThat(Problems.failure(answer))
                .isInstanceOfSatisfying(
                        Failure.Answered.class,
                        e -> assertThat(e.problem().type()).isEqualTo("too-many-guesses"));
    }

    @Test
    void a_refusal_without_a_body_is_read_from_its_headers() {
        var head =
                Response.of(503)
                        .header(ContextHeaders.REFUSED, "draining")
                        .header(ContextHeaders.RETRYABLE, "yes")
                        .header("Retry-After", "3");
        var refusal = read(head);
        assertThat(refusal.reason()).isEqualTo(Reason.DRAINING);
        assertThat(refusal.begun()).isFalse();
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(3));
        assertThat(read(head.header(ContextHeaders.RETRYABLE, "no")).begun()).isTrue();
        assertThat(Problems.failure(head.header(ContextHeaders.REFUSED, "mood")))
                .isInstanceOf(Failure.Answered.class);
    }

    @Test
    void a_foreign_problem_has_the_wait_that_its_header_names_also_as_a_date() {
        var response =
                Response.of(503)
                        .header("Content-Type", Problems.MEDIA_TYPE)
                        .header("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
                        .header("Retry-After", "Thu, 01 Jan 2026 00:00:10 GMT")
                        .with(Body.of("{\"type\":\"about:blank\"}"));
        assertThat(Problems.parse(response).members()).containsEntry("retry_after_ms", 10_000L);
    }
}
