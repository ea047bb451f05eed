package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.http.CertificateFiles;
import dev.weft.http.HttpTransport;
import dev.weft.http.Problems;
import dev.weft.testkit.LoggedLines;
import dev.weft.testkit.TestCertificate;
import dev.weft.testkit.VirtualTime;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The HTTP server behind TLS, as real clients and bad ones see it. */
@Timeout(60)
class TlsTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final String GET = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

    @TempDir static Path folder = Path.of("");

    private static TestCertificate made;
    private static CertificateFiles certificate;

    private final HttpTransport transport = new HttpTransport();
    private final Semaphore entered = new Semaphore(0);
    private final Semaphore interrupted = new Semaphore(0);
    private final Semaphore release = new Semaphore(0);
    private final CountDownLatch dropped = new CountDownLatch(1);
    private final LoggedLines log = new LoggedLines("dev.weft.http", "io.helidon");
    private Transport.Server server;

    @BeforeAll
    static void make() {
        made = TestCertificate.ec(folder);
        certificate = new CertificateFiles(made.chain(), made.key(), TIME);
    }

    @AfterAll
    static void forget() {
        certificate.close();
    }

    @BeforeEach
    void start() {
        server = serve(transport, certificate);
    }

    @AfterEach
    void close() {
        release.release(1000);
        transport.close();
        log.close();
    }

    private Transport.Server serve(Transport on, CertificateFiles with) {
        return on.serve(
                Problems.filter("test")
                        .then(
                                Routes.of(
                                        Route.get("/hello", r -> Response.text("hello")),
                                        Route.get("/block", r -> blocked()),
                                        Route.get("/endless", r -> endless()),
                                        Route.post("/sum", r -> Response.text(sum(r.body()))),
                                        Route.post(
                                                "/echo",
                                                r ->
                                                        Response.of(200)
                                                                .with(Body.of(r.body().bytes()))))),
                ServerOptions.DEFAULT.maxBodyBytes(64 << 20).tls(with));
    }

    private Response blocked() throws InterruptedException {
        entered.release();
        try {
            release.acquire();
            return Response.text("released");
        } catch (InterruptedException e) {
            interrupted.release();
            throw e;
        }
    }

    /** More than any buffer between two sockets takes. */
    private Response endless() {
        var zeros =
                new InputStream() {
                    @Override
                    public int read() {
                        return 0;
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) {
                        return length;
                    }

                    @Override
                    public void close() {
                        dropped.countDown();
                    }
                };
        return Response.of(200).with(Body.of(zeros, OptionalLong.empty()));
    }

    private static String sum(Body body) {
        var sum = new CRC32();
        sum.update(body.bytes());
        return Long.toHexString(sum.getValue());
    }

    // Real clients.

    @Test
    void a_client_is_answered_in_tls_1_3_and_1_2_and_in_nothing_older() throws Exception {
        for (var version : List.of("TLSv1.3", "TLSv1.2"))
            try (var client = client(version)) {
                var answer = client.send(get("/hello"), BodyHandlers.ofString());
                assertThat(answer.body()).isEqualTo("hello");
                assertThat(answer.sslSession().orElseThrow().getProtocol()).isEqualTo(version);
            }
        try (var client = client("TLSv1.1")) {
            assertThatThrownBy(() -> client.send(get("/hello"), BodyHandlers.ofString()))
                    .isInstanceOf(IOException.class);
        }
        assertThat(server.address().getScheme()).isEqualTo("https");
    }

    @Test
    void rsa_certificates_do_too() throws Exception {
        var rsa = TestCertificate.rsa(folder.resolve("rsa"));
        try (var files = new CertificateFiles(rsa.chain(), rsa.key(), TIME);
                var other = serve(transport, files)) {
            for (var version : new String[] {"TLSv1.3", "TLSv1.2"})
                try (var client = client(rsa, version)) {
                    var request = HttpRequest.newBuilder(other.address().resolve("/hello"));
                    assertThat(client.send(request.build(), BodyHandlers.ofString()).body())
                            .isEqualTo("hello");
                }
        }
    }

    @Test
    void large_bodies_pass_both_ways() throws Exception {
        var bytes = new byte[6 << 20];
        new Random(7).nextBytes(bytes);
        for (var version : new String[] {"TLSv1.3", "TLSv1.2"})
            try (var client = client(version)) {
                var sum = post("/sum", bytes);
                var summed = client.send(sum, BodyHandlers.ofString());
                assertThat(summed.body())
                        .as(summed.statusCode() + " " + summed.headers().map())
                        .isEqualTo(sum(Body.of(bytes)));
                var echoed = client.send(post("/echo", bytes), BodyHandlers.ofByteArray());
                assertThat(echoed.body()).isEqualTo(bytes);
            }
    }

    @Test
    void sixty_four_clients_are_served_at_once() throws Exception {
        try (var client = client("TLSv1.3")) {
            var all = new ArrayList<FutureTask<String>>();
            for (int i = 0; i < 64; i++)
                all.add(
                        beside(() -> {
                            var answer = client.send(get("/block"), BodyHandlers.ofString());
                            var bytes = answer.body().repeat(5000).getBytes(StandardCharsets.UTF_8);
                            return client.send(post("/sum", bytes), BodyHandlers.ofString()).body();
                        }));
            assertThat(entered.tryAcquire(64, 30, TimeUnit.SECONDS)).isTrue();
            release.release(64);
            var expected = sum(Body.of("released".repeat(5000)));
            for (var each : all) assertThat(each.get(30, TimeUnit.SECONDS)).isEqualTo(expected);
        }
    }

    @Test
    void draining_lets_a_request_end_and_then_takes_no_more() throws Exception {
        try (var client = client("TLSv1.3")) {
            var running = beside(() -> client.send(get("/block"), BodyHandlers.ofString()));
            entered.acquire();
            var drained =
                    beside(() -> {
                        server.drain(Duration.ofSeconds(20));
                        return true;
                    });
            release.release();
            assertThat(running.get(20, TimeUnit.SECONDS).body()).isEqualTo("released");
            assertThat(drained.get(20, TimeUnit.SECONDS)).isTrue();
            assertThatThrownBy(() -> client.send(get("/hello"), BodyHandlers.ofString()))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void it_speaks_http_1_1_and_refuses_who_wants_something_else_only() throws Exception {
        try (var both = connect()) {
            protocols(both, "h2", "http/1.1");
            both.startHandshake();
            assertThat(both.getApplicationProtocol()).isEqualTo("http/1.1");
            assertThat(ask(both)).endsWith("hello");
        }
        try (var other = connect()) {
            protocols(other, "h2");
            assertThatThrownBy(other::startHandshake).isInstanceOf(SSLException.class);
        }
        try (var none = connect()) {
            assertThat(ask(none)).endsWith("hello");
        }
    }

    @Test
    void new_keys_may_be_wanted_amid_a_connection_of_1_3_and_not_of_1_2() throws Exception {
        try (var newer = connect()) {
            for (int i = 0; i < 3; i++) {
                assertThat(ask(newer)).endsWith("hello");
                newer.startHandshake();
            }
        }
        try (var older = connect()) {
            older.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThat(ask(older)).endsWith("hello");
            assertThatThrownBy(
                            () -> {
                                older.startHandshake();
                                ask(older);
                            })
                    .isInstanceOf(IOException.class);
        }
        assertServes();
    }

    // Those that leave.

    @Test
    void a_caller_that_leaves_with_or_without_a_farewell_ends_its_request() throws Exception {
        for (boolean abruptly : new boolean[] {false, true}) {
            var raw = raw(server);
            var socket =
                    (SSLSocket) made.trusting().getSocketFactory().createSocket(raw, "", 1, false);
            send(socket, GET.replace("hello", "block"));
            assertThat(entered.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
            if (abruptly) raw.setSoLinger(true, 0);
            if (abruptly) raw.close();
            else socket.close();
            raw.close();
            assertThat(interrupted.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        }
        assertServes();
        assertThat(log.traces()).isEmpty();
    }

    @Test
    void a_body_that_breaks_off_without_a_farewell_is_not_taken_for_a_whole_one() throws Exception {
        var raw = raw(server);
        var socket = (SSLSocket) made.trusting().getSocketFactory().createSocket(raw, "", 1, false);
        send(
                socket,
                GET.replace("GET /hello", "POST /sum")
                        .replace(
                                "\r\n\r\n",
                                "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
        raw.shutdownOutput();
        var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(answer).startsWith("HTTP/1.1 400");
        assertServes();
        assertThat(log.traces()).isEmpty();
    }

    @Test
    void the_end_of_a_connection_is_said_in_tls_so_that_nobody_can_feign_it() throws Exception {
        try (var socket = connect()) {
            send(socket, GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
            // Reading fails where the farewell is missing.
            var all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(all).endsWith("hello");
        }
    }

    // Those that are none.

    @Test
    void who_speaks_plain_http_is_told_and_logged_in_a_line() throws Exception {
        try (var socket = raw(server)) {
            socket.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
            var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400").contains("this port speaks HTTPS only");
        }
        assertThat(log.lines())
                .containsExactly("no TLS with 127.0.0.1: it was asked in HTTP without TLS");
        assertServes();
    }

    @Test
    void a_flood_of_garbage_ends_each_connection_and_writes_few_lines() throws Exception {
        var random = new Random(11);
        for (int i = 0; i < 200; i++)
            try (var socket = raw(server)) {
                var bytes = new byte[1 + random.nextInt(400)];
                random.nextBytes(bytes);
                // Half of them begin as a handshake does.
                if (i % 2 == 0) {
                    bytes[0] = 22;
                    if (bytes.length > 2) bytes[1] = 3;
                }
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
                socket.setSoTimeout(20_000);
                try {
                    while (socket.getInputStream().read() >= 0) {}
                } catch (java.net.SocketException reset) {
                    assertThat(reset).hasMessageContaining("reset");
                }
            }
        assertServes();
        assertThat(log.traces()).isEmpty();
        assertThat(log.lines()).hasSizeBetween(1, 60);
    }

    @Test
    void a_look_at_the_port_is_not_worth_a_line() throws Exception {
        raw(server).close();
        assertServes();
        assertThat(log.lines()).isEmpty();
    }

    @Test
    void a_handshake_that_stalls_is_ended_in_time() throws Exception {
        var time = new VirtualTime();
        try (var slow = new HttpTransport(time);
                var other = serve(slow, certificate);
                var silent = raw(other);
                var half = raw(other);
                var good = connect(other)) {
            half.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1});
            assertThat(ask(good)).endsWith("hello");
            // Both wait in their handshake, each with a timer for it.
            for (var each : List.of(silent, half)) {
                each.setSoTimeout(20_000);
                var end = beside(() -> each.getInputStream().read());
                while (!end.isDone()) {
                    time.advance(Duration.ofSeconds(1));
                    Thread.onSpinWait();
                }
                assertThat(end.get()).isEqualTo(-1);
            }
        }
        while (log.lines().isEmpty()) Thread.onSpinWait();
        assertThat(log.lines()).contains("no TLS with 127.0.0.1: it took longer than 10 s");
    }

    @Test
    void a_caller_that_reads_no_more_is_given_up_and_holds_nobody() throws Exception {
        var time = new VirtualTime();
        try (var slow = new HttpTransport(time);
                var other = serve(slow, certificate);
                var stalled = connect(other)) {
            send(stalled, GET.replace("hello", "endless"));
            assertThat(stalled.getInputStream().read()).isEqualTo('H');
            while (!dropped.await(1, TimeUnit.MILLISECONDS)) time.advance(Duration.ofSeconds(1));
        }
        assertThat(log.traces()).isEmpty();
    }

    @Test
    void stopping_does_not_wait_for_who_stalls() throws Exception {
        try (var stalled = connect();
                var silent = raw(server)) {
            send(stalled, GET.replace("hello", "endless"));
            assertThat(stalled.getInputStream().read()).isEqualTo('H');
            assertThat(silent.isConnected()).isTrue();
            server.close();
            assertThat(dropped.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    // Support.

    private HttpClient client(String... versions) {
        return client(made, versions);
    }

    private static HttpClient client(TestCertificate trusted, String... versions) {
        var parameters = new SSLParameters();
        parameters.setProtocols(versions);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(trusted.trusting())
                .sslParameters(parameters)
                .build();
    }

    private HttpRequest get(String path) {
        return HttpRequest.newBuilder(at(path)).build();
    }

    private HttpRequest post(String path, byte[] body) {
        return HttpRequest.newBuilder(at(path)).POST(BodyPublishers.ofByteArray(body)).build();
    }

    private URI at(String path) {
        return server.address().resolve(path);
    }

    private SSLSocket connect() throws IOException {
        return connect(server);
    }

    private static SSLSocket connect(Transport.Server to) throws IOException {
        var socket =
                (SSLSocket)
                        made.trusting()
                                .getSocketFactory()
                                .createSocket("127.0.0.1", to.address().getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static Socket raw(Transport.Server to) throws IOException {
        return new Socket(to.address().getHost(), to.address().getPort());
    }

    private static void protocols(SSLSocket socket, String... names) {
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(names);
        socket.setSSLParameters(parameters);
    }

    private static void send(SSLSocket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    /** The answer to {@link #GET}. */
    private static String ask(SSLSocket socket) throws IOException {
        send(socket, GET);
        var answer = new StringBuilder();
        while (!answer.toString().endsWith("hello")) {
            int next = socket.getInputStream().read();
            if (next < 0) throw new IOException("it ended behind " + answer);
            answer.append((char) next);
        }
        return answer.toString();
    }

    private void assertServes() throws Exception {
        try (var socket = connect()) {
            assertThat(ask(socket)).startsWith("HTTP/1.1 200");
        }
    }

    private static <T> FutureTask<T> beside(Callable<T> work) {
        var task = new FutureTask<>(work);
        TIME.start("beside", task);
        return task;
    }
}
