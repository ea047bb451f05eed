package dev.weft.jdbc;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.events.EventMetrics;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.Transaction;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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
 * ({@link Dialect#isConnections}), and with the same one if not, such as on a full disk.
 *
 * <p>It is a platform thread, because a virtual one would hold on to its carrier for every sync.
 * The lock guards queue and flags and is never held during I/O.
 */
final class Writer implements AutoCloseable {

    static final int MAX_QUEUE = 1_024;
    static final int MAX_BATCH = 256;
    static final long MAX_BATCH_BYTES = 8 << 20;

    private final Dialect dialect;
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
    Writer(Dialect dialect, Sessions sessions, Time time, LongConsumer committed) {
        this.dialect = dialect;
        this.sessions = sessions;
        this.time = time;
        this.committed = committed;
        this.thread = time.startNative("weft-storage-writer", this::write);
    }

    void measure(Meter meter) {
        duration = meter.histogram(EventMetrics.COMMIT_DURATION);
        units = meter.histogram(EventMetrics.COMMIT_UNITS);
    }

    /** Appends, within the limits; blocks until it is on disk. */
    Appended append(Intent intent) throws InterruptedException {
        return submit(new Append(intent));
    }

    /** Runs a transaction; blocks until it is on disk. */
    <T> T transaction(Function<Transaction, T> work) throws InterruptedException {
        return transaction(0, work);
    }

    /** Runs a transaction that writes about so many bytes; blocks until it is on disk. */
    <T> T transaction(long bytes, Function<Transaction, T> work) throws InterruptedException {
        return submit(new Work<>(bytes, work, Context.current()));
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
            if (closed) throw Errors.closed(dialect);
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
                    var outcome = unit.outcome();
                    unit.behind.forEach(Runnable::run);
                    return outcome;
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
            fail(batch, Errors.database(dialect, e));
        } catch (RuntimeException | Error e) {
            fail(batch, new Failure.Storage(dialect.name() + " failed: " + e.getMessage(), e));
        }
    }

    private static void fail(List<Unit<?>> units, Failure.Storage failure) {
        for (var unit : units) unit.failure = failure;
    }

    private long commit(Session session, List<Unit<?>> units) throws SQLException {
        try {
            var batch = new Batch(session, dialect.begin(session, time));
            session.changes(true);
            lookUp(batch, units);
            for (var unit : units) unit.run(batch);
            batch.flush();
            session.commit();
            return batch.head();
        } catch (SQLException | RuntimeException | Error e) {
            rollback(session, e);
            throw e;
        }
    }

    private static void lookUp(Batch batch, List<Unit<?>> units) throws SQLException {
        var intents = new ArrayList<Intent>();
        for (var unit : units) if (unit instanceof Append append) intents.add(append.intent);
        batch.lookUp(intents);
    }

    private static void rollback(Session session, Throwable failure) {
        try {
            session.execute("ROLLBACK");
        } catch (SQLException e) {
            // On some errors a database has rolled back by itself, and says so here.
            failure.addSuppressed(e);
        }
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
        fail(left, Errors.closed(dialect));
        for (var unit : left) unit.done.countDown();
    }

    /** Something to write and its outcome, which is whole once {@code done}. */
    private abstract static sealed class Unit<T> {
        final long bytes;
        final CountDownLatch done = new CountDownLatch(1);

        /** What its submitter does when it is committed. */
        List<Runnable> behind = List.of();

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

    private long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time.now());
    }

    private final class Append extends Unit<Appended> {
        private final Intent intent;

        Append(Intent intent) {
            super(intent.bytes());
            this.intent = intent;
        }

        @Override
        void run(Batch batch) {
            try {
                result = batch.append(intent, nowMicros());
            } catch (Failure | IllegalArgumentException e) {
                failure = e;
            }
        }
    }

    private final class Work<T> extends Unit<T> {
        private final Function<Transaction, T> work;
        private final Context context;

        Work(long bytes, Function<Transaction, T> work, Context context) {
            super(bytes);
            this.work = work;
            this.context = context;
        }

        @Override
        void run(Batch batch) throws SQLException {
            batch.flush();
            var session = batch.session();
            session.execute("SAVEPOINT weft_unit");
            batch.mark();
            var transaction = new SessionTransaction(batch, Writer.this::nowMicros);
            try {
                context.run(() -> result = work.apply(transaction));
                transaction.finish();
                if (transaction.broken()) failure = transaction.broke();
                behind = transaction.behind();
            } catch (RuntimeException | Error e) {
                failure = e;
            } finally {
                transaction.end();
            }
            transaction.throwFailure();
            if (failure != null) {
                session.execute("ROLLBACK TO SAVEPOINT weft_unit");
                batch.backToMark();
            }
            session.execute("RELEASE SAVEPOINT weft_unit");
        }
    }
}
