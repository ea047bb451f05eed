package dev.weft.hub;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Database;
import dev.weft.events.PublicationRules;
import dev.weft.events.SubscriptionLedger;
import dev.weft.events.SubscriptionLedger.Logged;
import dev.weft.events.SubscriptionLedger.Reading;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The embedded bus: one log in a database, and the ledgers of its subscriptions.
 *
 * <p>It keeps every event, for subscriptions to come. A publication and an acknowledgement are on
 * disk when they return. Behind a restart each
 * subscription goes on where its last acknowledgement left it: what is not acknowledged is handed
 * out again. Consumers go by an id that they choose; one that is not known joins by polling, so a
 * consumer does not notice that the bus was started again, but for the repetitions. Who is not sure
 * of having got what was handed over joins again and is handed all of it anew.
 *
 * <p>The lock guards everything in memory and is never held while the database works; a write takes
 * it for a moment to see the newest books.
 */
public final class BusLog implements Bus {

    /** The most subscriptions. */
    public static final int MAX_SUBSCRIPTIONS = 10_000;

    /** The most types of one subscription. */
    public static final int MAX_TYPES = 200;

    /** About how much data of one subscription is read and not acknowledged. */
    static final long MAX_HELD_BYTES = 8 << 20;

    /** About how much data one reading brings. */
    static final long MAX_READ_BYTES = 1 << 20;

    /** How long a consumer may be silent whose connection broke. */
    static final Duration SUSPECT = Duration.ofSeconds(2);

    /** How often one that waits for its turn looks whether it is. */
    private static final Duration STANDBY = Duration.ofSeconds(1);

    private static final int MAX_REMEMBERED = 256;
    private static final int MAX_NAME = 200;

    /** What is told of a subscription. */
    public record Progress(
            String name,
            Set<String> types,
            int consumers,
            Optional<String> leader,
            long through,
            int outstanding,
            long pending) {
        public Progress {
            types = Set.copyOf(types);
        }
    }

    private static final class Subscription {
        final SubscriptionLedger ledger;
        final Signal changed;

        /** The types that are on disk. */
        Set<String> saved = Set.of();

        /** The number of each consumer's newest poll or join; an older one that still waits ends. */
        final Map<String, Long> newest =
                new LinkedHashMap<>() {
                    private static final long serialVersionUID = 1;

                    @Override
                    protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                        return size() > MAX_REMEMBERED;
                    }
                };

        Subscription(SubscriptionLedger ledger, Signal changed) {
            this.ledger = ledger;
            this.changed = changed;
        }
    }

    private final BusTables tables;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Subscription> subscriptions = new TreeMap<>();
    private final Map<String, Long> published;
    private final RecentEvents recent = new RecentEvents();
    private long end;
    private long numbers;
    private volatile boolean closed;

    /** Opens the bus that is in the database, and makes it if there is none. */
    public BusLog(Database database, Time time) throws InterruptedException {
        this.tables = new BusTables(database);
        this.time = time;
        this.end = tables.end();
        this.published = new HashMap<>(tables.published());
        for (var kept : tables.subscriptions()) {
            var subscription =
                    new Subscription(
                            new SubscriptionLedger(kept.types(), kept.state(), time.nanos()),
                            new Signal(lock, time));
            subscription.saved = kept.types();
            subscriptions.put(kept.name(), subscription);
        }
    }

    @Override
    public void publish(String source, long through, List<BusEvent> events)
            throws InterruptedException {
        PublicationRules.check(source, through, events);
        if (source.isEmpty() || source.length() > MAX_NAME)
            throw new IllegalArgumentException(
                    "a source's name has 1 to " + MAX_NAME + " characters, not " + source.length());
        requireOpen();
        var done = tables.publish(source, through, events);
        lock.lock();
        try {
            recent.add(done.added());
            if (!done.added().isEmpty()) end = Math.max(end, done.added().getLast().sequence());
            published.merge(source, done.through(), Math::max);
            subscriptions.values().forEach(subscription -> subscription.changed.all());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long published(String source) {
        lock.lock();
        try {
            return published.getOrDefault(source, 0L);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Consumer subscribe(String name, Set<String> types) {
        var id = "local-" + Long.toString(time.random().nextLong() >>> 1, 36);
        try {
            join(name, id, types);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure.Unreachable("interrupted while subscribing to " + name, true, e);
        }
        return new Local(name, id);
    }

    /** Lets a consumer join, or join anew; the first one makes the subscription, durably. */
    void join(String name, String consumer, Set<String> types) throws InterruptedException {
        check(name, types);
        boolean save;
        lock.lock();
        try {
            requireOpen();
            var subscription = subscriptions.get(name);
            if (subscription == null) subscription = make(name, types);
            subscription.newest.put(consumer, ++numbers);
            subscription.ledger.join(consumer, types, time.nanos());
            save = isUnsaved(subscription);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        if (save) save(name);
    }

    private Subscription make(String name, Set<String> types) {
        if (subscriptions.size() >= MAX_SUBSCRIPTIONS)
            throw new Failure.Refused(
                    Refusal.notBegun(
                            "hub",
                            Refusal.Reason.LIMIT,
                            "there are "
                                    + MAX_SUBSCRIPTIONS
                                    + " subscriptions; delete those that nobody needs"));
        var ledger = new SubscriptionLedger(types, SubscriptionLedger.State.NEW, time.nanos());
        var subscription = new Subscription(ledger, new Signal(lock, time));
        subscriptions.put(name, subscription);
        return subscription;
    }

    private static void check(String name, Set<String> types) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*") || name.length() > MAX_NAME)
            throw new IllegalArgumentException(
                    "a subscription is named with up to "
                            + MAX_NAME
                            + " letters, digits, \".\", \"_\" and"
                            + " \"-\", not \""
                            + name
                            + "\"");
        if (types.isEmpty() || types.size() > MAX_TYPES)
            throw new IllegalArgumentException(
                    name + " takes 1 to " + MAX_TYPES + " types of events, not " + types.size());
        for (var type : types)
            if (type.isEmpty() || type.length() > MAX_NAME || type.indexOf(',') >= 0)
                throw new IllegalArgumentException(
                        "\"" + type + "\" of " + name + " is no name of an event type");
    }

    /** Waits for what is next, at most so long; of two polls of one consumer the first one ends. */
    Batch poll(String name, String consumer, Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            var subscription = require(name);
            long number = ++numbers;
            subscription.newest.put(consumer, number);
            try {
                return poll(name, subscription, consumer, number, atMost);
            } catch (InterruptedException e) {
                if (isNewest(subscription, consumer, number)) suspect(subscription, consumer);
                throw e;
            }
        } finally {
            lock.unlock();
        }
    }

    private Batch poll(
            String name, Subscription subscription, String consumer, long number, Duration atMost)
            throws InterruptedException {
        var ledger = subscription.ledger;
        long endNanos = time.nanos() + atMost.toNanos();
        while (!closed && isNewest(subscription, consumer, number)) {
            ledger.heard(consumer, time.nanos());
            if (isUnsaved(subscription)) {
                saveUnlocked(name);
                continue;
            }
            if (fill(subscription, consumer)) continue;
            var batch = ledger.take(consumer);
            if (batch.isPresent()) return batch.get();
            long leftNanos = endNanos - time.nanos();
            if (leftNanos <= 0) break;
            long longestNanos = ledger.leads(consumer) ? SILENCE.toNanos() / 2 : STANDBY.toNanos();
            subscription.changed.await(Duration.ofNanos(Math.min(leftNanos, longestNanos)));
        }
        requireOpen();
        return new Batch(List.of(), ledger.applied());
    }

    private static boolean isUnsaved(Subscription subscription) {
        return !subscription.saved.equals(subscription.ledger.types());
    }

    /** The lock is held, but for the time of the writing. */
    private void saveUnlocked(String name) throws InterruptedException {
        lock.unlock();
        try {
            save(name);
        } finally {
            lock.lock();
        }
    }

    private static boolean isNewest(Subscription subscription, String consumer, long number) {
        return Optional.of(number).equals(Optional.ofNullable(subscription.newest.get(consumer)));
    }

    /** The caller went away: it is given a shorter time to come back than one that is silent. */
    private void suspect(Subscription subscription, String consumer) {
        subscription.ledger.heard(consumer, time.nanos() - SILENCE.toNanos() + SUSPECT.toNanos());
    }

    /**
     * Reads on for the consumer if it has all that was read. Tells whether everything has to be
     * looked at again: the lock was released meanwhile, or nothing of it is for this consumer.
     */
    private boolean fill(Subscription subscription, String consumer) throws InterruptedException {
        var ledger = subscription.ledger;
        if (!ledger.wants(consumer) || heldBytes(ledger) >= MAX_HELD_BYTES) return false;
        long after = ledger.through();
        long last = end;
        if (after >= last) {
            ledger.add(new Reading(after, after, List.of(), published));
            return false;
        }
        int room = ledger.room();
        var types = ledger.types();
        if (recent.covers(after, last)) {
            ledger.add(reading(after, last, last, room, recent.read(after, room, types)));
            return ledger.wants(consumer);
        }
        long windowEnd = Math.min(last, after + BusTables.WINDOW);
        // Taken now: what is published from here on may lie behind the end that is read.
        var upTo = windowEnd == last ? Map.copyOf(published) : Map.<String, Long>of();
        List<Logged> found;
        lock.unlock();
        try {
            found = tables.read(after + 1, windowEnd, room, MAX_READ_BYTES, types);
        } finally {
            lock.lock();
        }
        if (Thread.interrupted()) throw new InterruptedException();
        ledger.add(cut(after, windowEnd, found, room, upTo));
        return true;
    }

    private Reading reading(long after, long windowEnd, long last, int room, List<Logged> found) {
        return cut(after, windowEnd, found, room, windowEnd == last ? published : Map.of());
    }

    /** What was found, but no more data than a reading may bring. */
    private static Reading cut(
            long after, long windowEnd, List<Logged> found, int room, Map<String, Long> upTo) {
        long bytes = 0;
        int count = 0;
        while (count < found.size() && bytes < MAX_READ_BYTES)
            bytes += found.get(count++).event().data().length;
        boolean all = count == found.size() && count < room && bytes < MAX_READ_BYTES;
        long through = all ? windowEnd : found.get(count - 1).sequence();
        return new Reading(after, through, found.subList(0, count), all ? upTo : Map.of());
    }

    private static long heldBytes(SubscriptionLedger ledger) {
        if (ledger.outstanding() == 0) return 0;
        long bytes = 0;
        for (var logged : ledger.state().outstanding()) bytes += logged.event().data().length;
        return bytes;
    }

    /** Notes durably that the events with these ids are handled. */
    void acknowledge(String name, String consumer, List<String> ids) throws InterruptedException {
        if (ids.isEmpty()) return;
        List<String> unknown;
        lock.lock();
        try {
            requireOpen();
            var subscription = require(name);
            if (subscription.newest.containsKey(consumer))
                subscription.ledger.heard(consumer, time.nanos());
            unknown = subscription.ledger.acknowledge(ids);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        for (var id : unknown) {
            var sequence = tables.sequence(id);
            if (sequence.isPresent()) acknowledgeAhead(name, id, sequence.get());
        }
        save(name);
    }

    /** While its sequence was looked up, a poll may have read the event. */
    private void acknowledgeAhead(String name, String id, long sequence) {
        lock.lock();
        try {
            var subscription = require(name);
            if (subscription.ledger.acknowledge(List.of(id)).isEmpty()) subscription.changed.all();
            else subscription.ledger.acknowledgeAhead(sequence);
        } finally {
            lock.unlock();
        }
    }

    private void save(String name) throws InterruptedException {
        var saved = tables.save(name, () -> books(name));
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription != null) subscription.saved = saved.types();
        } finally {
            lock.unlock();
        }
    }

    private BusTables.Kept books(String name) {
        lock.lock();
        try {
            var ledger = require(name).ledger;
            return new BusTables.Kept(name, ledger.types(), ledger.state());
        } finally {
            lock.unlock();
        }
    }

    /** A consumer leaves; what it has not acknowledged goes to the next one. */
    void leave(String name, String consumer) {
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return;
            subscription.newest.remove(consumer);
            subscription.ledger.leave(consumer);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets a subscription that nobody needs any more; false if consumers are still there. */
    boolean delete(String name) throws InterruptedException {
        lock.lock();
        try {
            var subscription = require(name);
            if (subscription.ledger.consumers() > 0) return false;
            subscriptions.remove(name);
        } finally {
            lock.unlock();
        }
        tables.delete(name);
        return true;
    }

    /** All subscriptions, by name. */
    public List<Progress> subscriptions() {
        return names().stream().map(this::progress).flatMap(Optional::stream).toList();
    }

    /** The names of all subscriptions, in order. */
    Set<String> names() {
        lock.lock();
        try {
            return new TreeSet<>(subscriptions.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** Whether events wait for a subscription; looks no further than the first one. */
    boolean waits(String name) {
        Set<String> types;
        long through;
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return false;
            var ledger = subscription.ledger;
            if (ledger.outstanding() > 0) return true;
            if (ledger.through() >= end) return false;
            types = ledger.types();
            through = ledger.through();
        } finally {
            lock.unlock();
        }
        return tables.any(through, types);
    }

    private Optional<Progress> progress(String name) {
        Progress now;
        long last;
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return Optional.empty();
            var ledger = subscription.ledger;
            last = end;
            now =
                    new Progress(
                            name,
                            ledger.types(),
                            ledger.consumers(),
                            ledger.leader(),
                            ledger.through(),
                            ledger.outstanding(),
                            0);
        } finally {
            lock.unlock();
        }
        long unread = now.through() >= last ? 0 : tables.count(now.through(), now.types());
        return Optional.of(
                new Progress(
                        name,
                        now.types(),
                        now.consumers(),
                        now.leader(),
                        now.through(),
                        now.outstanding(),
                        now.outstanding() + unread));
    }

    /** How far a subscription is behind: events read and not acknowledged, and those not read. */
    record Lag(int outstanding, long unread) {}

    /** Of all subscriptions, by name; looks at no table. */
    Map<String, Lag> lags() {
        lock.lock();
        try {
            var lags = new TreeMap<String, Lag>();
            subscriptions.forEach((name, subscription) -> {
                var ledger = subscription.ledger;
                lags.put(name, new Lag(ledger.outstanding(), Math.max(0, end - ledger.through())));
            });
            return lags;
        } finally {
            lock.unlock();
        }
    }

    /** The sequence of the log's last event; 0 of an empty log. */
    public long end() {
        lock.lock();
        try {
            return end;
        } finally {
            lock.unlock();
        }
    }

    private Subscription require(String name) {
        var subscription = subscriptions.get(name);
        if (subscription == null)
            throw Problem.of(404, "no-such-subscription", "the bus has no subscription " + name)
                    .failure();
        return subscription;
    }

    private void requireOpen() {
        if (closed)
            throw new Failure.Refused(
                    Refusal.notBegun("hub", Refusal.Reason.DRAINING, "the bus is being closed"));
    }

    /** Ends all waiting; the database is the caller's. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            subscriptions.values().forEach(subscription -> subscription.changed.all());
        } finally {
            lock.unlock();
        }
    }

    /** A consumer in this process. */
    private final class Local implements Consumer {
        private final String name;
        private final String id;
        private volatile boolean left;

        Local(String name, String id) {
            this.name = name;
            this.id = id;
        }

        @Override
        public Batch poll(Duration atMost) throws InterruptedException {
            if (left) throw new IllegalStateException("this consumer has left");
            requireOpen();
            return BusLog.this.poll(name, id, atMost);
        }

        @Override
        public void acknowledge(List<BusEvent> events) throws InterruptedException {
            BusLog.this.acknowledge(name, id, events.stream().map(BusEvent::id).toList());
        }

        @Override
        public void close() {
            left = true;
            leave(name, id);
        }
    }
}
