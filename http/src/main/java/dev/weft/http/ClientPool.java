package dev.weft.http;

import dev.weft.core.Failure;
import dev.weft.core.InterruptedUnsent;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one address. The warmest is used first, so that the others can idle out.
 *
 * <p>The monitor guards {@code idle} and is not held during I/O. What a call holds, and how long, says
 * {@link Turn}.
 */
final class ClientPool {

    /** Calls of one address that wait for the head of their answer, at one time. */
    static final int MAX_CALLS = 256;

    /**
     * Open at one time to one address: these calls, and answers whose bodies are still coming. Those that last are bounded
     * by whoever reads them.
     */
    static final int MAX_CONNECTIONS = 1024;

    /** The longest wait for either. */
    static final Duration MAX_WAIT = Duration.ofSeconds(10);

    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);
    static final Duration MAX_IDLE = Duration.ofSeconds(30);

    /** The longest time without a byte for who waits for one, if he has no deadline, or its deadline has passed. */
    static final Duration MAX_SILENCE = Duration.ofMinutes(5);

    /** The longest time in which nobody reads on in a body; longer than a server waits for a slow caller to take its own. */
    static final Duration MAX_UNTAKEN = Duration.ofMinutes(2);

    /**
     * A connection used this recently is not looked at for a call that can be repeated; looking costs
     * three system calls.
     */
    private static final long FRESH_NANOS = 1_000_000;

    private final String host;
    private final int port;
    private final Time time;
    private final Consumer<ClientPool> gone;
    private final Semaphore calls = new Semaphore(MAX_CALLS);
    private final Semaphore places = new Semaphore(MAX_CONNECTIONS);
    private final Set<ClientConnection> all = ConcurrentHashMap.newKeySet();
    private final ArrayDeque<ClientConnection> idle = new ArrayDeque<>();
    private final AtomicBoolean sweeping = new AtomicBoolean();
    private volatile boolean closed;

    /**
     * @param gone told when no connection is left and none was used for a while
     */
    ClientPool(String host, int port, Time time, Consumer<ClientPool> gone) {
        this.host = host;
        this.port = port;
        this.time = time;
        this.gone = gone;
    }

    /**
     * One call's right to a connection: one of {@link #MAX_CALLS} until the head of its answer is here,
     * one of {@link #MAX_CONNECTIONS} until the body is read or closed too. So a few hundred downloads that
     * somebody takes slowly keep no other call waiting, and one that nobody reads or closes is given up in time. An answer that lasts gives back both with its head.
     * However often it is said that it ends, it ends once.
     */
    private final class Turn {

        private static final int CALLING = 0;
        private static final int ANSWERED = 1;
        private static final int OVER = 2;

        private final AtomicInteger state = new AtomicInteger(CALLING);

        void answered() {
            if (state.compareAndSet(CALLING, ANSWERED)) calls.release();
        }

        void over() {
            int before = state.getAndSet(OVER);
            if (before == CALLING) calls.release();
            if (before != OVER) places.release();
        }
    }

    Response call(Request request) throws InterruptedException {
        var turn = turn();
        boolean answered = false;
        try {
            var response = attempt(request, turn);
            answered = true;
            if (response.lasting()) turn.over();
            else turn.answered();
            return response;
        } finally {
            if (!answered) turn.over();
        }
    }

    private Turn turn() throws InterruptedException {
        long endNanos = time.nanos() + MAX_WAIT.toNanos();
        acquire(places, "all " + MAX_CONNECTIONS + " connections were in use", endNanos);
        boolean taken = false;
        try {
            acquire(calls, MAX_CALLS + " calls were waiting for answers", endNanos);
            taken = true;
        } finally {
            if (!taken) places.release();
        }
        return new Turn();
    }

    private void acquire(Semaphore of, String why, long endNanos) throws InterruptedException {
        if (of.tryAcquire()) return;
        try {
            if (of.tryAcquire(endNanos - time.nanos(), TimeUnit.NANOSECONDS)) return;
        } catch (InterruptedException e) {
            throw unsent(why, false, e);
        }
        throw Failure.Unreachable.untried(
                address() + ": " + why + " for " + MAX_WAIT.toSeconds() + " s");
    }

    private String address() {
        return "http://" + host + ":" + port;
    }

    private static InterruptedUnsent unsent(String why, boolean connecting, Exception cause) {
        var interrupted = new InterruptedUnsent(why, connecting);
        interrupted.initCause(cause);
        return interrupted;
    }

    private Response attempt(Request request, Turn turn) throws InterruptedException {
        // On an interrupted thread each look at an idle connection would close it.
        if (Thread.interrupted()) throw new InterruptedUnsent("it was not sent yet", false);
        var reused = takeIdle(request);
        if (reused == null) return anew(request, turn);
        try {
            return exchange(reused, request, turn);
        } catch (IOException e) {
            if (!repeatable(reused, request)) throw broken(reused, e);
        }
        return reused.wrote() ? again(request, turn) : anew(request, turn);
    }

    private Response anew(Request request, Turn turn) throws InterruptedException {
        var fresh = connect();
        try {
            return exchange(fresh, request, turn);
        } catch (IOException e) {
            throw broken(fresh, e);
        }
    }

    /** What was written once may have arrived, whatever becomes of the second time. */
    private Response again(Request request, Turn turn) throws InterruptedException {
        try {
            return anew(request, turn);
        } catch (InterruptedUnsent e) {
            var interrupted = new InterruptedException("it was sent before; " + e.getMessage());
            interrupted.initCause(e);
            throw interrupted;
        } catch (Failure.Unreachable e) {
            if (e.sent()) throw e;
            throw new Failure.Unreachable(
                    e.getMessage() + "; it was sent before, on a connection that broke", true, e);
        }
    }

    /**
     * Whether a connection that had gone stale may be the reason, and doing it again is safe. One that the server has closed
     * breaks within a round trip, which takes no longer than connecting may.
     */
    private static boolean repeatable(ClientConnection stale, Request request) {
        if (!stale.wrote()) return request.body().atHand();
        return !stale.read()
                && harmless(request)
                && stale.silentNanos() < CONNECT_TIMEOUT.toNanos();
    }

    /** Whether doing it twice is the same as doing it once, and possible. */
    private static boolean harmless(Request request) {
        return request.method().idempotent() && request.body().atHand();
    }

    private Response exchange(ClientConnection connection, Request request, Turn turn)
            throws IOException, InterruptedException {
        boolean whole = false;
        try {
            var response = sendAndReceive(connection, request, turn);
            whole = true;
            return response;
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            if (!connection.wrote()) throw unsent("it was not sent yet", false, e);
            var interrupted = new InterruptedException(connection.progress());
            interrupted.initCause(e);
            throw interrupted;
        } finally {
            if (!whole) drop(connection);
        }
    }

    /** A server that wants no more of the body has answered before it stopped reading. */
    private Response sendAndReceive(ClientConnection connection, Request request, Turn turn)
            throws IOException {
        try {
            connection.send(request);
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            if (!connection.wrote()) throw e;
            try {
                return connection.receive(
                        request, (answered, reusable) -> done(answered, false, turn));
            } catch (IOException noAnswer) {
                e.addSuppressed(noAnswer);
                throw e;
            }
        }
        return connection.receive(request, (answered, reusable) -> done(answered, reusable, turn));
    }

    private ClientConnection connect() throws InterruptedException {
        try {
            var connection =
                    ClientConnection.open(
                            new InetSocketAddress(host, port), host, CONNECT_TIMEOUT, time);
            all.add(connection);
            if (closed) {
                drop(connection);
                throw unreachable("the transport was closed", false, null);
            }
            sweepLater();
            return connection;
        } catch (IOException e) {
            // The JDK does not say of every way to connect that it was interrupted.
            if (Thread.interrupted()) throw unsent("connecting was interrupted", true, e);
            throw unreachable(String.valueOf(e.getMessage()), false, e);
        }
    }

    private Failure.Unreachable broken(ClientConnection connection, IOException e) {
        return unreachable(e.getMessage() + "; " + connection.progress(), connection.wrote(), e);
    }

    private Failure.Unreachable unreachable(String why, boolean sent, @Nullable Throwable cause) {
        return new Failure.Unreachable(address() + ": " + why, sent, cause);
    }

    /** An answer's body was read to its end, or it was closed. */
    private void done(ClientConnection connection, boolean reusable, Turn turn) {
        if (!reusable || closed) drop(connection);
        else {
            connection.rests();
            synchronized (this) {
                idle.addLast(connection);
            }
            if (closed) close();
        }
        turn.over();
    }

    private @Nullable ClientConnection takeIdle(Request request) {
        boolean trusting = harmless(request);
        while (true) {
            ClientConnection connection;
            synchronized (this) {
                connection = idle.pollLast();
            }
            if (connection == null) return null;
            long age = connection.silentNanos();
            if ((trusting && age < FRESH_NANOS) || (age < MAX_IDLE.toNanos() && connection.alive()))
                return connection;
            drop(connection);
        }
    }

    private void drop(ClientConnection connection) {
        all.remove(connection);
        connection.close();
    }

    private void sweepLater() {
        if (sweeping.compareAndSet(false, true)) time.schedule(MAX_IDLE, this::sweep);
    }

    private void sweep() {
        synchronized (this) {
            while (!idle.isEmpty() && idle.peekFirst().silentNanos() >= MAX_IDLE.toNanos())
                drop(idle.pollFirst());
        }
        for (var connection : all) if (connection.left()) connection.giveUp();
        sweeping.set(false);
        if (!all.isEmpty()) sweepLater();
        else gone.accept(this);
    }

    void read(Meter.Observer connections) {
        int resting;
        synchronized (this) {
            resting = idle.size();
        }
        var to = Integer.toString(port);
        int busy = Math.max(0, all.size() - resting);
        connections.value(busy, "active", host, to, HttpMetrics.HTTP);
        connections.value(resting, "idle", host, to, HttpMetrics.HTTP);
    }

    int connections() {
        return all.size();
    }

    void close() {
        closed = true;
        synchronized (this) {
            idle.clear();
        }
        all.forEach(this::drop);
    }
}
