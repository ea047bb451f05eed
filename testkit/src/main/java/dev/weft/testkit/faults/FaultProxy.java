package dev.weft.testkit.faults;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy on the loopback before a server, whose faults are changed while it runs.
 *
 * <pre>{@code
 * try (var proxy = FaultProxy.before(server.address())) {
 *     var client = transport.client(proxy.address());
 *     proxy.downstream(Faults.NONE.latency(Duration.ofMillis(200)));
 *     ...
 *     proxy.blackHole();
 *     ...
 *     proxy.heal();
 * }
 * }</pre>
 *
 * <p>Upstream is towards the server, downstream towards the client. A change counts for open connections and for new ones, and
 * from the moment when it returns. Of each connection at most 64 KiB (4 MiB where there is a latency) and the buffers of its
 * sockets are on their way in each direction; beyond that the sender waits. Without faults a connection behaves as if there were no proxy: half closes and resets
 * pass too. Safe for many threads.
 */
public final class FaultProxy implements AutoCloseable {

    /** How long closing and resetting wait for what they have broken off. */
    static final Duration CLOSING = Duration.ofSeconds(2);

    private static final int BACKLOG = 1024;

    private final InetSocketAddress server;
    private final String scheme;
    private final Time time;
    private final Set<Proxied> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong seen = new AtomicLong();
    private final InetSocketAddress own;

    /** Guards both faults, and that every open connection has them. */
    private final ReentrantLock setting = new ReentrantLock();

    private Faults upstream = Faults.NONE;
    private Faults downstream = Faults.NONE;

    // Guarded by the monitor, which is taken before the lock.
    private volatile boolean closed;
    private @Nullable Listening listening;

    /** Keeps the port while nobody listens. */
    private @Nullable Socket placeholder;

    private record Listening(ServerSocketChannel socket, Thread acceptor) {}

    private FaultProxy(URI server, Time time) {
        if (server.getHost() == null || server.getPort() < 0)
            throw new IllegalArgumentException(
                    "a proxy needs an address with host and port, not " + server);
        this.server = new InetSocketAddress(server.getHost(), server.getPort());
        this.scheme = server.getScheme();
        this.time = time;
        this.own = listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    /** Starts one, on a free port of the loopback. */
    public static FaultProxy before(URI server) {
        return before(server, SystemTime.INSTANCE);
    }

    /** As the other, with delays by this time. */
    public static FaultProxy before(URI server, Time time) {
        return new FaultProxy(server, time);
    }

    /** Where clients connect: the server's scheme, and the proxy's host and port. */
    public URI address() {
        var literal = own.getAddress().getHostAddress();
        var host = literal.contains(":") ? "[" + literal + "]" : literal;
        return URI.create(scheme + "://" + host + ":" + own.getPort());
    }

    /** What goes wrong on the way to the server. */
    public void upstream(Faults faults) {
        setting.lock();
        try {
            upstream = faults;
            for (var connection : open) connection.upstream(faults);
        } finally {
            setting.unlock();
        }
    }

    /** What goes wrong on the way to the client. */
    public void downstream(Faults faults) {
        setting.lock();
        try {
            downstream = faults;
            for (var connection : open) connection.downstream(faults);
        } finally {
            setting.unlock();
        }
    }

    private void both(Faults faults) {
        upstream(faults);
        downstream(faults);
    }

    /** Takes connections and bytes, and lets nothing pass either way, as a process that hangs. */
    public void blackHole() {
        both(Faults.NONE.stallAfter(0));
    }

    /** Resets all connections, and returns when both sides of each were told; new ones are reset as soon as they are there. */
    public void reset() {
        var before = List.copyOf(open);
        both(Faults.NONE.resetAfter(0));
        awaitGone(before);
    }

    /** Nobody listens any more: new connections are refused. Open ones stay as they are. */
    public synchronized void refuse() {
        if (closed || placeholder != null) return;
        stopListening();
        placeholder = new Socket();
        try {
            placeholder.setReuseAddress(true);
            placeholder.bind(own);
        } catch (IOException e) {
            throw new UncheckedIOException("the port " + own.getPort() + " was taken", e);
        }
    }

    /** No faults: what was held up goes on. */
    public synchronized void heal() {
        if (closed) return;
        if (placeholder != null) {
            free(placeholder);
            placeholder = null;
            listen(own);
        }
        both(Faults.NONE);
    }

    /** Connections through it that are not closed on both sides. */
    public int open() {
        return open.size();
    }

    /** Connections that it has taken so far. */
    public long seen() {
        return seen.get();
    }

    /** Breaks off all connections and listens no more. */
    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        stopListening();
        if (placeholder != null) free(placeholder);
        var left = List.copyOf(open);
        left.forEach(Proxied::reset);
        awaitGone(left);
    }

    private void awaitGone(List<Proxied> connections) {
        long endNanos = time.nanos() + CLOSING.toNanos();
        try {
            for (var connection : connections)
                connection.awaitGone(Duration.ofNanos(Math.max(0, endNanos - time.nanos())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized InetSocketAddress listen(InetSocketAddress at) {
        try {
            var socket = ServerSocketChannel.open();
            socket.setOption(StandardSocketOptions.SO_RCVBUF, Proxied.BUFFER_BYTES);
            socket.bind(at, BACKLOG);
            listening =
                    new Listening(socket, time.start("weft-proxy-acceptor", () -> accept(socket)));
            return (InetSocketAddress) socket.getLocalAddress();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + at, e);
        }
    }

    /** The port is free when the acceptor has left it. */
    private void stopListening() {
        if (listening == null) return;
        free(listening.socket);
        try {
            listening.acceptor.join(CLOSING);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listening = null;
    }

    private void accept(ServerSocketChannel from) {
        while (true) {
            try {
                begin(new Proxied(from.accept(), SocketChannel.open(), time, open::remove));
            } catch (IOException closedNow) {
                return;
            }
        }
    }

    private void begin(Proxied connection) {
        seen.incrementAndGet();
        setting.lock();
        try {
            open.add(connection);
            connection.upstream(upstream);
            connection.downstream(downstream);
        } finally {
            setting.unlock();
        }
        if (closed) connection.reset();
        else connection.begin(server);
    }

    private static void free(Closeable socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a socket could not be closed", e);
        }
    }
}
