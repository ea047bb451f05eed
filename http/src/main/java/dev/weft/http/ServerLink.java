package dev.weft.http;

import dev.weft.core.Headers;
import dev.weft.core.ServerOptions;
import dev.weft.core.Time;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.ServerConnectionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One accepted connection, between its socket and Helidon's parser of HTTP/1.1.
 *
 * <p>It notices what Helidon does not. <b>A caller that has gone while its handler runs:</b> when two looks that are {@link
 * #LOOK_AFTER} apart meet the same request, a virtual thread reads ahead on the socket. The looks are the server's, at all of
 * its connections at once: a timer of each would wake the processor a thousand times a second. Bytes are
 * kept for the parser, in order; the end of the stream interrupts the handler. The obvious way, to
 * interrupt the reading thread when the answer is ready, would close the channel; so that thread
 * stays until something comes. At most {@link #AHEAD_BYTES} and one socket buffer are kept; a caller
 * that has sent more than the handler has read is not seen leaving. <b>A peer that stalls:</b> a
 * timer closes the connection when one read or write takes longer than the idle timeout, or the head
 * of one request does.
 *
 * <p>A fast request costs two volatile writes and one reading of the clock. The lock guards {@code
 * ahead}, {@code ended}, {@code failure}, {@code waiting} and {@code interrupted}; it is not held
 * during I/O.
 */
final class ServerLink implements ConnectionContext {

    /** How long lies between two looks at the requests that run. */
    static final Duration LOOK_AFTER = Duration.ofMillis(25);

    private static final System.Logger LOG = System.getLogger(ServerLink.class.getName());

    static final int AHEAD_BYTES = 16 << 10;

    private static final int LINGER_BYTES = 4 << 20;
    private static final Duration LINGER = Duration.ofMillis(500);

    /** How long the handshake of TLS may take in all. */
    static final Duration HANDSHAKE = Duration.ofSeconds(10);

    /** Who reads the socket: nobody, the connection's thread, the one that reads ahead; or done. */
    private static final int FREE = 0, READING = 1, AHEAD = 2, FILLED = 3;

    private final ConnectionContext real;
    private final Router router;
    private final String peer;
    private final Time time;
    private final long idleNanos;
    private final HelidonSocket socket;
    private final Optional<TlsLayer> tls;

    /** The bytes of HTTP: the socket's own, or what TLS makes of them. */
    private final Supplier<byte[]> source;

    private final RequestFraming framing;
    private final DataReader reader;
    private final DataWriter writer;
    private final AtomicInteger state = new AtomicInteger(FREE);

    /** Odd while a request runs; written by the connection's thread only. */
    private volatile long turn;

    /** The same, for the connection's thread alone. */
    private long turns;

    /** Wants another look at this and all other connections. */
    private final Runnable lookLater;

    /** The turn at the last look; of the thread that looks. */
    private long looked;

    private volatile boolean closed;
    private volatile Time.Cancel stallTimer = () -> {};

    /** When the connection's thread began the read or write that it is in; 0 when in none. */
    private volatile long blockedSince;

    /** When the first bytes of a request's head came; 0 when none is awaited. */
    private volatile long headSince;

    /** Whether another protocol than HTTP is spoken, in which a peer may be silent. */
    private volatile boolean upgraded;

    /** Whether the next head is sent without a length; of the connection's thread. */
    private boolean lengthless;

    /** Whether a request's body cannot be read to its end; of the connection's thread. */
    private boolean broken;

    /** The connection's thread; published by {@code turn}. */
    private @Nullable Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ready = lock.newCondition();
    private final ArrayDeque<byte[]> ahead = new ArrayDeque<>(2);
    private boolean ended;
    private @Nullable RuntimeException failure;
    private boolean waiting;
    private boolean interrupted;

    ServerLink(
            ConnectionContext real,
            Router router,
            ServerOptions options,
            int maxLineBytes,
            Time time,
            Runnable lookLater) {
        this.real = real;
        this.router = router;
        this.peer = address(real.remotePeer().address());
        this.time = time;
        this.lookLater = lookLater;
        this.idleNanos = options.idleTimeout().toNanos();
        this.socket = real.serverSocket();
        this.tls = options.tls().map(certificate -> new TlsLayer(socket, certificate.get()));
        this.source = tls.isPresent() ? tls.get() : socket;
        this.framing =
                new RequestFraming(
                        this::get,
                        tls.isPresent() ? "https" : "http",
                        maxLineBytes,
                        options.maxHeaderBytes(),
                        options.maxBodyBytes());
        this.reader = DataReader.create(framing);
        this.writer = new TimedWriter(tls.isPresent() ? tls.get() : real.dataWriter());
        int early = real.dataReader().available();
        if (early > 0) {
            ahead.add(real.dataReader().readBytes(early));
            state.set(FILLED);
        }
        scheduleStallCheck();
    }

    private static String address(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress()
                : "";
    }

    /** The address at the other end. */
    String peer() {
        return peer;
    }

    /** Agrees on keys with the peer, in time, if this is TLS. */
    void secure() throws TlsLayer.NoHandshake {
        if (tls.isEmpty()) return;
        var late = new AtomicBoolean();
        var closer =
                time.schedule(
                        HANDSHAKE,
                        () -> {
                            late.set(true);
                            closeSocket();
                        });
        try {
            tls.get().handshake();
        } catch (TlsLayer.NoHandshake e) {
            if (late.get())
                throw new TlsLayer.NoHandshake(
                        "it took longer than " + HANDSHAKE.toSeconds() + " s", false);
            throw e;
        } finally {
            closer.cancel();
        }
    }

    /** Says the farewell that TLS wants, if the peer takes it at once. */
    void farewell() {
        if (tls.isEmpty()) return;
        var closer = time.schedule(LINGER, this::closeSocket);
        tls.get().close();
        closer.cancel();
        if (tls.get().cut())
            LOG.log(System.Logger.Level.DEBUG, "{0} left without the farewell of TLS", peer);
    }

    // Requests: called by the connection's thread.

    /** The headers of the current request, if Helidon's are not all that came. */
    @Nullable Headers headers() {
        return framing.headers();
    }

    /** A request's head has been read; its handling begins. */
    void begin() {
        thread = Thread.currentThread();
        headSince = 0;
        turn = ++turns;
        lookLater.run();
    }

    /**
     * The request's handling has ended: from here on no interrupt of ours comes, and one that came
     * marks the thread no more. Tells whether the caller has gone.
     */
    boolean end() {
        turn = ++turns;
        if (state.get() == FREE) return false;
        lock.lock();
        try {
            if (interrupted) {
                interrupted = false;
                Thread.interrupted();
                return true;
            }
            return ended;
        } finally {
            lock.unlock();
        }
    }

    /** What the peer sends when another protocol is spoken. Read by one thread, while the connection's own writes. */
    InputStream tunnel() {
        return new Tunnel();
    }

    private final class Tunnel extends InputStream {

        private byte[] piece = {};
        private int at;
        private boolean over;

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            if (most == 0) return 0;
            if (!upgraded) {
                upgraded = true;
                framing.end();
            }
            while (at == piece.length && !over) next();
            if (over) return -1;
            int count = Math.min(most, piece.length - at);
            System.arraycopy(piece, at, into, offset, count);
            at += count;
            return count;
        }

        private void next() throws IOException {
            try {
                var bytes = framing.get();
                over = bytes == null;
                piece = bytes == null ? piece : bytes;
                at = 0;
            } catch (RuntimeException e) {
                throw new IOException("the peer has gone", e);
            }
        }

        @Override
        public int available() {
            return piece.length - at;
        }
    }

    /** The answer that is sent next has no body and no length, which Helidon would say in any case (RFC 9110, 8.6). */
    void lengthless() {
        lengthless = true;
    }

    /** What Helidon writes for such an answer, at once and as one piece. */
    private BufferData mended(BufferData head) {
        if (!lengthless) return head;
        lengthless = false;
        var text = new String(head.readBytes(), StandardCharsets.ISO_8859_1);
        return BufferData.create(
                text.replaceFirst("(?i)\r\nContent-Length: *[0-9]+(?=\r\n)", "")
                        .getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The request's body broke: nothing that follows on this connection can be read. */
    void broken() {
        broken = true;
    }

    boolean isBroken() {
        return broken;
    }

    /** Whether the caller has gone; unlike {@link #end}, while the request goes on. */
    boolean callerGone() {
        if (state.get() == FREE) return false;
        lock.lock();
        try {
            return interrupted || ended;
        } finally {
            lock.unlock();
        }
    }

    /** Interrupts the handler of the request in work, if there is one. */
    void interruptHandler() {
        lock.lock();
        try {
            var handler = thread;
            if ((turn & 1) == 1 && handler != null) {
                interrupted = true;
                handler.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Reads on for a moment, so that a peer still sending gets to see the last answer. */
    void linger() {
        lock.lock();
        try {
            if (ended) return;
        } finally {
            lock.unlock();
        }
        var closer = time.schedule(LINGER, this::closeSocket);
        try {
            int read = 0;
            for (var bytes = get(); bytes != null && read < LINGER_BYTES; bytes = get())
                read += bytes.length;
        } catch (RuntimeException closedMeanwhile) {
            closeSocket();
        } finally {
            closer.cancel();
        }
    }

    /** The connection is over; its timer would keep its buffers. */
    void ended() {
        closed = true;
        stallTimer.cancel();
    }

    private void closeSocket() {
        try {
            socket.close();
        } catch (RuntimeException closedAlready) {
            closed = true;
        }
    }

    // Looking whether the caller is there.

    /** One look; whether another one is wanted because of what runs here. */
    boolean look() {
        long now = turn;
        boolean same = now == looked;
        looked = now;
        if ((now & 1) == 0) return false;
        if (!same) return true;
        if (state.compareAndSet(FREE, AHEAD)) time.start("weft-read-ahead", this::readAhead);
        return false;
    }

    /** The socket is free again, maybe while a request runs that nobody could watch till now. */
    private void lookAgain() {
        if ((turn & 1) == 1) lookLater.run();
    }

    private void readAhead() {
        int kept = 0;
        while (true) {
            byte @Nullable [] bytes = null;
            RuntimeException error = null;
            try {
                do bytes = source.get();
                while (bytes != null && bytes.length == 0);
            } catch (RuntimeException e) {
                error = e;
            }
            lock.lock();
            try {
                boolean running = (turn & 1) == 1;
                if (bytes == null) {
                    ended = true;
                    failure = error;
                    var handler = thread;
                    if (!waiting && running && handler != null) {
                        interrupted = true;
                        handler.interrupt();
                    }
                } else {
                    ahead.add(bytes);
                    kept += bytes.length;
                    if (!waiting && running && kept < AHEAD_BYTES) continue;
                }
                state.set(FILLED);
                ready.signalAll();
                return;
            } finally {
                lock.unlock();
            }
        }
    }

    // The parser's source: called by the connection's thread.

    private byte @Nullable [] get() {
        if (upgraded) return next();
        blockedSince = time.nanos() | 1;
        try {
            var bytes = next();
            if (bytes != null && (turn & 1) == 0 && headSince == 0) headSince = blockedSince;
            return bytes;
        } finally {
            blockedSince = 0;
        }
    }

    private byte @Nullable [] next() {
        while (true) {
            if (state.compareAndSet(FREE, READING)) {
                try {
                    var bytes = source.get();
                    if (bytes == null) markEnded();
                    return bytes;
                } catch (RuntimeException e) {
                    markEnded();
                    throw new ServerConnectionException("reading failed", e);
                } finally {
                    state.set(FREE);
                    lookAgain();
                }
            }
            lock.lock();
            try {
                awaitAhead();
                var bytes = ahead.poll();
                if (bytes != null) {
                    if (ahead.isEmpty() && state.get() == FILLED && !ended) {
                        state.set(FREE);
                        lookAgain();
                    }
                    return bytes;
                }
                if (ended) {
                    if (failure != null)
                        throw new ServerConnectionException("reading failed", failure);
                    return null;
                }
                if (state.get() == FILLED) state.set(FREE);
            } finally {
                lock.unlock();
            }
        }
    }

    private void markEnded() {
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
    }

    private void awaitAhead() {
        while (state.get() == AHEAD && ahead.isEmpty()) {
            waiting = true;
            try {
                ready.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                closeSocket();
                throw new ServerConnectionException(
                        "interrupted while reading", new UncheckedIOException(new IOException(e)));
            } finally {
                waiting = false;
            }
        }
    }

    // Stalls.

    private void scheduleStallCheck() {
        stallTimer =
                time.schedule(
                        Duration.ofNanos(Math.max(idleNanos / 4, 1_000_000)), this::checkStall);
    }

    private void checkStall() {
        if (closed) return;
        long now = time.nanos();
        if (longAgo(blockedSince, now) || longAgo(headSince, now)) closeSocket();
        else scheduleStallCheck();
    }

    private boolean longAgo(long since, long now) {
        return since != 0 && now - since > idleNanos;
    }

    private final class TimedWriter implements DataWriter {
        private final DataWriter to;

        TimedWriter(DataWriter to) {
            this.to = to;
        }

        private void timed(Runnable write) {
            blockedSince = time.nanos() | 1;
            try {
                write.run();
            } finally {
                blockedSince = 0;
            }
        }

        @Override
        public void write(BufferData... buffers) {
            timed(() -> to.write(buffers));
        }

        @Override
        public void write(BufferData buffer) {
            timed(() -> to.write(mended(buffer)));
        }

        @Override
        public void writeNow(BufferData... buffers) {
            timed(() -> to.writeNow(buffers));
        }

        @Override
        public void writeNow(BufferData buffer) {
            timed(() -> to.writeNow(mended(buffer)));
        }

        @Override
        public void flush() {
            timed(to::flush);
        }

        @Override
        public void close() {
            to.close();
        }
    }

    // What stays as it is.

    @Override
    public DataReader dataReader() {
        return reader;
    }

    @Override
    public DataWriter dataWriter() {
        return writer;
    }

    @Override
    public Router router() {
        return router;
    }

    @Override
    public ListenerContext listenerContext() {
        return real.listenerContext();
    }

    @Override
    public ExecutorService executor() {
        return real.executor();
    }

    @Override
    public Optional<ProxyProtocolData> proxyProtocolData() {
        return real.proxyProtocolData();
    }

    @Override
    public HelidonSocket serverSocket() {
        return socket;
    }

    @Override
    public PeerInfo remotePeer() {
        return real.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
        return real.localPeer();
    }

    @Override
    public boolean isSecure() {
        return tls.isPresent();
    }

    @Override
    public String socketId() {
        return real.socketId();
    }

    @Override
    public String childSocketId() {
        return real.childSocketId();
    }
}
