package dev.weft.testkit.faults;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FaultProxyTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final Duration PATIENCE = ofSeconds(10);

    private final ServerSocket listener = listen();
    private final FaultProxy proxy =
            FaultProxy.before(URI.create("tcp://127.0.0.1:" + listener.getLocalPort()));
    private final List<Socket> sockets = new ArrayList<>();

    private static ServerSocket listen() {
        try {
            var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            listener.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
            return listener;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (var socket : sockets) socket.close();
        listener.close();
        proxy.close();
        assertThat(proxy.open()).isZero();
    }

    /** Both ends of one connection through the proxy. */
    private record Ends(Socket client, Socket server) {}

    private Socket connect() throws IOException {
        var socket = new Socket(proxy.address().getHost(), proxy.address().getPort());
        socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        sockets.add(socket);
        return socket;
    }

    private Ends ends() throws IOException {
        var client = connect();
        var server = listener.accept();
        server.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        sockets.add(server);
        return new Ends(client, server);
    }

    private static void send(Socket from, String text) throws IOException {
        from.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String read(Socket at, int count) throws IOException {
        return new String(at.getInputStream().readNBytes(count), StandardCharsets.US_ASCII);
    }

    private static void expectEnd(Socket at) throws IOException {
        assertThat(at.getInputStream().read()).isEqualTo(-1);
    }

    private static void expectReset(Socket at) {
        assertThatThrownBy(() -> at.getInputStream().readAllBytes())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
    }

    private static void expectSilence(Socket at) throws IOException {
        at.setSoTimeout(100);
        assertThatThrownBy(() -> at.getInputStream().read())
                .isInstanceOf(SocketTimeoutException.class);
        at.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
    }

    private static void awaitThat(BooleanSupplier condition) throws InterruptedException {
        long end = TIME.nanos() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (TIME.nanos() - end > 0)
                throw new AssertionError("it did not become so within " + PATIENCE);
            TIME.sleep(ofMillis(2));
        }
    }

    private static <T> FutureTask<T> beside(Callable<T> work) {
        var task = new FutureTask<>(work);
        TIME.start("test", task);
        return task;
    }

    private static <T> T done(FutureTask<T> task) throws Exception {
        return task.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static Duration took(Callable<?> work) throws Exception {
        long begin = TIME.nanos();
        work.call();
        return Duration.ofNanos(TIME.nanos() - begin);
    }

    // Without faults.

    @Test
    void passes_bytes_both_ways_at_the_same_time() throws Exception {
        var ends = ends();
        var up = random(3_000_000, 1);
        var down = random(2_000_000, 2);
        var sentUp = beside(() -> sent(ends.client, up));
        var sentDown = beside(() -> sent(ends.server, down));
        var gotUp = beside(() -> ends.server.getInputStream().readAllBytes());
        assertThat(ends.client.getInputStream().readAllBytes()).isEqualTo(down);
        assertThat(done(gotUp)).isEqualTo(up);
        assertThat(done(sentUp) && done(sentDown)).isTrue();
        awaitThat(() -> proxy.open() == 0);
        assertThat(proxy.seen()).isEqualTo(1);
    }

    private static byte[] random(int size, long seed) {
        var bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static boolean sent(Socket from, byte[] bytes) throws IOException {
        from.getOutputStream().write(bytes);
        from.shutdownOutput();
        return true;
    }

    @Test
    void passes_half_closes() throws Exception {
        var ends = ends();
        send(ends.client, "question");
        ends.client.shutdownOutput();
        assertThat(read(ends.server, 8)).isEqualTo("question");
        expectEnd(ends.server);
        send(ends.server, "answer");
        assertThat(read(ends.client, 6)).isEqualTo("answer");
        assertThat(proxy.open()).isEqualTo(1);
        ends.server.close();
        expectEnd(ends.client);
        awaitThat(() -> proxy.open() == 0);
    }

    @Test
    void passes_resets_both_ways() throws Exception {
        for (boolean fromClient : new boolean[] {true, false}) {
            var ends = ends();
            var from = fromClient ? ends.client : ends.server;
            send(from, "last words");
            from.setSoLinger(true, 0);
            from.close();
            expectReset(fromClient ? ends.server : ends.client);
            awaitThat(() -> proxy.open() == 0);
        }
    }

    @Test
    void counts_connections_that_are_open_and_that_were_seen() throws Exception {
        var first = ends();
        var second = ends();
        assertThat(proxy.open()).isEqualTo(2);
        first.client.close();
        first.server.close();
        awaitThat(() -> proxy.open() == 1);
        second.client.close();
        second.server.close();
        awaitThat(() -> proxy.open() == 0);
        assertThat(proxy.seen()).isEqualTo(2);
    }

    @Test
    void a_client_of_a_server_that_is_away_is_reset() throws Exception {
        listener.close();
        expectReset(connect());
        awaitThat(() -> proxy.open() == 0);
    }

    // Delays.

    @Test
    void latency_is_of_one_direction_and_does_not_limit_the_bandwidth() throws Exception {
        proxy.downstream(Faults.NONE.latency(ofMillis(150)));
        var ends = ends();
        send(ends.client, "ping");
        assertThat(read(ends.server, 4)).isEqualTo("ping");
        assertThat(
                        took(() -> {
                            send(ends.server, "pong");
                            return read(ends.client, 4);
                        }))
                .isGreaterThanOrEqualTo(ofMillis(150));
        // In pieces of 16 KiB, one after the other, it would take 18 s.
        assertThat(
                        took(() -> {
                            var sent = beside(() -> sent(ends.server, new byte[2_000_000]));
                            ends.client.getInputStream().readAllBytes();
                            return done(sent);
                        }))
                .isLessThan(ofSeconds(9));
    }

    @Test
    void jitter_keeps_the_order() throws Exception {
        proxy.upstream(Faults.NONE.latency(Duration.ZERO, ofMillis(5)));
        var ends = ends();
        ends.client.setTcpNoDelay(true);
        var text = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            text.append(i).append(' ');
            send(ends.client, i + " ");
        }
        assertThat(read(ends.server, text.length())).isEqualTo(text.toString());
    }

    @Test
    void bandwidth_is_limited_and_makes_the_sender_wait() throws Exception {
        proxy.upstream(Faults.NONE.bandwidth(1_000_000));
        var ends = ends();
        assertThat(
                        took(() -> {
                            var sent = beside(() -> sent(ends.client, new byte[600_000]));
                            ends.server.getInputStream().readAllBytes();
                            return done(sent);
                        }))
                .isGreaterThanOrEqualTo(ofMillis(580));
        assertThat(
                        took(() -> {
                            // At the other direction's pace it would take 10 s.
                            var sent = beside(() -> sent(ends.server, new byte[10_000_000]));
                            ends.client.getInputStream().readAllBytes();
                            return done(sent);
                        }))
                .isLessThan(ofSeconds(9));
    }

    @Test
    void a_slow_close_is_heard_later() throws Exception {
        proxy.downstream(Faults.NONE.slowClose(ofMillis(200)));
        var ends = ends();
        long begin = TIME.nanos();
        send(ends.server, "bye");
        ends.server.close();
        assertThat(read(ends.client, 3)).isEqualTo("bye");
        expectEnd(ends.client);
        assertThat(Duration.ofNanos(TIME.nanos() - begin)).isGreaterThanOrEqualTo(ofMillis(200));
    }

    // Ends.

    @Test
    void a_black_hole_takes_connections_and_bytes_and_passes_none_until_it_is_healed()
            throws Exception {
        var before = ends();
        proxy.blackHole();
        var behind = ends();
        for (var ends : List.of(before, behind)) {
            send(ends.client, "hello");
            send(ends.server, "there");
            expectSilence(ends.server);
            expectSilence(ends.client);
        }
        proxy.heal();
        for (var ends : List.of(before, behind)) {
            assertThat(read(ends.server, 5)).isEqualTo("hello");
            assertThat(read(ends.client, 5)).isEqualTo("there");
        }
    }

    @Test
    void stops_half_way() throws Exception {
        var ends = ends();
        send(ends.server, "before ");
        assertThat(read(ends.client, 7)).isEqualTo("before ");
        var stall = Faults.NONE.stallAfter(2);
        for (var two : List.of("ha", "lf")) {
            proxy.downstream(stall);
            if (two.equals("ha")) send(ends.server, "half of it");
            assertThat(read(ends.client, 2)).isEqualTo(two);
            expectSilence(ends.client);
        }
        send(ends.client, "still there?");
        assertThat(read(ends.server, 12)).isEqualTo("still there?");
        proxy.heal();
        assertThat(read(ends.client, 6)).isEqualTo(" of it");
    }

    @Test
    void closes_half_way() throws Exception {
        proxy.downstream(Faults.NONE.closeAfter(4));
        var ends = ends();
        send(ends.server, "half of it");
        assertThat(read(ends.client, 4)).isEqualTo("half");
        expectEnd(ends.client);
        expectEnd(ends.server);
        ends.client.close();
        ends.server.close();
        awaitThat(() -> proxy.open() == 0);
    }

    @Test
    void who_does_not_heed_a_close_is_cut_off() throws Exception {
        proxy.downstream(Faults.NONE.closeAfter(0));
        var ends = ends();
        expectEnd(ends.client);
        expectEnd(ends.server);
        awaitThat(() -> proxy.open() == 0);
    }

    @Test
    void resets_half_way() throws Exception {
        proxy.upstream(Faults.NONE.resetAfter(4));
        var ends = ends();
        send(ends.client, "half of it");
        expectReset(ends.client);
        awaitThat(() -> proxy.open() == 0);
        assertThatThrownBy(() -> ends.server.getInputStream().readNBytes(5))
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
    }

    @Test
    void has_reset_what_was_open_when_it_returns() throws Exception {
        for (int i = 0; i < 200; i++) {
            try (var client =
                    SocketChannel.open(
                            new InetSocketAddress(
                                    proxy.address().getHost(), proxy.address().getPort()))) {
                client.configureBlocking(false);
                var server = listener.accept();
                sockets.add(server);
                awaitThat(() -> proxy.open() == 1);
                proxy.reset();
                assertThat(proxy.open()).isZero();
                assertThatThrownBy(() -> client.read(ByteBuffer.allocate(1)))
                        .as("the %d. time", i)
                        .isInstanceOf(IOException.class);
                proxy.heal();
            }
        }
    }

    @Test
    void resets_what_is_open_and_what_is_new() throws Exception {
        var before = ends();
        proxy.reset();
        expectReset(before.client);
        expectReset(before.server);
        assertThat(proxy.open()).isZero();
        expectReset(connect());
        proxy.heal();
        listener.accept().close();
        var behind = ends();
        send(behind.client, "well");
        assertThat(read(behind.server, 4)).isEqualTo("well");
    }

    @Test
    void refuses_new_connections_only_and_listens_again_on_the_same_port() throws Exception {
        var before = ends();
        proxy.refuse();
        proxy.refuse();
        for (int i = 0; i < 3; i++)
            assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
        send(before.client, "still here");
        assertThat(read(before.server, 10)).isEqualTo("still here");
        proxy.heal();
        var behind = ends();
        send(behind.client, "again");
        assertThat(read(behind.server, 5)).isEqualTo("again");
    }

    // The end.

    @Test
    void closing_breaks_off_whatever_goes_on_soon_and_can_be_done_twice() throws Exception {
        var stalled = ends();
        proxy.blackHole();
        send(stalled.client, "x");
        proxy.upstream(Faults.NONE.latency(Duration.ofHours(1)));
        var late = ends();
        send(late.client, "x");
        var full =
                beside(() -> {
                    while (true) late.server.getOutputStream().write(new byte[1 << 16]);
                });
        assertThat(
                        took(() -> {
                            proxy.close();
                            return true;
                        }))
                .isLessThan(FaultProxy.CLOSING);
        proxy.close();
        proxy.heal();
        proxy.refuse();
        expectReset(stalled.client);
        expectReset(late.client);
        assertThatThrownBy(() -> done(full)).hasCauseInstanceOf(IOException.class);
        assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
    }

    @Test
    void numbers_that_cannot_be_are_named() {
        assertThatThrownBy(() -> Faults.NONE.bandwidth(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> Faults.NONE.latency(ofMillis(-1))).hasMessageContaining("-1");
        assertThatThrownBy(() -> FaultProxy.before(URI.create("tcp:nowhere")))
                .hasMessageContaining("tcp:nowhere");
    }
}
