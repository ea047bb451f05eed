package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.policy.Hedge;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.Protocol;
import dev.weft.core.policy.RetryBudget;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The client, against a server that does by hand what it likes. */
class HttpClientTest {

    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /** For calls that their deadline is to end. */
    private static final Duration SHORT = Duration.ofMillis(500);

    /** What happens on one accepted connection. */
    private interface Script {
        void run(Wire wire) throws Exception;
    }

    private final ServerSocket listener = listen();
    private final List<Wire> accepted = new CopyOnWriteArrayList<>();
    private final CountDownLatch refusing = new CountDownLatch(1);
    private final HttpTransport transport = new HttpTransport();
    private final URI address = URI.create("http://127.0.0.1:" + listener.getLocalPort());
    private final Service<Request, Response> client = transport.client(address);

    private static ServerSocket listen() {
        try {
            return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void close() throws Exception {
        transport.close();
        listener.close();
        for (var wire : accepted) wire.close();
        Wire.awaitThat(() -> transport.connections() == 0);
    }

    /** The scripts are for the first connection, the second and so on; the last for all others. */
    private void serve(Script... scripts) {
        SystemTime.INSTANCE.start(
                "test-server",
                () -> {
                    for (int i = 0; ; i++) {
                        var script = scripts[Math.min(i, scripts.length - 1)];
                        try {
                            var wire = new Wire(listener.accept());
                            accepted.add(wire);
                            SystemTime.INSTANCE.start("test-connection", () -> run(script, wire));
                        } catch (IOException closed) {
                            refusing.countDown();
                            return;
                        }
                    }
                });
    }

    /** A listener is closed once its thread has left it; until then connections are made. */
    private void refuse() throws Exception {
        listener.close();
        Wire.await(refusing);
    }

    private static void run(Script script, Wire wire) {
        try (wire) {
            script.run(wire);
        } catch (Exception over) {
            return;
        }
    }

    private static void answer(Wire wire, String answer) throws IOException {
        while (true) {
            wire.head();
            wire.send(answer);
        }
    }

    private String text() throws Exception {
        return client.call(Request.get("/")).body().text();
    }

    @Test
    void uses_one_connection_for_calls_one_after_the_other() throws Exception {
        serve(wire -> answer(wire, OK));
        for (int i = 0; i < 100; i++) assertThat(text()).isEqualTo("ok");
        assertThat(accepted).hasSize(1);
    }

    @Test
    void sends_a_request_as_the_protocol_wants_it() throws Exception {
        var heads = new CopyOnWriteArrayList<String>();
        serve(wire -> {
            heads.add(wire.head());
            wire.bytes(5);
            wire.send(OK);
        });
        var headers =
                Headers.of("X-A", "1")
                        .and("Connection", "X-A")
                        .and("Transfer-Encoding", "chunked")
                        .and("Content-Length", "7")
                        .and("Host", "elsewhere")
                        .and("Upgrade", "h2c");
        client.call(Request.post("/a%20b?q=1", Body.of("hello")).with(headers));
        assertThat(heads)
                .containsExactly(
                        "POST /a%20b?q=1 HTTP/1.1\nHost: "
                                + address.getAuthority()
                                + "\nX-A: 1\nContent-Length: 5\n");
    }

    @Test
    void a_target_that_is_not_escaped_is_refused_before_anything_is_sent() {
        for (var path : List.of("/a b", "/ä", "/x\r\nEvil: 1"))
            assertThatThrownBy(() -> client.call(Request.get("/").path(path)))
                    .isInstanceOf(Failure.Malformed.class)
                    .hasMessageContaining("escaped");
    }

    // Connections that are no good any more.

    @Test
    void a_connection_that_the_server_closed_meanwhile_is_not_used() throws Exception {
        serve(
                wire -> {
                    wire.head();
                    wire.send(OK);
                },
                wire -> answer(wire, OK));
        assertThat(text()).isEqualTo("ok");
        Wire.awaitThat(() -> accepted.getFirst().closed());
        var response = client.call(Request.post("/", Body.of("x")));
        assertThat(response.body().text()).isEqualTo("ok");
        assertThat(accepted).hasSize(2);
    }

    @Test
    void an_idempotent_call_on_a_stale_connection_is_repeated_once() throws Exception {
        Script once =
                wire -> {
                    wire.head();
                    wire.send(OK);
                    wire.head();
                };
        serve(once, wire -> answer(wire, OK));
        // A connection that breaks late is not taken for a stale one, so the clock stands.
        try (var stepped = new HttpTransport(new SteppedTime())) {
            var peer = stepped.client(address);
            for (int i = 0; i < 2; i++)
                assertThat(peer.call(Request.get("/")).body().text()).isEqualTo("ok");
        }
        assertThat(accepted).hasSize(2);
    }

    @Test
    void says_how_much_of_an_answer_had_come_when_it_broke_off() {
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789");
        });
        unreachable(Request.get("/"), true, "10 of 1000 bytes of the answer's body had come");
    }

    @Test
    void a_short_answer_that_stops_ends_at_the_deadline() {
        var time = new SteppedTime();
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789");
            time.pass(SHORT);
            wire.head();
        });
        assertThatThrownBy(() -> within(SHORT, time, client, Request.get("/")))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.DEADLINE);
                            assertThat(e.refusal().by()).isEqualTo("me");
                            assertThat(e.refusal().begun()).isTrue();
                        })
                .hasMessageContaining(" ms, calling the peer; ");
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void another_call_on_a_stale_connection_fails_and_says_that_it_was_sent() throws Exception {
        serve(
                wire -> {
                    wire.head();
                    wire.send(OK);
                    wire.head();
                },
                wire -> answer(wire, OK));
        assertThat(text()).isEqualTo("ok");
        unreachable(Request.post("/", Body.of("x")), true, "closed the connection");
        assertThat(accepted).hasSize(1);
    }

    @Test
    void a_fresh_connection_that_breaks_is_not_repeated() {
        serve(Wire::head);
        unreachable(Request.get("/"), true, "closed the connection");
        assertThat(accepted).hasSize(1);
    }

    @Test
    void nobody_there_is_unreachable_and_unsent() throws Exception {
        listener.close();
        unreachable(Request.get("/"), false, address.toString());
        assertThatThrownBy(() ->
                        transport
                                .client(URI.create("http://no-such-host.invalid:80"))
                                .call(Request.get("/")))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class, e -> assertThat(e.sent()).isFalse());
    }

    @Test
    void connections_that_idle_are_closed() throws Exception {
        var time = new SteppedTime();
        try (var stepped = new HttpTransport(time)) {
            serve(wire -> answer(wire, OK));
            stepped.client(address).call(Request.get("/")).body().close();
            assertThat(stepped.connections()).isEqualTo(1);
            time.pass(Duration.ofSeconds(61));
            assertThat(stepped.connections()).isZero();
        }
    }

    // Answers of all kinds.

    @Test
    void reads_every_framing() throws Exception {
        var chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        reads(chunked + "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: 1\r\n\r\n", "hello world");
        reads(chunked + "0\r\n\r\n", "");
        reads("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok");
        reads("HTTP/1.1 100 Continue\r\n\r\n" + OK, "ok");
        reads("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK, "ok");
        reads("HTTP/1.1 204 No Content\r\n\r\n", "");
        reads("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "");
    }

    private void reads(String answer, String body) throws Exception {
        var before = accepted.size();
        try (var fresh = new HttpTransport()) {
            if (before == 0) serve(wire -> answer(wire, currentAnswer));
            currentAnswer = answer;
            for (int i = 0; i < 3; i++)
                assertThat(fresh.client(address).call(Request.get("/")).body().text())
                        .as(answer)
                        .isEqualTo(body);
        }
        assertThat(accepted).as("connections used for %s", answer).hasSize(before + 1);
    }

    private volatile String currentAnswer = OK;

    @Test
    void reads_until_the_connection_ends_when_no_length_is_told() throws Exception {
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\n\r\nall of it");
        });
        assertThat(text()).isEqualTo("all of it");
    }

    @Test
    void head_has_a_length_and_no_body() throws Exception {
        serve(wire -> answer(wire, "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"));
        for (int i = 0; i < 3; i++) {
            var response = client.call(Request.of(Method.HEAD, "/"));
            assertThat(response.headers().get("Content-Length")).hasValue("1234");
            assertThat(response.body().bytes()).isEmpty();
        }
        assertThat(accepted).hasSize(1);
    }

    @Test
    void what_is_no_answer_is_unreachable() {
        var large = "HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(20_000) + "\r\n";
        for (var answer :
                List.of(
                        "SSH-2.0-OpenSSH_9.6\r\n",
                        "HTTP/1.1 2x0 OK\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                        "HTTP/1.1 200",
                        large,
                        "x".repeat(100_000))) {
            currentAnswer = answer;
            if (accepted.isEmpty())
                serve(wire -> {
                    wire.head();
                    wire.send(currentAnswer);
                });
            unreachable(Request.get("/"), true, "");
        }
    }

    @Test
    void an_answer_that_breaks_off_fails_whoever_reads_it() {
        for (var answer :
                List.of(
                        "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nhalf",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")) {
            currentAnswer = answer;
            if (accepted.isEmpty())
                serve(wire -> {
                    wire.head();
                    wire.send(currentAnswer);
                });
            assertThatThrownBy(this::text)
                    .as(answer)
                    .isInstanceOfSatisfying(
                            Failure.Unreachable.class, e -> assertThat(e.sent()).isTrue());
        }
    }

    @Test
    void an_early_answer_is_read_though_the_body_was_not_taken() throws Exception {
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
            wire.halfClose();
            wire.bytes(30 << 20);
        });
        var response = client.call(Request.post("/", Body.of(new byte[20 << 20])));
        assertThat(response.status()).isEqualTo(413);
        assertThat(response.body().text()).isEqualTo("no");
    }

    // Whose connection it is, and how long.

    @Test
    void an_unread_body_does_not_keep_its_connection() throws Exception {
        var big = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(100_000);
        serve(wire -> answer(wire, big));
        for (int i = 0; i < 300; i++) client.call(Request.get("/")).body().close();
        Wire.awaitThat(() -> transport.connections() == 0);
    }

    @Test
    void a_large_body_that_is_read_gives_its_connection_back() throws Exception {
        var big = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(100_000);
        serve(wire -> answer(wire, big));
        for (int i = 0; i < 20; i++) assertThat(text()).hasSize(100_000);
        assertThat(accepted).hasSize(1);
    }

    @Test
    void at_most_256_calls_of_one_address_wait_for_answers() throws Exception {
        var inside = new AtomicInteger();
        var most = new AtomicInteger();
        var release = new CountDownLatch(1);
        try (var server =
                transport.serve(
                        request -> {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            Wire.await(release);
                            inside.decrementAndGet();
                            return Response.of(204);
                        },
                        ServerOptions.DEFAULT)) {
            var calls = new ArrayList<FutureTask<Response>>();
            for (int i = 0; i < 300; i++) {
                var call =
                        new FutureTask<>(
                                () -> transport.client(server.address()).call(Request.get("/")));
                calls.add(call);
                SystemTime.INSTANCE.start("test-caller", call);
            }
            Wire.awaitThat(() -> inside.get() == ClientPool.MAX_CALLS);
            release.countDown();
            for (var call : calls)
                assertThat(call.get(10, TimeUnit.SECONDS).status()).isEqualTo(204);
            assertThat(most.get()).isEqualTo(ClientPool.MAX_CALLS);
        }
    }

    @Test
    void a_call_that_gets_no_connection_in_its_time_was_not_begun() throws Exception {
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            wire.head();
        });
        var time = new SteppedTime();
        try (var stepped = new HttpTransport(time)) {
            var peer = stepped.client(address);
            for (int i = 0; i < ClientPool.MAX_CONNECTIONS; i++) peer.call(Request.get("/"));
            var post = Request.post("/", Body.of("x"));
            assertThatThrownBy(() -> within(SHORT, SystemTime.INSTANCE, peer, post))
                    .isInstanceOfSatisfying(
                            Failure.Refused.class,
                            e -> {
                                assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.DEADLINE);
                                assertThat(e.refusal().begun()).isFalse();
                            })
                    .hasMessageContaining("all 1024 connections were in use");
            time.pass(Duration.ofMinutes(6));
            var answer = within(peer, post);
            assertThat(answer.status()).as("what nobody reads is given up").isEqualTo(200);
            answer.body().close();
        }
    }

    /** A host that takes no connections, as one behind a firewall that drops what comes. */
    @Test
    void a_peer_that_takes_no_connection_in_time_is_unreachable() throws Exception {
        var waiting = new ArrayList<SocketChannel>();
        try (var full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 10; i++) {
                var one = SocketChannel.open();
                waiting.add(one);
                one.configureBlocking(false);
                one.connect(full.getLocalSocketAddress());
            }
            var peer = transport.client(URI.create("http://127.0.0.1:" + full.getLocalPort()));
            var post = Request.post("/", Body.of("x"));
            assertThatThrownBy(() -> within(SHORT, SystemTime.INSTANCE, peer, post))
                    .isInstanceOfSatisfying(
                            Failure.Unreachable.class, e -> assertThat(e.sent()).isFalse())
                    .hasMessageContaining("the peer: it took no connection within");
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            // Without any deadline it is the time to connect that ends it.
            assertThatThrownBy(() -> peer.call(post))
                    .isInstanceOfSatisfying(
                            Failure.Unreachable.class, e -> assertThat(e.sent()).isFalse())
                    .hasMessageContaining("timed out");
            assertThat(transport.connections()).isZero();
        } finally {
            for (var one : waiting) one.close();
        }
    }

    private static Response within(
            Duration limit, Time time, Service<Request, Response> client, Request request)
            throws Exception {
        return Context.none()
                .with(Deadline.after(limit, time))
                .call(() ->
                        Cancellation.ofCalls("me", "the peer", time).then(client).call(request));
    }

    private static Response within(Service<Request, Response> client, Request request)
            throws Exception {
        return within(Wire.PATIENCE, SystemTime.INSTANCE, client, request);
    }

    @Test
    void an_interrupt_ends_the_call_and_tells_the_server() throws Exception {
        var asked = new CountDownLatch(1);
        var gone = new CountDownLatch(1);
        serve(wire -> {
            wire.head();
            asked.countDown();
            wire.expectEnd();
            gone.countDown();
        });
        var call = new FutureTask<>(() -> client.call(Request.get("/")));
        var caller = SystemTime.INSTANCE.start("test-caller", call);
        Wire.await(asked);
        caller.interrupt();
        Wire.await(gone);
        assertThatThrownBy(() -> call.get(10, TimeUnit.SECONDS))
                .hasCauseInstanceOf(InterruptedException.class);
        Wire.awaitThat(() -> transport.connections() == 0);
    }

    /** HTTP/1.1 has no other way to tell a server that nobody waits, so that is the least that cancelling costs. */
    @Test
    void a_cancelled_call_costs_its_own_connection_and_no_other() throws Exception {
        var asked = new Semaphore(0);
        serve(wire -> {
            while (true) {
                if (wire.head().startsWith("GET /hangs")) {
                    asked.release();
                    wire.expectEnd();
                    return;
                }
                wire.send(OK);
            }
        });
        int cancelled = 20;
        for (int i = 0; i < cancelled; i++) {
            var call = new FutureTask<>(() -> client.call(Request.get("/hangs")));
            var caller = SystemTime.INSTANCE.start("test-caller", call);
            Wire.taken(asked);
            assertThat(text()).isEqualTo("ok");
            caller.interrupt();
            assertThatThrownBy(() -> call.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(InterruptedException.class);
            for (int j = 0; j < 5; j++) assertThat(text()).isEqualTo("ok");
        }
        // Two were open at one time.
        assertThat(accepted).hasSizeLessThanOrEqualTo(cancelled + 2);
        Wire.awaitThat(() -> transport.connections() == 1);
    }

    /** The clock of the hedge stands while calls are fast, so that only the slow ones are. */
    @Test
    void a_second_try_beside_a_slow_one_costs_one_connection_at_most() throws Exception {
        var time = new SteppedTime();
        var begun = ConcurrentHashMap.<String>newKeySet();
        serve(wire -> {
            while (true) {
                var target = wire.head().split(" ")[1];
                if (target.startsWith("/slow") && begun.add(target)) {
                    time.pass(Duration.ofSeconds(1));
                    wire.expectEnd();
                    return;
                }
                wire.send(OK);
            }
        });
        var seconds = new AtomicInteger();
        var hedged =
                new Hedge<Request, Response>(
                                new Hedge.Options(Mode.ON, 1),
                                Protocol.http(time),
                                new RetryBudget(RetryBudget.Options.DEFAULT, time),
                                (policy, decision) -> {
                                    if (decision.equals("hedged")) seconds.incrementAndGet();
                                },
                                time)
                        .then(client);
        for (int i = 0; i < Hedge.LEAST_SAMPLES; i++) hedged.call(Request.get("/fast"));
        // What is slow is looked at anew every 100 ms.
        time.pass(Duration.ofSeconds(1));
        for (int i = 0; i < 5; i++)
            assertThat(hedged.call(Request.get("/slow/" + i)).body().text()).isEqualTo("ok");
        assertThat(seconds).hasValue(5);
        // Two were open at one time.
        assertThat(accepted).hasSizeLessThanOrEqualTo(seconds.get() + 2);
        Wire.awaitThat(() -> transport.connections() <= 2);
    }

    @Test
    void an_interrupt_ends_the_reading_of_a_body_and_stays_visible() throws Exception {
        var gone = new CountDownLatch(1);
        var reading = new CountDownLatch(1);
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx");
            wire.expectEnd();
            gone.countDown();
        });
        var call =
                new FutureTask<>(() -> {
                    var in = client.call(Request.get("/")).body().stream();
                    in.readNBytes(1);
                    reading.countDown();
                    try {
                        return in.readAllBytes().length + "";
                    } catch (Failure.Unreachable e) {
                        return "" + Thread.currentThread().isInterrupted();
                    }
                });
        var caller = SystemTime.INSTANCE.start("test-caller", call);
        Wire.await(reading);
        caller.interrupt();
        Wire.await(gone);
        assertThat(call.get(10, TimeUnit.SECONDS)).isEqualTo("true");
    }

    @Test
    void a_source_that_fails_ends_the_call_and_the_connection() throws Exception {
        serve(wire -> {
            wire.head();
            wire.expectEnd();
        });
        var broken =
                new ByteArrayInputStream(new byte[100]) {
                    @Override
                    public synchronized int read(byte[] into, int offset, int most) {
                        throw new Failure.TooLarge("too much");
                    }
                };
        assertThatThrownBy(
                        () -> client.call(Request.post("/", Body.of(broken, OptionalLong.empty()))))
                .isInstanceOf(Failure.TooLarge.class);
        assertThat(transport.connections()).isZero();
    }

    private void unreachable(Request request, boolean sent, String message) {
        unreachable(client, request, sent, message);
    }

    private static void unreachable(
            Service<Request, Response> client, Request request, boolean sent, String message) {
        assertThatThrownBy(() -> client.call(request))
                .isInstanceOfSatisfying(
                        Failure.Unreachable.class,
                        e -> {
                            assertThat(e.sent()).isEqualTo(sent);
                            assertThat(e).hasMessageContaining(message);
                        });
    }

    @Test
    void what_was_written_once_was_sent_though_nobody_takes_a_second_connection() throws Exception {
        serve(wire -> {
            wire.head();
            wire.send(OK);
            wire.head();
            refuse();
        });
        try (var stepped = new HttpTransport(new SteppedTime())) {
            var peer = stepped.client(address);
            assertThat(peer.call(Request.get("/")).body().text()).isEqualTo("ok");
            unreachable(
                    peer, Request.get("/"), true, "it was sent before, on a connection that broke");
        }
    }

    @Test
    void a_call_that_is_interrupted_while_it_connects_again_was_sent() throws Exception {
        var full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var waiting = new ArrayList<SocketChannel>();
        var time = new SteppedTime();
        try (full;
                var stepped = new HttpTransport(time)) {
            var peer = stepped.client(URI.create("http://127.0.0.1:" + full.getLocalPort()));
            var server =
                    new FutureTask<>(() -> {
                        try (var wire = new Wire(full.accept())) {
                            wire.head();
                            wire.send(OK);
                            wire.head();
                            for (int i = 0; i < 10; i++) {
                                var one = SocketChannel.open();
                                waiting.add(one);
                                one.configureBlocking(false);
                                one.connect(full.getLocalSocketAddress());
                            }
                        }
                        // The client has left the connection that broke, and makes another one.
                        Wire.awaitThat(() -> stepped.connections() == 0);
                        time.pass(SHORT);
                        return true;
                    });
            SystemTime.INSTANCE.start("test-server", server);
            assertThat(peer.call(Request.get("/")).body().text()).isEqualTo("ok");
            assertThatThrownBy(() -> within(SHORT, time, peer, Request.get("/")))
                    .isInstanceOfSatisfying(
                            Failure.Refused.class, e -> assertThat(e.refusal().begun()).isTrue())
                    .hasMessageContaining("it was sent before");
            assertThat(server.get(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            for (var one : waiting) one.close();
        }
    }

    @Test
    void a_peer_that_is_silent_is_left_after_five_minutes_or_at_the_deadline_of_the_call()
            throws Exception {
        var time = new SteppedTime();
        var asked = new Semaphore(0);
        serve(wire -> {
            wire.head();
            wire.send(OK);
            wire.head();
            asked.release();
            wire.expectEnd();
        });
        try (var stepped = new HttpTransport(time)) {
            var peer = stepped.client(address);
            peer.call(Request.get("/")).body().close();
            var call = new FutureTask<>(() -> peer.call(Request.get("/")));
            SystemTime.INSTANCE.start("test-caller", call);
            Wire.taken(asked);
            time.pass(Duration.ofMinutes(6));
            assertThatThrownBy(() -> call.get(10, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            Failure.Unreachable.class, e -> assertThat(e.sent()).isTrue());
            assertThat(accepted).as("it is not sent again").hasSize(1);

            peer.call(Request.get("/")).body().close();
            var patient =
                    new FutureTask<>(() ->
                            Context.none()
                                    .with(Deadline.after(Duration.ofMinutes(20), time))
                                    .call(() -> peer.call(Request.get("/"))));
            SystemTime.INSTANCE.start("test-caller", patient);
            Wire.taken(asked);
            time.pass(Duration.ofMinutes(19));
            assertThat(patient.isDone()).isFalse();
            assertThat(stepped.connections()).isEqualTo(1);
            time.pass(Duration.ofMinutes(10));
            assertThatThrownBy(() -> patient.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(Failure.Unreachable.class);
            assertThat(accepted).hasSize(2);
        }
    }

    @Test
    void an_upload_of_which_bytes_go_is_not_given_up_however_long_it_takes() throws Exception {
        var time = new SteppedTime();
        int minutes = 20;
        var byteEachMinute =
                new ByteArrayInputStream(new byte[minutes]) {
                    @Override
                    public synchronized int read(byte[] into, int offset, int most) {
                        time.pass(Duration.ofMinutes(1));
                        return super.read(into, offset, 1);
                    }
                };
        serve(wire -> {
            wire.head();
            wire.bytes(minutes);
            wire.send(OK);
        });
        try (var stepped = new HttpTransport(time)) {
            var upload = Request.post("/", Body.of(byteEachMinute, OptionalLong.of(minutes)));
            assertThat(stepped.client(address).call(upload).body().text()).isEqualTo("ok");
        }
    }

    @Test
    void a_body_that_was_forgotten_is_closed_and_one_that_is_read_slowly_is_not() throws Exception {
        var time = new SteppedTime();
        var big = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(100_000);
        serve(wire -> answer(wire, big));
        try (var stepped = new HttpTransport(time)) {
            var peer = stepped.client(address);
            // Its deadline is far, but who would have been interrupted by it has gone.
            var within = Context.none().with(Deadline.after(Duration.ofHours(1), time));
            var forgotten = within.call(() -> peer.call(Request.get("/")).body());
            var slow = within.call(() -> peer.call(Request.get("/")).body().stream());
            assertThat(slow.read()).isEqualTo('x');
            assertThat(stepped.connections()).isEqualTo(2);
            for (int minute = 0; minute < 10; minute++) {
                time.pass(Duration.ofMinutes(1));
                assertThat(slow.read()).isEqualTo('x');
            }
            assertThat(stepped.connections()).isEqualTo(1);
            assertThatThrownBy(forgotten::bytes).isInstanceOf(Failure.Unreachable.class);
            assertThat(slow.readAllBytes()).hasSize(100_000 - 11);
            assertThat(peer.call(Request.get("/")).body().bytes()).hasSize(100_000);
            assertThat(accepted).hasSize(2);
        }
    }

    @Test
    void downloads_that_are_taken_slowly_keep_no_other_call_waiting() throws Exception {
        var big = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
        serve(wire -> {
            if (wire.head().startsWith("GET /big")) {
                wire.send(big);
                wire.expectEnd();
            } else wire.send(OK);
        });
        var held = new ArrayList<Response>();
        for (int i = 0; i < ClientPool.MAX_CALLS + 10; i++)
            held.add(client.call(Request.get("/big")));
        assertThat(within(client, Request.get("/")).body().text()).isEqualTo("ok");
        held.forEach(response -> response.body().close());
    }

    @Test
    void a_stream_that_answers_a_request_which_cannot_be_sent_gives_its_turn_back()
            throws Exception {
        serve(wire -> {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
            wire.bytes(1);
            wire.expectEnd();
        });
        for (int i = 0; i < ClientPool.MAX_CALLS + 10; i++) {
            var tooShort = Body.of(new ByteArrayInputStream(new byte[1]), OptionalLong.of(10));
            within(client, Request.post("/", tooShort)).body().close();
        }
    }
}
