package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The log of a storage.
 *
 * <p>Who waits for its end is woken by each commit of this process at once, and looks every {@link
 * #LOOK} for those of others; one look serves all who wait. The lock guards what is known of the end
 * and who waits; it is never held during I/O.
 */
final class JdbcEventStore implements EventStore {

    private static final Duration LOOK = Duration.ofMillis(50);

    private final JdbcStorage storage;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<java.util.concurrent.locks.Condition> waiting = new HashSet<>();
    private long known;
    private long lookedNanos;
    private boolean closed;

    JdbcEventStore(JdbcStorage storage, Time time, long head) {
        this.storage = storage;
        this.time = time;
        this.known = head;
        this.lookedNanos = time.nanos();
    }

    @Override
    public Appended append(List<Append> appends, List<Condition> conditions, Origin origin)
            throws InterruptedException {
        var intent = new Intent(appends, conditions, origin);
        intent.checkLimits();
        return storage.writer().append(intent);
    }

    @Override
    public Optional<Appended> appended(String appendKey) {
        return storage.read(session -> Log.appended(session, appendKey));
    }

    @Override
    public List<StoredEvent> stream(String stream, long afterVersion, int max) {
        requireOne(max);
        if (!EventStore.isName(stream)) return List.of();
        return storage.read(session -> Log.stream(session, stream, afterVersion, max));
    }

    @Override
    public List<StoredEvent> streamBackwards(String stream, long beforeVersion, int max) {
        requireOne(max);
        if (!EventStore.isName(stream)) return List.of();
        return storage.read(session -> Log.streamBackwards(session, stream, beforeVersion, max));
    }

    @Override
    public List<StoredEvent> log(long afterPosition, int max) {
        requireOne(max);
        return storage.read(session -> Log.log(session, afterPosition, max));
    }

    @Override
    public List<StoredEvent> logBackwards(long beforePosition, int max) {
        requireOne(max);
        return storage.read(session -> Log.logBackwards(session, beforePosition, max));
    }

    @Override
    public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
        requireOne(max);
        return storage.read(session -> Log.query(session, query, false, afterPosition, max));
    }

    @Override
    public List<StoredEvent> logBackwards(EventQuery query, long beforePosition, int max) {
        requireOne(max);
        return storage.read(session -> Log.query(session, query, true, beforePosition, max));
    }

    @Override
    public long lastOf(String correlation, long afterPosition) {
        return storage.read(session -> Log.lastOf(session, correlation, afterPosition));
    }

    @Override
    public Optional<Snapshot> snapshot(String stream) {
        if (!EventStore.isName(stream)) return Optional.empty();
        return storage.read(session -> Log.snapshot(session, stream));
    }

    @Override
    public void keep(Snapshot snapshot) throws InterruptedException {
        storage.writer()
                .transaction(
                        snapshot.data().length,
                        transaction -> {
                            Kept.keep(transaction.sql(), snapshot);
                            return snapshot;
                        });
    }

    @Override
    public Optional<Metadata> metadata(String stream) {
        if (!EventStore.isName(stream)) return Optional.empty();
        return storage.read(session -> Log.metadata(session, stream));
    }

    @Override
    public long describe(String stream, long expectedVersion, byte[] data)
            throws InterruptedException {
        EventStore.checkLimits(stream, expectedVersion, data);
        return storage.database().write(sql -> Kept.describe(sql, stream, expectedVersion, data));
    }

    private static void requireOne(int max) {
        if (max < 1)
            throw new IllegalArgumentException("a read asks for at least 1 event, not " + max);
    }

    @Override
    public long head() {
        return storage.head();
    }

    @Override
    public long awaitBeyond(long position, Duration atMost) throws InterruptedException {
        long begun = time.nanos();
        look();
        while (true) {
            var remaining = atMost.minusNanos(time.nanos() - begun);
            boolean due;
            lock.lockInterruptibly();
            try {
                if (closed) throw storage.closed();
                if (known > position || !remaining.isPositive()) return known;
                await(remaining.compareTo(LOOK) < 0 ? remaining : LOOK);
                due = known <= position && time.nanos() - lookedNanos >= LOOK.toNanos();
            } finally {
                lock.unlock();
            }
            if (due) look();
        }
    }

    /** Each waits on a condition of its own, so that its timer wakes nobody else. */
    @SuppressWarnings("WaitNotInLoop") // The caller loops.
    private void await(Duration atMost) throws InterruptedException {
        var wake = lock.newCondition();
        waiting.add(wake);
        var timer = time.schedule(atMost, () -> wake(wake));
        try {
            wake.await();
        } finally {
            timer.cancel();
            waiting.remove(wake);
        }
    }

    private void wake(java.util.concurrent.locks.Condition one) {
        lock.lock();
        try {
            one.signal();
        } finally {
            lock.unlock();
        }
    }

    private void look() throws InterruptedException {
        if (Thread.interrupted()) throw new InterruptedException();
        try {
            long head = head();
            lock.lock();
            try {
                lookedNanos = time.nanos();
                known = Math.max(known, head);
            } finally {
                lock.unlock();
            }
        } catch (Failure.Storage e) {
            if (Thread.interrupted()) throw new InterruptedException();
            throw e;
        }
    }

    /** The log's end after a commit of this process. */
    void committed(long head) {
        lock.lock();
        try {
            if (head <= known) return;
            known = head;
            waiting.forEach(java.util.concurrent.locks.Condition::signal);
        } finally {
            lock.unlock();
        }
    }

    /** Lets those who wait fail. */
    void stop() {
        lock.lock();
        try {
            closed = true;
            waiting.forEach(java.util.concurrent.locks.Condition::signal);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        storage.close();
    }
}
