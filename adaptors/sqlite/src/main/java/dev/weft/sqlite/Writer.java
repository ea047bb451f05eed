package dev.weft.sqlite;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.events.EventMetrics;
import dev.weft.events.Sql;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that writes.
 *
 * <p>Syncing the disk costs far more than any unit of work. So the thread takes all that waits, up
 * to {@value #MAX_BATCH} units or {@value #MAX_BATCH_BYTES} bytes, into one transaction with one
 * sync; what comes meanwhile waits for the next. The busier the store, the more units share a sync;
 * an idle one makes nobody wait. At most {@value #MAX_QUEUE} units wait, further callers block.
 *
 * <p>A unit fails alone. An append checks everything before it writes anything; a transaction runs
 * in a savepoint. If the transaction of the batch fails, it is rolled back, and all of its units
 * fail. The next batch begins with a new connection if the error was the connection's or the file's
 * ({@link Errors#isConnections}), and with the same one if not, such as on a full disk.
 *
 * <p>It is a platform thread, because a virtual one would hold on to its carrier for every sync.
 * The lock guards queue and flags and is never held during I/O.
 */
final class Writer implements AutoCloseable {

    static final int MAX_QUEUE = 1_024;
    static final int MAX_BATCH = 256;
    static final long MAX_BATCH_BYTES = 8 << 20;

    private static final long LOCK_POLL_NANOS = 1_000_000;

    /** The batch that a unit runs in: the session, and the log's end so far. */
    static final class Batch {
        final Session session;
        long head;

        Batch(Session session, long head) {
            this.session = session;
            this.head = head;
        }
    }

    /** Checks, throwing a {@link Failure} before anything is written, then writes. */
    @FunctionalInterface
    interface Appending<T> {
        T append(Batch batch) throws SQLException;
    }

    private final String database;
    private final Sessions sessions;
    private final Time time;
    private final LongConsumer committed;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final ArrayDeque<Unit<?>> queue = new ArrayDeque<>();
    private final Thread thread;
    private boolean closed;
    private volatile Meter.Histogram duration = Meter.NONE.histogram(EventMetrics.COMMIT_DURATION);
    private volatile Meter.Histogram units = Meter.NONE.histogram(EventMetrics.COMMIT_UNITS);

    /**
     * @param committed told the log's end after each commit, before its callers go on
     */
    Writer(String database, Sessions sessions, Time time, LongConsumer committed) {
        this.database = database;
        this.sessions = sessions;
        this.time = time;
        this.committed = committed;
        this.thread = time.startNative("weft-sqlite-writer", this::write);
    }

    void measure(Meter meter) {
        duration = meter.histogram(EventMetrics.COMMIT_DURATION);
        units = meter.histogram(EventMetrics.COMMIT_UNITS);
    }

    /** Appends; blocks until it is on disk. */
    <T> T append(long bytes, Appending<T> appending) throws InterruptedException {
        return submit(new Append<>(bytes, appending));
    }

    /** Runs a transaction; blocks until it is on disk. */
    <T> T transaction(Function<Sql, T> work) throws InterruptedException {
        return submit(new Transaction<>(work, Context.current()));
    }

    /** Refuses to be waited for by itself. */
    void requireOtherThread() {
        if (Thread.currentThread().equals(thread))
            throw new IllegalStateException(
                    "a transaction's work may use the Sql that it is given and nothing else of the"
                            + " storage");
    }

    private <T> T submit(Unit<T> unit) throws InterruptedException {
        requireOtherThread();
        lock.lockInterruptibly();
        try {
            while (!closed && queue.size() >= MAX_QUEUE) room.await();
            if (closed) throw closed();
            queue.add(unit);
            work.signal();
        } finally {
            lock.unlock();
        }
        return outcome(unit);
    }

    /** A unit that is in a batch already is waited for, as its outcome is being decided. */
    private <T> T outcome(Unit<T> unit) throws InterruptedException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    unit.done.await();
                    return unit.outcome();
                } catch (InterruptedException e) {
                    if (takenBack(unit)) throw e;
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) Thread.currentThread().interrupt();
        }
    }

    private boolean takenBack(Unit<?> unit) {
        lock.lock();
        try {
            boolean removed = queue.remove(unit);
            if (removed) room.signal();
            return removed;
        } finally {
            lock.unlock();
        }
    }

    private void write() {
        for (var batch = take(); !batch.isEmpty(); batch = take()) {
            run(batch);
            for (var unit : batch) unit.done.countDown();
        }
    }

    /** Waits for units; none come any more once it is closed and the queue is empty. */
    private List<Unit<?>> take() {
        var batch = new ArrayList<Unit<?>>();
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) work.awaitUninterruptibly();
            long bytes = 0;
            while (!queue.isEmpty() && batch.size() < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
                var unit = queue.remove();
                bytes += unit.bytes;
                batch.add(unit);
            }
            room.signalAll();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** Runs the units as one transaction; afterwards each has its outcome. */
    private void run(List<Unit<?>> batch) {
        long began = time.nanos();
        try {
            long head = sessions.use(session -> commit(session, batch));
            duration.record((time.nanos() - began) / 1e9);
            units.record(batch.size());
            committed.accept(head);
        } catch (SQLException e) {
            fail(batch, Errors.database(database, e));
        } catch (RuntimeException | Error e) {
            fail(batch, new Failure.Storage(database + " failed: " + e.getMessage(), e));
        }
    }

    private static void fail(List<Unit<?>> units, Failure.Storage failure) {
        for (var unit : units) unit.failure = failure;
    }

    private long commit(Session session, List<Unit<?>> units) throws SQLException {
        begin(session);
        try {
            var batch = new Batch(session, Log.head(session));
            for (var unit : units) unit.run(batch);
            session.commit();
            return batch.head;
        } catch (SQLException | RuntimeException | Error e) {
            rollback(session, e);
            throw e;
        }
    }

    /** Takes the write lock, which another process may have for a while. */
    private void begin(Session session) throws SQLException {
        long begun = time.nanos();
        while (true) {
            try {
                session.execute("BEGIN IMMEDIATE");
                return;
            } catch (SQLException e) {
                if (!Errors.isBusy(e) || time.nanos() - begun > Session.BUSY.toNanos()) throw e;
            }
            pause();
        }
    }

    /** Not in step with other processes, who wait the same way. */
    private void pause() {
        try {
            time.sleep(Duration.ofNanos(time.random().nextLong(LOCK_POLL_NANOS)));
        } catch (InterruptedException e) {
            // Nobody but a stray interrupts this thread, and what was taken has to be done.
            return;
        }
    }

    private static void rollback(Session session, Throwable failure) {
        try {
            session.execute("ROLLBACK");
        } catch (SQLException e) {
            // On some errors SQLite has rolled back by itself, and says so here.
            failure.addSuppressed(e);
        }
    }

    private Failure.Storage closed() {
        return new Failure.Storage(database + " is closed", null);
    }

    /** Finishes what waits, within {@link Sessions#PATIENCE}. */
    @Override
    public void close() {
        requireOtherThread();
        lock.lock();
        try {
            closed = true;
            work.signal();
            room.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            if (!thread.join(Sessions.PATIENCE)) abandon();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            abandon();
        }
    }

    /** Lets those who still wait fail; the batch under way ends by itself. */
    private void abandon() {
        var left = new ArrayList<Unit<?>>();
        lock.lock();
        try {
            left.addAll(queue);
            queue.clear();
        } finally {
            lock.unlock();
        }
        fail(left, closed());
        for (var unit : left) unit.done.countDown();
    }

    /** Something to write and its outcome, which is whole once {@code done}. */
    private abstract static sealed class Unit<T> {
        final long bytes;
        final CountDownLatch done = new CountDownLatch(1);
        @Nullable T result;
        @Nullable Throwable failure;

        Unit(long bytes) {
            this.bytes = bytes;
        }

        /** Leaves a result, or a failure that is its own; throws what fails the whole batch. */
        abstract void run(Batch batch) throws SQLException;

        @SuppressWarnings("NullAway") // A transaction's result is what its work returned.
        T outcome() {
            if (failure instanceof RuntimeException e) throw e;
            if (failure instanceof Error e) throw e;
            return result;
        }
    }

    private static final class Append<T> extends Unit<T> {
        private final Appending<T> appending;

        Append(long bytes, Appending<T> appending) {
            super(bytes);
            this.appending = appending;
        }

        @Override
        void run(Batch batch) throws SQLException {
            try {
                result = appending.append(batch);
            } catch (Failure e) {
                failure = e;
            }
        }
    }

    private final class Transaction<T> extends Unit<T> {
        private final Function<Sql, T> work;
        private final Context context;

        Transaction(Function<Sql, T> work, Context context) {
            super(0);
            this.work = work;
            this.context = context;
        }

        @Override
        void run(Batch batch) throws SQLException {
            batch.session.execute("SAVEPOINT weft_unit");
            var sql = new SessionSql(database, batch.session);
            try {
                context.run(() -> result = work.apply(sql));
            } catch (RuntimeException | Error e) {
                failure = e;
                batch.session.execute("ROLLBACK TO weft_unit");
            } finally {
                sql.end();
            }
            batch.session.execute("RELEASE weft_unit");
        }
    }
}
