package dev.weft.core.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.policy.Breaker;
import dev.weft.core.policy.Tally;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClientsTest {

    private static final Time TIME = SystemTime.INSTANCE;

    private final MemoryTransport transport = new MemoryTransport(TIME);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final ConcurrentLinkedQueue<String> called = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() {
        transport.close();
    }

    private Clients clients(CallSettings settings) {
        return new Clients("cart", settings, registry, transport, ClientTelemetry.NONE, TIME);
    }

    private void serve(String id, Service<Request, Response> service) {
        var server =
                transport.serve(
                        request -> {
                            called.add(id);
                            return service.call(request);
                        },
                        ServerOptions.DEFAULT.port(0));
        registry.register(
                new Instance("product", id, server.address(), Instance.State.READY, List.of()));
    }

    private static CallSettings said(String name, String value) {
        return CallSettings.read(Map.of("product", Map.of(name, value)), "test");
    }

    @Test
    void a_call_brings_its_deadline_along() throws Exception {
        serve(
                "p1",
                request ->
                        Response.text(request.headers().get(ContextHeaders.DEADLINE).orElse("")));
        try (var clients = clients(said("timeout", "2s"))) {
            var answer = clients.of("product").call(Request.get("/products/1"));
            long ms = Long.parseLong(answer.body().text());
            assertTrue(ms > 0 && ms <= 2_000, ms + " ms");
        }
    }

    @Test
    void a_call_is_not_made_behind_its_deadline() {
        serve("p1", request -> Response.of(200));
        try (var clients = clients(CallSettings.NONE)) {
            var late = Context.none().with(Deadline.after(Duration.ZERO, TIME));
            var failure =
                    assertThrows(
                            Failure.Refused.class,
                            () ->
                                    late.call(() ->
                                            clients.of("product")
                                                    .call(Request.get("/products/1"))));
            assertEquals(Refusal.Reason.DEADLINE, failure.refusal().reason());
            assertTrue(called.isEmpty());
        }
    }

    @Test
    void a_try_that_fails_is_followed_by_one_at_another_instance() throws Exception {
        var failures = new AtomicInteger();
        for (var id : List.of("p1", "p2", "p3"))
            serve(
                    id,
                    request ->
                            failures.getAndIncrement() == 0 ? Response.of(500) : Response.of(200));
        try (var clients = clients(CallSettings.NONE)) {
            assertEquals(200, clients.of("product").call(Request.get("/products/1")).status());
            assertEquals(2, called.size());
            assertEquals(2, new HashSet<>(called).size(), called.toString());
        }
    }

    @Test
    void a_post_is_not_sent_twice_unless_it_has_a_key() throws Exception {
        serve("p1", request -> Response.of(500));
        var post = Request.post("/products", Body.of("{}"));
        try (var clients = clients(CallSettings.NONE)) {
            assertEquals(500, clients.of("product").call(post).status());
            assertEquals(1, called.size());
            clients.of("product").call(post.header(ContextHeaders.IDEMPOTENCY_KEY, "k1"));
            assertEquals(4, called.size());
        }
    }

    @Test
    void a_call_that_takes_too_long_is_ended_on_both_sides() throws Exception {
        var ended = new ConcurrentLinkedQueue<String>();
        serve(
                "p1",
                request -> {
                    try {
                        TIME.sleep(Duration.ofMinutes(1));
                        return Response.of(200);
                    } catch (InterruptedException e) {
                        ended.add("interrupted");
                        throw e;
                    }
                });
        try (var clients = clients(said("timeout", "50ms"))) {
            var failure =
                    assertThrows(
                            Failure.Refused.class,
                            () -> clients.of("product").call(Request.get("/products/1")));
            assertEquals(Refusal.Reason.DEADLINE, failure.refusal().reason());
            var detail = failure.refusal().detail();
            assertTrue(
                    detail.startsWith("no answer within the timeout of 50 ms, in 1 try; "), detail);
            assertTrue(detail.contains("calling product/p1"), detail);
            while (ended.isEmpty()) TIME.sleep(Duration.ofMillis(1));
        }
    }

    @Test
    void a_try_that_takes_too_long_is_followed_by_one_at_another_instance() throws Exception {
        var first = new AtomicInteger();
        for (var id : List.of("p1", "p2"))
            serve(
                    id,
                    request -> {
                        if (first.getAndIncrement() == 0) TIME.sleep(Duration.ofMinutes(1));
                        return Response.of(200);
                    });
        try (var clients = clients(said("try.timeout", "50ms"))) {
            assertEquals(200, clients.of("product").call(Request.get("/products/1")).status());
            assertEquals(2, new HashSet<>(called).size(), called.toString());
        }
    }

    @Test
    void a_call_that_ran_out_of_tries_says_how_many_and_how_long_each_was() {
        serve(
                "p1",
                request -> {
                    TIME.sleep(Duration.ofMinutes(1));
                    return Response.of(200);
                });
        try (var clients = clients(said("try.timeout", "20ms"))) {
            var failure =
                    assertThrows(
                            Failure.Refused.class,
                            () -> clients.of("product").call(Request.get("/products/1")));
            var detail = failure.refusal().detail();
            assertTrue(
                    detail.startsWith("no answer in 3 tries of at most 20 ms (try.timeout); "),
                    detail);
        }
    }

    @Test
    void a_call_of_a_caller_with_less_time_says_so() {
        serve(
                "p1",
                request -> {
                    TIME.sleep(Duration.ofMinutes(1));
                    return Response.of(200);
                });
        try (var clients = clients(CallSettings.NONE)) {
            clients.of("product");
            var caller = Context.none().with(Deadline.after(Duration.ofMillis(300), TIME));
            var failure =
                    assertThrows(
                            Failure.Refused.class,
                            () -> caller.call(() -> clients.of("product").call(Request.get("/"))));
            var detail = failure.refusal().detail();
            assertTrue(
                    detail.matches("no answer within the \\d+ ms that the caller had left, .*"),
                    detail);
        }
    }

    @Test
    void a_call_has_ten_seconds_unless_told_otherwise() throws Exception {
        var left = new ConcurrentLinkedQueue<Duration>();
        serve(
                "p1",
                request -> {
                    left.add(
                            ContextHeaders.extract(request, Duration.ofHours(1), TIME)
                                    .deadline()
                                    .remaining());
                    return Response.of(200);
                });
        try (var clients = clients(CallSettings.NONE)) {
            clients.of("product").call(Request.get("/products/1"));
            assertTrue(left.element().compareTo(Duration.ofSeconds(10)) <= 0, left.toString());
            assertTrue(left.element().compareTo(Duration.ofSeconds(5)) > 0, left.toString());
        }
    }

    @Test
    void a_service_that_is_forgotten_is_not_watched_any_more_and_may_be_called_again()
            throws Exception {
        serve("p1", request -> Response.of(200));
        try (var clients = clients(CallSettings.NONE)) {
            var before = clients.of("product");
            before.call(Request.get("/products/1"));
            clients.forget("product");
            assertTrue(clients.made().isEmpty());
            assertThrows(Failure.Refused.class, () -> before.call(Request.get("/products/1")));
            assertEquals(200, clients.of("product").call(Request.get("/products/1")).status());
        }
    }

    @Test
    void nothing_is_called_any_more_when_it_is_closed_whether_it_was_called_before_or_not() {
        serve("p1", request -> Response.of(200));
        var clients = clients(CallSettings.NONE);
        clients.close();
        assertThrows(
                Failure.Refused.class,
                () -> clients.of("product").call(Request.get("/products/1")));
    }

    /** An answer whose body is read by this. */
    private static Response streaming(Callable<Integer> reading, OptionalLong length) {
        return Response.of(200)
                .with(
                        Body.of(
                                new InputStream() {
                                    @Override
                                    public int read() throws IOException {
                                        return read(new byte[1], 0, 1);
                                    }

                                    @Override
                                    public int read(byte[] into, int offset, int most)
                                            throws IOException {
                                        try {
                                            return reading.call();
                                        } catch (Exception e) {
                                            throw new IOException(e);
                                        }
                                    }
                                },
                                length));
    }

    private static Response breaking() {
        return streaming(
                () -> {
                    throw new IOException("broken by the test");
                },
                OptionalLong.empty());
    }

    @Test
    void an_instance_that_breaks_its_answers_off_is_left_for_another() throws Exception {
        serve("p1", request -> breaking());
        serve("p2", request -> Response.text("whole"));
        try (var clients = clients(CallSettings.NONE)) {
            var client = clients.of("product");
            while (!called.contains("p1")) {
                try {
                    client.call(Request.get("/")).body().bytes();
                } catch (Failure.Unreachable e) {
                    assertTrue(e.sent());
                }
            }
            called.clear();
            for (int i = 0; i < 50; i++)
                assertEquals("whole", client.call(Request.get("/")).body().text());
            assertEquals(Set.of("p2"), new HashSet<>(called));
        }
    }

    @Test
    void answers_that_break_off_open_the_breaker() throws Exception {
        serve("p1", request -> breaking());
        try (var clients = clients(CallSettings.NONE)) {
            var client = clients.of("product");
            var breaker = client.nodes().getFirst().breaker();
            int broken = 0;
            while (broken < 10 && breaker.state() == Breaker.State.CLOSED) {
                var body = client.call(Request.get("/")).body();
                assertThrows(Failure.Unreachable.class, body::bytes);
                broken++;
            }
            assertEquals(Breaker.State.OPEN, breaker.state());
        }
    }

    @Test
    void a_body_that_does_not_come_is_refused_at_the_deadline_and_counts() throws Exception {
        var never = new CountDownLatch(1);
        serve(
                "p1",
                request ->
                        streaming(
                                () -> {
                                    never.await();
                                    return -1;
                                },
                                OptionalLong.of(7)));
        try (var clients = clients(said("timeout", "100ms"))) {
            var client = clients.of("product");
            var body = client.call(Request.get("/")).body();
            var refusal = assertThrows(Failure.Refused.class, body::bytes).refusal();
            assertEquals(Refusal.Reason.DEADLINE, refusal.reason());
            assertEquals("cart", refusal.by());
            assertTrue(refusal.begun());
            assertTrue(
                    refusal.detail().contains("product/p1; 0 of 7 bytes of the answer's body"),
                    refusal.detail());
            assertTrue(client.nodes().getFirst().load().latencyNanos() > 1e9);
        }
    }

    @Test
    void an_operation_has_numbers_of_its_own_and_shares_the_instances() throws Exception {
        serve("p1", request -> Response.of(500));
        var settings =
                CallSettings.read(
                        Map.of(
                                "product",
                                Map.of("GET /products/{id}", Map.of("retry.attempts", "1"))),
                        "test");
        try (var clients = clients(settings)) {
            clients.of("product").call(Request.get("/products/1"));
            assertEquals(1, called.size());
            clients.of("product").call(Request.get("/other"));
            assertEquals(4, called.size());
            assertEquals(4, clients.of("product").nodes().getFirst().calls());
        }
    }

    @Test
    void nobody_there_is_a_refusal_that_says_so() {
        try (var clients = clients(CallSettings.NONE)) {
            var failure =
                    assertThrows(
                            Failure.Refused.class,
                            () -> clients.of("product").call(Request.get("/products/1")));
            assertEquals(Refusal.Reason.UNAVAILABLE, failure.refusal().reason());
            assertEquals("cart", failure.refusal().by());
        }
    }

    @Test
    void layers_out_of_order_are_refused_when_they_are_put_together() {
        Service<Request, Response> nobody = request -> Response.of(200);
        var deadline = layer(Role.DEADLINE);
        var retry = layer(Role.RETRY);
        var balancer = layer(Role.BALANCER);
        var transport = layer(Role.TRANSPORT);
        for (var wrong :
                List.of(
                        List.of(deadline, balancer, retry, transport),
                        List.of(deadline, retry, retry, balancer, transport),
                        List.of(retry, balancer, transport)))
            assertInstanceOf(
                    IllegalArgumentException.class,
                    assertThrows(
                            RuntimeException.class,
                            () ->
                                    new ClientStack(
                                            "product", "", ClientOptions.DEFAULT, wrong, nobody)));
    }

    @Test
    void the_layers_of_a_call_stand_in_the_order_of_the_roles() {
        serve("p1", request -> Response.of(200));
        var settings =
                CallSettings.read(
                        Map.of("product", Map.of("GET /products/{id}", Map.of("timeout", "1s"))),
                        "test");
        try (var clients = clients(settings)) {
            var stacks = clients.of("product").stacks();
            assertEquals(2, stacks.size());
            for (var stack : stacks)
                assertEquals(
                        List.of(
                                Role.TRACE,
                                Role.DEADLINE,
                                Role.REPLAY,
                                Role.RETRY,
                                Role.HEDGE,
                                Role.THROTTLE,
                                Role.BULKHEAD,
                                Role.BALANCER,
                                Role.BREAKER,
                                Role.ATTEMPT,
                                Role.TRY_TIMEOUT,
                                Role.TRANSPORT),
                        stack.layers().stream().map(Layer::role).toList());
        }
    }

    /** What is printed is what runs: one retry, and below it a try at each of two instances. */
    @Test
    void a_call_is_seen_once_and_each_of_its_tries_below_the_retry() throws Exception {
        var seen = new ConcurrentLinkedQueue<String>();
        var telemetry =
                new ClientTelemetry() {
                    @Override
                    public Filter<Request, Response> call(String service) {
                        return (request, next) -> {
                            var time = Context.current().deadline();
                            seen.add(time == Deadline.NEVER ? "call" : "call in its deadline");
                            return next.call(request);
                        };
                    }

                    @Override
                    public Filter<Request, Response> attempt(Instance instance) {
                        return (request, next) -> {
                            var left = Context.current().deadline().remaining();
                            boolean ofTry = left.compareTo(Duration.ofSeconds(1)) <= 0;
                            seen.add(
                                    "attempt "
                                            + Context.current().attempt()
                                            + (ofTry ? " in the time of a try" : ""));
                            return next.call(request);
                        };
                    }

                    @Override
                    public Tally tally(String service) {
                        return (policy, decision) -> seen.add(policy + " " + decision);
                    }
                };
        serve("p1", request -> Response.of(500));
        var settings =
                CallSettings.read(
                        Map.of("product", Map.of("retry.attempts", "2", "try.timeout", "1s")),
                        "test");
        try (var clients = new Clients("cart", settings, registry, transport, telemetry, TIME)) {
            clients.of("product").call(Request.get("/"));
        }
        assertEquals(
                List.of(
                        "call",
                        "attempt 1 in the time of a try",
                        "retry retried",
                        "attempt 2 in the time of a try",
                        "retry attempts-used-up"),
                List.copyOf(seen));
    }

    @Test
    void a_bulkhead_bounds_the_tries_that_are_under_way() throws Exception {
        var inside = new CountDownLatch(2);
        var release = new CountDownLatch(1);
        serve(
                "p1",
                request -> {
                    inside.countDown();
                    release.await();
                    return Response.of(200);
                });
        try (var clients = clients(said("bulkhead", "2"))) {
            var client = clients.of("product");
            var calls = new ArrayList<FutureTask<Response>>();
            for (int i = 0; i < 2; i++) {
                var call = new FutureTask<>(() -> client.call(Request.get("/")));
                calls.add(call);
                TIME.start("test-caller", call);
            }
            inside.await();
            var failure = assertThrows(Failure.Refused.class, () -> client.call(Request.get("/")));
            assertEquals(Refusal.Reason.LIMIT, failure.refusal().reason());
            assertEquals("cart", failure.refusal().by());
            release.countDown();
            for (var call : calls) assertEquals(200, call.get().status());
            assertEquals(200, client.call(Request.get("/")).status());
            assertEquals(3, called.size());
        }
    }

    private static Layer layer(Role role) {
        return new Layer(role, "", List.of(), Filter.none());
    }

    @Test
    void an_open_breaker_says_why_it_is_ignored() throws Exception {
        serve("p1", request -> Response.of(500));
        try (var clients = clients(CallSettings.NONE)) {
            var client = clients.of("product");
            assertEquals("closed", breakers(client).getFirst());
            for (int i = 0; i < 5; i++) client.call(Request.post("/", Body.EMPTY));
            assertEquals(List.of("open, ignored: panic"), breakers(client));
            for (var id : List.of("p2", "p3", "p4", "p5")) serve(id, request -> Response.of(200));
            assertEquals("open", breakers(client).stream().sorted().toList().getLast());
        }
    }

    @Test
    void a_breaker_that_only_counts_says_so() throws Exception {
        serve("p1", request -> Response.of(500));
        try (var clients = clients(said("breaker", "dark"))) {
            var client = clients.of("product");
            for (int i = 0; i < 5; i++) client.call(Request.post("/", Body.EMPTY));
            assertEquals(List.of("open, ignored: dark"), breakers(client));
        }
    }

    private static List<String> breakers(Client client) {
        return Explanation.of(client).getFirst().instances().stream()
                .map(Explanation.Seen::breaker)
                .toList();
    }

    @Test
    void it_is_explained_with_every_number_and_who_said_it() {
        serve("p1", request -> Response.of(200));
        try (var clients = clients(said("retry.attempts", "2"))) {
            var explained = Explanation.of(clients.of("product")).getFirst();
            var numbers = explained.layers().stream().flatMap(l -> l.numbers().stream()).toList();
            var names = numbers.stream().map(Explanation.Figure::name).toList();
            for (var setting : Setting.ALL) assertTrue(names.contains(setting.name()));
            assertTrue(
                    names.containsAll(
                            List.of(
                                    "retry.unsent",
                                    "hedge.spare",
                                    "throttle.window",
                                    "throttle.share",
                                    "throttle.least",
                                    "balancer.passed-over",
                                    "breaker.window",
                                    "breaker.least-calls")),
                    names.toString());
            assertEquals(names.size(), Set.copyOf(names).size(), "each once: " + names);
            var attempts =
                    numbers.stream().filter(n -> n.name().equals("retry.attempts")).findFirst();
            assertEquals("2 test", attempts.map(n -> n.value() + " " + n.from()).orElse(""));
            assertEquals("p1", explained.instances().getFirst().instance());
        }
    }
}
