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
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A log in this process, which it does not outlive.
 *
 * <p>It keeps {@value #MAX_LOG} events at most unless told otherwise, and the metadata of as many streams; more fails with
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

    /** The events that have a tag, in order. */
    private final Map<String, List<StoredEvent>> tagged = new HashMap<>();

    private final Map<String, Appended> appends = new HashMap<>();
    private final Map<String, Snapshot> snapshots = new HashMap<>();
    private final Map<String, Metadata> metadata = new HashMap<>();
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
    public Appended append(List<Append> appends, List<Condition> conditions, Origin origin)
            throws InterruptedException {
        EventStore.checkLimits(appends, conditions);
        lock.lockInterruptibly();
        try {
            requireOpen();
            var before = this.appends.get(origin.appendKey());
            if (before != null) return before;
            for (var append : appends) requireVersion(append);
            for (var condition : conditions) require(condition);
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

    private void require(Condition condition) {
        condition.requireNear(log.size());
        var broken = matching(condition.query(), condition.after(), 1);
        if (!broken.isEmpty()) throw condition.brokenBy(broken.getFirst().position());
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
                            event.typeVersion(),
                            event.data(),
                            event.tags(),
                            now,
                            origin);
            log.add(stored);
            stream.add(stored);
            for (var tag : event.tags())
                tagged.computeIfAbsent(tag, name -> new ArrayList<>()).add(stored);
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
        return read(max, () -> behind(streams.getOrDefault(stream, List.of()), afterVersion));
    }

    @Override
    public List<StoredEvent> streamBackwards(String stream, long beforeVersion, int max) {
        return read(
                max,
                () -> before(streams.getOrDefault(stream, List.of()), beforeVersion).reversed());
    }

    @Override
    public List<StoredEvent> log(long afterPosition, int max) {
        return read(max, () -> behind(log, afterPosition));
    }

    @Override
    public List<StoredEvent> logBackwards(long beforePosition, int max) {
        return read(max, () -> before(log, beforePosition).reversed());
    }

    @Override
    public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
        return read(max, () -> matching(query, afterPosition, max));
    }

    @Override
    public List<StoredEvent> logBackwards(EventQuery query, long beforePosition, int max) {
        return read(max, () -> matchingBefore(query, beforePosition, max));
    }

    @Override
    public long lastOf(String correlation, long afterPosition) {
        lock.lock();
        try {
            requireOpen();
            for (var event : behind(log, afterPosition).reversed())
                if (event.origin().correlation().equals(correlation)) return event.position();
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /** The event of number n, from 1, is at n - 1. */
    private static List<StoredEvent> behind(List<StoredEvent> events, long after) {
        return events.subList(Math.clamp(after, 0, events.size()), events.size());
    }

    private static List<StoredEvent> before(List<StoredEvent> events, long before) {
        return events.subList(0, Math.clamp(before - 1, 0, events.size()));
    }

    /** At least the first so many events that are meant. */
    private List<StoredEvent> matching(EventQuery query, long after, int max) {
        var found = new TreeMap<Long, StoredEvent>();
        for (var one : query.anyOf()) {
            var events = candidates(one);
            int from = firstBehind(events, after);
            meant(one, events.subList(from, events.size()), max, found);
        }
        return List.copyOf(found.values());
    }

    /** At least the last so many events that are meant, the newest first. */
    private List<StoredEvent> matchingBefore(EventQuery query, long before, int max) {
        var found = new TreeMap<Long, StoredEvent>();
        for (var one : query.anyOf()) {
            var events = candidates(one);
            int to = firstBehind(events, before - 1);
            meant(one, events.subList(0, to).reversed(), max, found);
        }
        return List.copyOf(found.descendingMap().values());
    }

    private static void meant(
            EventQuery.Alternative one,
            List<StoredEvent> events,
            int max,
            Map<Long, StoredEvent> found) {
        int count = 0;
        for (var event : events)
            if (one.matches(event.stream(), event.type(), event.tags())) {
                found.put(event.position(), event);
                if (++count == max) return;
            }
    }

    private List<StoredEvent> candidates(EventQuery.Alternative one) {
        return one.tags().isEmpty() ? log : tagged.getOrDefault(one.tags().getFirst(), List.of());
    }

    /** Where the events behind a position begin in a list of rising positions. */
    private static int firstBehind(List<StoredEvent> events, long after) {
        int from = 0;
        int to = events.size();
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (events.get(middle).position() > after) to = middle;
            else from = middle + 1;
        }
        return from;
    }

    private List<StoredEvent> read(int max, Supplier<List<StoredEvent>> events) {
        if (max < 1)
            throw new IllegalArgumentException("a read asks for at least 1 event, not " + max);
        lock.lock();
        try {
            requireOpen();
            return upTo(max, events.get());
        } finally {
            lock.unlock();
        }
    }

    private static List<StoredEvent> upTo(int max, List<StoredEvent> events) {
        int most = Math.min(max, events.size());
        int to = 0;
        for (long bytes = 0; to < most && bytes < MAX_READ_BYTES; to++)
            bytes += events.get(to).sizeBytes();
        return List.copyOf(events.subList(0, to));
    }

    @Override
    public Optional<Snapshot> snapshot(String stream) {
        lock.lock();
        try {
            requireOpen();
            return Optional.ofNullable(snapshots.get(stream));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void keep(Snapshot snapshot) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            requireOpen();
            long version = version(snapshot.stream());
            if (snapshot.version() > version) throw snapshot.ahead(version);
            snapshots.merge(
                    snapshot.stream(), snapshot, (old, one) -> one.replaces(old) ? one : old);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Metadata> metadata(String stream) {
        lock.lock();
        try {
            requireOpen();
            return Optional.ofNullable(metadata.get(stream));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long describe(String stream, long expectedVersion, byte[] data)
            throws InterruptedException {
        EventStore.checkLimits(stream, expectedVersion, data);
        lock.lockInterruptibly();
        try {
            requireOpen();
            var before = metadata.get(stream);
            long version = before == null ? 0 : before.version();
            EventStore.requireDescribed(stream, expectedVersion, version);
            if (before == null && metadata.size() == maxLog)
                throw new Failure.Storage(
                        "the log in memory keeps the metadata of at most "
                                + maxLog
                                + " streams; use a store on disk to keep more",
                        null);
            metadata.put(stream, new Metadata(version + 1, data));
            return version + 1;
        } finally {
            lock.unlock();
        }
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
