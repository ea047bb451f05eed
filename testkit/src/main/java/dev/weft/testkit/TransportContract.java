package dev.weft.testkit;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Baggage;
import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Criticality;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Query;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Trace;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every transport promises; see {@link Transport}.
 *
 * <p>A subclass opens a transport and inherits the cases. After each case the transport is closed,
 * and no handler may be left running, no answer's body open, nothing else {@link #held}.
 */
public abstract class TransportContract {

    private static final SystemTime TIME = SystemTime.INSTANCE;

    private static final ServerOptions OPTIONS = ServerOptions.DEFAULT.maxBodyBytes(2 << 20);

    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger openBodies = new AtomicInteger();
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final List<Thread> callers = new ArrayList<>();
    private Transport transport;
    private long heldBefore;

    /** For subclasses. */
    @SuppressWarnings("NullAway.Init") // opened before each case
    protected TransportContract() {}

    /** A transport of its own for one case. */
    protected abstract Transport open();

    /** How long a case waits for what has to happen. */
    protected Duration patience() {
        return Duration.ofSeconds(10);
    }

    /** How much the process holds that a transport has to give back, such as open sockets. */
    protected long held() {
        return 0;
    }

    @BeforeEach
    final void openTransport() {
        heldBefore = held();
        transport = open();
    }

    @AfterEach
    final void nothingIsLeft() throws InterruptedException {
        release.countDown();
        transport.close();
        for (var caller : callers) caller.join(patience());
        awaitThat("no handler runs", () -> inside.get() == 0);
        awaitThat("no body is open", () -> openBodies.get() == 0);
        awaitThat("nothing is held any more", () -> held() <= heldBefore);
    }

    // What is carried.

    @Test
    void carries_status_headers_and_body_of_the_answer() throws Exception {
        var client =
                serve(request ->
                        new Response(
                                418,
                                Headers.of("X-One", "1").and("X-Many", "a").and("X-Many", "b, c"),
                                Body.of("tea ☕")));
        var response = client.call(Request.get("/"));
        assertThat(response.status()).isEqualTo(418);
        assertThat(response.headers().get("x-one")).hasValue("1");
        assertThat(response.headers().all("X-Many")).containsExactly("a", "b, c");
        assertThat(response.body().text()).isEqualTo("tea ☕");
    }

    @Test
    void carries_every_method_with_path_and_query_as_they_were_sent() throws Exception {
        var client =
                serve(request ->
                        Response.of(200)
                                .header("X-Method", request.method().name())
                                .header("X-Path", request.path())
                                .header("X-Query", request.query().raw()));
        for (var method : Method.values()) {
            var path = "/a%20b/%2F/c;d=1/%C3%A4/";
            var request = Request.of(method, path).with(new Query("q=%26+x&empty=&r"));
            var response = client.call(request);
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.headers().get("X-Method")).hasValue(method.name());
            assertThat(response.headers().get("X-Path")).hasValue(path);
            assertThat(response.headers().get("X-Query")).hasValue("q=%26+x&empty=&r");
        }
    }

    @Test
    void carries_headers_of_the_request_in_order_and_whatever_their_case() throws Exception {
        var seen = new AtomicReference<Headers>(Headers.EMPTY);
        var client =
                serve(request -> {
                    seen.set(request.headers());
                    return Response.of(200);
                });
        client.call(Request.get("/").with(Headers.of("X-A", "1").and("x-a", "2").and("X-B", "3")))
                .body()
                .close();
        assertThat(seen.get().all("x-A")).containsExactly("1", "2");
        assertThat(seen.get().get("X-B")).hasValue("3");
    }

    @Test
    void answers_head_without_a_body() throws Exception {
        var client = serve(request -> Response.of(200).header("X-A", "1").with(counted(bytes(10))));
        var response = client.call(Request.of(Method.HEAD, "/"));
        assertThat(response.headers().get("X-A")).hasValue("1");
        assertThat(response.body().bytes()).isEmpty();
        assertThat(client.call(Request.get("/")).body().bytes()).hasSize(10);
    }

    @Test
    void carries_bodies_of_all_sizes_both_ways() throws Exception {
        var client = serve(request -> Response.of(200).with(Body.of(request.body().bytes())));
        for (int size : new int[] {0, 1, 8191, 8192, 8193, 65_535, 65_536, 65_537, 1_500_000}) {
            var bytes = bytes(size);
            for (var body :
                    List.of(
                            Body.of(bytes),
                            Body.of(new ByteArrayInputStream(bytes), OptionalLong.of(size)),
                            Body.of(new ByteArrayInputStream(bytes), OptionalLong.empty()))) {
                var response = client.call(Request.post("/", body));
                assertThat(Arrays.equals(response.body().bytes(), bytes))
                        .as("%d bytes", size)
                        .isTrue();
            }
        }
    }

    @Test
    void carries_streamed_answers_of_all_sizes() throws Exception {
        var client =
                serve(request -> {
                    int size = Integer.parseInt(request.query().get("size").orElse(""));
                    var known = request.query().get("known").isPresent();
                    return Response.of(200)
                            .with(
                                    counted(
                                            bytes(size),
                                            known ? OptionalLong.of(size) : OptionalLong.empty()));
                });
        for (int size : new int[] {0, 1, 8192, 65_537, 3_000_000})
            for (var known : List.of("", "&known=1")) {
                var response = client.call(Request.get("/?size=" + size + known));
                assertThat(Arrays.equals(response.body().bytes(), bytes(size)))
                        .as("%d bytes %s", size, known)
                        .isTrue();
            }
    }

    @Test
    void passes_an_answer_on_while_it_is_made() throws Exception {
        var pieces = new Pieces();
        var client = serve(request -> Response.of(200).with(pieces.body()));
        pieces.put("first");
        var response = client.call(Request.get("/"));
        try (var in = response.body().stream()) {
            assertThat(new String(in.readNBytes(5), StandardCharsets.UTF_8)).isEqualTo("first");
            pieces.put("second");
            assertThat(new String(in.readNBytes(6), StandardCharsets.UTF_8)).isEqualTo("second");
            pieces.end();
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void passes_a_request_on_while_it_is_made() throws Exception {
        var pieces = new Pieces();
        var client =
                serve(request -> {
                    try (var in = request.body().stream()) {
                        in.readNBytes(5);
                        entered.countDown();
                        return Response.text("" + in.readAllBytes().length);
                    }
                });
        pieces.put("first");
        var call = call(client, Request.post("/", pieces.body()));
        await(entered);
        pieces.put("second");
        pieces.end();
        assertThat(result(call).body().text()).isEqualTo("6");
    }

    @Test
    void closes_an_answers_body_that_nobody_reads() throws Exception {
        var client = serve(request -> Response.of(200).with(counted(bytes(3_000_000))));
        for (int i = 0; i < 20; i++) {
            var response = client.call(Request.get("/"));
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.body().length()).hasValue(3_000_000);
            response.body().close();
        }
        awaitThat("all bodies are closed", () -> openBodies.get() == 0);
    }

    @Test
    void serves_on_when_a_body_was_not_read() throws Exception {
        var client = serve(request -> Response.text("ignored"));
        for (int size : new int[] {1, 100_000, 1_500_000})
            for (int i = 0; i < 5; i++) {
                var response = client.call(Request.post("/", Body.of(bytes(size))));
                assertThat(response.body().text()).isEqualTo("ignored");
            }
    }

    @Test
    void fails_reading_a_body_that_is_larger_than_the_limit() throws Exception {
        var client =
                serve(
                        Problems.filter("test")
                                .then(
                                        (Service<Request, Response>)
                                                request ->
                                                        Response.text(
                                                                ""
                                                                        + request.body()
                                                                                .bytes()
                                                                                .length)));
        var large = bytes(20 << 20);
        for (var body :
                List.of(
                        Body.of(large),
                        Body.of(new ByteArrayInputStream(large), OptionalLong.of(large.length)),
                        Body.of(new ByteArrayInputStream(large), OptionalLong.empty()))) {
            var problem = Problems.parse(client.call(Request.post("/", body)));
            assertThat(problem.status()).isEqualTo(413);
            assertThat(problem.type()).isEqualTo("too-large");
        }
        var fits = client.call(Request.post("/", Body.of(bytes(2 << 20))));
        assertThat(fits.body().text()).isEqualTo("" + (2 << 20));
    }

    @Test
    void carries_the_context_over_two_hops() throws Exception {
        var seen = new AtomicReference<Context>(Context.none());
        var last =
                served(
                        traced().then(
                                        (Service<Request, Response>)
                                                request -> {
                                                    seen.set(Context.current());
                                                    return Response.of(200);
                                                }));
        var first = served(traced().then(client(last)));
        var context =
                Context.none()
                        .with(Trace.start(TIME, true).child(TIME))
                        .with(Baggage.EMPTY.with("user", "ä b"))
                        .with(Criticality.CRITICAL)
                        .with(Deadline.after(Duration.ofSeconds(5), TIME))
                        .withAttempt(3);
        var response = context.call(() -> client(first).call(Request.get("/")));
        assertThat(response.headers().get(ServerTrace.TRACE)).hasValue(context.trace().traceId());
        assertThat(seen.get().trace().traceId()).isEqualTo(context.trace().traceId());
        assertThat(seen.get().trace().sampled()).isTrue();
        assertThat(seen.get().trace().random()).isTrue();
        assertThat(seen.get().baggage().get("user")).hasValue("ä b");
        assertThat(seen.get().criticality()).isEqualTo(Criticality.CRITICAL);
        assertThat(seen.get().attempt()).isEqualTo(3);
        assertThat(seen.get().deadline().remaining()).isLessThanOrEqualTo(Duration.ofSeconds(5));
    }

    // Who runs, and until when.

    @Test
    void runs_requests_at_once() throws Exception {
        int many = 50;
        var all = new CountDownLatch(many);
        var client =
                serve(request -> {
                    all.countDown();
                    await(all);
                    return Response.text(Thread.currentThread().isVirtual() ? "yes" : "no");
                });
        var calls = new ArrayList<FutureTask<Response>>();
        for (int i = 0; i < many; i++) calls.add(call(client, Request.get("/" + i)));
        for (var call : calls) assertThat(result(call).body().text()).isEqualTo("yes");
    }

    @Test
    void a_handler_starts_with_no_context() throws Exception {
        var client = serve(request -> Response.text("" + Context.current().equals(Context.none())));
        var context = Context.none().withAttempt(7);
        var response = context.call(() -> client.call(Request.get("/")));
        assertThat(response.body().text()).isEqualTo("true");
    }

    @Test
    void interrupts_the_handler_when_the_caller_is_interrupted() throws Exception {
        var client = serve(request -> blocked());
        var call = call(client, Request.get("/"));
        await(entered);
        callers.getLast().interrupt();
        await(interrupted);
        assertThatThrownBy(() -> result(call)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void closes_what_a_handler_answers_to_a_caller_that_has_gone() throws Exception {
        var client =
                serve(request -> {
                    var body = counted(bytes(100_000));
                    try {
                        blocked();
                    } catch (InterruptedException e) {
                        return Response.of(200).with(body);
                    }
                    throw new AssertionError("nobody went away");
                });
        var call = call(client, Request.get("/"));
        await(entered);
        callers.getLast().interrupt();
        await(interrupted);
        assertThatThrownBy(() -> result(call)).isInstanceOf(InterruptedException.class);
        awaitThat("its body is closed", () -> openBodies.get() == 0);
    }

    @Test
    void a_caller_that_goes_away_ends_the_handlers_of_all_hops() throws Exception {
        var last = served(traced().then((Service<Request, Response>) request -> blocked()));
        var middle = served(traced().then(client(last)));
        var first = served(traced().then(client(middle)));
        var call = call(client(first), Request.get("/"));
        await(entered);
        assertThat(inside).hasValue(3);
        callers.getLast().interrupt();
        await(interrupted);
        awaitThat("all three handlers have ended", () -> inside.get() == 0);
        assertThatThrownBy(() -> result(call)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void interrupts_handler_and_nested_calls_when_the_deadline_passes() throws Exception {
        var last = served(traced().then((Service<Request, Response>) request -> blocked()));
        var first = served(traced().then(client(last)));
        var context = Context.none().with(Deadline.after(Duration.ofSeconds(1), TIME));
        assertThatThrownBy(() -> context.call(() -> result(first)))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.DEADLINE));
        await(interrupted);
        awaitThat("both handlers have ended", () -> inside.get() == 0);
    }

    // Answers that break off behind their head.

    @Test
    void who_reads_a_body_that_stops_is_refused_at_the_deadline_of_the_call() throws Exception {
        for (var length : List.of(OptionalLong.empty(), OptionalLong.of(100_000))) {
            var pieces = new Pieces(length);
            var broken = new AtomicReference<Duration>();
            var time = new VirtualTime();
            var client = watched(served(request -> pieces.answer()), time, broken);
            pieces.put("first");
            var response = within(ofSeconds(10), time).call(() -> client.call(Request.get("/")));
            var in = response.body().stream();
            assertThat(new String(in.readNBytes(5), StandardCharsets.UTF_8)).isEqualTo("first");
            var reading = call(request -> response.with(Body.of(in.readAllBytes())));
            time.awaitWaiting(1, patience());
            time.advance(ofSeconds(10));
            assertThatThrownBy(() -> result(reading))
                    .isInstanceOfSatisfying(
                            Failure.Refused.class,
                            e -> {
                                var refusal = e.refusal();
                                assertThat(refusal.by()).isEqualTo("test");
                                assertThat(refusal.reason()).isEqualTo(Refusal.Reason.DEADLINE);
                                assertThat(refusal.begun()).isTrue();
                                assertThat(refusal.detail())
                                        .contains("10000 ms", "the peer")
                                        .contains(
                                                length.isPresent()
                                                        ? "5 of 100000 bytes"
                                                        : "5 bytes");
                            });
            assertThat(broken).hasValue(ofSeconds(10));
            in.close();
            pieces.end();
        }
    }

    @Test
    void a_body_that_comes_in_time_is_no_more_disturbed_by_the_deadline() throws Exception {
        var pieces = new Pieces(OptionalLong.empty());
        var broken = new AtomicReference<Duration>();
        var time = new VirtualTime();
        var client = watched(served(request -> pieces.answer()), time, broken);
        pieces.put("first");
        var response = within(ofSeconds(10), time).call(() -> client.call(Request.get("/")));
        time.advance(ofSeconds(9));
        pieces.put("second");
        pieces.end();
        assertThat(response.body().text()).isEqualTo("firstsecond");
        time.advance(ofSeconds(9));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(broken).hasNullValue();
    }

    @Test
    void who_comes_too_late_to_read_a_body_is_refused_without_blame() throws Exception {
        var broken = new AtomicReference<Duration>();
        var time = new VirtualTime();
        var client =
                watched(
                        served(request -> Response.of(200).with(counted(bytes(3_000_000)))),
                        time,
                        broken);
        var response = within(ofSeconds(10), time).call(() -> client.call(Request.get("/")));
        time.advance(ofSeconds(10));
        try (var in = response.body().stream()) {
            assertThatThrownBy(in::readAllBytes)
                    .isInstanceOfSatisfying(
                            Failure.Refused.class,
                            e ->
                                    assertThat(e.refusal().reason())
                                            .isEqualTo(Refusal.Reason.DEADLINE));
        }
        assertThat(broken).hasNullValue();
    }

    @Test
    void the_deadline_of_a_stream_of_events_ends_at_its_head() throws Exception {
        var pieces = new Pieces(OptionalLong.empty());
        var time = new VirtualTime();
        var client =
                watched(
                        served(request ->
                                pieces.answer()
                                        .header(
                                                "Content-Type",
                                                "Text/Event-Stream; charset=utf-8")),
                        time,
                        new AtomicReference<>());
        pieces.put("first");
        var response = within(ofSeconds(10), time).call(() -> client.call(Request.get("/")));
        time.advance(ofSeconds(20));
        pieces.put("second");
        pieces.end();
        assertThat(response.body().text()).isEqualTo("firstsecond");
    }

    @Test
    void an_answer_that_breaks_off_is_an_unreachable_peer() throws Exception {
        for (var length : List.of(OptionalLong.empty(), OptionalLong.of(100_000)))
            for (boolean fails : List.of(true, false)) {
                if (length.isEmpty() && !fails) continue; // that is a body
                var pieces = new Pieces(length);
                var broken = new AtomicReference<Duration>();
                var time = new VirtualTime();
                var address = served(request -> pieces.answer());
                var client = watched(address, time, broken);
                pieces.put("first");
                var response =
                        within(ofSeconds(10), time).call(() -> client.call(Request.get("/")));
                if (fails) pieces.fail();
                else pieces.end();
                assertThatThrownBy(() -> response.body().bytes())
                        .isInstanceOfSatisfying(
                                Failure.Unreachable.class, e -> assertThat(e.sent()).isTrue())
                        .hasMessageContaining(address.getAuthority())
                        .hasMessageContaining("broke off");
                assertThat(broken).hasValue(Duration.ZERO);
            }
    }

    /** A client that knows what breaks off behind its head. */
    private Service<Request, Response> watched(
            URI address, VirtualTime time, AtomicReference<Duration> broken) {
        return Cancellation.ofCalls("test", "the peer", time, (failure, took) -> broken.set(took))
                .then(transport.client(address));
    }

    private static Context within(Duration limit, VirtualTime time) {
        return Context.none().with(Deadline.after(limit, time));
    }

    // Failures and calls of calls.

    private Response result(URI address) throws Exception {
        var response = client(address).call(Request.get("/"));
        if (!response.successful()) throw Problems.failure(response);
        return response;
    }

    @Test
    void a_failure_that_escapes_is_a_500_that_tells_nothing() throws Exception {
        var client =
                serve(request -> {
                    if (request.path().equals("/")) throw new IllegalStateException("secret");
                    return Response.of(204);
                });
        var response = client.call(Request.get("/"));
        assertThat(response.status()).isEqualTo(500);
        assertThat(response.body().text()).isEmpty();
        assertThat(client.call(Request.get("/next")).status()).isEqualTo(204);
    }

    @Test
    void a_call_can_be_made_from_a_handler() throws Exception {
        var last = served(request -> Response.text("deep"));
        var client = serve(request -> transport.client(last).call(request));
        assertThat(client.call(Request.get("/")).body().text()).isEqualTo("deep");
    }

    // Addresses.

    @Test
    void fails_unsent_where_nobody_serves() throws Exception {
        var server = transport.serve(request -> Response.of(200), OPTIONS);
        var client = transport.client(server.address());
        assertThat(client.call(Request.get("/")).status()).isEqualTo(200);
        server.close();
        // It may have been written on a connection that was kept, and then closed.
        assertThatThrownBy(() -> client.call(Request.get("/")))
                .isInstanceOf(Failure.Unreachable.class);
        assertThatThrownBy(() -> client.call(Request.get("/")))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class,
                        e -> {
                            assertThat(e.sent()).isFalse();
                            assertThat(e).hasMessageContaining(server.address().getAuthority());
                        });
    }

    @Test
    void says_which_address_is_taken() throws Exception {
        try (var server = transport.serve(request -> Response.of(200), OPTIONS)) {
            int port = server.address().getPort();
            assertThat(port).isPositive();
            assertThatThrownBy(
                            () -> transport.serve(request -> Response.of(200), OPTIONS.port(port)))
                    .isInstanceOfSatisfying(
                            Failure.Unreachable.class,
                            e -> {
                                assertThat(e.sent()).isFalse();
                                assertThat(e).hasMessageContaining(":" + port);
                            });
            assertThat(transport.client(server.address()).call(Request.get("/")).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void an_address_can_be_served_again() throws Exception {
        var first = transport.serve(request -> Response.text("1"), OPTIONS);
        var client = transport.client(first.address());
        assertThat(client.call(Request.get("/")).body().text()).isEqualTo("1");
        first.close();
        var options = OPTIONS.port(first.address().getPort());
        try (var second = transport.serve(request -> Response.text("2"), options)) {
            assertThat(second.address()).isEqualTo(first.address());
            assertThat(client.call(Request.get("/")).body().text()).isEqualTo("2");
        }
    }

    // Ends.

    @Test
    void drains_what_is_in_work_and_then_refuses() throws Exception {
        var server =
                transport.serve(
                        counting(request -> {
                            entered.countDown();
                            await(release);
                            return Response.text("done");
                        }),
                        OPTIONS);
        var client = transport.client(server.address());
        var call = call(client, Request.get("/"));
        await(entered);
        var drain = start(() -> server.drain(patience()));
        release.countDown();
        assertThat(result(call).body().text()).isEqualTo("done");
        drain.join(patience());
        assertThat(drain.isAlive()).isFalse();
        assertThatThrownBy(() -> client.call(Request.get("/")))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class, e -> assertThat(e.sent()).isFalse());
    }

    @Test
    void serves_on_while_it_drains() throws Exception {
        var server =
                transport.serve(
                        counting(request -> {
                            if (request.path().equals("/quick")) return Response.text("quick");
                            entered.countDown();
                            await(release);
                            return Response.text("done");
                        }),
                        OPTIONS);
        var client = transport.client(server.address());
        var call = call(client, Request.get("/"));
        await(entered);
        var drain = start(() -> server.drain(patience()));
        awaitThat(
                "it waits for what is in work",
                () ->
                        drain.getState() == Thread.State.WAITING
                                || drain.getState() == Thread.State.TIMED_WAITING);
        for (int i = 0; i < 3; i++)
            assertThat(client.call(Request.get("/quick")).body().text()).isEqualTo("quick");
        release.countDown();
        assertThat(result(call).body().text()).isEqualTo("done");
        drain.join(patience());
        assertThatThrownBy(() -> client.call(Request.get("/quick")))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class, e -> assertThat(e.sent()).isFalse());
    }

    @Test
    void interrupts_what_does_not_end_in_the_time_for_draining() throws Exception {
        var server = transport.serve(counting(request -> blocked()), OPTIONS);
        var call = call(transport.client(server.address()), Request.get("/"));
        await(entered);
        server.drain(Duration.ofMillis(100));
        await(interrupted);
        assertThatThrownBy(() -> result(call))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class, e -> assertThat(e.sent()).isTrue());
    }

    @Test
    void closing_a_server_interrupts_what_it_has_in_work() throws Exception {
        var server = transport.serve(counting(request -> blocked()), OPTIONS);
        var call = call(transport.client(server.address()), Request.get("/"));
        await(entered);
        server.close();
        server.close();
        await(interrupted);
        assertThatThrownBy(() -> result(call))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class, e -> assertThat(e.sent()).isTrue());
    }

    @Test
    void closing_the_transport_ends_servers_and_calls() throws Exception {
        var client = serve(request -> blocked());
        var call = call(client, Request.get("/"));
        await(entered);
        transport.close();
        transport.close();
        await(interrupted);
        assertThatThrownBy(() -> result(call)).isInstanceOf(Failure.Unreachable.class);
        assertThatThrownBy(() -> client.call(Request.get("/")))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class, e -> assertThat(e.sent()).isFalse());
    }

    // What the cases are made of.

    private Service<Request, Response> serve(Service<Request, Response> service) {
        return transport.client(served(service));
    }

    private URI served(Service<Request, Response> service) {
        return transport.serve(counting(service), OPTIONS).address();
    }

    private Service<Request, Response> counting(Service<Request, Response> service) {
        return request -> {
            inside.incrementAndGet();
            try {
                return service.call(request);
            } finally {
                inside.decrementAndGet();
            }
        };
    }

    /** The server's stack, as a service has it. */
    private static Filter<Request, Response> traced() {
        return new ServerTrace(Tracer.NONE, TIME, Duration.ofSeconds(10), request -> request.path())
                .then(Problems.filter("test"))
                .then(Cancellation.atDeadline("test", TIME));
    }

    private Service<Request, Response> client(URI address) {
        Filter<Request, Response> deadline = Cancellation.atDeadline("test", TIME);
        return deadline.then(
                request -> transport.client(address).call(ContextHeaders.inject(request)));
    }

    private Response blocked() throws InterruptedException {
        entered.countDown();
        try {
            await(release);
            return Response.of(200);
        } catch (InterruptedException e) {
            interrupted.countDown();
            throw e;
        }
    }

    private FutureTask<Response> call(Service<Request, Response> work) {
        return call(work, Request.get("/"));
    }

    private FutureTask<Response> call(Service<Request, Response> client, Request request) {
        var call = new FutureTask<>(() -> client.call(request));
        start(call);
        return call;
    }

    private Thread start(Runnable task) {
        var caller = TIME.start("test-caller", task);
        callers.add(caller);
        return caller;
    }

    private Response result(FutureTask<Response> call) throws Exception {
        try {
            return call.get(patience().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) throw cause;
            throw e;
        }
    }

    private void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(patience().toMillis(), TimeUnit.MILLISECONDS))
            throw new AssertionError("it did not happen within " + patience());
    }

    private void awaitThat(String what, BooleanSupplier condition) throws InterruptedException {
        long end = TIME.nanos() + patience().toNanos();
        while (!condition.getAsBoolean()) {
            if (TIME.nanos() - end > 0)
                throw new AssertionError("not within " + patience() + ": " + what);
            TIME.sleep(Duration.ofMillis(2));
        }
    }

    private Body counted(byte[] bytes) {
        return counted(bytes, OptionalLong.of(bytes.length));
    }

    /** A stream that counts as open until it is closed. */
    private Body counted(byte[] bytes, OptionalLong length) {
        openBodies.incrementAndGet();
        var open = new AtomicInteger(1);
        return Body.of(
                new FilterInputStream(new ByteArrayInputStream(bytes)) {
                    @Override
                    public void close() {
                        if (open.getAndSet(0) == 1) openBodies.decrementAndGet();
                    }
                },
                length);
    }

    private static byte[] bytes(int size) {
        var bytes = new byte[size];
        for (int i = 0; i < size; i++) bytes[i] = (byte) (i * 31 + (i >> 8));
        return bytes;
    }

    /** A stream whose pieces come when the test says so; it holds at most a few. */
    private final class Pieces extends InputStream {
        private volatile boolean fails;
        private final BlockingQueue<byte[]> pieces = new ArrayBlockingQueue<>(4);
        private byte[] current = new byte[0];
        private int position;
        private final OptionalLong length;
        private final AtomicBoolean answered = new AtomicBoolean();
        private boolean ended;

        Pieces() {
            this(OptionalLong.empty());
        }

        Pieces(OptionalLong length) {
            this.length = length;
        }

        Body body() {
            return Body.of(this, length);
        }

        /** An answer of it, whose body counts as open until it is closed. */
        Response answer() {
            openBodies.incrementAndGet();
            answered.set(true);
            return Response.of(200).with(body());
        }

        @Override
        public void close() {
            if (answered.getAndSet(false)) openBodies.decrementAndGet();
        }

        void put(String text) {
            pieces.add(text.getBytes(StandardCharsets.UTF_8));
        }

        void end() {
            pieces.add(new byte[0]);
        }

        void fail() {
            fails = true;
            end();
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            if (most == 0) return 0;
            if (position == current.length && !ended) next();
            if (ended) return -1;
            int count = Math.min(most, current.length - position);
            System.arraycopy(current, position, into, offset, count);
            position += count;
            return count;
        }

        private void next() throws IOException {
            try {
                var piece = pieces.poll(patience().toMillis(), TimeUnit.MILLISECONDS);
                if (piece == null) throw new IOException("no piece came");
                current = piece;
                position = 0;
                ended = piece.length == 0;
                if (ended && fails) throw new IOException("broken by the test");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }
}
