package dev.weft.http;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a server, speaking HTTP/1.1; used by one call at a time.
 *
 * <p>A {@link SocketChannel} is closed when a thread that reads or writes it is interrupted, virtual
 * or not: that ends a call at once, and tells the server.
 */
final class ClientConnection {

    /** Told that a call is over, and whether the connection can serve another. */
    @FunctionalInterface
    interface Done {
        void done(ClientConnection connection, boolean reusable);
    }

    /** Of an answer's status line and headers together. */
    static final int MAX_HEAD_BYTES = 64 << 10;

    /** An answer up to this size is read at once, so that its connection is free again. */
    static final int AT_ONCE_BYTES = 64 << 10;

    private static final int BUFFER_BYTES = 8 << 10;
    private static final int ONE_WRITE_BYTES = 16 << 10;
    private static final int PIECE_BYTES = 64 << 10;

    private final SocketChannel channel;
    private final String authority;
    private final byte[] host;
    private final Time time;
    private ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES).limit(0);

    /** Where in the buffer the line lies that was read last. */
    private int lineAt;

    private int lineEnd;
    private ByteBuffer out = ByteBuffer.allocate(2048);
    private boolean wrote;
    private boolean read;

    /** Of the answer's body: how much of how much has come; no length until its head is here. */
    private long bodyBytes;

    private OptionalLong bodyLength = OptionalLong.empty();

    /** When a byte last went or came, or somebody began to wait for one. */
    private volatile long lastNanos;

    private volatile Deadline deadline = Deadline.NEVER;

    /** Whether somebody waits for the server: for the head, or within a read of the body. */
    private volatile boolean awaited;

    /** What somebody may read of the current answer. */
    private volatile @Nullable Answer body;

    private ClientConnection(SocketChannel channel, String authority, Time time) {
        this.channel = channel;
        this.authority = authority;
        this.host =
                (" HTTP/1.1\r\nHost: " + authority + "\r\n").getBytes(StandardCharsets.US_ASCII);
        this.time = time;
        this.lastNanos = time.nanos();
    }

    static ClientConnection open(
            InetSocketAddress address, String host, Duration timeout, Time time)
            throws IOException {
        if (address.isUnresolved()) throw new IOException("there is no host " + host);
        var channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.socket().connect(address, Math.toIntExact(timeout.toMillis()));
            return new ClientConnection(channel, host + ":" + address.getPort(), time);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Whether any byte of the current request was written. */
    boolean wrote() {
        return wrote;
    }

    /** Whether any byte of the current answer was read. */
    boolean read() {
        return read;
    }

    /** How far the current call has come, for whoever is told that it ends here. */
    String progress() {
        if (!wrote) return "nothing of the request was sent";
        if (!read) return "nothing of the answer had come";
        if (bodyLength.isEmpty() && bodyBytes == 0) return "the answer's head had begun to come";
        return bodyBytes
                + (bodyLength.isPresent() ? " of " + bodyLength.getAsLong() : "")
                + " bytes of the answer's body had come";
    }

    /**
     * Whether nobody else will end what goes on here: who waits is ended at his deadline, but a body that nobody takes, because
     * it was forgotten, would stay.
     */
    boolean left() {
        long silentNanos = silentNanos();
        if (!awaited) return silentNanos >= ClientPool.MAX_UNTAKEN.toNanos();
        boolean bounded = deadline != Deadline.NEVER && !deadline.expired();
        return silentNanos >= ClientPool.MAX_SILENCE.toNanos() && !bounded;
    }

    long silentNanos() {
        return time.nanos() - lastNanos;
    }

    void rests() {
        awaited = false;
        lastNanos = time.nanos();
    }

    /** Whether the server has neither closed the connection nor said anything unasked. */
    boolean alive() {
        try {
            channel.configureBlocking(false);
            in.clear();
            int read = channel.read(in);
            in.limit(0);
            channel.configureBlocking(true);
            return read == 0;
        } catch (IOException e) {
            return false;
        }
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is gone either way.
            return;
        }
    }

    /** Ends the current call from outside: whoever reads fails, and if nobody does, its answer is given up. */
    void giveUp() {
        close();
        var told = body;
        if (told != null) told.finish(false);
    }

    // Sending.

    void send(Request request) throws IOException {
        body = null;
        wrote = false;
        read = false;
        bodyBytes = 0;
        bodyLength = OptionalLong.empty();
        deadline = Context.current().deadline();
        awaited = true;
        out.clear();
        put(request.method().name());
        put(" ");
        put(checked(request.target()));
        put(host);
        request.headers()
                .forEach((name, value) -> {
                    if (HopByHop.isOne(name) || name.equalsIgnoreCase("Host")) return;
                    put(name);
                    put(": ");
                    put(value);
                    put("\r\n");
                });
        var body = request.body();
        if (request.upgrade()) {
            put("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            flush();
        } else if (body.atHand()) sendAtHand(request.method(), body.bytes());
        else sendStream(body);
    }

    private void sendAtHand(Method method, byte[] body) throws IOException {
        if (body.length > 0
                || method == Method.POST
                || method == Method.PUT
                || method == Method.PATCH) put("Content-Length: " + body.length + "\r\n");
        put("\r\n");
        if (body.length <= ONE_WRITE_BYTES) {
            put(body);
            flush();
        } else {
            flush();
            write(ByteBuffer.wrap(body));
        }
    }

    private void sendStream(Body body) throws IOException {
        var length = body.length();
        put(
                length.isPresent()
                        ? "Content-Length: " + length.getAsLong() + "\r\n\r\n"
                        : "Transfer-Encoding: chunked\r\n\r\n");
        flush();
        try (var from = body.stream()) {
            var buffer = new byte[BUFFER_BYTES];
            long left = length.orElse(Long.MAX_VALUE);
            while (left > 0) {
                int count = take(from, buffer, (int) Math.min(buffer.length, left));
                if (count < 0) break;
                left -= count;
                out.clear();
                if (length.isEmpty()) put(Integer.toHexString(count) + "\r\n");
                put(buffer, count);
                if (length.isEmpty()) put("\r\n");
                flush();
            }
            if (length.isPresent() && left > 0)
                throw new IOException(
                        "the request's body ended " + left + " bytes before its length");
            if (length.isEmpty()) {
                out.clear();
                put("0\r\n\r\n");
                flush();
            }
        }
    }

    /** A failure of the source is not one of this connection. */
    private static int take(InputStream from, byte[] buffer, int most) {
        try {
            return from.read(buffer, 0, most);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String checked(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 0x7f)
                throw new Failure.Malformed(
                        "the path or query has to be escaped at character " + i + ": " + target);
        }
        return target;
    }

    private void put(byte[] bytes) {
        put(bytes, bytes.length);
    }

    private void put(byte[] bytes, int count) {
        makeRoom(count);
        out.put(bytes, 0, count);
    }

    /** As ISO 8859-1, without an array of its own. */
    private void put(String text) {
        int count = text.length();
        makeRoom(count);
        var bytes = out.array();
        int at = out.position();
        for (int i = 0; i < count; i++) {
            char c = text.charAt(i);
            bytes[at + i] = c <= 0xff ? (byte) c : (byte) '?';
        }
        out.position(at + count);
    }

    private void makeRoom(int count) {
        if (out.remaining() >= count) return;
        var larger =
                ByteBuffer.allocate(Math.max(out.capacity() * 2, out.position() + count + 256));
        out = larger.put(out.flip());
    }

    private void flush() throws IOException {
        write(out.flip());
    }

    /** In pieces, for a blocking write ends when all is taken, and would look like silence until then. */
    private void write(ByteBuffer bytes) throws IOException {
        int end = bytes.limit();
        while (bytes.position() < end) {
            int before = bytes.position();
            bytes.limit(Math.min(end, before + PIECE_BYTES));
            try {
                channel.write(bytes);
            } finally {
                // An interrupt is told though bytes have left just before.
                if (bytes.position() > before) wrote = true;
            }
            lastNanos = time.nanos();
        }
    }

    // Receiving.

    Response receive(Request request, Done done) throws IOException {
        var method = request.method();
        while (true) {
            var status = line();
            if (status.length() < 12 || !status.startsWith("HTTP/1."))
                throw new IOException("this is no answer in HTTP/1.1: " + status);
            int code = number(status.substring(9, 12), 10);
            boolean keep = status.charAt(7) == '1';
            var headers = new Headers.Builder();
            var connection = new ArrayList<String>(1);
            long length = -1;
            boolean chunked = false;
            int size = status.length();
            for (readLine(); lineEnd > lineAt; readLine()) {
                size += lineEnd - lineAt;
                if (size > MAX_HEAD_BYTES)
                    throw new IOException(
                            "the answer's headers are larger than " + MAX_HEAD_BYTES + " bytes");
                int colon = colon();
                var name = latin(lineAt, colon);
                var value = value(colon + 1);
                if (name.equalsIgnoreCase("Content-Length")) {
                    long given = length(value);
                    if (length >= 0 && length != given)
                        throw new IOException("the answer has two lengths");
                    length = given;
                    if (method == Method.HEAD) headers.add(name, value);
                } else if (name.equalsIgnoreCase("Transfer-Encoding"))
                    chunked = value.toLowerCase(Locale.ROOT).endsWith("chunked");
                else if (name.equalsIgnoreCase("Connection")) connection.add(value);
                else if (!HopByHop.isOne(name)) headers.add(name, value);
            }
            if (code == 101)
                return upgraded(request, HopByHop.without(connection, headers.build()), done);
            if (code < 200) continue;
            for (var value : connection)
                if (value.toLowerCase(Locale.ROOT).contains("close")) keep = false;
            var response =
                    new Response(code, HopByHop.without(connection, headers.build()), Body.EMPTY);
            boolean bare = method == Method.HEAD || code == 204 || code == 304;
            if (bare || (length == 0 && !chunked)) {
                done.done(this, keep && !in.hasRemaining());
                return response;
            }
            if (!chunked && length >= 0 && length <= AT_ONCE_BYTES) {
                bodyLength = OptionalLong.of(length);
                var body = exactly((int) length);
                done.done(this, keep && !in.hasRemaining());
                return response.with(Body.of(body));
            }
            if (!chunked && length >= 0) bodyLength = OptionalLong.of(length);
            if (response.lasting()) deadline = Deadline.NEVER;
            var framing =
                    chunked ? new Chunks() : length >= 0 ? new Length(length) : new UntilClosed();
            return response.with(Body.of(answer(framing, keep, done), bodyLength));
        }
    }

    /** Another protocol from here on: the request's body goes there, the answer's comes from there, until one ends. */
    private Response upgraded(Request request, Headers headers, Done done) throws IOException {
        if (!request.upgrade())
            throw new IOException("the server changed the protocol, which nobody had asked for");
        deadline = Deadline.NEVER;
        var body = request.body();
        time.start("weft-tunnel", () -> pass(body));
        return new Response(
                101, headers, Body.of(answer(new Upgraded(), false, done), OptionalLong.empty()));
    }

    private Answer answer(Framing framing, boolean keep, Done done) {
        var answer = new Answer(framing, keep, done);
        body = answer;
        awaited = false;
        return answer;
    }

    private void pass(Body body) {
        try (var from = body.stream()) {
            var buffer = new byte[BUFFER_BYTES];
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                var bytes = ByteBuffer.wrap(buffer, 0, count);
                while (bytes.hasRemaining()) channel.write(bytes);
                lastNanos = time.nanos();
            }
        } catch (IOException | RuntimeException e) {
            // One of the two has gone; who reads from the other is told below.
            return;
        } finally {
            close();
        }
    }

    private static int number(String text, int radix) throws IOException {
        try {
            int number = Integer.parseInt(text.strip(), radix);
            if (number < 0 || text.startsWith("+")) throw new IOException("no number: " + text);
            return number;
        } catch (NumberFormatException e) {
            throw new IOException("no number: " + text, e);
        }
    }

    private static long length(String text) throws IOException {
        try {
            long length = Long.parseLong(text);
            if (length < 0) throw new IOException("a length of " + text);
            return length;
        } catch (NumberFormatException e) {
            throw new IOException("a length of " + text, e);
        }
    }

    /** Reads more behind what is in the buffer. */
    private void fill() throws IOException {
        if (in.remaining() == in.capacity())
            in = ByteBuffer.allocate(2 * in.capacity()).put(in).flip();
        in.compact();
        int count = -1;
        try {
            count = channel.read(in);
        } finally {
            in.flip();
        }
        if (count < 0) throw new EOFException("the server closed the connection");
        read = true;
        lastNanos = time.nanos();
    }

    private String line() throws IOException {
        readLine();
        return latin(lineAt, lineEnd);
    }

    /** Finds the end of the next line. */
    private void readLine() throws IOException {
        for (int seen = 0; ; ) {
            int from = in.position();
            var bytes = in.array();
            for (int i = from + seen; i < in.limit(); i++) {
                if (bytes[i] != '\n') continue;
                lineAt = from;
                lineEnd = i > from && bytes[i - 1] == '\r' ? i - 1 : i;
                in.position(i + 1);
                return;
            }
            seen = in.remaining();
            if (seen > MAX_HEAD_BYTES)
                throw new IOException("a line is longer than " + MAX_HEAD_BYTES + " bytes");
            fill();
        }
    }

    /** Where in the line the name of a header ends. */
    private int colon() throws IOException {
        var bytes = in.array();
        int colon = lineAt;
        while (colon < lineEnd && bytes[colon] != ':') colon++;
        if (colon == lineAt || colon == lineEnd)
            throw new IOException("this is no header: " + latin(lineAt, lineEnd));
        return colon;
    }

    /** The rest of the line, without the blanks around it. */
    private String value(int from) {
        var bytes = in.array();
        while (from < lineEnd && bytes[from] == ' ') from++;
        return latin(from, lineEnd).strip();
    }

    private String latin(int from, int to) {
        return new String(in.array(), from, to - from, StandardCharsets.ISO_8859_1);
    }

    private byte[] exactly(int length) throws IOException {
        var bytes = new byte[length];
        while (bodyBytes < length) {
            int have = (int) bodyBytes;
            bodyBytes += some(bytes, have, length - have);
        }
        return bytes;
    }

    /** At least one byte, from the buffer first; a large rest is read past it. */
    private int some(byte[] into, int offset, int most) throws IOException {
        if (!in.hasRemaining()) {
            if (most >= BUFFER_BYTES) {
                int count = channel.read(ByteBuffer.wrap(into, offset, most));
                if (count < 0) throw new EOFException("the server closed the connection");
                lastNanos = time.nanos();
                return count;
            }
            fill();
        }
        int count = Math.min(most, in.remaining());
        in.get(into, offset, count);
        return count;
    }

    /** How the end of a body is known. */
    private sealed interface Framing {

        /** Reads at least one byte, or says -1 at the body's end. */
        int read(byte[] into, int offset, int most) throws IOException;

        /** How many bytes of the body, without its framing, are in the buffer. */
        int available();

        default boolean endsWithConnection() {
            return false;
        }
    }

    private final class Length implements Framing {
        private long left;

        Length(long left) {
            this.left = left;
        }

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            if (left == 0) return -1;
            int count = some(into, offset, (int) Math.min(most, left));
            left -= count;
            return count;
        }

        @Override
        public int available() {
            return (int) Math.min(left, in.remaining());
        }
    }

    private final class Chunks implements Framing {
        private int left;
        private boolean first = true;

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            if (left == 0) {
                if (!first && !line().isEmpty()) throw new IOException("a chunk is too long");
                first = false;
                var size = line();
                int extension = size.indexOf(';');
                left = number(extension < 0 ? size : size.substring(0, extension), 16);
                if (left == 0) {
                    skipTrailers();
                    return -1;
                }
            }
            int count = some(into, offset, Math.min(most, left));
            left -= count;
            return count;
        }

        @Override
        public int available() {
            return Math.min(left, in.remaining());
        }

        private void skipTrailers() throws IOException {
            int size = 0;
            for (var line = line(); !line.isEmpty(); line = line()) {
                size += line.length();
                if (size > MAX_HEAD_BYTES) throw new IOException("the trailers are too large");
            }
        }
    }

    private final class UntilClosed implements Framing {
        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            try {
                return some(into, offset, most);
            } catch (EOFException end) {
                return -1;
            }
        }

        @Override
        public int available() {
            return in.remaining();
        }

        @Override
        public boolean endsWithConnection() {
            return true;
        }
    }

    /** Ends with the connection, whoever closes it. */
    private final class Upgraded implements Framing {
        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            try {
                return some(into, offset, most);
            } catch (ClosedByInterruptException e) {
                throw e;
            } catch (EOFException | ClosedChannelException end) {
                return -1;
            }
        }

        @Override
        public int available() {
            return in.remaining();
        }

        @Override
        public boolean endsWithConnection() {
            return true;
        }
    }

    /** An answer's body; its end, its closing or its failure ends the call. One thread at a time, but for {@link #finish}. */
    private final class Answer extends InputStream {
        private final Framing framing;
        private final boolean keep;
        private final Done done;
        private final AtomicBoolean over = new AtomicBoolean();
        private boolean atEnd;
        private boolean closed;

        Answer(Framing framing, boolean keep, Done done) {
            this.framing = framing;
            this.keep = keep;
            this.done = done;
        }

        @Override
        public int read() {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) {
            if (atEnd) return -1;
            if (closed) throw new IllegalStateException("the answer's body is closed");
            if (most == 0) return 0;
            try {
                int count = awaited(into, offset, most);
                if (count < 0) {
                    atEnd = true;
                    finish(keep && !framing.endsWithConnection() && !in.hasRemaining());
                } else bodyBytes += count;
                return count;
            } catch (IOException e) {
                close();
                throw new Failure.Unreachable(
                        "http://"
                                + authority
                                + ": the answer broke off: "
                                + e.getMessage()
                                + "; "
                                + progress(),
                        true,
                        e);
            }
        }

        private int awaited(byte[] into, int offset, int most) throws IOException {
            lastNanos = time.nanos();
            awaited = true;
            try {
                return framing.read(into, offset, most);
            } finally {
                awaited = false;
            }
        }

        @Override
        public int available() {
            return atEnd || over.get() ? 0 : framing.available();
        }

        @Override
        public void close() {
            closed = true;
            finish(false);
        }

        private void finish(boolean reusable) {
            if (!over.compareAndSet(false, true)) return;
            done.done(ClientConnection.this, reusable);
        }
    }
}
