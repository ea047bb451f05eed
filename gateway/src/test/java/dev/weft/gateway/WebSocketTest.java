package dev.weft.gateway;

import static dev.weft.gateway.Surroundings.await;
import static dev.weft.gateway.Surroundings.beside;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Route;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.http.HttpTransport;
import dev.weft.testkit.TestCertificate;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** WebSockets through the gateway, between a client and a server that know nothing of Weft. */
@Timeout(60)
class WebSocketTest {

    private final Surroundings around = new Surroundings(new HttpTransport(Surroundings.TIME));
    private EchoSockets echo;

    @BeforeEach
    void serve() throws Exception {
        echo = new EchoSockets();
        around.registry.register(
                new Instance(
                        "echo",
                        "echo-1",
                        echo.address(),
                        Instance.State.READY,
                        List.of("GET /echo", "GET /closed")));
    }

    @AfterEach
    void close() throws Exception {
        around.close();
        echo.close();
    }

    /** What a client hears, a word for each event. */
    private static final class Heard implements WebSocket.Listener {
        private final LinkedBlockingQueue<String> words = new LinkedBlockingQueue<>();
        private long bytes;

        @Override
        public @Nullable CompletionStage<?> onText(
                WebSocket socket, CharSequence data, boolean last) {
            words.add("text " + data);
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(
                WebSocket socket, ByteBuffer data, boolean last) {
            bytes += data.remaining();
            if (last) words.add(bytes + " bytes");
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            words.add("close " + status);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            words.add("cut");
        }

        String next() throws InterruptedException {
            var word = words.poll(20, TimeUnit.SECONDS);
            return word == null ? "nothing" : word;
        }
    }

    private static WebSocket open(HttpClient client, URI gateway, String path, Heard heard) {
        var uri = URI.create(gateway.toString().replaceFirst("http", "ws") + path);
        return client.newWebSocketBuilder().buildAsync(uri, heard).join();
    }

    @Test
    void messages_go_both_ways_small_and_large_with_and_without_tls(@TempDir Path folder)
            throws Exception {
        var made = TestCertificate.ec(folder);
        var gateway =
                around.gateway(
                        Surroundings.options()
                                .edge(
                                        Edge.NONE.with(
                                                new Tls(
                                                        "127.0.0.1",
                                                        0,
                                                        made.chain(),
                                                        made.key()))));
        try (var client = HttpClient.newBuilder().sslContext(made.trusting()).build()) {
            for (var at : List.of(gateway.address(), gateway.secureAddress().orElseThrow())) {
                var heard = new Heard();
                var socket = open(client, at, "/echo?room=1", heard);
                socket.sendText("good day", true).join();
                assertThat(heard.next()).isEqualTo("text good day");
                socket.sendBinary(ByteBuffer.allocate(3 << 20), true).join();
                assertThat(heard.next()).isEqualTo((3 << 20) + " bytes");
                socket.sendClose(WebSocket.NORMAL_CLOSURE, "done").join();
                assertThat(heard.next()).isEqualTo("close 1000");
                assertThat(echo.ended.poll(20, TimeUnit.SECONDS)).isEqualTo("closed");
                var head = echo.heads.take();
                assertThat(head)
                        .startsWith("GET /echo?room=1 HTTP/1.1\r\n")
                        .containsIgnoringCase("\r\nupgrade: websocket\r\n")
                        .containsIgnoringCase("\r\nx-forwarded-for: 127.0.0.1\r\n")
                        .containsIgnoringCase("\r\ntraceparent: ");
            }
        }
    }

    @Test
    void a_service_that_refuses_is_heard_and_so_is_the_gateways_own_door() throws Exception {
        var one = new RateLimit.Options(Mode.ON, "address", 1, Duration.ofHours(1), 10);
        var gateway = around.gateway(Surroundings.options().edge(Edge.NONE.ratePerAddress(one)));
        try (var client = HttpClient.newHttpClient()) {
            for (int status : List.of(403, 429))
                assertThatThrownBy(() -> open(client, gateway.address(), "/closed", new Heard()))
                        .isInstanceOf(CompletionException.class)
                        .cause()
                        .isInstanceOfSatisfying(
                                WebSocketHandshakeException.class,
                                e -> assertThat(e.getResponse().statusCode()).isEqualTo(status));
        }
    }

    @Test
    void when_one_side_goes_the_other_is_told() throws Exception {
        var gateway = around.gateway();
        try (var client = HttpClient.newHttpClient()) {
            var heard = new Heard();
            open(client, gateway.address(), "/echo", heard);
            echo.heads.take();
            echo.cut();
            assertThat(heard.next()).isIn("cut", "close 1006");
            assertThat(echo.ended.take()).isEqualTo("cut");
            open(client, gateway.address(), "/echo", new Heard()).abort();
            assertThat(echo.ended.poll(20, TimeUnit.SECONDS)).isEqualTo("cut");
        }
    }

    @Test
    void it_ends_when_it_is_silent_for_too_long_and_when_the_gateway_stops() throws Exception {
        var patient = around.gateway();
        var impatient =
                around.gateway(
                        Surroundings.options()
                                .edge(Edge.NONE.with(new Streams(Duration.ofSeconds(1)))));
        try (var client = HttpClient.newHttpClient()) {
            var silent = new Heard();
            open(client, impatient.address(), "/echo", silent);
            assertThat(silent.next()).isIn("cut", "close 1006");
            var stopped = new Heard();
            var socket = open(client, patient.address(), "/echo", stopped);
            socket.sendText("still there", true).join();
            assertThat(stopped.next()).isEqualTo("text still there");
            await(
                    beside(() -> {
                        patient.drain(Duration.ofSeconds(5));
                        return true;
                    }));
            assertThat(stopped.next()).isIn("cut", "close 1006");
        }
    }

    @Test
    void other_protocols_are_not_heard_of_and_a_service_that_changes_unasked_is_an_error()
            throws Exception {
        around.service("plain", Route.get("/plain", r -> Surroundings.ok("up: " + r.upgrade())));
        var gateway = around.gateway();
        try (var client = HttpClient.newHttpClient()) {
            // The client of the JDK asks for HTTP/2 by "Upgrade: h2c".
            var answer =
                    client.send(
                            java.net.http.HttpRequest.newBuilder(
                                            gateway.address().resolve("/plain"))
                                    .build(),
                            java.net.http.HttpResponse.BodyHandlers.ofString());
            assertThat(answer.body()).isEqualTo("up: false");
        }
        assertThat(around.call(gateway, Request.get("/echo")).status()).isEqualTo(503);
    }
}
