package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.core.Transport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The server, as seen from a socket. */
class HttpServerTest {

    private static final String CHUNKED =
            "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    private final HttpTransport transport = new HttpTransport();
    private final Semaphore entered = new Semaphore(0);
    private final Semaphore interrupted = new Semaphore(0);
    private final CountDownLatch release = new CountDownLatch(1);

    private final Routes routes =
            Routes.of(
                    Route.get("/block", request -> blocked()),
                    Route.post("/block", request -> blocked()),
                    Route.post("/half", this::half),
                    Route.get("/late/{ms}", HttpServerTest::late),
                    Route.post("/sum", request -> Response.text(sum(request.body().bytes()))),
                    Route.post("/slowly", HttpServerTest::slowly),
                    Route.get(
                            "/header",
                            request -> Response.text(request.headers().get("X-Name").orElse(""))),
                    Route.post("/ignore", request -> Response.text("ignored")),
                    Route.get(
                            "/bare/{status}",
                            request ->
                                    Response.of(Integer.parseInt(request.variable("status")))
                                            .header("ETag", "\"1\"")),
                    Route.get("/bytes/{count}", HttpServerTest::bytes),
                    Route.get("/stream/{count}", HttpServerTest::stream),
                    Route.get("/echo/{rest...}", request -> Response.text(request.target())));

    private Transport.Server server = serve(ServerOptions.DEFAULT);

    private Transport.Server serve(ServerOptions options) {
        return transport.serve(Problems.filter("test").then(routes), options);
    }

    private void restart(Duration idle, int maxConnections) {
        server.close();
        server = serve(new ServerOptions("127.0.0.1", 0, 1 << 20, 16 << 10, maxConnections, idle));
    }

    @AfterEach
    void close() {
        release.countDown();
        transport.close();
    }

    private Wire connect() throws IOException {
        return new Wire(server.address());
    }

    // A caller that goes.

    @Test
    void interrupts_the_handler_of_a_caller_that_has_gone() throws Exception {
        for (int i = 0; i < 10; i++) {
            var wire = connect().send(Wire.get("/block"));
            taken(entered);
            if (i % 2 == 0) wire.close();
            else wire.reset();
            taken(interrupted);
        }
    }

    @Test
    void one_timer_looks_after_the_callers_of_all_connections() throws Exception {
        var time = new SteppedTime();
        try (var standing = new HttpTransport(time)) {
            server = standing.serve(routes, ServerOptions.DEFAULT);
            var wires = new ArrayList<Wire>();
            for (int i = 0; i < 5; i++) {
                wires.add(connect().send(Wire.get("/block")));
                taken(entered);
                assertThat(time.due(ServerLink.LOOK_AFTER)).isEqualTo(1);
            }
            time.pass(ServerLink.LOOK_AFTER);
            assertThat(time.due(ServerLink.LOOK_AFTER)).isEqualTo(1);
            time.pass(ServerLink.LOOK_AFTER);
            assertThat(time.due(ServerLink.LOOK_AFTER)).as("all are watched").isZero();
            for (var wire : wires) wire.close();
            for (int i = 0; i < wires.size(); i++) taken(interrupted);
        }
    }

    @Test
    void notices_it_on_a_later_request_of_a_connection() throws Exception {
        try (var wire = connect()) {
            assertThat(wire.send(Wire.get("/echo/1")).answer().text()).isEqualTo("/echo/1");
            assertThat(wire.send(Wire.get("/late/60")).answer().text()).isEqualTo("60");
            wire.send(Wire.get("/block"));
            taken(entered);
        }
        taken(interrupted);
    }

    @Test
    void notices_it_while_a_body_is_half_read_or_not_read() throws Exception {
        for (var path : List.of("/half", "/block")) {
            try (var wire = connect()) {
                wire.send(
                        "POST "
                                + path
                                + " HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"
                                + "z".repeat(3000));
                taken(entered);
            }
            taken(interrupted);
        }
    }

    @Test
    void notices_it_with_a_further_request_waiting() throws Exception {
        try (var wire = connect()) {
            wire.send(Wire.get("/block") + Wire.get("/echo/2"));
            taken(entered);
        }
        taken(interrupted);
    }

    @Test
    void a_caller_that_only_stops_sending_counts_as_gone_but_gets_an_answer_all_the_same()
            throws Exception {
        try (var wire = connect()) {
            wire.send(Wire.get("/late/10000"));
            wire.halfClose();
            assertThat(wire.answer().text()).isEqualTo("interrupted");
        }
    }

    @Test
    void an_interrupt_does_not_reach_the_next_request() throws Exception {
        try (var wire = connect()) {
            for (int i = 0; i < 50; i++) {
                var answer = wire.send(Wire.get("/late/" + (20 + i % 15))).answer();
                assertThat(answer.text()).isEqualTo("" + (20 + i % 15));
            }
        }
    }

    // Many requests on a connection.

    @Test
    void answers_pipelined_requests_in_order() throws Exception {
        try (var wire = connect()) {
            wire.send(Wire.get("/late/80"));
            wire.send(Wire.get("/echo/2") + Wire.post("/sum", "three") + Wire.get("/late/40"));
            wire.send(Wire.get("/echo/5"));
            assertThat(wire.answer().text()).isEqualTo("80");
            assertThat(wire.answer().text()).isEqualTo("/echo/2");
            assertThat(wire.answer().text())
                    .isEqualTo(sum("three".getBytes(StandardCharsets.UTF_8)));
            assertThat(wire.answer().text()).isEqualTo("40");
            assertThat(wire.answer().text()).isEqualTo("/echo/5");
        }
    }

    @Test
    void serves_thousands_of_requests_on_one_connection() throws Exception {
        try (var wire = connect()) {
            for (int i = 0; i < 3000; i++)
                assertThat(wire.send(Wire.get("/echo/" + i)).answer().text())
                        .isEqualTo("/echo/" + i);
        }
    }

    @Test
    void mixes_of_fast_slow_and_piecewise_requests_are_answered_right() throws Exception {
        long seed = Long.getLong("weft.seed", new Random().nextLong());
        var failures = new ArrayList<String>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 30; i++) {
            var random = new Random(seed + i);
            threads.add(
                    SystemTime.INSTANCE.start(
                            "test-caller",
                            () -> {
                                try (var wire = connect()) {
                                    for (int j = 0; j < 15; j++) exchange(wire, random);
                                } catch (Exception | AssertionError e) {
                                    synchronized (failures) {
                                        failures.add(e.toString());
                                    }
                                }
                            }));
        }
        for (var thread : threads) thread.join();
        assertThat(failures).as("-Dweft.seed=%d", seed).isEmpty();
    }

    private static void exchange(Wire wire, Random random) throws Exception {
        switch (random.nextInt(3)) {
            case 0 -> {
                int ms = random.nextInt(60);
                assertThat(wire.send(Wire.get("/late/" + ms)).answer().text()).isEqualTo("" + ms);
            }
            case 1 ->
                    assertThat(wire.send(Wire.get("/echo/x")).answer().text()).isEqualTo("/echo/x");
            default -> {
                var body = new byte[1 + random.nextInt(40_000)];
                random.nextBytes(body);
                boolean chunked = random.nextBoolean();
                wire.send(
                        "POST "
                                + (random.nextBoolean() ? "/sum" : "/slowly")
                                + " HTTP/1.1\r\nHost: a\r\n"
                                + (chunked
                                        ? "Transfer-Encoding: chunked"
                                        : "Content-Length: " + body.length)
                                + "\r\n\r\n");
                for (int at = 0; at < body.length; ) {
                    int count = Math.min(1 + random.nextInt(9000), body.length - at);
                    if (chunked) wire.send(Integer.toHexString(count) + "\r\n");
                    wire.send(Arrays.copyOfRange(body, at, at + count));
                    if (chunked) wire.send("\r\n");
                    at += count;
                    if (random.nextInt(4) == 0)
                        SystemTime.INSTANCE.sleep(Duration.ofMillis(random.nextInt(40)));
                }
                if (chunked) wire.send("0\r\n\r\n");
                assertThat(wire.answer().text()).isEqualTo(sum(body));
            }
        }
    }

    @Test
    void closes_when_the_caller_says_so() throws Exception {
        try (var wire = connect()) {
            wire.send("GET /echo/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            var answer = wire.answer();
            assertThat(answer.text()).isEqualTo("/echo/1");
            assertThat(answer.headers().get("Connection")).isEqualTo("close");
            wire.expectEnd();
        }
    }

    @Test
    void skips_a_body_that_the_handler_did_not_read() throws Exception {
        try (var wire = connect()) {
            wire.send(Wire.post("/ignore", "GET /".repeat(10_000)) + Wire.get("/echo/2"));
            assertThat(wire.answer().text()).isEqualTo("ignored");
            assertThat(wire.answer().text()).isEqualTo("/echo/2");
        }
    }

    // Framing of answers.

    @Test
    void head_tells_the_length_and_sends_nothing() throws Exception {
        try (var wire = connect()) {
            wire.send("HEAD /bytes/70000 HTTP/1.1\r\nHost: a\r\n\r\n" + Wire.get("/echo/2"));
            assertThat(wire.answer(true).headers().get("Content-Length")).isEqualTo("70000");
            assertThat(wire.answer().text()).isEqualTo("/echo/2");
        }
    }

    @Test
    void what_has_no_body_has_no_length_and_the_connection_goes_on() throws Exception {
        try (var wire = connect()) {
            for (var method : List.of("GET", "HEAD"))
                for (int status : List.of(204, 304)) {
                    wire.send(method + " /bare/" + status + " HTTP/1.1\r\nHost: a\r\n\r\n");
                    var answer = wire.answer();
                    assertThat(answer.status()).isEqualTo(status);
                    assertThat(answer.headers())
                            .doesNotContainKeys("Content-Length", "Transfer-Encoding")
                            .containsEntry("ETag", "\"1\"");
                }
            assertThat(wire.send(Wire.get("/bytes/0")).answer().headers())
                    .containsEntry("Content-Length", "0");
        }
    }

    @Test
    void a_target_with_its_host_is_the_path_of_it() throws Exception {
        try (var wire = connect()) {
            wire.send("GET http://a/echo/b?c HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(wire.answer().text()).isEqualTo("/echo/b?c");
        }
        refused("GET http://b/echo/b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
    }

    @Test
    void a_known_length_is_declared_and_an_unknown_one_is_chunked() throws Exception {
        try (var wire = connect()) {
            for (int size : List.of(0, 1, 65_536, 65_537, 1_000_000)) {
                var known = wire.send(Wire.get("/bytes/" + size)).answer();
                assertThat(known.headers().get("Content-Length")).isEqualTo("" + size);
                assertThat(sum(known.body())).isEqualTo(sum(made(size)));
                var unknown = wire.send(Wire.get("/stream/" + size)).answer();
                assertThat(sum(unknown.body())).isEqualTo(sum(made(size)));
            }
        }
    }

    @Test
    void asks_for_a_body_that_waits_for_it() throws Exception {
        try (var wire = connect()) {
            wire.send(
                    "POST /sum HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length:"
                            + " 5\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(100);
            wire.send("hello");
            assertThat(wire.answer().text())
                    .isEqualTo(sum("hello".getBytes(StandardCharsets.UTF_8)));
        }
    }

    @Test
    void an_encoded_body_passes_as_it_is() throws Exception {
        try (var wire = connect()) {
            wire.send(
                    "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length:"
                            + " 3\r\n\r\nabc");
            assertThat(wire.answer().text()).isEqualTo(sum("abc".getBytes(StandardCharsets.UTF_8)));
        }
    }

    // What is refused.

    @Test
    void what_is_no_http_is_refused_with_a_problem_and_the_connection_ends() throws Exception {
        refused("garbage\r\n\r\n", 400, "malformed");
        refused("GET /echo/1 HTTP/1.1\r\n\r\n", 400, "malformed");
        refused("GET /echo/\u0001 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
        refused("GET /echo/1 HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, "malformed");
        refused("GET /echo/1 HTTP/1.0\r\n\r\n", 505, "refused");
        refused("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, "malformed");
        refused("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "malformed");
        refused(CHUNKED + "zz\r\n", 400, "malformed");
        refused(CHUNKED + "-5\r\nhello\r\n0\r\n\r\n", 400, "malformed");
        refused(
                "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding:"
                        + " chunked\r\n\r\n0\r\n\r\n",
                400,
                "malformed");
        refused(
                "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
                400,
                "malformed");
        refused(
                "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length:"
                        + " 6\r\n\r\nhello",
                400,
                "malformed");
    }

    @Test
    void what_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_taken() throws Exception {
        var smuggled = Wire.get("/echo/smuggled");
        refused(CHUNKED + "5\r\nhelloXX0\r\n\r\n" + smuggled, 400, "malformed");
        refused(CHUNKED + "5;a\nb\r\nhello\r\n0\r\n\r\n" + smuggled, 400, "malformed");
        refused("GET /echo/1 HTTP/1.1\r\nHost: a\r\nX: y\nZ: " + smuggled, 400, "malformed");
        refused("GET http://b/echo/1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
        refused("GET echo/1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
        refused("G\0T /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed");
        refused("get /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "refused");
    }

    @Test
    void chunks_may_have_extensions_and_trailers_and_be_larger_than_what_is_read_at_once()
            throws Exception {
        var body = made(300_000);
        try (var wire = connect()) {
            wire.send(CHUNKED + "493e0;name=\"value\"\r\n").send(body);
            wire.send("\r\n0\r\nX-Trailer: y\r\n\r\n" + Wire.get("/echo/2"));
            assertThat(wire.answer().text()).isEqualTo(sum(body));
            assertThat(wire.answer().text()).isEqualTo("/echo/2");
        }
    }

    @Test
    void the_line_of_a_chunk_is_not_kept_for_ever() throws Exception {
        refused(CHUNKED + "5;" + "x".repeat(100_000), 400, "malformed");
    }

    @Test
    void a_header_beyond_ascii_passes_as_it_came() throws Exception {
        try (var wire = connect()) {
            wire.send("GET /header HTTP/1.1\r\nHost: a\r\nX-Name: J\u00fcrgen\r\n\r\n");
            assertThat(wire.answer().text()).isEqualTo("J\u00fcrgen");
        }
    }

    @Test
    void a_head_that_is_cut_ends_the_connection_without_an_answer() throws Exception {
        try (var wire = connect()) {
            wire.send("GET /echo/1 HTTP/1.1\r\nHost: a\r\nX").halfClose();
            wire.expectEnd();
        }
    }

    @Test
    void a_refused_head_is_answered_without_a_body_as_any() throws Exception {
        try (var wire = connect()) {
            wire.send("HEAD /echo/1 HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n");
            assertThat(wire.answer(true).status()).isEqualTo(400);
            wire.expectEnd();
        }
    }

    @Test
    void what_is_too_large_is_refused_with_its_limit() throws Exception {
        var long1 = "GET /echo/" + "x".repeat(9000) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        refused(long1, 414, "uri-too-long");
        var large =
                refused(
                        "GET /echo/1 HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(20_000) + "\r\n\r\n",
                        431,
                        "headers-too-large");
        assertThat(large).contains("16384 bytes");
        refused(
                "GET /echo/1 HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n".repeat(5000) + "\r\n",
                431,
                "headers-too-large");
        refused(
                "POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
                413,
                "too-large");
    }

    @Test
    void a_server_of_no_bytes_takes_requests_without_a_body_only() throws Exception {
        var none = serve(ServerOptions.DEFAULT.maxBodyBytes(0));
        var client = transport.client(none.address());
        assertThat(client.call(Request.get("/echo/x")).status()).isEqualTo(200);
        assertThat(client.call(Request.post("/sum", Body.EMPTY)).status()).isEqualTo(200);
        for (var length : List.of(OptionalLong.of(1), OptionalLong.empty())) {
            var body = Body.of(new ByteArrayInputStream(new byte[1]), length);
            assertThat(client.call(Request.post("/sum", body)).status()).isEqualTo(413);
        }
    }

    @Test
    void a_body_of_20_mb_is_answered_with_413_though_it_is_sent_to_its_end() throws Exception {
        var body = made(20 << 20);
        for (boolean chunked : List.of(false, true))
            try (var wire = connect()) {
                try {
                    if (chunked) {
                        wire.send(CHUNKED);
                        for (int at = 0; at < body.length; at += 1 << 16)
                            wire.send("10000\r\n")
                                    .send(Arrays.copyOfRange(body, at, at + (1 << 16)))
                                    .send("\r\n");
                    } else
                        wire.send(
                                        "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: "
                                                + body.length
                                                + "\r\n\r\n")
                                .send(body);
                } catch (IOException noMoreIsWanted) {
                    assertThat(noMoreIsWanted).isNotNull();
                }
                var answer = wire.answer();
                assertThat(answer.status()).isEqualTo(413);
                assertThat(answer.text()).contains("urn:weft:problem:too-large", "1048576");
            }
    }

    @Test
    void a_method_that_is_not_known_is_not_implemented() throws Exception {
        var detail = refused("BREW /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "not-implemented");
        assertThat(detail).contains("BREW");
    }

    @Test
    void a_body_that_breaks_off_is_malformed_for_the_handler() throws Exception {
        try (var wire = connect()) {
            wire.send("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort");
            wire.halfClose();
            assertThat(wire.answer().status()).isEqualTo(400);
            wire.expectEnd();
        }
    }

    private String refused(String request, int status, String type) throws Exception {
        try (var wire = connect()) {
            var answer = wire.send(request).answer();
            assertThat(answer.status()).as(request).isEqualTo(status);
            assertThat(answer.headers().get("Content-Type")).isEqualTo("application/problem+json");
            assertThat(answer.text()).contains("\"urn:weft:problem:" + type + "\"");
            // Where nobody leaves, it takes half a second more.
            assertThat(answer.headers().get("Connection")).isEqualTo("close");
            wire.halfClose();
            wire.expectEnd();
            return answer.text();
        }
    }

    // Peers that stall.

    @Test
    void cuts_off_who_sends_a_head_too_slowly() throws Exception {
        restart(Duration.ofMillis(300), 100);
        try (var wire = connect()) {
            assertThatThrownBy(
                            () -> {
                                wire.send("GET /echo/1 HTTP/1.1\r\nX: ");
                                for (int i = 0; i < 1000; i++) {
                                    SystemTime.INSTANCE.sleep(Duration.ofMillis(20));
                                    wire.send("y");
                                }
                            })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void cuts_off_who_sends_nothing_and_who_stops_within_a_body() throws Exception {
        restart(Duration.ofMillis(200), 100);
        for (var begin :
                List.of(
                        "",
                        "GET /ec",
                        "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi"))
            try (var wire = connect()) {
                wire.send(begin);
                if (begin.endsWith("hi")) wire.head();
                else wire.expectEnd();
            } catch (IOException closed) {
                assertThat(closed).hasMessageNotContaining("timed out");
            }
    }

    @Test
    void cuts_off_who_does_not_read_the_answer() throws Exception {
        restart(Duration.ofMillis(200), 1);
        try (var stalled = connect();
                var next = connect()) {
            // More than what the buffers between two sockets take.
            stalled.send(Wire.get("/bytes/30000000"));
            assertThat(next.send(Wire.get("/echo/1")).answer().text()).isEqualTo("/echo/1");
        }
    }

    @Test
    void a_slow_handler_is_no_stalled_peer() throws Exception {
        restart(Duration.ofMillis(400), 100);
        try (var wire = connect()) {
            assertThat(wire.send(Wire.get("/late/900")).answer().text()).isEqualTo("900");
        }
    }

    @Test
    void lets_connections_beyond_the_limit_wait() throws Exception {
        restart(Duration.ofSeconds(60), 2);
        try (var first = connect();
                var second = connect();
                var third = connect()) {
            first.send(Wire.get("/echo/1")).answer();
            second.send(Wire.get("/echo/2")).answer();
            third.send(Wire.get("/echo/3"));
            first.reset();
            assertThat(third.answer().text()).isEqualTo("/echo/3");
        }
    }

    // The end.

    @Test
    void a_draining_server_ends_connections_with_its_answers() throws Exception {
        try (var busy = connect();
                var other = connect()) {
            other.send(Wire.get("/echo/1")).answer();
            busy.send(Wire.get("/block"));
            taken(entered);
            var drain = SystemTime.INSTANCE.start("test-drain", () -> server.drain(Wire.PATIENCE));
            Wire.awaitThat(() -> closes(other));
            release.countDown();
            var answer = busy.answer();
            assertThat(answer.text()).isEqualTo("released");
            assertThat(answer.headers().get("Connection")).isEqualTo("close");
            busy.expectEnd();
            assertThat(drain.join(Wire.PATIENCE)).isTrue();
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        }
    }

    private static boolean closes(Wire wire) {
        try {
            return "close"
                    .equals(wire.send(Wire.get("/echo/2")).answer().headers().get("Connection"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_draining_server_waits_until_no_request_has_come_for_a_moment() throws Exception {
        long begin = SystemTime.INSTANCE.nanos();
        server.drain(Wire.PATIENCE);
        long ms = (SystemTime.INSTANCE.nanos() - begin) / 1_000_000;
        assertThat(ms).isBetween(HttpServer.QUIET.toMillis(), Wire.PATIENCE.toMillis() - 1);
    }

    // The handlers.

    private Response blocked() throws InterruptedException {
        entered.release();
        try {
            Wire.await(release);
            return Response.text("released");
        } catch (InterruptedException e) {
            interrupted.release();
            throw e;
        }
    }

    private Response half(Request request) throws Exception {
        try (var in = request.body().stream()) {
            in.readNBytes(10);
            return blocked();
        }
    }

    private static Response late(Request request) {
        try {
            SystemTime.INSTANCE.sleep(Duration.ofMillis(Long.parseLong(request.variable("ms"))));
            return Response.text(request.variable("ms"));
        } catch (InterruptedException e) {
            return Response.text("interrupted");
        }
    }

    private static Response slowly(Request request) throws Exception {
        var sum = new CRC32();
        var buffer = new byte[997];
        int total = 0;
        try (InputStream in = request.body().stream()) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                sum.update(buffer, 0, read);
                if ((total += read) % 7 == 0) SystemTime.INSTANCE.sleep(Duration.ofMillis(30));
            }
        }
        return Response.text(total + ":" + sum.getValue());
    }

    private static Response bytes(Request request) {
        return Response.of(200).with(Body.of(made(Integer.parseInt(request.variable("count")))));
    }

    private static Response stream(Request request) {
        var bytes = made(Integer.parseInt(request.variable("count")));
        return Response.of(200)
                .with(Body.of(new ByteArrayInputStream(bytes), OptionalLong.empty()));
    }

    private static byte[] made(int size) {
        var bytes = new byte[size];
        for (int i = 0; i < size; i++) bytes[i] = (byte) (i * 31 + (i >> 8));
        return bytes;
    }

    private static String sum(byte[] bytes) {
        var sum = new CRC32();
        sum.update(bytes);
        return bytes.length + ":" + sum.getValue();
    }

    private static void taken(Semaphore signal) throws InterruptedException {
        if (!signal.tryAcquire(Wire.PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
            throw new AssertionError("it did not happen within " + Wire.PATIENCE);
    }

    @Test
    void a_host_that_is_not_here_is_named_when_it_cannot_be_bound() {
        assertThatThrownBy(() -> serve(ServerOptions.DEFAULT.host("203.0.113.1").port(8080)))
                .isInstanceOf(Failure.Unreachable.class)
                .hasMessageContaining("203.0.113.1:8080");
    }
}
