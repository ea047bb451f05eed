package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** HTTP by hand: a socket that sends what it is told to and reads answers. */
final class Wire implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** An answer; its header names are in lower case. */
    record Answer(int status, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    private final Socket socket;
    private final InputStream in;
    private volatile boolean closed;

    Wire(URI address) throws IOException {
        this(new Socket(address.getHost(), address.getPort()));
    }

    Wire(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
        in = new BufferedInputStream(socket.getInputStream());
    }

    static String get(String target) {
        return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }

    static String post(String target, String body) {
        return "POST "
                + target
                + " HTTP/1.1\r\nHost: a\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body;
    }

    Wire send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Wire send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return this;
    }

    Answer answer() throws IOException {
        return answer(false);
    }

    Answer answer(boolean head) throws IOException {
        var status = line();
        var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        for (var line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        int code = Integer.parseInt(status.split(" ")[1]);
        return new Answer(code, headers, head || code < 200 ? new byte[0] : body(headers));
    }

    private byte[] body(Map<String, String> headers) throws IOException {
        if (!"chunked".equals(headers.get("Transfer-Encoding")))
            return in.readNBytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
        var body = new ByteArrayOutputStream();
        for (int size = Integer.parseInt(line(), 16);
                size > 0;
                size = Integer.parseInt(line(), 16)) {
            body.write(in.readNBytes(size));
            line();
        }
        line();
        return body.toByteArray();
    }

    /** A request's or answer's head, as it came. */
    String head() throws IOException {
        var head = new StringBuilder();
        for (var line = line(); !line.isEmpty(); line = line()) head.append(line).append('\n');
        return head.toString();
    }

    byte[] bytes(int count) throws IOException {
        return in.readNBytes(count);
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) throw new IOException("the connection ended within \"" + line + "\"");
            if (c != '\r') line.write(c);
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    /** Nothing more comes: the other side has closed. */
    void expectEnd() throws IOException {
        try {
            assertThat(in.read()).isEqualTo(-1);
        } catch (java.net.SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    /** Whether it has been closed; the socket says so a moment before. */
    boolean closed() {
        return closed;
    }

    void halfClose() throws IOException {
        socket.shutdownOutput();
    }

    /** Goes without a farewell. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
        closed = true;
    }

    static void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
            throw new AssertionError("it did not happen within " + PATIENCE);
    }

    static void taken(Semaphore permits) throws InterruptedException {
        if (!permits.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
            throw new AssertionError("it did not happen within " + PATIENCE);
    }

    static void awaitThat(BooleanSupplier condition) throws InterruptedException {
        long end = SystemTime.INSTANCE.nanos() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (SystemTime.INSTANCE.nanos() - end > 0)
                throw new AssertionError("it did not become so within " + PATIENCE);
            SystemTime.INSTANCE.sleep(Duration.ofMillis(2));
        }
    }
}
