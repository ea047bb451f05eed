package dev.weft.jdbc;

import dev.weft.core.Failure;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A bounded number of sessions, opened when needed and kept. Who finds all in use waits {@link
 * #PATIENCE}, then fails.
 */
final class Sessions implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Opens one more. */
    @FunctionalInterface
    interface Opening {
        Session open() throws SQLException;
    }

    /** What is done with a session. */
    @FunctionalInterface
    interface Use<T> {
        T with(Session session) throws SQLException;
    }

    private final Dialect dialect;
    private final int max;
    private final boolean replaceable;
    private final Opening opening;
    private final Semaphore free;
    private final ConcurrentLinkedDeque<Session> idle = new ConcurrentLinkedDeque<>();
    private final ConcurrentLinkedDeque<Session> inUse = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    /**
     * @param replaceable whether a session that failed is closed and a new one opened; false where
     *     the database would go with it
     */
    Sessions(Dialect dialect, int max, boolean replaceable, Opening opening) {
        this.dialect = dialect;
        this.max = max;
        this.replaceable = replaceable;
        this.opening = opening;
        this.free = new Semaphore(max, true);
    }

    /**
     * Uses a session; a failure that may be the connection's own costs the session. One that was kept may have lost its
     * server meanwhile: if nothing has been changed on it yet, the same is done on another one, in the end a new one. So it
     * is, once, if its statements are outdated. Not if its thread was interrupted, which ends what any session does, nor if
     * the server kept silent, which another session would wait for as long.
     */
    <T> T use(Use<T> use) throws SQLException {
        acquire();
        try {
            for (boolean outdated = false; ; ) {
                if (closed) throw Errors.closed(dialect);
                var kept = idle.pollFirst();
                var session = kept == null ? opening.open() : kept;
                session.changes(false);
                inUse.add(session);
                boolean keep = true;
                try {
                    return use.with(session);
                } catch (SQLException e) {
                    session.forgetStatements(e);
                    keep = !replaceable || !dialect.isConnections(e);
                    boolean prepareAnew = keep && !outdated && dialect.isOutdated(e);
                    if ((keep && !prepareAnew) || kept == null || session.changes()) throw e;
                    if (Thread.currentThread().isInterrupted() || isSilence(e)) throw e;
                    outdated |= prepareAnew;
                } finally {
                    inUse.remove(session);
                    if (keep && !closed) idle.addFirst(session);
                    else discard(session);
                }
            }
        } finally {
            free.release();
        }
    }

    private static boolean isSilence(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause())
            if (e instanceof SocketTimeoutException) return true;
        return false;
    }

    private void acquire() {
        if (closed) throw Errors.closed(dialect);
        try {
            if (free.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure.Storage(
                    "interrupted while waiting to use " + dialect.name(), true, e);
        }
        throw new Failure.Storage(
                "all "
                        + max
                        + " connections to "
                        + dialect.name()
                        + " were in use for "
                        + PATIENCE.toSeconds()
                        + " s; make the queries shorter",
                true,
                null);
    }

    private void discard(Session session) {
        try {
            session.close();
        } catch (SQLException e) {
            // It failed before, and that is being reported.
            return;
        }
    }

    /** Waits for what is under way, at most {@link #PATIENCE}, then interrupts it. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = Thread.interrupted();
        boolean all = false;
        try {
            all = free.tryAcquire(max, PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            if (!all) {
                inUse.forEach(Session::interrupt);
                all = free.tryAcquire(max, PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            interrupted = true;
            inUse.forEach(Session::interrupt);
        }
        drain().forEach(this::discard);
        if (all) free.release(max);
        if (interrupted) Thread.currentThread().interrupt();
    }

    private List<Session> drain() {
        var drained = new ArrayList<Session>();
        for (var session = idle.pollFirst(); session != null; session = idle.pollFirst())
            drained.add(session);
        return drained;
    }
}
