package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A log in this process, which it does not outlive.
 *
 * <p>It keeps {@value #MAX_LOG} events at most unless told otherwise; appending more fails with
 * {@link Failure.Storage}. One lock guards everything; it is held for moments only, and never while
 * a thread waits.
 */
public final class MemoryEventStore implements EventStore {

    /** The most events that it keeps, unless told otherwise. */
    public static final int MAX_LOG = 1_000_000;

    private static final Duration LONGEST_WAIT = Duration.ofDays(1);

    private final Time time;
    private final int maxLog;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;

    /** The event at position n is at n - 1. */
    private final List<StoredEvent> log = new ArrayList<>();

    /** The event of version n is at n - 1. */
    private final Map<String, List<StoredEvent>> streams = new HashMap<>();

    private final Map<String, Appended> appends = new HashMap<>();
    private boolean closed;

    public MemoryEventStore(Time time) {
        this(time, MAX_LOG);
    }

    /**
     * @param maxLog the most events that it keeps
     */
    public MemoryEventStore(Time time, int maxLog) {
        this.time = time;
        this.maxLog = maxLog;
        this.changed = new Signal(lock, time);
    }

    @Override
    public Appended append(List<Append> appends, Origin origin) throws InterruptedException {
        EventStore.checkLimits(appends);
        lock.lockInterruptibly();
        try {
            requireOpen();
            var before = this.appends.get(origin.appendKey());
            if (before != null) return before;
            for (var append : appends) requireVersion(append);
            requireRoom(appends.stream().mapToInt(append -> append.events().size()).sum());
            long version = 0;
            for (var append : appends) version = store(append, origin);
            if (!origin.appendKey().isEmpty())
                this.appends.put(origin.appendKey(), new Appended(log.size(), version, true));
            changed.all();
            return new Appended(log.size(), version, false);
        } finally {
            lock.unlock();
        }
    }

    private void requireVersion(Append append) {
        long version = version(append.stream());
        if (append.expectedVersion() != ANY_VERSION && append.expectedVersion() != version)
            throw new Failure.Conflict(
                    "stream "
                            + append.stream()
                            + " is at version "
                            + version
                            + ", expected was "
                            + append.expectedVersion());
    }

    private void requireRoom(int events) {
        if (log.size() + events > maxLog)
            throw new Failure.Storage(
                    "the log in memory keeps at most "
                            + maxLog
                            + " events and has "
                            + log.size()
                            + "; use a store on disk to keep more",
                    null);
    }

    private long store(Append append, Origin origin) {
        var stream = streams.computeIfAbsent(append.stream(), name -> new ArrayList<>());
        var now = time.now().truncatedTo(ChronoUnit.MICROS);
        for (var event : append.events()) {
            var stored =
                    new StoredEvent(
                            log.size() + 1,
                            append.stream(),
                            stream.size() + 1,
                            event.type(),
                            event.data(),
                            now,
                            origin);
            log.add(stored);
            stream.add(stored);
        }
        return stream.size();
    }

    private long version(String stream) {
        return streams.getOrDefault(stream, List.of()).size();
    }

    @Override
    public Optional<Appended> appended(String appendKey) {
        lock.lock();
        try {
            requireOpen();
            return Optional.ofNullable(appends.get(appendKey));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<StoredEvent> stream(String stream, long afterVersion, int max) {
        lock.lock();
        try {
            requireOpen();
            return behind(streams.getOrDefault(stream, List.of()), afterVersion, max);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<StoredEvent> log(long afterPosition, int max) {
        lock.lock();
        try {
            requireOpen();
            return behind(log, afterPosition, max);
        } finally {
            lock.unlock();
        }
    }

    private static List<StoredEvent> behind(List<StoredEvent> events, long after, int max) {
        if (max < 1)
            throw new IllegalArgumentException("a read asks for at least 1 event, not " + max);
        int from = Math.clamp(after, 0, events.size());
        int most = from + Math.min(max, events.size() - from);
        int to = from;
        for (long bytes = 0; to < most && bytes < MAX_READ_BYTES; to++)
            bytes += events.get(to).data().length;
        return List.copyOf(events.subList(from, to));
    }

    @Override
    public long head() {
        lock.lock();
        try {
            requireOpen();
            return log.size();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long awaitBeyond(long position, Duration atMost) throws InterruptedException {
        long begun = time.nanos();
        var bound = atMost.compareTo(LONGEST_WAIT) < 0 ? atMost : LONGEST_WAIT;
        lock.lockInterruptibly();
        try {
            while (true) {
                requireOpen();
                var remaining = bound.minusNanos(time.nanos() - begun);
                if (log.size() > position || !remaining.isPositive()) return log.size();
                changed.await(remaining);
            }
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) throw new Failure.Storage("the log in memory is closed", null);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.all();
        } finally {
            lock.unlock();
        }
    }
}
