package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.events.EventStore;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
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
    private final Set<Condition> waiting = new HashSet<>();
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
    public Appended append(List<Append> appends, Origin origin) throws InterruptedException {
        var all = List.copyOf(appends);
        EventStore.checkLimits(all);
        return storage.writer().append(all, origin);
    }

    @Override
    public Optional<Appended> appended(String appendKey) {
        return storage.read(session -> Log.appended(session, appendKey));
    }

    @Override
    public List<StoredEvent> stream(String stream, long afterVersion, int max) {
        requireOne(max);
        return storage.read(session -> Log.stream(session, stream, afterVersion, max));
    }

    @Override
    public List<StoredEvent> log(long afterPosition, int max) {
        requireOne(max);
        return storage.read(session -> Log.log(session, afterPosition, max));
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

    private void wake(Condition one) {
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
            waiting.forEach(Condition::signal);
        } finally {
            lock.unlock();
        }
    }

    /** Lets those who wait fail. */
    void stop() {
        lock.lock();
        try {
            closed = true;
            waiting.forEach(Condition::signal);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        storage.close();
    }
}
