package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.contracts.Contract;
import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Criticality;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.Explanation;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MasterKeys;
import dev.weft.events.MemoryBus;
import dev.weft.events.Projection;
import dev.weft.http.Endpoint;
import dev.weft.json.Json;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole service in memory: decider, projection, listener, routes. */
class RunningTest {

    record Raised(int by) {}

    record Raise(String id, int by) {}

    record Total(String id, int total) {}

    record ById(String id) {}

    static final EventType<Raised> RAISED = EventType.of("raised", Raised.class);

    static final Decider<Raise, Integer, Raised> COUNTER =
            Decider.of(
                    "counter",
                    0,
                    (command, total) ->
                            total + command.by() > 100
                                    ? Decision.reject("too-high", "the limit is 100")
                                    : Decision.emit(new Raised(command.by())),
                    (total, raised) -> total + raised.by(),
                    RAISED);

    static final EventType<Total> TOTAL = EventType.of("total", Total.class);

    static final EventType<ById> DAY_BEGUN = EventType.of("day-begun", ById.class);

    /** The status of the next answer of /busy. */
    private static final AtomicInteger BUSY = new AtomicInteger();

    private final SystemTime time = SystemTime.INSTANCE;
    private final MemoryTransport transport = new MemoryTransport(time);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final List<Span> spans = new CopyOnWriteArrayList<>();
    private Optional<Running> running = Optional.empty();
    @TempDir Path folder;

    static App counter() {
        return App.named("counter")
                .tables("create table if not exists seen(id text primary key, times integer)")
                .tables("create table if not exists heard(id text primary key, total integer)")
                .project(
                        Projection.of(
                                "seen",
                                COUNTER,
                                (event, sql) ->
                                        sql.update(
                                                "insert into seen values (?, 1) on conflict(id)"
                                                        + " do update set times = times + 1",
                                                event.key())))
                .publish(
                        COUNTER,
                        List.of(TOTAL),
                        event ->
                                List.of(
                                        TOTAL.of(
                                                event.key(),
                                                new Total(event.key(), event.data().by()))))
                .listen(
                        Listener.transactional("heard")
                                .on(
                                        TOTAL,
                                        (event, sql) ->
                                                sql.update(
                                                        "insert into heard values (?, ?) on conflict(id)"
                                                                + " do update set total = total +"
                                                                + " excluded.total",
                                                        event.data().id(),
                                                        event.data().total())))
                .routes(weft ->
                        Routes.of(
                                Endpoint.post("/counters/{id}", Raise.class, Total.class)
                                        .status(201)
                                        .to(it ->
                                                new Total(
                                                        it.id(),
                                                        weft.handle(COUNTER, it.id(), it)
                                                                .orProblem(409))),
                                Endpoint.get("/seen/{id}", ById.class, Total.class)
                                        .to(it ->
                                                new Total(
                                                        it.id(),
                                                        number(weft, "seen", "times", it.id()))),
                                Endpoint.get("/heard/{id}", ById.class, Total.class)
                                        .to(it ->
                                                new Total(
                                                        it.id(),
                                                        number(weft, "heard", "total", it.id()))),
                                Route.post("/ids", request -> Response.text(weft.newId())),
                                Route.post(
                                        "/calls", request -> weft.client("nobody").call(request)),
                                Route.post("/busy", request -> Response.of(BUSY.getAndSet(200))),
                                Route.post("/gives-up", request -> givesUp()),
                                Route.get(
                                        "/left",
                                        request ->
                                                Response.text(
                                                        Context.current()
                                                                        .deadline()
                                                                        .remaining()
                                                                        .toMillis()
                                                                + "")),
                                Route.post("/hold", request -> HELD.get().answer()),
                                Route.get("/hold", request -> HELD.get().answer())))
                .rate(
                        RateLimit.Options.of(1, Duration.ofMinutes(1)),
                        request ->
                                request.headers()
                                        .get("X-Rated")
                                        .orElseGet(() -> "caller " + CALLERS.incrementAndGet()));
    }

    /** Requests that are worked at until a test lets them end. */
    record Held(Semaphore entered, CountDownLatch release) {
        Response answer() throws InterruptedException {
            entered.release();
            release.await();
            return Response.of(204);
        }
    }

    /** Who names no one is someone else each time. */
    static final AtomicInteger CALLERS = new AtomicInteger();

    static final AtomicReference<Held> HELD = new AtomicReference<>();

    private static Response givesUp() {
        Context.current().work().noteGaveUp();
        throw new Failure.Unreachable("lost", true, null);
    }

    private static int number(Weft weft, String table, String column, String id) {
        return weft.database()
                .first(
                        "select * from " + table + " where id = ?",
                        row -> (int) row.number(column),
                        id)
                .orElse(0);
    }

    private Service<Request, Response> start() {
        return start(counter());
    }

    private Service<Request, Response> start(App app) {
        var started =
                Running.start(
                        app,
                        new Surroundings(
                                "counter",
                                "counter-1",
                                time,
                                transport,
                                ServerOptions.DEFAULT,
                                registry,
                                registry,
                                new MemoryBus(time),
                                "sqlite:" + folder.resolve("counter.db"),
                                MasterKeys.NONE,
                                spans::add,
                                new MemoryMeter(),
                                100,
                                Duration.ofHours(1),
                                Mode.ON,
                                Optional.empty(),
                                CallSettings.NONE,
                                List.of()));
        running = Optional.of(started);
        return transport.client(started.address());
    }

    @AfterEach
    void stop() {
        running.ifPresent(Running::close);
    }

    private static Request raise(String id, int by) {
        return Request.post("/counters/" + id, Body.of("{\"by\":" + by + "}"))
                .header("Content-Type", "application/json");
    }

    private static Map<String, Object> json(Response response) {
        return Json.readMap(response.body().bytes());
    }

    @Test
    void answers_with_a_receipt_and_shows_what_was_written_to_who_names_it() throws Exception {
        var client = start();
        var answer = client.call(raise("a", 5));
        assertThat(answer.status()).isEqualTo(201);
        assertThat(json(answer)).containsEntry("total", 5L);
        var receipt = answer.headers().get(ContextHeaders.RECEIPT).orElseThrow();
        assertThat(receipt).isEqualTo("counter=1");
        var seen = client.call(Request.get("/seen/a").header(ContextHeaders.AFTER, receipt));
        assertThat(json(seen)).containsEntry("total", 1L);
    }

    @Test
    void is_known_with_its_routes_and_its_load() throws Exception {
        start();
        assertThat(registry.instances("counter"))
                .singleElement()
                .satisfies(instance -> {
                    assertThat(instance.routes()).contains("POST /ids");
                    assertThat(instance.load()).contains(new Load(0, 20));
                });
    }

    @Test
    void tells_its_routes_to_whom_no_registry_tells_them() throws Exception {
        var told = json(start().call(Request.get("/_weft/routes")));
        assertThat(told.get("routes")).isEqualTo(registry.instances("counter").getFirst().routes());
    }

    @Test
    void tells_what_it_promises_and_what_it_needs_of_others() throws Exception {
        var find = Endpoint.get("/things/{id}", String.class, ById.class);
        var app =
                counter()
                        .every("daily", Duration.ofDays(1), DAY_BEGUN.of("all", new ById("all")))
                        .routes(weft -> {
                            var things = weft.client("things", find);
                            return Routes.of(
                                    Endpoint.get("/things/{id}", String.class, ById.class)
                                            .to(things));
                        });
        var client = start(app);
        var contract =
                Json.read(
                        client.call(Request.get("/_weft/contract")).body().bytes(), Contract.class);
        assertThat(contract.service()).isEqualTo("counter");
        assertThat(contract.publishes())
                .extracting(told -> told.type() + " " + told.version() + " " + told.schema())
                .containsExactly(
                        "day-begun 1 {$ref=#/schemas/ById}", "total 1 {$ref=#/schemas/Total}");
        assertThat(contract.listens())
                .extracting(heard -> heard.listener() + " " + heard.type())
                .containsExactly("heard total");
        assertThat(contract.calls())
                .extracting(call -> call.service() + " " + call.operation())
                .containsExactly("things GET /things/{id}");
        assertThat(contract.endpoints())
                .filteredOn(it -> it.operation().equals("POST /counters/{id}"))
                .singleElement()
                .satisfies(it -> {
                    assertThat(it.status()).contains(201);
                    assertThat(it.takes()).contains(Map.of("$ref", "#/schemas/Raise"));
                    assertThat(it.answers()).contains(Map.of("$ref", "#/schemas/Total"));
                });
        assertThat(contract.endpoints())
                .filteredOn(it -> it.operation().equals("POST /ids"))
                .singleElement()
                .satisfies(it -> assertThat(it.status()).isEmpty());
        assertThat(contract.schemas()).containsOnlyKeys("ById", "Raise", "Total");
        assertThat(client.call(Request.get("/_weft/openapi")).body().text())
                .contains("\"/counters/{id}\"", "#/components/schemas/Total");
        assertThat(client.call(Request.get("/_weft/asyncapi")).body().text())
                .contains("counter.publishes.total", "counter.heard reads id, total");
    }

    @Test
    void refuses_as_lag_what_is_not_applied_within_the_deadline() throws Exception {
        var client = start();
        var answer =
                client.call(
                        Request.get("/seen/a")
                                .header(ContextHeaders.AFTER, "counter=7")
                                .header(ContextHeaders.DEADLINE, "300"));
        assertThat(answer.status()).isEqualTo(503);
        assertThat(json(answer)).containsEntry("reason", "lag");
        assertThat(answer.headers().get("Retry-After")).contains("1");
    }

    @Test
    void works_at_twenty_together_at_first_and_refuses_more_but_the_platform() throws Exception {
        var held = new Held(new Semaphore(0), new CountDownLatch(1));
        HELD.set(held);
        var client = start();
        var inWork = new ArrayList<FutureTask<Response>>();
        for (int i = 0; i < 20; i++) inWork.add(beside(client, Request.get("/hold")));
        held.entered().acquire(20);
        assertThat(registry.instances().getFirst().load()).contains(new Load(20, 20));
        var refused = client.call(Request.get("/seen/a"));
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.headers().get(ContextHeaders.REFUSED)).contains("limit");
        assertThat(refused.headers().get(ContextHeaders.RETRYABLE)).contains("yes");
        assertThat(refused.headers().get("Retry-After")).contains("1");
        assertThat(json(refused)).containsEntry("by", "counter/counter-1");
        assertThat(client.call(Request.get("/_weft/health")).status()).isEqualTo(200);
        held.release().countDown();
        for (var each : inWork) assertThat(each.get().status()).isEqualTo(204);
    }

    @Test
    void what_waits_for_what_was_written_takes_no_place_of_what_is_work() throws Exception {
        var client = start();
        var waiting =
                Request.get("/seen/a")
                        .header(ContextHeaders.AFTER, "counter=1")
                        .header(ContextHeaders.DEADLINE, "9000");
        var answers = new ArrayList<FutureTask<Response>>();
        for (int i = 0; i < 40; i++) answers.add(beside(client, waiting));
        assertThat(client.call(raise("a", 5)).status()).isEqualTo(201);
        for (var answer : answers) assertThat(answer.get().status()).isEqualTo(200);
    }

    private FutureTask<Response> beside(Service<Request, Response> client, Request request) {
        var call = new FutureTask<>(() -> client.call(request));
        time.start("beside", call);
        return call;
    }

    /** As far as the tests look at it. */
    record Explained(List<Explanation.Step> server, List<Explanation> calls) {
        Explanation.Figure number(String name) {
            return server.stream()
                    .flatMap(layer -> layer.numbers().stream())
                    .filter(number -> number.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void explains_what_stands_around_its_routes_with_the_numbers_of_now() throws Exception {
        var held = new Held(new Semaphore(0), new CountDownLatch(1));
        HELD.set(held);
        var client = start();
        var inWork = beside(client, Request.get("/hold"));
        held.entered().acquire();
        var explained =
                Json.read(
                        client.call(Request.get("/_weft/explain")).body().bytes(), Explained.class);
        assertThat(explained.server())
                .extracting(Explanation.Step::layer)
                .containsExactly(
                        "server",
                        "trace",
                        "problems",
                        "deadline",
                        "draining",
                        "after",
                        "limit",
                        "rate",
                        "once",
                        "handlers");
        assertThat(explained.number("limit.in-work").value()).isEqualTo("1");
        assertThat(explained.number("rate.default.quota"))
                .satisfies(quota -> {
                    assertThat(quota.value()).isEqualTo("1");
                    assertThat(quota.from()).isEqualTo("code");
                });
        held.release().countDown();
        assertThat(inWork.get().status()).isEqualTo(204);
        var one =
                Json.read(
                        client.call(
                                        Request.get("/_weft/explain")
                                                .with(Query.NONE.and("service", "other")))
                                .body()
                                .bytes(),
                        Explained.class);
        assertThat(one.server()).isEmpty();
        assertThat(one.calls())
                .singleElement()
                .satisfies(it -> {
                    assertThat(it.service()).isEqualTo("other");
                    assertThat(it.layers()).isNotEmpty();
                });
    }

    @Test
    void who_asks_more_often_than_the_service_allows_is_refused() throws Exception {
        var client = start();
        var request = Request.get("/seen/a").header("X-Rated", "ann");
        assertThat(client.call(request).status()).isEqualTo(200);
        var refused = client.call(request);
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.headers().get(ContextHeaders.REFUSED)).contains("rate");
        assertThat(refused.headers().get("RateLimit-Policy")).contains("\"default\";q=1;w=60");
        assertThat(client.call(request.header("X-Rated", "bob")).status()).isEqualTo(200);
    }

    @Test
    void a_call_that_was_refused_further_in_is_not_told_as_safe_to_try_again() throws Exception {
        var answer = start().call(Request.post("/calls", Body.EMPTY));
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.headers().get(ContextHeaders.REFUSED)).contains("unavailable");
        assertThat(answer.headers().get(ContextHeaders.RETRYABLE)).contains("no");
        assertThat(json(answer)).containsEntry("begun", true).containsEntry("by", "counter");
    }

    @Test
    void who_gave_up_trying_says_so_with_and_without_a_key() throws Exception {
        var client = start();
        var request = Request.post("/gives-up", Body.EMPTY);
        for (var each : List.of(request, request.header(ContextHeaders.IDEMPOTENCY_KEY, "k6"))) {
            var answer = client.call(each);
            assertThat(answer.headers().get(ContextHeaders.REFUSED)).contains("unreachable");
            assertThat(answer.headers().get(ContextHeaders.RETRYABLE)).contains("no");
        }
    }

    @Test
    void gives_the_first_answer_again_under_the_same_key() throws Exception {
        var client = start();
        var request = raise("a", 5).header(ContextHeaders.IDEMPOTENCY_KEY, "k1");
        var first = client.call(request);
        var second = client.call(request);
        assertThat(second.status()).isEqualTo(201);
        assertThat(second.body().bytes()).isEqualTo(first.body().bytes());
        assertThat(second.headers().get("Idempotent-Replayed")).contains("true");
        assertThat(second.headers().get(ContextHeaders.RECEIPT)).contains("counter=1");
        assertThat(json(client.call(raise("a", 1)))).containsEntry("total", 6L);
    }

    @Test
    void a_key_is_its_callers_own() throws Exception {
        var client = start();
        var request = raise("a", 5).header(ContextHeaders.IDEMPOTENCY_KEY, "k7");
        var anns = request.header(ContextHeaders.CALLER, "ann");
        var bobs = request.header(ContextHeaders.CALLER, "bob");
        assertThat(json(client.call(request))).containsEntry("total", 5L);
        assertThat(json(client.call(anns))).containsEntry("total", 10L);
        assertThat(json(client.call(bobs))).containsEntry("total", 15L);
        assertThat(json(client.call(anns))).containsEntry("total", 10L);
        assertThat(client.call(raise("a", 6).with(bobs.headers())).status()).isEqualTo(422);
    }

    @Test
    void an_answer_that_says_nothing_was_done_is_not_kept_for_its_key() throws Exception {
        var client = start();
        BUSY.set(429);
        var request =
                Request.post("/busy", Body.EMPTY).header(ContextHeaders.IDEMPOTENCY_KEY, "k8");
        assertThat(client.call(request).status()).isEqualTo(429);
        assertThat(client.call(request).status()).isEqualTo(200);
    }

    @Test
    void keeps_a_rejection_as_the_answer_of_its_key() throws Exception {
        var client = start();
        var tooMuch = raise("a", 101).header(ContextHeaders.IDEMPOTENCY_KEY, "k2");
        assertThat(client.call(tooMuch).status()).isEqualTo(409);
        assertThat(client.call(tooMuch).headers().get("Idempotent-Replayed")).contains("true");
    }

    @Test
    void refuses_another_request_under_the_same_key_and_a_key_that_is_none() throws Exception {
        var client = start();
        client.call(raise("a", 5).header(ContextHeaders.IDEMPOTENCY_KEY, "k3"));
        assertThat(client.call(raise("a", 6).header(ContextHeaders.IDEMPOTENCY_KEY, "k3")).status())
                .isEqualTo(422);
        assertThat(client.call(raise("a", 6).header(ContextHeaders.IDEMPOTENCY_KEY, "")).status())
                .isEqualTo(400);
    }

    @Test
    void finds_its_append_again_when_the_answer_was_lost() throws Exception {
        var client = start();
        var request = raise("a", 5).header(ContextHeaders.IDEMPOTENCY_KEY, "k4");
        client.call(request);
        client.call(raise("a", 7));
        running.orElseThrow().close();
        try (var storage =
                dev.weft.events.Storage.open("sqlite:" + folder.resolve("counter.db"), time)) {
            storage.database().write(sql -> sql.update("delete from weft_answer"));
        }
        client = start();
        assertThat(json(client.call(request))).containsEntry("total", 5L);
        assertThat(json(client.call(raise("a", 1)))).containsEntry("total", 13L);
    }

    @Test
    void a_listener_works_in_the_context_of_who_wrote_the_event() throws Exception {
        var heard = new SynchronousQueue<Context>();
        var client =
                start(
                        counter()
                                .listen(
                                        Listener.effect("ears")
                                                .on(TOTAL, event -> heard.put(Context.current()))));
        client.call(
                raise("a", 5)
                        .header("baggage", "tenant=north")
                        .header("tracestate", "vendor=1")
                        .header(
                                "traceparent",
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                        .header(ContextHeaders.CRITICALITY, "background"));
        var context = heard.poll(20, TimeUnit.SECONDS);
        assertThat(context).isNotNull();
        assertThat(context.baggage().get("tenant")).hasValue("north");
        assertThat(context.criticality()).isEqualTo(Criticality.BACKGROUND);
        assertThat(context.trace().traceId()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
        assertThat(context.trace().state()).isEqualTo("vendor=1");
        assertThat(context.work().cause()).isEqualTo("counter/1/0");
    }

    @Test
    void makes_the_same_id_again_for_the_same_work() throws Exception {
        var client = start();
        var request = Request.post("/ids", Body.EMPTY).header(ContextHeaders.IDEMPOTENCY_KEY, "k5");
        var first = client.call(request).body().text();
        assertThat(first).hasSize(26).matches("[a-z0-9]+");
        running.orElseThrow().close();
        try (var storage =
                dev.weft.events.Storage.open("sqlite:" + folder.resolve("counter.db"), time)) {
            storage.database().write(sql -> sql.update("delete from weft_answer"));
        }
        assertThat(start().call(request).body().text()).isEqualTo(first);
        assertThat(
                        transport
                                .client(running.orElseThrow().address())
                                .call(Request.post("/ids", Body.EMPTY))
                                .body()
                                .text())
                .isNotEqualTo(first);
    }

    @Test
    void hears_its_own_public_events_once_over_restarts() throws Exception {
        var client = start();
        client.call(raise("a", 5));
        settle(client);
        running.orElseThrow().close();
        client = start();
        client.call(raise("a", 2));
        settle(client);
        assertThat(json(client.call(Request.get("/heard/a")))).containsEntry("total", 7L);
    }

    record Lifted(int height) {}

    private static final Decider<Raise, Integer, Lifted> RENAMED =
            Decider.of(
                    "counter",
                    0,
                    (command, total) -> Decision.emit(new Lifted(command.by())),
                    (total, lifted) -> total + lifted.height(),
                    EventType.of("raised", Lifted.class));

    @Test
    void does_not_start_on_events_that_its_code_cannot_read() throws Exception {
        start().call(raise("a", 5));
        running.orElseThrow().close();
        assertThatThrownBy(() -> start(App.named("counter").publish(RENAMED)))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("event \"raised\" of stream counter-a at position 1")
                .hasMessageContaining("the log of counter does not fit")
                .hasMessageContaining("height");
    }

    @Test
    void an_event_that_it_cannot_read_is_not_the_callers_fault() throws Exception {
        start().call(raise("a", 5));
        running.orElseThrow().close();
        var client =
                start(
                        App.named("counter")
                                .routes(weft ->
                                        Routes.of(
                                                Endpoint.post(
                                                                "/counters/{id}",
                                                                Raise.class,
                                                                Total.class)
                                                        .to(it ->
                                                                new Total(
                                                                        it.id(),
                                                                        weft.handle(
                                                                                        RENAMED,
                                                                                        it.id(), it)
                                                                                .orProblem(
                                                                                        409))))));
        var answer = client.call(raise("a", 1).header(ContextHeaders.IDEMPOTENCY_KEY, "u"));
        assertThat(answer.status()).isEqualTo(500);
        assertThat(json(answer)).containsEntry("type", "urn:weft:problem:unreadable-event");
        assertThat(client.call(raise("b", 1)).status()).isEqualTo(200);
    }

    private static void settle(Service<Request, Response> client) throws Exception {
        var report = json(client.call(Request.get("/_weft/progress?wait_ms=9000")));
        assertThat(report).containsEntry("settled", true);
    }

    @Test
    void what_the_platform_asks_begins_no_trace_and_belongs_to_one_that_came_with_it()
            throws Exception {
        var client = start();
        client.call(Request.get("/_weft/health"));
        var trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        client.call(
                Request.get("/_weft/health")
                        .header("traceparent", "00-" + trace + "-00f067aa0ba902b7-01"));
        client.call(Request.get("/nothing"));
        assertThat(spans.stream().filter(span -> span.kind() == Span.Kind.SERVER))
                .extracting(Span::name)
                .containsExactly("GET /_weft/health", "GET");
        assertThat(spans.getFirst().trace().traceId()).isEqualTo(trace);
    }

    @Test
    void an_expired_request_is_refused_before_anything_of_its_body_is_read() throws Exception {
        var client = start();
        var read = new AtomicInteger();
        var body =
                new InputStream() {
                    @Override
                    public int read() {
                        read.incrementAndGet();
                        return -1;
                    }

                    @Override
                    public int read(byte[] into, int offset, int most) {
                        return read();
                    }
                };
        var answer =
                client.call(
                        raise("a", 1)
                                .with(Body.of(body, OptionalLong.of(8)))
                                .header(ContextHeaders.DEADLINE, "0"));
        assertThat(answer.status()).isEqualTo(504);
        assertThat(json(answer)).containsEntry("reason", "deadline").containsEntry("begun", false);
        assertThat(read).hasValue(0);
    }

    @Test
    void its_health_says_that_it_drains() throws Exception {
        var held = new Held(new Semaphore(0), new CountDownLatch(1));
        HELD.set(held);
        var client = start();
        var inWork = beside(client, Request.get("/hold"));
        held.entered().acquire();
        assertThat(json(client.call(Request.get("/_weft/health")))).containsEntry("state", "ready");
        var draining = new CountDownLatch(1);
        try (var _ =
                registry.watch(instances -> {
                    if (instances.stream().anyMatch(it -> it.state() == Instance.State.DRAINING))
                        draining.countDown();
                })) {
            var closing = time.start("close", running.orElseThrow()::close);
            draining.await();
            assertThat(json(client.call(Request.get("/_weft/health"))))
                    .containsEntry("state", "draining");
            held.release().countDown();
            assertThat(inWork.get().status()).isEqualTo(204);
            closing.join();
        }
    }

    @Test
    void tells_bad_requests_apart() throws Exception {
        var client = start();
        assertThat(client.call(Request.get("/nothing")).status()).isEqualTo(404);
        assertThat(client.call(Request.get("/ids")).status()).isEqualTo(405);
        var bad = client.call(Request.post("/counters/a", Body.of("{\"by\":\"5\"}")));
        assertThat(bad.status()).isEqualTo(400);
        assertThat(String.valueOf(json(bad).get("detail"))).contains("by");
        assertThat(client.call(Request.post("/counters/a", Body.of("{"))).status()).isEqualTo(400);
    }

    @Test
    void a_repetition_while_the_first_run_is_in_work_is_told_to_come_again() throws Exception {
        var held = new Held(new Semaphore(0), new CountDownLatch(1));
        HELD.set(held);
        var client = start();
        var post = Request.post("/hold", Body.of("x")).header(ContextHeaders.IDEMPOTENCY_KEY, "k1");
        var first = beside(client, post);
        held.entered().acquire();
        var second = client.call(post);
        assertThat(second.status()).isEqualTo(409);
        assertThat(second.headers().get(ContextHeaders.RETRYABLE)).contains("yes");
        assertThat(json(second)).containsEntry("type", "urn:weft:problem:request-in-flight");
        assertThat(client.call(raise("a", 1)).status()).as("others are served").isEqualTo(201);
        held.release().countDown();
        assertThat(first.get().status()).isEqualTo(204);
        assertThat(held.entered().availablePermits()).as("it ran once").isZero();
        var again = client.call(post);
        assertThat(again.status()).isEqualTo(204);
        assertThat(again.headers().get("Idempotent-Replayed")).contains("true");
    }

    @Test
    void a_request_has_ten_seconds_unless_it_names_a_later_deadline() throws Exception {
        var client = start();
        assertThat(left(client, Request.get("/left"))).isBetween(5_000, 10_000);
        var later = Request.get("/left").header(ContextHeaders.DEADLINE, "120000");
        assertThat(left(client, later)).isBetween(60_000, 120_000);
        var latest = Request.get("/left").header(ContextHeaders.DEADLINE, "86400000");
        assertThat(left(client, latest)).isBetween(1_800_000, 3_600_000);
    }

    private static int left(Service<Request, Response> client, Request request) throws Exception {
        return Integer.parseInt(client.call(request).body().text());
    }
}
