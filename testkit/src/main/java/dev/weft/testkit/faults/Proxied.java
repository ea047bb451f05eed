package dev.weft.testkit.faults;

import dev.weft.core.Signal;
import dev.weft.core.Time;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection through a proxy: two sockets, and a pipe each way.
 *
 * <p>A pipe has a thread that reads, stamps each piece with the time when it is due, and queues it; and one that writes what
 * is due. With one thread for both, a latency would limit the bandwidth. The lock guards all that is not final, and is not
 * held while reading or writing.
 */
final class Proxied {

    /** Of a socket, for what it receives. */
    static final int BUFFER_BYTES = 64 << 10;

    private static final int CONNECT_TIMEOUT_MS = 1_000;
    private static final int PIECE_BYTES = 16 << 10;

    /** Of one pipe; beyond it nothing more is read. */
    private static final int MOST_HELD_BYTES = 64 << 10;

    /** The same where bytes take their time, or so few on their way would limit the bandwidth. */
    private static final int MOST_HELD_LATE_BYTES = 4 << 20;

    /** A limited bandwidth lets bytes through so many times a second. */
    private static final int SLICES = 100;

    /** How long the sides of a closed connection may go on sending to nobody. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final Duration UNTIL_SIGNALLED = Duration.ofHours(1);

    private enum State {
        OPEN,

        /** Both sides were told that no more comes; what they still send is dropped. */
        CLOSING,

        /** Both sockets are closed, and are free when no thread is in them any more. */
        OVER,

        GONE
    }

    private final SocketChannel client;
    private final SocketChannel server;
    private final Time time;
    private final Consumer<Proxied> gone;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;
    private final Pipe up;
    private final Pipe down;
    private int threads;
    private State state = State.OPEN;

    /**
     * @param gone told once, when both sockets are free
     */
    Proxied(SocketChannel client, SocketChannel server, Time time, Consumer<Proxied> gone) {
        this.client = client;
        this.server = server;
        this.time = time;
        this.gone = gone;
        this.changed = new Signal(lock, time);
        this.up = new Pipe(client, server);
        this.down = new Pipe(server, client);
    }

    /** Connects to the server and lets bytes pass; where it is away, the client is reset, as it can be refused no more. */
    void begin(InetSocketAddress address) {
        try {
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            server.setOption(StandardSocketOptions.TCP_NODELAY, true);
            server.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
            server.socket().connect(address, CONNECT_TIMEOUT_MS);
        } catch (IOException e) {
            reset();
            return;
        }
        lock.lock();
        try {
            if (isOver()) return;
            start("weft-proxy-reader", up::read);
            start("weft-proxy-writer", up::write);
            start("weft-proxy-reader", down::read);
            start("weft-proxy-writer", down::write);
            up.endIfReached();
            down.endIfReached();
        } finally {
            lock.unlock();
        }
    }

    /** From now on these, which may end it at once. */
    void upstream(Faults faults) {
        up.become(faults);
    }

    void downstream(Faults faults) {
        down.become(faults);
    }

    /** Breaks the connection for both sides. */
    void reset() {
        quietly(() -> client.setOption(StandardSocketOptions.SO_LINGER, 0));
        quietly(() -> server.setOption(StandardSocketOptions.SO_LINGER, 0));
        over();
    }

    private void start(String name, Runnable task) {
        threads++;
        time.start(
                name,
                () -> {
                    try {
                        task.run();
                    } finally {
                        ended();
                    }
                });
    }

    private void ended() {
        lock.lock();
        try {
            threads--;
            goWhenFree();
        } finally {
            lock.unlock();
        }
    }

    /** A socket that a thread reads is closed by that thread, a little after it was told so. */
    private void goWhenFree() {
        if (state != State.OVER || threads > 0) return;
        state = State.GONE;
        gone.accept(this);
        changed.all();
    }

    /** Waits until both sockets are free, which they are soon after a reset. */
    void awaitGone(Duration atMost) throws InterruptedException {
        long endNanos = time.nanos() + atMost.toNanos();
        lock.lock();
        try {
            while (state != State.GONE) {
                long nanos = endNanos - time.nanos();
                if (nanos <= 0) return;
                changed.await(Duration.ofNanos(nanos));
            }
        } finally {
            lock.unlock();
        }
    }

    private void close() {
        if (state != State.OPEN) return;
        state = State.CLOSING;
        quietly(client::shutdownOutput);
        quietly(server::shutdownOutput);
        time.schedule(LINGER, this::over);
        changed.all();
    }

    private boolean isOver() {
        return state == State.OVER || state == State.GONE;
    }

    private void over() {
        lock.lock();
        try {
            if (isOver()) return;
            state = State.OVER;
            quietly(client::close);
            quietly(server::close);
            changed.all();
            goWhenFree();
        } finally {
            lock.unlock();
        }
    }

    private interface Io {
        void run() throws IOException;
    }

    private static void quietly(Io io) {
        try {
            io.run();
        } catch (IOException closedAlready) {
            return;
        }
    }

    /** What one read brought. */
    private record Piece(Kind kind, ByteBuffer bytes, long dueNanos) {
        enum Kind {
            BYTES,
            END,
            RESET
        }
    }

    /** One direction. */
    private final class Pipe {
        private final SocketChannel from;
        private final SocketChannel to;
        private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
        private int heldBytes;
        private boolean ended;
        private Faults faults = Faults.NONE;

        /** Since these faults were set, with what is being written. */
        private long passedBytes;

        /** Before it, the bandwidth is used up. */
        private long nextNanos = time.nanos();

        Pipe(SocketChannel from, SocketChannel to) {
            this.from = from;
            this.to = to;
        }

        void become(Faults now) {
            lock.lock();
            try {
                faults = now;
                passedBytes = 0;
                nextNanos = time.nanos();
                changed.all();
                endIfReached();
            } finally {
                lock.unlock();
            }
        }

        private boolean reached() {
            return faults.end() != Faults.End.NEVER && passedBytes >= faults.endAfterBytes();
        }

        private void endIfReached() {
            if (!reached() || threads == 0) return;
            switch (faults.end()) {
                case NEVER, STALL -> {}
                case CLOSE -> close();
                case RESET -> reset();
            }
        }

        void read() {
            boolean more = true;
            while (more) {
                var bytes = ByteBuffer.allocate(PIECE_BYTES);
                Piece.Kind kind;
                try {
                    kind = from.read(bytes) < 0 ? Piece.Kind.END : Piece.Kind.BYTES;
                } catch (IOException e) {
                    kind = Piece.Kind.RESET;
                }
                more = queue(kind, bytes.flip()) && kind == Piece.Kind.BYTES;
            }
        }

        /** Waits for room; false when nothing more is wanted. */
        private boolean queue(Piece.Kind kind, ByteBuffer bytes) {
            lock.lock();
            try {
                while (state == State.OPEN && heldBytes >= mostHeldBytes())
                    changed.await(UNTIL_SIGNALLED);
                if (state == State.CLOSING && kind != Piece.Kind.BYTES) end(kind);
                if (state != State.OPEN) return state == State.CLOSING;
                heldBytes += bytes.remaining();
                pieces.add(new Piece(kind, bytes, time.nanos() + delayNanos(kind)));
                changed.all();
                return true;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                reset();
                return false;
            } finally {
                lock.unlock();
            }
        }

        private int mostHeldBytes() {
            return faults.latency().isZero() ? MOST_HELD_BYTES : MOST_HELD_LATE_BYTES;
        }

        private long delayNanos(Piece.Kind kind) {
            return faults.latency().toNanos()
                    + time.random().nextLong(faults.jitter().toNanos() + 1)
                    + (kind == Piece.Kind.END ? faults.slowClose().toNanos() : 0);
        }

        void write() {
            for (var bytes = next(); bytes != null; bytes = next()) {
                int count = bytes.remaining();
                try {
                    while (bytes.hasRemaining()) to.write(bytes);
                } catch (IOException e) {
                    broke();
                    return;
                }
                passed(count);
            }
        }

        /** Waits for bytes that may pass now; none when no more will come. */
        private @Nullable ByteBuffer next() {
            lock.lock();
            try {
                while (state == State.OPEN) {
                    long nanos = untilDueNanos();
                    if (nanos > 0) {
                        changed.await(Duration.ofNanos(nanos));
                        continue;
                    }
                    var piece = pieces.getFirst();
                    if (piece.kind == Piece.Kind.BYTES) return some(piece.bytes);
                    end(piece.kind);
                    return null;
                }
                return null;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                reset();
                return null;
            } finally {
                lock.unlock();
            }
        }

        private long untilDueNanos() {
            if (pieces.isEmpty() || reached()) return UNTIL_SIGNALLED.toNanos();
            long now = time.nanos();
            return Math.max(pieces.getFirst().dueNanos - now, nextNanos - now);
        }

        /** As much of a piece as may pass at once. */
        private ByteBuffer some(ByteBuffer piece) {
            long most = piece.remaining();
            if (faults.bytesPerSecond() > 0)
                most = Math.clamp(faults.bytesPerSecond() / SLICES, 1, most);
            if (faults.end() != Faults.End.NEVER)
                most = Math.min(most, faults.endAfterBytes() - passedBytes);
            var some = piece.slice(piece.position(), (int) most);
            piece.position(piece.position() + (int) most);
            passedBytes += most;
            return some;
        }

        private void passed(int count) {
            lock.lock();
            try {
                heldBytes -= count;
                if (!pieces.getFirst().bytes.hasRemaining()) pieces.removeFirst();
                if (faults.bytesPerSecond() > 0)
                    nextNanos =
                            Math.max(nextNanos, time.nanos())
                                    + count * 1_000_000_000L / faults.bytesPerSecond();
                changed.all();
                endIfReached();
            } finally {
                lock.unlock();
            }
        }

        private void broke() {
            lock.lock();
            try {
                if (state == State.OPEN) reset();
            } finally {
                lock.unlock();
            }
        }

        private void end(Piece.Kind kind) {
            if (kind == Piece.Kind.RESET) {
                reset();
                return;
            }
            ended = true;
            quietly(to::shutdownOutput);
            if (up.ended && down.ended) over();
        }
    }
}
