package dev.weft.gateway;

import static dev.weft.core.Route.get;
import static dev.weft.core.Route.post;
import static dev.weft.core.Route.put;
import static dev.weft.gateway.Surroundings.await;
import static dev.weft.gateway.Surroundings.beside;
import static dev.weft.gateway.Surroundings.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Headers;
import dev.weft.core.Instance;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Method;
import dev.weft.core.Metric;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Span;
import dev.weft.core.Transport;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.gateway.jwt.Issuer;
import dev.weft.gateway.jwt.JwtOptions;
import dev.weft.http.HttpMetrics;
import dev.weft.http.Problems;
import dev.weft.json.Json;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a gateway does, whatever carries the requests. */
@Timeout(60)
abstract class GatewayCases {

    @TempDir Path folder = Path.of("");

    private Surroundings around = new Surroundings(transport());

    abstract Transport transport();

    @BeforeEach
    void open() {
        around = new Surroundings(transport());
    }

    @AfterEach
    void close() {
        around.close();
    }

    // Routing.

    @Test
    void a_request_goes_to_the_service_that_claims_its_method_and_path() throws Exception {
        around.service("product", get("/products/{id}", r -> ok("product " + r.variable("id"))));
        around.service(
                "cart",
                get("/carts/{id}", r -> ok("cart " + r.variable("id"))),
                post("/carts/{id}/items", r -> ok(r.body().text() + r.query().raw())));
        var gateway = around.gateway();
        assertThat(around.text(gateway, Request.get("/products/a%20b"))).isEqualTo("product a b");
        assertThat(around.text(gateway, Request.get("/carts/2"))).isEqualTo("cart 2");
        assertThat(around.text(gateway, Request.post("/carts/2/items?x=1&y=%26", Body.of("item "))))
                .isEqualTo("item x=1&y=%26");
    }

    @Test
    void a_literal_segment_of_one_service_goes_before_a_variable_one_of_another() throws Exception {
        around.service("product", get("/products/{id}", r -> ok("by id")));
        around.service("search", get("/products/search", r -> ok("search")));
        var gateway = around.gateway();
        assertThat(around.text(gateway, Request.get("/products/search"))).isEqualTo("search");
        assertThat(around.text(gateway, Request.get("/products/other"))).isEqualTo("by id");
    }

    @Test
    void what_nobody_claims_is_a_404_problem() throws Exception {
        around.service("product", get("/products", r -> ok("")));
        var response = around.call(around.gateway(), Request.get("/nothing"));
        assertThat(response.status()).isEqualTo(404);
        assertThat(Problems.parse(response).type()).isEqualTo("no-such-route");
    }

    @Test
    void a_method_that_nobody_claims_is_a_405_that_names_those_of_all_services() throws Exception {
        around.service("product", get("/products", r -> ok("all")));
        around.service("intake", post("/products", r -> ok("new")));
        var gateway = around.gateway();
        var refused = around.call(gateway, Request.of(Method.DELETE, "/products"));
        assertThat(refused.status()).isEqualTo(405);
        assertThat(refused.headers().get("Allow")).contains("GET, HEAD, POST, OPTIONS");
        refused.body().close();
        var options = around.call(gateway, Request.of(Method.OPTIONS, "/products"));
        assertThat(options.status()).isEqualTo(204);
        assertThat(options.headers().get("Allow")).contains("GET, HEAD, POST, OPTIONS");
        var head = around.call(gateway, Request.of(Method.HEAD, "/products"));
        assertThat(head.status()).isEqualTo(200);
    }

    @Test
    void paths_of_the_platform_are_never_passed_on() throws Exception {
        around.process("greedy", Instance.State.READY, r -> ok("leak"), List.of("GET /{rest...}"));
        var gateway = around.gateway();
        for (var path :
                List.of("/_weft/progress", "/_weft", "/%5Fweft/progress", "/_w%65ft/health/x"))
            assertThat(around.call(gateway, Request.get(path)).status()).as(path).isEqualTo(404);
        assertThat(around.text(gateway, Request.get("/other"))).isEqualTo("leak");
    }

    @Test
    void a_path_that_the_next_server_could_resolve_to_another_is_refused() throws Exception {
        around.process("greedy", Instance.State.READY, r -> ok("leak"), List.of("GET /{rest...}"));
        var gateway = around.gateway();
        for (var path :
                List.of(
                        "/a/../_weft/x",
                        "/a/./b",
                        "/a/%2e%2E/b",
                        "/a/.%2e",
                        "/a/..;x/b",
                        "/a/..%3B/b"))
            assertThat(around.call(gateway, Request.get(path)).status()).as(path).isEqualTo(400);
        assertThat(around.call(gateway, Request.get("/%zz")).status()).isEqualTo(400);
        assertThat(around.text(gateway, Request.get("/a/.hidden/..b"))).isEqualTo("leak");
    }

    @Test
    void it_tells_of_its_own_health_with_routes_that_two_services_claim() throws Exception {
        var gateway = around.gateway();
        around.service("first", get("/things/{id}", r -> ok("first")));
        around.service("second", get("/things/{key}", r -> ok("second")));
        assertThat(around.text(gateway, Request.get("/things/1"))).isEqualTo("first");
        var health =
                Json.readMap(around.call(gateway, Request.get("/_weft/health")).body().bytes());
        assertThat(health)
                .containsEntry("service", "gateway")
                .containsEntry("state", "ready")
                .containsEntry("routes", 1L)
                .containsEntry("registry_age_ms", 0L)
                .containsEntry("ready", List.of("first", "second"))
                .containsEntry(
                        "conflicts",
                        List.of(
                                Map.of(
                                        "route",
                                        "GET /things/{key}",
                                        "kept_by",
                                        "first",
                                        "refused_to",
                                        "second")));
        assertThat(around.call(gateway, Request.get("/")).status()).isEqualTo(200);
    }

    // Instances that come and go.

    @Test
    void all_instances_are_called_and_a_dead_one_is_passed_over() throws Exception {
        var one = around.service("product", get("/name", r -> ok("one")));
        around.service("product", get("/name", r -> ok("two")));
        var gateway = around.gateway();
        assertThat(answers(gateway, 40)).containsOnly("one", "two");
        one.die();
        assertThat(answers(gateway, 4)).containsOnly("two");
        assertThat(around.text(gateway, Request.get("/name"))).isEqualTo("two");
    }

    private List<String> answers(Gateway gateway, int count) throws Exception {
        var answers = new ArrayList<String>();
        for (int i = 0; i < count; i++) answers.add(around.text(gateway, Request.get("/name")));
        return answers;
    }

    @Test
    void a_request_waits_for_the_next_instance_also_a_post() throws Exception {
        var first = around.service("cart", post("/carts", r -> ok("first " + r.body().text())));
        var gateway = around.gateway();
        first.close();
        var answer = beside(() -> around.text(gateway, Request.post("/carts", Body.of("x"))));
        var streamed =
                beside(() ->
                        around.text(gateway, Request.post("/carts", unknownLength(200_000)))
                                .length());
        assertThat(answer.isDone()).isFalse();
        around.service("cart", post("/carts", r -> ok("second " + r.body().text())));
        assertThat(await(answer)).isEqualTo("second x");
        assertThat(await(streamed)).isEqualTo("second ".length() + 200_000);
    }

    @Test
    void a_request_waits_while_the_instance_starts_or_is_said_to_be_ready_but_is_dead()
            throws Exception {
        var dead = around.service("cart", get("/carts", r -> ok("dead")));
        dead.die();
        var gateway = around.gateway();
        var answer = beside(() -> around.text(gateway, Request.get("/carts")));
        var streamed =
                beside(() ->
                        around.call(
                                        gateway,
                                        Request.of(Method.GET, "/carts")
                                                .with(unknownLength(100_000)))
                                .status());
        var next = around.service("cart", Instance.State.STARTING, get("/carts", r -> ok("alive")));
        next.lease().update(Instance.State.READY);
        assertThat(await(answer)).isEqualTo("alive");
        assertThat(await(streamed)).isEqualTo(200);
    }

    @Test
    void when_none_comes_it_is_unavailable_and_not_unknown() throws Exception {
        var gateway = around.gateway(Surroundings.options().longestWait(Duration.ofMillis(50), 10));
        around.service("cart", get("/carts", r -> ok(""))).close();
        var response = around.call(gateway, Request.get("/carts"));
        assertThat(response.status()).isEqualTo(503);
        assertThat(response.headers().get("Retry-After")).contains("1");
        var problem = Problems.parse(response);
        assertThat(problem.type()).isEqualTo("unavailable");
        assertThat(problem.members()).containsEntry("begun", false).containsEntry("by", "gateway");
        assertThat(around.call(gateway, Request.of(Method.PUT, "/carts")).status()).isEqualTo(405);
    }

    @Test
    void a_gateway_that_knows_no_service_yet_does_not_say_that_there_is_no_such_route()
            throws Exception {
        var gateway = around.gateway(Surroundings.options().longestWait(Duration.ofMillis(50), 10));
        assertThat(around.call(gateway, Request.get("/x")).status()).isEqualTo(503);
        assertThat(around.call(gateway, Request.get("/_weft/health")).status()).isEqualTo(200);
        var patient = around.gateway();
        var early = beside(() -> around.text(patient, Request.get("/x")));
        around.service("cart", get("/x", r -> ok("here")));
        assertThat(await(early)).isEqualTo("here");
        assertThat(around.call(gateway, Request.get("/y")).status()).isEqualTo(404);
    }

    @Test
    void only_so_many_wait() throws Exception {
        around.service("cart", Instance.State.STARTING, get("/carts", r -> ok("")));
        var gateway = around.gateway(Surroundings.options().longestWait(Duration.ofSeconds(5), 1));
        var one = beside(() -> around.call(gateway, Request.get("/carts")).status());
        var two = beside(() -> around.call(gateway, Request.get("/carts")).status());
        until(() -> one.isDone() || two.isDone());
        around.service("cart", get("/carts", r -> ok("")));
        assertThat(List.of(await(one), await(two))).containsExactlyInAnyOrder(200, 503);
    }

    @Test
    void a_wait_ends_with_the_deadline_and_says_what_was_missing() throws Exception {
        around.service("cart", Instance.State.STARTING, get("/carts", r -> ok("")));
        var response =
                around.call(
                        around.gateway(), Request.get("/carts").header("weft-deadline-ms", "1000"));
        assertThat(response.status()).isEqualTo(503);
        assertThat(Problems.parse(response).type()).isEqualTo("unavailable");
    }

    @Test
    void replacing_an_instance_under_load_fails_no_request() throws Exception {
        var gateway = around.gateway();
        var running = around.service("cart", post("/carts", r -> ok(r.body().text())));
        var stop = new AtomicBoolean();
        var calls = new AtomicInteger();
        var callers = new ArrayList<FutureTask<Boolean>>();
        for (int i = 0; i < 8; i++)
            callers.add(
                    beside(() -> {
                        while (!stop.get()) {
                            var text = "x" + calls.incrementAndGet();
                            var answer =
                                    around.text(gateway, Request.post("/carts", Body.of(text)));
                            assertThat(answer).isEqualTo(text);
                            // Threads that never rest would keep from running those who tell of
                            // changes.
                            Surroundings.TIME.sleep(Duration.ofMillis(1));
                        }
                        return true;
                    }));
        for (int i = 0; i < 5; i++) {
            int before = calls.get();
            var next = around.service("cart", post("/carts", r -> ok(r.body().text())));
            running.leave();
            running = next;
            until(() -> calls.get() > before + 200);
        }
        stop.set(true);
        for (var caller : callers) assertThat(await(caller)).isTrue();
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long end = Surroundings.TIME.nanos() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(Surroundings.TIME.nanos()).isLessThan(end);
            Surroundings.TIME.sleep(Duration.ofMillis(1));
        }
    }

    // Answers that are lost.

    @Test
    void a_lost_answer_is_asked_for_again_if_that_is_safe() throws Exception {
        for (var request :
                List.of(
                        Request.get("/x"),
                        Request.of(Method.PUT, "/x").with(Body.of("a")),
                        Request.post("/x", Body.of("a")).header("Idempotency-Key", "k1"))) {
            var started = new CountDownLatch(1);
            var first = around.service("cart", hanging(started));
            var gateway = around.gateway();
            var answer = beside(() -> around.text(gateway, request));
            assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
            first.close();
            var second =
                    around.service(
                            "cart",
                            each(r ->
                                    ok("again " + r.headers().get("weft-attempt").orElse("none"))));
            assertThat(await(answer)).as(request.method().name()).isEqualTo("again 2");
            second.close();
            gateway.close();
        }
    }

    @Test
    void a_lost_answer_to_a_post_without_a_key_is_not_asked_for_again() throws Exception {
        var started = new CountDownLatch(1);
        var first = around.service("cart", hanging(started));
        var called = new AtomicInteger();
        around.service("other", get("/other", r -> ok("")));
        var gateway = around.gateway();
        var answer = beside(() -> around.call(gateway, Request.post("/x", Body.of("a"))));
        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
        around.service(
                "cart",
                each(r -> {
                    called.incrementAndGet();
                    return ok("");
                }));
        first.close();
        var response = await(answer);
        assertThat(response.status()).isEqualTo(503);
        var problem = Problems.parse(response);
        assertThat(problem.type()).isEqualTo("unavailable");
        assertThat(problem.members()).containsEntry("begun", true);
        assertThat(called).hasValue(0);
    }

    @Test
    void after_three_lost_answers_it_gives_up() throws Exception {
        var calls = new AtomicInteger();
        around.process(
                "cart",
                Instance.State.READY,
                r -> {
                    calls.incrementAndGet();
                    throw new InterruptedException("breaks the connection off");
                },
                List.of("GET /x"));
        var response = around.call(around.gateway(), Request.get("/x"));
        assertThat(response.status()).isEqualTo(503);
        assertThat(Problems.parse(response).detail()).contains("cart gave no answer");
        assertThat(calls).hasValue(3);
    }

    @Test
    void where_it_failed_is_in_the_log_and_not_told_to_callers() throws Exception {
        around.process("cart", Instance.State.READY, r -> Response.of(500), List.of("GET /x"));
        try (var logged = new Logged()) {
            var response = around.call(around.gateway(), Request.get("/x"));
            assertThat(response.status()).isEqualTo(500);
            assertThat(response.headers().get(ContextHeaders.FAILED)).isEmpty();
            assertThat(logged.lines().getFirst().failedAt()).startsWith("cart/");
        }
    }

    @Test
    void a_first_try_that_is_still_in_work_is_waited_for() throws Exception {
        var calls = new AtomicInteger();
        around.process(
                "cart",
                Instance.State.READY,
                r -> {
                    r.body().bytes();
                    return switch (calls.incrementAndGet()) {
                        case 1 -> throw new InterruptedException("breaks the connection off");
                        case 2 ->
                                Problems.response(
                                        Problem.of(409, "request-in-flight", "wait")
                                                .with("begun", false));
                        default -> ok("done");
                    };
                },
                List.of("POST /x"));
        var request = Request.post("/x", Body.of("a")).header("Idempotency-Key", "k");
        assertThat(around.text(around.gateway(), request)).isEqualTo("done");
        assertThat(calls).hasValue(3);
    }

    private static Route[] hanging(CountDownLatch started) {
        return each(r -> {
            started.countDown();
            new CountDownLatch(1).await();
            return ok("never");
        });
    }

    private static Route[] each(dev.weft.core.Service<Request, Response> service) {
        return new Route[] {get("/x", service), put("/x", service), post("/x", service)};
    }

    // What passes.

    @Test
    void whether_to_try_again_stays_inside_and_why_it_was_refused_is_told() throws Exception {
        var seen = new AtomicHeaders();
        around.service(
                "cart",
                get(
                        "/x",
                        r -> {
                            seen.set(r.headers());
                            throw new Failure.Refused(
                                    Refusal.notBegun("cart/1", Refusal.Reason.LIMIT, "full"));
                        }));
        var gone = around.service("gone", get("/gone", r -> ok("")));
        var gateway = around.gateway(Surroundings.options().longestWait(Duration.ofMillis(50), 10));
        gone.close();
        for (var path : List.of("/x", "/gone")) {
            var response =
                    around.call(
                            gateway,
                            Request.get(path)
                                    .header(ContextHeaders.RETRYABLE, "yes")
                                    .header(ContextHeaders.REFUSED, "limit"));
            assertThat(response.status()).as(path).isEqualTo(503);
            assertThat(response.headers().get(ContextHeaders.RETRYABLE)).as(path).isEmpty();
            assertThat(response.headers().get(ContextHeaders.REFUSED))
                    .as(path)
                    .hasValue(path.equals("/x") ? "limit" : "unavailable");
            assertThat(response.headers().get(ContextHeaders.PASSED_ON)).as(path).isEmpty();
            assertThat(Problems.parse(response).members()).containsKey("reason");
        }
        assertThat(seen.get(ContextHeaders.RETRYABLE)).isEmpty();
        assertThat(seen.get(ContextHeaders.REFUSED)).isEmpty();
    }

    @Test
    void a_plain_503_of_any_service_has_a_reason_and_keeps_its_body() throws Exception {
        around.process(
                "old",
                Instance.State.READY,
                r -> Response.of(503).with(Body.of("down for repair")),
                List.of("GET /old"));
        try (var response = around.call(around.gateway(), Request.get("/old")).body()) {
            assertThat(response.text()).isEqualTo("down for repair");
        }
        var again = around.call(around.gateway(), Request.get("/old"));
        assertThat(again.status()).isEqualTo(503);
        assertThat(again.headers().get(ContextHeaders.REFUSED)).hasValue("unavailable");
        again.body().close();
    }

    @Test
    void refusals_of_services_are_not_counted_as_those_of_the_gateway() throws Exception {
        around.service("cart", post("/full", r -> Response.of(503)));
        var meter = new MemoryMeter();
        try (var gateway =
                Gateway.start(
                        Surroundings.options(),
                        around.registry,
                        around.transport,
                        around.transport,
                        Span.Sink.NONE,
                        meter,
                        Filter.none(),
                        Surroundings.TIME)) {
            var passedOn = around.call(gateway, Request.post("/full", Body.of("x")));
            assertThat(passedOn.headers().get(ContextHeaders.REFUSED)).hasValue("unavailable");
            assertThat(refusals(meter)).isEmpty();
            var late = Request.get("/full").header(ContextHeaders.DEADLINE, "0");
            assertThat(around.call(gateway, late).status()).isEqualTo(504);
            assertThat(refusals(meter))
                    .containsExactly(new Metric.Value(List.of("server", "deadline", ""), 1));
        }
    }

    private static List<Metric.Point> refusals(MemoryMeter meter) {
        return meter.read().stream()
                .filter(reading -> reading.metric().equals(HttpMetrics.REFUSALS))
                .flatMap(reading -> reading.points().stream())
                .toList();
    }

    @Test
    void headers_of_one_hop_stay_and_others_pass_both_ways() throws Exception {
        var seen = new AtomicHeaders();
        around.process(
                "cart",
                Instance.State.READY,
                r -> {
                    seen.set(r.headers());
                    return ok("x").header("Keep-Alive", "timeout=5")
                            .header("Proxy-Authenticate", "Basic")
                            .header("Content-Type", "text/plain")
                            .header("Weft-Receipt", "cart=7");
                },
                List.of("GET /x"));
        var response =
                around.call(
                        around.gateway(),
                        Request.get("/x")
                                .header("Keep-Alive", "timeout=5")
                                .header("Proxy-Authorization", "Basic x")
                                .header("TE", "trailers")
                                .header("X-Forwarded-For", "1.2.3.4")
                                .header("X-Forwarded-Proto", "https")
                                .header("Forwarded", "for=1.2.3.4")
                                .header("Accept", "text/plain")
                                .header("Idempotency-Key", "k1")
                                .header("Weft-After", "cart=6"));
        assertThat(seen.get("Accept")).isEqualTo("text/plain");
        assertThat(seen.get("Idempotency-Key")).isEqualTo("k1");
        assertThat(seen.get("Weft-After")).isEqualTo("cart=6");
        assertThat(seen.get("X-Forwarded-Proto")).isEqualTo("http");
        for (var name : List.of("Keep-Alive", "Proxy-Authorization", "TE"))
            assertThat(seen.get(name)).as(name).isEmpty();
        assertThat(seen.get("Forwarded")).startsWith("for=").doesNotContain("1.2.3.4");
        assertThat(seen.get("X-Forwarded-For")).doesNotContain("1.2.3.4");
        assertThat(response.headers().get("Weft-Receipt")).contains("cart=7");
        assertThat(response.headers().get("Content-Type")).contains("text/plain");
        assertThat(response.headers().get("Proxy-Authenticate")).isEmpty();
        response.body().close();
    }

    @Test
    void context_from_outside_is_heard_only_where_it_does_no_harm() throws Exception {
        var seen = new AtomicHeaders();
        around.process(
                "cart",
                Instance.State.READY,
                r -> {
                    seen.set(r.headers());
                    return ok("x");
                },
                List.of("GET /x"));
        var gateway = around.gateway();
        around.text(
                gateway,
                Request.get("/x")
                        .header("weft-attempt", "9")
                        .header("weft-criticality", "critical")
                        .header("weft-anything", "x")
                        .header("tracestate", "without=parent")
                        .header("weft-deadline-ms", "999999999"));
        assertThat(seen.get("weft-attempt")).isEmpty();
        assertThat(seen.get("weft-criticality")).isEmpty();
        assertThat(seen.get("weft-anything")).isEmpty();
        assertThat(seen.get("tracestate")).isEmpty();
        assertThat(Long.parseLong(seen.get("weft-deadline-ms"))).isBetween(5_000L, 10_000L);
        around.text(gateway, Request.get("/x").header("weft-deadline-ms", "2000"));
        assertThat(Long.parseLong(seen.get("weft-deadline-ms"))).isBetween(1L, 2_000L);
    }

    @Test
    void a_large_request_passes_while_it_comes() throws Exception {
        var half = new CountDownLatch(1);
        around.service(
                "store",
                put(
                        "/x",
                        r -> {
                            long count = 0;
                            try (var in = r.body().stream()) {
                                var buffer = new byte[8192];
                                for (int n; (n = in.read(buffer)) >= 0; ) {
                                    count += n;
                                    if (count >= 1 << 20) half.countDown();
                                }
                            }
                            return ok("" + count);
                        }));
        var gateway = around.gateway();
        var out = new PipedOutputStream();
        var in = new PipedInputStream(out, 64 << 10);
        var answer =
                beside(() ->
                        around.text(
                                gateway,
                                Request.of(Method.PUT, "/x")
                                        .with(Body.of(in, OptionalLong.empty()))));
        var piece = new byte[1 << 20];
        for (int i = 0; i < 2; i++) out.write(piece);
        assertThat(half.await(10, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 6; i++) out.write(piece);
        out.close();
        assertThat(await(answer)).isEqualTo("" + (8 << 20));
    }

    @Test
    void a_large_answer_passes_while_it_comes() throws Exception {
        var source = new PipedOutputStream();
        var in = new PipedInputStream(source, 64 << 10);
        around.service(
                "store", get("/x", r -> Response.of(200).with(Body.of(in, OptionalLong.empty()))));
        var gateway = around.gateway();
        var answer = beside(() -> around.call(gateway, Request.get("/x")));
        source.write("first half, ".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        source.flush();
        try (var body = await(answer).body().stream()) {
            assertThat(body.readNBytes(12)).asString().isEqualTo("first half, ");
            source.write("second half".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            source.close();
            assertThat(body.readAllBytes()).asString().isEqualTo("second half");
        }
    }

    @Test
    void bodies_larger_than_the_heap_pass_both_ways() throws Exception {
        long bytes = Surroundings.LARGE_BYTES;
        assertThat(bytes).isGreaterThan(Runtime.getRuntime().maxMemory());
        around.service(
                "store",
                get(
                        "/x",
                        r -> Response.of(200).with(Body.of(zeros(bytes), OptionalLong.of(bytes)))),
                put("/x", r -> ok("" + count(r.body()))));
        var gateway = around.gateway(largest(bytes));
        var put = Request.of(Method.PUT, "/x").with(Body.of(zeros(bytes), OptionalLong.of(bytes)));
        assertThat(around.text(gateway, put)).isEqualTo("" + bytes);
        var response = around.call(gateway, Request.get("/x"));
        assertThat(response.body().length()).hasValue(bytes);
        assertThat(count(response.body())).isEqualTo(bytes);
    }

    private static long count(Body body) throws Exception {
        long count = 0;
        try (var in = body.stream()) {
            var buffer = new byte[64 << 10];
            for (int n; (n = in.read(buffer)) >= 0; ) count += n;
        }
        return count;
    }

    @Test
    void a_body_beyond_the_limit_is_a_413_problem_whether_it_says_so_or_not() throws Exception {
        around.service("store", put("/x", r -> ok("" + r.body().bytes().length)));
        var gateway = around.gateway(largest(100_000));
        var put = Request.of(Method.PUT, "/x");
        var declared = around.call(gateway, put.with(Body.of(new byte[100_001])));
        assertThat(declared.status()).isEqualTo(413);
        declared.body().close();
        var undeclared = around.call(gateway, put.with(unknownLength(200_000)));
        assertThat(undeclared.status()).isEqualTo(413);
        undeclared.body().close();
        assertThat(around.text(gateway, put.with(unknownLength(100_000)))).isEqualTo("100000");
    }

    private static GatewayOptions largest(long maxBodyBytes) {
        var options = Surroundings.options();
        return options.server(options.server().maxBodyBytes(maxBodyBytes));
    }

    private static Body unknownLength(int bytes) {
        return Body.of(zeros(bytes), OptionalLong.empty());
    }

    private static InputStream zeros(long bytes) {
        return new InputStream() {
            private long left = bytes;

            @Override
            public int read() {
                return left-- > 0 ? 'x' : -1;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                if (left <= 0) return -1;
                int n = (int) Math.min(left, length);
                java.util.Arrays.fill(buffer, offset, offset + n, (byte) 'x');
                left -= n;
                return n;
            }

            @Override
            public int available() {
                return (int) Math.min(left, Integer.MAX_VALUE);
            }
        };
    }

    // Bodies that take their time.

    private static Response ongoing(String type, InputStream in) {
        return Response.of(200)
                .header("Content-Type", type)
                .with(Body.of(in, OptionalLong.empty()));
    }

    private static String heard(InputStream in, String expected) throws Exception {
        return await(
                beside(() ->
                        new String(in.readNBytes(expected.length()), StandardCharsets.US_ASCII)));
    }

    private static void assertEnds(FutureTask<Integer> read) throws Exception {
        int last = await(read);
        assertThat(last).isEqualTo(-1);
    }

    @Test
    void each_piece_comes_when_it_is_sent_and_no_deadline_ends_the_body() throws Exception {
        for (var type : List.of("text/event-stream", "text/plain")) {
            var feed = new Feed();
            try (var _ = around.service("feed", get("/feed", r -> ongoing(type, feed)))) {
                var gateway =
                        around.gateway(
                                Surroundings.options().longestRequest(Duration.ofSeconds(1)));
                // Else the head of an answer that is to end waits for its first piece.
                if (type.equals("text/plain")) feed.say("begin");
                var answer = around.call(gateway, Request.get("/feed"));
                long begun = Surroundings.TIME.nanos();
                try (var body = answer.body().stream()) {
                    if (type.equals("text/plain")) feed.say("next");
                    if (type.equals("text/plain"))
                        assertThat(heard(body, "beginnext")).isEqualTo("beginnext");
                    for (int i = 0; Surroundings.TIME.nanos() - begun < 1_200_000_000L; i++) {
                        var event = "data: " + (i % 10) + "\n\n";
                        feed.say(event);
                        assertThat(heard(body, event)).isEqualTo(event);
                    }
                    feed.end();
                    assertEnds(beside(body::read));
                }
            }
        }
    }

    @Test
    void a_body_that_falls_silent_is_cut_and_a_stream_of_events_is_ended_whole() throws Exception {
        var silent =
                Surroundings.options().edge(Edge.NONE.with(new Streams(Duration.ofSeconds(1))));
        for (var type : List.of("text/event-stream", "text/plain")) {
            var feed = new Feed();
            try (var _ = around.service("feed", get("/feed", r -> ongoing(type, feed)))) {
                feed.say("data: 1\n\n");
                feed.say("data: 2\n\n");
                var answer = around.call(around.gateway(silent), Request.get("/feed"));
                try (var body = answer.body().stream()) {
                    assertThat(heard(body, "data: 1\n\ndata: 2\n\n")).endsWith("2\n\n");
                    var rest = beside(body::read);
                    if (type.equals("text/event-stream")) assertEnds(rest);
                    else assertThatThrownBy(() -> await(rest)).hasCauseInstanceOf(Failure.class);
                }
            }
        }
    }

    @Test
    void a_caller_that_leaves_a_stream_is_noticed_by_the_service_though_nothing_comes()
            throws Exception {
        var feed = new Feed();
        around.service("feed", get("/feed", r -> ongoing("text/event-stream", feed)));
        var answer = around.call(around.gateway(), Request.get("/feed"));
        var body = answer.body().stream();
        feed.say("data: 1\n\n");
        assertThat(heard(body, "data: 1\n\n")).isEqualTo("data: 1\n\n");
        body.close();
        assertThat(feed.closed.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_gateway_that_stops_ends_its_streams_whole_and_at_once() throws Exception {
        var feed = new Feed();
        around.service("feed", get("/feed", r -> ongoing("text/event-stream", feed)));
        var gateway = around.gateway();
        var answer = around.call(gateway, Request.get("/feed"));
        try (var body = answer.body().stream()) {
            feed.say("data: 1\n\n");
            assertThat(heard(body, "data: 1\n\n")).isEqualTo("data: 1\n\n");
            var rest = beside(body::read);
            gateway.drain(Duration.ofSeconds(20));
            assertEnds(rest);
        }
    }

    @Test
    void a_body_of_unknown_length_arrives_whole_behind_a_wait_for_an_instance() throws Exception {
        for (int size : new int[] {0, 10, 65_536, 65_537, 65_538, 300_000}) {
            var sent = new byte[size];
            new Random(size).nextBytes(sent);
            var taken = new CountDownLatch(1);
            var in =
                    new ByteArrayInputStream(sent) {
                        @Override
                        public synchronized int read(byte[] into, int offset, int most) {
                            taken.countDown();
                            return super.read(into, offset, most);
                        }
                    };
            var first = around.service("bin", Instance.State.STARTING, post("/bin", r -> ok("")));
            var gateway = around.gateway();
            var request = Request.post("/bin", Body.of(in, OptionalLong.empty()));
            var answer = beside(() -> around.call(gateway, request).body().bytes());
            assertThat(taken.await(20, TimeUnit.SECONDS)).isTrue();
            // Each change has it looked again.
            for (int i = 0; i < 5; i++)
                around.service("bin", Instance.State.STARTING, post("/bin", r -> ok(""))).close();
            var next =
                    around.service(
                            "bin",
                            post("/bin", r -> Response.of(200).with(Body.of(r.body().bytes()))));
            assertThat(await(answer)).as(size + " bytes").isEqualTo(sent);
            first.close();
            next.close();
        }
    }

    // The door.

    private static RateLimit.Options rate(int quota) {
        return new RateLimit.Options(Mode.ON, "address", quota, Duration.ofHours(1), 100);
    }

    @Test
    void who_asks_too_often_is_refused_and_knew_it_before() throws Exception {
        around.service("cart", get("/x", r -> ok("x")));
        var gateway =
                around.gateway(Surroundings.options().edge(Edge.NONE.ratePerAddress(rate(2))));
        var first = around.call(gateway, Request.get("/x"));
        assertThat(first.headers().get("RateLimit").orElseThrow()).startsWith("\"address\";r=1");
        assertThat(around.text(gateway, Request.get("/x"))).isEqualTo("x");
        var refused = around.call(gateway, Request.get("/x"));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.headers().get("Retry-After")).isPresent();
        assertThat(refused.headers().get("RateLimit-Policy")).contains("\"address\";q=2;w=3600");
        var problem = Problems.parse(refused);
        assertThat(problem.type()).isEqualTo("rate");
        assertThat(problem.detail()).contains("2 requests are allowed in 3600 s");
        assertThat(around.call(gateway, Request.get("/_weft/health")).status()).isEqualTo(200);
    }

    @Test
    void a_page_can_read_that_it_is_refused() throws Exception {
        var cors = Cors.of(List.of("https://shop.example"));
        var edge = Edge.NONE.with(cors).ratePerAddress(rate(0));
        var gateway = around.gateway(Surroundings.options().edge(edge));
        var request = Request.get("/x").header("Origin", "https://shop.example");
        var refused = around.call(gateway, request);
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.headers().get("Access-Control-Allow-Origin"))
                .contains("https://shop.example");
        var preflight = request.with(Method.OPTIONS).header("Access-Control-Request-Method", "PUT");
        assertThat(around.call(gateway, preflight).status()).isEqualTo(204);
    }

    @Test
    void each_request_is_in_the_access_log_with_its_trace() throws Exception {
        around.service("cart", get("/carts/{id}", r -> ok("x".repeat(100_000))));
        var gateway = around.gateway(Surroundings.options().edge(Edge.NONE.accessLog(true)));
        try (var logged = new Logged()) {
            around.text(gateway, Request.get("/carts/1"));
            around.call(gateway, Request.get("/nothing")).body().close();
            around.call(gateway, Request.get("/_weft/health")).body().close();
            until(() -> logged.lines().size() >= 2);
            var lines =
                    logged.lines().stream()
                            .map(line ->
                                    line.path()
                                            + " "
                                            + line.status()
                                            + " "
                                            + line.bytes()
                                            + " "
                                            + line.service())
                            .sorted()
                            .toList();
            assertThat(lines).hasSize(2);
            assertThat(lines.getFirst()).isEqualTo("/carts/1 200 100000 cart");
            assertThat(lines.getLast()).startsWith("/nothing 404 ");
        }
    }

    private JwtOptions jwt(Issuer issuer) throws Exception {
        var file = Files.writeString(folder.resolve("keys.json"), Issuer.set(issuer));
        return JwtOptions.of(file.toUri(), Issuer.NAME, List.of("shop"))
                .open(List.of("GET /open/{rest...}", "/login"));
    }

    private static Request with(String token, Request request) {
        return request.header("Authorization", "Bearer " + token);
    }

    @Test
    void who_has_a_token_is_known_to_the_services_and_nobody_else_is() throws Exception {
        around.service("cart", get("/x", r -> ok(caller())), get("/open/x", r -> ok(caller())));
        var issuer = Issuer.ec("one");
        var claims = Issuer.claims(Surroundings.TIME.now());
        claims.put("roles", List.of("clerk", "admin"));
        var token = issuer.token(claims);
        var edge = Edge.NONE.with(jwt(issuer)).accessLog(true);
        var gateway = around.gateway(Surroundings.options().edge(edge));
        var forged = Request.get("/open/x").header("weft-caller", "admin");
        try (var logged = new Logged()) {
            var answer = around.call(gateway, with(token, forged.path("/x")));
            assertThat(answer.headers().get("weft-caller")).isEmpty();
            assertThat(answer.body().text()).isEqualTo("ann {roles=clerk admin}");
            assertThat(around.text(gateway, with(token, forged)))
                    .isEqualTo("ann {roles=clerk admin}");
            assertThat(around.text(gateway, forged)).isEqualTo(" {}");
            assertThat(around.text(gateway, with("expired", forged))).isEqualTo(" {}");
            assertThat(logged.lines())
                    .extracting(AccessLog.Line::caller)
                    .containsExactly("ann", "ann", "", "");
        }
        var unprotected = around.gateway();
        assertThat(around.text(unprotected, forged.path("/x"))).isEqualTo(" {}");
    }

    private static String caller() {
        var caller = Context.current().caller();
        return caller.subject() + " " + caller.claims();
    }

    @Test
    void without_a_good_token_only_what_is_open_passes() throws Exception {
        around.service(
                "cart",
                get("/x", r -> ok("x")),
                get("/open/{rest...}", r -> ok("open")),
                post("/open/x", r -> ok("posted")),
                post("/login", r -> ok("login")));
        var issuer = Issuer.ec("one");
        var gateway = around.gateway(Surroundings.options().edge(Edge.NONE.with(jwt(issuer))));
        var missing = around.call(gateway, Request.get("/x"));
        assertThat(missing.status()).isEqualTo(401);
        assertThat(missing.headers().get("WWW-Authenticate")).contains("Bearer");
        assertThat(Problems.parse(missing).type()).isEqualTo("unauthenticated");
        var claims = Issuer.claims(Surroundings.TIME.now());
        claims.put("exp", 1L);
        var expired = around.call(gateway, with(issuer.token(claims), Request.get("/x")));
        assertThat(expired.status()).isEqualTo(401);
        assertThat(expired.headers().get("WWW-Authenticate"))
                .contains(
                        "Bearer error=\"invalid_token\", error_description=\"the token has"
                                + " expired\"");
        var basic = Request.get("/x").header("Authorization", "Basic YTpi");
        assertThat(around.call(gateway, basic).status()).isEqualTo(401);
        var two =
                Request.get("/x")
                        .with(
                                Headers.of("Authorization", "Bearer a")
                                        .and("Authorization", "Bearer b"));
        assertThat(around.call(gateway, two).status()).isEqualTo(400);
        assertThat(around.text(gateway, Request.get("/open/a/b"))).isEqualTo("open");
        assertThat(around.text(gateway, Request.post("/login", Body.of("")))).isEqualTo("login");
        assertThat(around.call(gateway, Request.post("/open/x", Body.of(""))).status())
                .isEqualTo(401);
        for (var path : List.of("/open/../x", "/open/%2e%2e/x", "/open/..%2fx", "/open/..;/x"))
            assertThat(around.call(gateway, Request.get(path)).status()).as(path).isEqualTo(400);
        assertThat(around.call(gateway, Request.get("/%zz")).status()).isIn(400, 401);
        assertThat(around.call(gateway, Request.get("/nothing")).status()).isEqualTo(401);
        assertThat(around.call(gateway, Request.get("/_weft/health")).status()).isEqualTo(200);
    }

    @Test
    void each_caller_has_its_own_rate() throws Exception {
        around.service("cart", get("/x", r -> ok("x")), get("/open/x", r -> ok("open")));
        var issuer = Issuer.ec("one");
        var rate = new RateLimit.Options(Mode.ON, "caller", 1, Duration.ofHours(1), 100);
        var edge = Edge.NONE.with(jwt(issuer)).ratePerCaller(rate);
        var gateway = around.gateway(Surroundings.options().edge(edge));
        var bob = Issuer.claims(Surroundings.TIME.now());
        bob.put("sub", "bob");
        for (var token : List.of(issuer.token(Surroundings.TIME.now()), issuer.token(bob))) {
            assertThat(around.text(gateway, with(token, Request.get("/x")))).isEqualTo("x");
            assertThat(around.call(gateway, with(token, Request.get("/x"))).status())
                    .isEqualTo(429);
        }
        assertThat(around.text(gateway, Request.get("/open/x"))).isEqualTo("open");
        assertThat(around.call(gateway, Request.get("/open/x")).status()).isEqualTo(429);
    }

    @Test
    void while_the_issuers_keys_are_not_known_it_is_unavailable() throws Exception {
        around.service("cart", get("/x", r -> ok("x")), get("/open/x", r -> ok("open")));
        var issuer = Issuer.ec("one");
        var away = jwt(issuer).keys(URI.create("http://127.0.0.1:1/keys"));
        var gateway = around.gateway(Surroundings.options().edge(Edge.NONE.with(away)));
        var token = issuer.token(Surroundings.TIME.now());
        var refused = around.call(gateway, with(token, Request.get("/x")));
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.headers().get("Retry-After")).contains("1");
        assertThat(Problems.parse(refused).type()).isEqualTo("unavailable");
        assertThat(around.text(gateway, with(token, Request.get("/open/x")))).isEqualTo("open");
    }

    // Time.

    @Test
    void a_caller_that_leaves_ends_the_work_in_the_service() throws Exception {
        var started = new CountDownLatch(1);
        var interrupted = new CountDownLatch(1);
        around.service(
                "cart",
                get(
                        "/x",
                        r -> {
                            started.countDown();
                            try {
                                new CountDownLatch(1).await();
                            } catch (InterruptedException e) {
                                interrupted.countDown();
                                throw e;
                            }
                            return ok("never");
                        }));
        var gateway = around.gateway();
        var caller = beside(() -> around.call(gateway, Request.get("/x")));
        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
        caller.cancel(true);
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_service_that_does_not_answer_in_time_is_a_504_problem() throws Exception {
        around.process(
                "cart",
                Instance.State.READY,
                r -> {
                    new CountDownLatch(1).await();
                    return ok("never");
                },
                List.of("GET /x"));
        var gateway = around.gateway();
        var response = around.call(gateway, Request.get("/x").header("weft-deadline-ms", "100"));
        assertThat(response.status()).isEqualTo(504);
        assertThat(Problems.parse(response).type()).isEqualTo("deadline");
    }

    @Test
    void requests_under_way_are_finished_when_it_drains() throws Exception {
        var started = new CountDownLatch(4);
        var go = new CountDownLatch(1);
        around.service(
                "cart",
                get(
                        "/x",
                        r -> {
                            started.countDown();
                            go.await();
                            return ok("done");
                        }));
        var gateway = around.gateway();
        var answers = new ArrayList<FutureTask<String>>();
        for (int i = 0; i < 4; i++)
            answers.add(beside(() -> around.text(gateway, Request.get("/x"))));
        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
        var drained =
                beside(() -> {
                    gateway.drain(Duration.ofSeconds(10));
                    return true;
                });
        go.countDown();
        for (var answer : answers) assertThat(await(answer)).isEqualTo("done");
        assertThat(await(drained)).isTrue();
    }

    @Test
    void as_long_as_not_all_services_are_known_a_missing_route_is_no_404() throws Exception {
        around.complete = false;
        around.service("product", get("/products", r -> ok("product")));
        var gateway =
                around.gateway(Surroundings.options().longestWait(Duration.ofMillis(100), 10));
        assertThat(around.text(gateway, Request.get("/products"))).isEqualTo("product");
        var early = around.call(gateway, Request.get("/carts"));
        assertThat(early.status()).isEqualTo(503);
        assertThat(early.headers().get("Retry-After")).contains("1");
        around.complete = true;
        around.service("order", get("/orders", r -> ok("order")));
        assertThat(around.call(gateway, Request.get("/carts")).status()).isEqualTo(404);
    }

    @Test
    void a_request_waits_for_the_service_that_is_not_known_yet() throws Exception {
        around.complete = false;
        around.service("product", get("/products", r -> ok("product")));
        var gateway = around.gateway();
        var waiting = Surroundings.beside(() -> around.text(gateway, Request.get("/carts")));
        around.service("cart", get("/carts", r -> ok("cart")));
        assertThat(Surroundings.await(waiting)).isEqualTo("cart");
    }

    // Traces.

    @Test
    void gateway_and_service_are_one_trace() throws Exception {
        around.service("product", get("/products/{id}", r -> ok(trace())));
        var gateway = around.gateway();
        var response = around.call(gateway, Request.get("/products/1"));
        var trace = response.headers().get("Weft-Trace").orElseThrow();
        assertThat(response.body().text()).isEqualTo(trace);
        var spans = spans(3);
        var outer = named(spans, "GET /products/{id}", "");
        var attempt = named(spans, "GET product", outer.trace().spanId());
        var inner = named(spans, "GET /products/{id}", attempt.trace().spanId());
        assertThat(outer.kind()).isEqualTo(Span.Kind.SERVER);
        assertThat(attempt.kind()).isEqualTo(Span.Kind.CLIENT);
        assertThat(inner.kind()).isEqualTo(Span.Kind.SERVER);
        assertThat(spans).allMatch(s -> s.trace().traceId().equals(trace));
    }

    @Test
    void a_look_at_the_gateways_health_begins_no_trace() throws Exception {
        around.service("product", get("/products/{id}", r -> ok(trace())));
        var gateway = around.gateway();
        assertThat(around.call(gateway, Request.get("/_weft/health")).status()).isEqualTo(200);
        around.call(gateway, Request.get("/products/1"));
        assertThat(spans(3)).noneMatch(s -> s.attributes().containsValue("/_weft/health"));
    }

    @Test
    void the_trace_of_the_caller_is_continued() throws Exception {
        around.service("product", get("/products/{id}", r -> ok(trace())));
        var id = "4bf92f3577b34da6a3ce929d0e0e4736";
        var request =
                Request.get("/products/1")
                        .header("traceparent", "00-" + id + "-00f067aa0ba902b7-01");
        assertThat(around.text(around.gateway(), request)).isEqualTo(id);
        assertThat(named(spans(3), "GET /products/{id}", "00f067aa0ba902b7").trace().traceId())
                .isEqualTo(id);
    }

    @Test
    void each_attempt_is_a_span_and_a_problem_names_the_trace() throws Exception {
        around.process(
                "cart",
                Instance.State.READY,
                r -> {
                    throw new InterruptedException("breaks the connection off");
                },
                List.of("GET /x"));
        var response = around.call(around.gateway(), Request.get("/x"));
        var trace = response.headers().get("Weft-Trace").orElseThrow();
        assertThat(response.body().text()).contains("urn:weft:trace:" + trace);
        var spans = spans(4);
        assertThat(spans.stream().filter(s -> s.kind() == Span.Kind.CLIENT)).hasSize(3);
        assertThat(spans).allMatch(s -> !s.error().isEmpty());
    }

    private static String trace() {
        return Context.current().trace().traceId();
    }

    /** A span ends a moment after its answer. */
    private List<Span> spans(int count) throws InterruptedException {
        until(() -> around.spans.size() >= count);
        assertThat(around.spans).hasSize(count);
        return List.copyOf(around.spans);
    }

    private static Span named(List<Span> spans, String name, String parent) {
        return spans.stream()
                .filter(s -> s.name().equals(name) && s.parentId().equals(parent))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " below " + parent + ": " + spans));
    }

    private static final class AtomicHeaders {
        private volatile Headers headers = Headers.EMPTY;

        void set(Headers headers) {
            this.headers = headers;
        }

        String get(String name) {
            return headers.get(name).orElse("");
        }
    }
}
