package dev.weft.hub;

import dev.weft.core.Backoff;
import dev.weft.core.Blocked;
import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Database;
import dev.weft.events.PublicationRules;
import dev.weft.events.Subjects;
import dev.weft.events.SubscriptionLedger;
import dev.weft.events.SubscriptionLedger.Logged;
import dev.weft.events.SubscriptionLedger.Reading;
import dev.weft.json.Json;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The embedded bus: one log in a database, and the ledgers of its subscriptions.
 *
 * <p>It keeps events for subscriptions to come, within the bounds of {@link Retention}. A publication
 * and an acknowledgement are on disk when they return. Behind a restart each subscription goes on where its last acknowledgement left it: what is not acknowledged is handed
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

    /** With how much data of all subscriptions each has no more than one reading's. */
    static final long MAX_ALL_BYTES = 64 << 20;

    /** How long a consumer may be silent whose connection broke. */
    static final Duration SUSPECT = Duration.ofSeconds(2);

    /** How often one of several consumers looks whether another one is silent. */
    private static final Duration STANDBY = Duration.ofSeconds(1);

    /** The shortest wait. */
    private static final Duration MOMENT = Duration.ofMillis(1);

    /** How much is published, or how long it takes, until the bounds are looked at. */
    private static final long LOOK_BYTES = 1 << 20;

    private static final Duration SWEEP_PACE = Duration.ofSeconds(10);

    private static final Duration WARN_PACE = Duration.ofHours(1);
    private static final System.Logger LOG = System.getLogger(BusLog.class.getName());

    /** How many parked events are taken up at once. */
    private static final int MAX_RESUMED = 8;

    private static final int MAX_REMEMBERED = 256;

    /**
     * What is told of a subscription.
     *
     * @param url where its events are delivered to, if they are
     * @param through up to which sequence it has read the log
     * @param outstanding events that are read and not acknowledged
     * @param pending these, and those of its types that are not read yet
     * @param parked events that are put aside
     */
    public record Progress(
            String name,
            Set<String> types,
            int consumers,
            Optional<String> url,
            long through,
            int outstanding,
            long pending,
            int parked) {
        public Progress {
            types = Set.copyOf(types);
        }
    }

    private static final class Subscription {
        final SubscriptionLedger ledger;
        final Signal changed;

        /** The types that are on disk. */
        Set<String> saved = Set.of();

        /** How many events of types that were taken no longer it was warned of. */
        long droppedTold;

        Optional<Declaration> declared = Optional.empty();

        /** Why keys are parked; a key without a cause is worked off. */
        final Map<SubscriptionLedger.Key, BusTables.Cause> causes = new LinkedHashMap<>();

        /** Counts the changes of these, and up to which they are on disk. */
        long causesChanged;

        long causesSaved;

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
    private final Retention retention;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Subscription> subscriptions = new TreeMap<>();
    private final Map<String, Long> published;
    private final RecentEvents recent = new RecentEvents();
    private final Subjects subjects;
    private final long openedNanos;
    private final long lastTakenMs;
    private long first;
    private long end;
    private long numbers;
    private volatile boolean closed;

    /** How many bytes came since the file was last looked at, and whether it was full then. */
    private long unlooked;

    private boolean full;
    private long sweepAtNanos;
    private long warnAtNanos;
    private long dropped;

    /** Opens the bus that is in the database, and makes it if there is none. */
    public BusLog(Database database, Time time) throws InterruptedException {
        this(database, Retention.DEFAULT, time);
    }

    /** As the other, with other bounds. */
    public BusLog(Database database, Retention retention, Time time) throws InterruptedException {
        this(database, Subjects.NONE, retention, time);
    }

    /**
     * As the other.
     *
     * @param subjects whose personal data its events have
     */
    public BusLog(Database database, Subjects subjects, Retention retention, Time time)
            throws InterruptedException {
        this.subjects = subjects;
        this.tables = new BusTables(database, subjects, time.now());
        this.retention = retention;
        this.time = time;
        this.openedNanos = time.nanos();
        this.lastTakenMs = tables.lastTakenMs();
        this.sweepAtNanos = openedNanos;
        this.warnAtNanos = sweepAtNanos;
        this.first = tables.first();
        this.end = tables.end();
        this.published = new HashMap<>(tables.published());
        for (var kept : tables.subscriptions()) {
            var subscription =
                    new Subscription(
                            new SubscriptionLedger(kept.types(), kept.state(), time.nanos()),
                            new Signal(lock, time));
            subscription.saved = kept.types();
            if (!kept.settings().isEmpty())
                declare(subscription, Json.read(kept.settings(), Declaration.class));
            kept.causes()
                    .orElse(List.of())
                    .forEach(cause -> subscription.causes.put(cause.key(), cause));
            for (var one : kept.state().parked())
                if (!subscription.causes.containsKey(one.key()))
                    subscription.ledger.retry(one.key());
            subscriptions.put(kept.name(), subscription);
        }
    }

    @Override
    public void publish(String source, long through, List<BusEvent> events)
            throws InterruptedException {
        PublicationRules.check(source, through, events);
        requireOpen();
        makeRoom(events.stream().mapToLong(event -> event.data().length).sum());
        var foreign = events.stream().map(BusTables::fromOutside).toList();
        var done = tables.publish(source, through, foreign, time.now());
        lock.lock();
        try {
            added(done.added());
            published.merge(source, done.through(), Math::max);
        } finally {
            lock.unlock();
        }
    }

    /** Takes events of other programs; those that were taken before are left out. */
    BusTables.Accepted accept(List<BusTables.Offered> offered) throws InterruptedException {
        requireOpen();
        makeRoom(offered.stream().mapToLong(one -> one.event().data().length).sum());
        var foreign = offered.stream().map(BusTables.Offered::fromOutside).toList();
        var done = tables.accept(foreign, time.now(), takenAtMs());
        lock.lock();
        try {
            added(done.added());
        } finally {
            lock.unlock();
        }
        return done;
    }

    /** Goes on from the last id that was taken before, so that a jump of the calendar forgets none. */
    private long takenAtMs() {
        return lastTakenMs + (time.nanos() - openedNanos) / 1_000_000;
    }

    /** The lock is held. */
    private void added(List<Logged> events) {
        recent.add(events);
        if (!events.isEmpty()) end = Math.max(end, events.getLast().sequence());
        subscriptions.values().forEach(subscription -> subscription.changed.all());
    }

    /**
     * Deletes what is kept no longer, as much as a publication can wait for, and refuses the
     * publication if there is no room for it.
     */
    private void makeRoom(long bytes) throws InterruptedException {
        boolean look;
        lock.lock();
        try {
            unlooked += bytes;
            look = full || unlooked >= LOOK_BYTES || time.nanos() - sweepAtNanos >= 0;
            if (look) {
                unlooked = 0;
                sweepAtNanos = time.nanos() + SWEEP_PACE.toNanos();
            }
        } finally {
            lock.unlock();
        }
        if (!look) return;
        long used = tables.usedBytes();
        boolean more = sweep(used > retention.keepBytes());
        boolean drops = used > retention.maxBytes() && retention.full() == Retention.Full.DROP;
        if (drops && !more) more = drop();
        if (more) used = tables.usedBytes();
        else if (used > retention.keepBytes()) warn(used);
        lock.lock();
        try {
            full = used > retention.maxBytes();
            if (more) sweepAtNanos = time.nanos();
            if (!full || drops) return;
        } finally {
            lock.unlock();
        }
        throw new Failure.Refused(
                Refusal.notBegun(
                                "hub",
                                Refusal.Reason.STORAGE,
                                "the bus has "
                                        + used
                                        + " bytes and takes no event beyond "
                                        + retention.maxBytes()
                                        + "; "
                                        + slowest()
                                                .map(name ->
                                                        "the subscription "
                                                                + name
                                                                + " is the furthest behind: start its consumers, or"
                                                                + " delete it if nobody needs it")
                                                .orElse("raise WEFT_BUS_MAX_BYTES"))
                        .retryAfter(Duration.ofSeconds(1)));
    }

    /** Says who keeps the bus from becoming smaller, once in a while. */
    private void warn(long used) {
        var behind = slowest();
        lock.lock();
        try {
            if (behind.isEmpty() || time.nanos() - warnAtNanos < 0) return;
            warnAtNanos = time.nanos() + WARN_PACE.toNanos();
        } finally {
            lock.unlock();
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "the bus has "
                        + used
                        + " bytes, more than the "
                        + retention.keepBytes()
                        + " that it keeps, because the subscription "
                        + behind.get()
                        + " has not acknowledged them; with "
                        + retention.maxBytes()
                        + " it is full. Start its consumers, or delete it if nobody needs it");
    }

    /** Deletes the oldest events that nobody needs, a step; true if there may be more of them. */
    private boolean sweep(boolean tooMany) throws InterruptedException {
        long before =
                tooMany ? Long.MAX_VALUE : time.now().toEpochMilli() - retention.keep().toMillis();
        return !delete(needed(), before).isEmpty();
    }

    private List<BusTables.Arrived> delete(long before, long cameBeforeMs)
            throws InterruptedException {
        var gone = tables.sweep(before, cameBeforeMs);
        if (gone.isEmpty()) return gone;
        lock.lock();
        try {
            first = Math.max(first, gone.getLast().position() + 1);
        } finally {
            lock.unlock();
        }
        return gone;
    }

    /** The first sequence that a subscription needs; the last one is always kept, it counts. */
    private long needed() {
        lock.lock();
        try {
            long needed = end;
            for (var subscription : subscriptions.values())
                needed = Math.min(needed, subscription.ledger.needs());
            return needed;
        } finally {
            lock.unlock();
        }
    }

    /** Deletes the oldest events though they may be needed, and says so. */
    private boolean drop() throws InterruptedException {
        var behind = slowest().orElse("nobody");
        var gone = delete(end(), Long.MAX_VALUE);
        if (gone.isEmpty()) return false;
        long lost = countLost(gone);
        if (lost > 0)
            LOG.log(
                    System.Logger.Level.ERROR,
                    "the bus is full and WEFT_BUS_FULL is drop: "
                            + lost
                            + " events were dropped that subscriptions have not"
                            + " acknowledged; "
                            + behind
                            + " is the furthest behind");
        return true;
    }

    /** Counts those of the deleted events that a subscription has not acknowledged. */
    private long countLost(List<BusTables.Arrived> gone) {
        long last = gone.getLast().position();
        lock.lock();
        try {
            var behind =
                    subscriptions.values().stream()
                            .map(subscription -> subscription.ledger)
                            .filter(ledger -> ledger.needs() <= last)
                            .toList();
            long lost =
                    gone.stream()
                            .filter(one ->
                                    behind.stream()
                                            .anyMatch(it -> it.needs(one.position(), one.type())))
                            .count();
            dropped += lost;
            return lost;
        } finally {
            lock.unlock();
        }
    }

    /** How many events were dropped that a subscription had not acknowledged. */
    long dropped() {
        lock.lock();
        try {
            return dropped;
        } finally {
            lock.unlock();
        }
    }

    /** The subscription that needs the oldest event. */
    private Optional<String> slowest() {
        lock.lock();
        try {
            return subscriptions.entrySet().stream()
                    .min(Comparator.comparingLong(each -> each.getValue().ledger.needs()))
                    .map(Map.Entry::getKey);
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
        return make(name, types, first - 1);
    }

    private Subscription make(String name, Set<String> types, long behind) {
        if (subscriptions.size() >= MAX_SUBSCRIPTIONS)
            throw new Failure.Refused(
                    Refusal.notBegun(
                            "hub",
                            Refusal.Reason.LIMIT,
                            "there are "
                                    + MAX_SUBSCRIPTIONS
                                    + " subscriptions; delete those that nobody needs"));
        var ledger =
                new SubscriptionLedger(
                        types, SubscriptionLedger.State.behind(behind), time.nanos());
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
        var batch = next(name, consumer, atMost);
        var events =
                batch.events().stream()
                        .map(event -> BusTables.opened("bus", event, subjects))
                        .toList();
        return new Batch(events, batch.applied());
    }

    private Batch next(String name, String consumer, Duration atMost) throws InterruptedException {
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
            var batch = ledger.take(consumer, time.nanos());
            if (batch.isPresent()) return batch.get();
            if (!rest(subscription, endNanos)) break;
        }
        requireOpen();
        return new Batch(List.of(), ledger.applied());
    }

    /**
     * Waits until something may have changed; false if the time is over. Others may fall silent, and
     * a lane that rests may go on, without a signal.
     */
    private boolean rest(Subscription subscription, long endNanos) throws InterruptedException {
        long now = time.nanos();
        long waitNanos = endNanos - now;
        if (waitNanos <= 0) return false;
        var ledger = subscription.ledger;
        waitNanos =
                Math.min(
                        waitNanos,
                        ledger.consumers() > 1 ? STANDBY.toNanos() : SILENCE.toNanos() / 2);
        var next = ledger.nextNanos(now);
        if (next.isPresent())
            waitNanos = Math.min(waitNanos, Math.max(MOMENT.toNanos(), next.getAsLong() - now));
        subscription.changed.await(Duration.ofNanos(waitNanos));
        return true;
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
        if (resume(ledger)) return true;
        if (!ledger.wants(consumer, time.nanos()) || holdsEnough(ledger)) return false;
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
            return ledger.wants(consumer, time.nanos());
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

    private boolean holdsEnough(SubscriptionLedger ledger) {
        if (ledger.bytes() < MAX_READ_BYTES) return false;
        if (ledger.bytes() >= MAX_HELD_BYTES) return true;
        long all = subscriptions.values().stream().mapToLong(each -> each.ledger.bytes()).sum();
        return all >= MAX_ALL_BYTES;
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

    /** Takes up parked events that are to be tried again; true if the lock was released for it. */
    private boolean resume(SubscriptionLedger ledger) {
        if (holdsEnough(ledger)) return false;
        var due = ledger.due(MAX_RESUMED);
        if (due.isEmpty()) return false;
        List<Logged> found;
        lock.unlock();
        try {
            found = tables.read(due);
        } finally {
            lock.lock();
        }
        ledger.resume(due, found);
        return true;
    }

    /**
     * Notes durably that the events with these ids are handled.
     *
     * @return those that another consumer has now, which do not count
     */
    List<String> acknowledge(String name, String consumer, List<String> ids)
            throws InterruptedException {
        if (ids.isEmpty()) return List.of();
        SubscriptionLedger.Acknowledged done;
        lock.lock();
        try {
            requireOpen();
            var subscription = require(name);
            if (subscription.newest.containsKey(consumer))
                subscription.ledger.heard(consumer, time.nanos());
            done = subscription.ledger.acknowledge(consumer, ids);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        for (var id : done.unknown()) {
            var sequence = tables.sequence(id);
            if (sequence.isPresent()) acknowledgeAhead(name, consumer, id, sequence.get());
        }
        save(name);
        return done.refused();
    }

    /**
     * As {@link #acknowledge}, for consumers by lease: what this one does not have any more does not count, so that what
     * is replayed cannot be acknowledged by who had it before.
     */
    List<String> acknowledgeHeld(String name, String consumer, List<String> ids)
            throws InterruptedException {
        if (ids.isEmpty()) return List.of();
        SubscriptionLedger.Acknowledged done;
        lock.lock();
        try {
            requireOpen();
            var subscription = require(name);
            done = subscription.ledger.acknowledgeHeld(consumer, ids);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        var refused = new ArrayList<>(done.refused());
        // Some was acknowledged before; what was put aside or is still to be read was not.
        for (var id : done.unknown())
            if (tables.sequence(id).filter(sequence -> !isDone(name, sequence)).isPresent())
                refused.add(id);
        save(name);
        return refused;
    }

    private boolean isDone(String name, long sequence) {
        lock.lock();
        try {
            return require(name).ledger.isDone(sequence);
        } finally {
            lock.unlock();
        }
    }

    /** While its sequence was looked up, a poll may have read the event. */
    private void acknowledgeAhead(String name, String consumer, String id, long sequence) {
        lock.lock();
        try {
            var subscription = require(name);
            var done = subscription.ledger.acknowledge(consumer, List.of(id));
            if (done.unknown().isEmpty()) subscription.changed.all();
            else subscription.ledger.acknowledgeAhead(sequence);
        } finally {
            lock.unlock();
        }
    }

    private void save(String name) throws InterruptedException {
        var saved = tables.save(name, () -> books(name));
        var gone = new TreeSet<String>();
        long dropped;
        long through;
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return;
            var ledger = subscription.ledger;
            if (subscription.declared.isEmpty()) gone.addAll(subscription.saved);
            gone.removeAll(saved.types());
            dropped = ledger.dropped() - subscription.droppedTold;
            subscription.droppedTold = ledger.dropped();
            through = ledger.through();
            subscription.saved = saved.types();
            subscription.causesSaved = Math.max(subscription.causesSaved, saved.version());
        } finally {
            lock.unlock();
        }
        if (!gone.isEmpty()) warn(name, gone, dropped + tables.count(through, gone));
    }

    /** Says what a service loses that was taken back to code which knows less. */
    private static void warn(String name, Set<String> types, long events) {
        LOG.log(
                System.Logger.Level.WARNING,
                name
                        + " takes "
                        + String.join(", ", types)
                        + " no longer, because no consumer has named it for "
                        + SILENCE.toSeconds()
                        + " s: "
                        + events
                        + " events that were not acknowledged are dropped for it, and what comes"
                        + " from now on is not kept for it");
    }

    private BusTables.Kept books(String name) {
        lock.lock();
        try {
            var subscription = require(name);
            var ledger = subscription.ledger;
            var settings = subscription.declared.map(Json::text).orElse("");
            if (subscription.causes.keySet().removeIf(key -> !ledger.isParked(key)))
                subscription.causesChanged++;
            return new BusTables.Kept(
                    name,
                    ledger.types(),
                    ledger.state(),
                    settings,
                    subscription.causesChanged == subscription.causesSaved
                            ? Optional.empty()
                            : Optional.of(List.copyOf(subscription.causes.values())),
                    subscription.causesChanged);
        } finally {
            lock.unlock();
        }
    }

    // Subscriptions that are declared, for programs of any kind

    /**
     * Makes a subscription, or changes what is declared of it; true if it is new. Where a new one begins is up to
     * {@link Declaration#from}.
     */
    boolean declare(String name, Declaration declaration) throws InterruptedException {
        check(name, declaration.types());
        long behind = behind(declaration.from().orElse(Declaration.OLDEST));
        boolean isNew;
        lock.lock();
        try {
            requireOpen();
            var known = Optional.ofNullable(subscriptions.get(name));
            isNew = known.isEmpty();
            if (!isNew) requireDeclared(name);
            var subscription = known.orElseGet(() -> make(name, declaration.types(), behind));
            declare(subscription, declaration.withoutFrom());
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        save(name);
        return isNew;
    }

    /** What a service's listener made is the service's own. */
    private void requireDeclared(String name) {
        lock.lock();
        try {
            if (require(name).declared.isEmpty())
                throw Problem.of(
                                409,
                                "subscription-of-a-service",
                                name
                                        + " was made by a service's listener; declare another one"
                                        + " for this")
                        .failure();
        } finally {
            lock.unlock();
        }
    }

    private static void declare(Subscription subscription, Declaration declaration) {
        subscription.declared = Optional.of(declaration);
        subscription.ledger.declare(declaration.types());
    }

    /** What was declared of a subscription, if something was. */
    Optional<Declaration> declaration(String name) {
        lock.lock();
        try {
            return require(name).declared;
        } finally {
            lock.unlock();
        }
    }

    /** The sequence behind which one reads that wants to begin at a place. */
    private long behind(String from) {
        lock.lock();
        try {
            if (from.equals(Declaration.OLDEST)) return first - 1;
            if (from.equals(Declaration.NOW)) return end;
            if (from.matches("[0-9]{1,18}"))
                return Math.clamp(Long.parseLong(from) - 1, first - 1, end);
        } finally {
            lock.unlock();
        }
        return tables.position(Declaration.time(from)) - 1;
    }

    /**
     * Goes back, or on, to a place in the log. What was handed over may still be acknowledged, but
     * comes again if it lies behind that place; what was parked counts as unread.
     */
    long replay(String name, String from) throws InterruptedException {
        requireDeclared(name);
        long behind = behind(from);
        lock.lock();
        try {
            var subscription = require(name);
            subscription.ledger.seek(behind);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        save(name);
        return behind;
    }

    /**
     * Waits for events, at most so long, and hands them over for a time.
     *
     * @param consumer one that is not known joins; it is gone when it was not heard of for {@code lease}
     * @return in order, at most {@code max}; empty if nothing came
     */
    List<Logged> lease(String name, String consumer, int max, Duration atMost, Duration lease)
            throws InterruptedException {
        requireDeclared(name);
        var handed = handed(name, consumer, max, atMost, lease);
        try {
            return handed.stream().map(one -> BusTables.opened("bus", one, subjects)).toList();
        } catch (RuntimeException e) {
            leave(name, consumer);
            throw e;
        }
    }

    private List<Logged> handed(
            String name, String consumer, int max, Duration atMost, Duration lease)
            throws InterruptedException {
        lock.lockInterruptibly();
        try {
            var subscription = require(name);
            var ledger = subscription.ledger;
            long endNanos = time.nanos() + atMost.toNanos();
            List<Logged> handed = List.of();
            try {
                while (!closed && handed.isEmpty() && subscriptions.get(name) == subscription) {
                    // It has nothing yet; a short lease may have ended while it waited.
                    ledger.lease(consumer, lease, time.nanos());
                    if (fill(subscription, consumer)) continue;
                    handed = ledger.hand(consumer, max, time.nanos());
                    if (handed.isEmpty() && !rest(subscription, endNanos)) break;
                }
                requireOpen();
                return handed;
            } finally {
                if (handed.isEmpty()) ledger.leave(consumer);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Begins the time of a lease anew; false if it has ended. */
    boolean extend(String name, String consumer) {
        lock.lock();
        try {
            var ledger = require(name).ledger;
            if (!ledger.has(consumer, time.nanos()) || ledger.held(consumer) == 0) return false;
            ledger.heard(consumer, time.nanos());
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** A lease of which nothing is left ends. */
    void end(String name, String consumer) {
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null || subscription.ledger.held(consumer) > 0) return;
            subscription.ledger.leave(consumer);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes events back that a consumer could not handle; they and what comes behind them in their
     * keys are handed out again later. With the last attempt the key is parked, durably.
     *
     * @param error what went wrong
     * @param wait how long to wait, if the consumer knows; then it counts as no attempt
     * @return the ids that this consumer does not have
     */
    List<String> reject(
            String name, String consumer, List<String> ids, String error, Optional<Duration> wait)
            throws InterruptedException {
        SubscriptionLedger.Rejected done;
        var parked = new ArrayList<BusTables.Cause>();
        var of = new HashMap<SubscriptionLedger.Key, BusEvent>();
        requireDeclared(name);
        lock.lock();
        try {
            requireOpen();
            var subscription = require(name);
            int most =
                    subscription
                            .declared
                            .map(Declaration::mostAttempts)
                            .orElse(Declaration.ATTEMPTS);
            var ledger = subscription.ledger;
            ledger.expire(time.nanos());
            done =
                    wait.isPresent()
                            ? ledger.postpone(consumer, ids, wait.get(), time.nanos())
                            : ledger.reject(
                                    consumer,
                                    ids,
                                    attempt -> Backoff.PATIENT.after(attempt, time),
                                    time.nanos());
            for (var failing : done.failing()) {
                if (wait.isPresent() || failing.attempts() < most) continue;
                ledger.first(event -> SubscriptionLedger.Key.of(event).equals(failing.key()))
                        .ifPresent(first -> of.put(failing.key(), first.event()));
                ledger.park(failing.key());
                var cause =
                        new BusTables.Cause(failing.key(), failing.attempts(), error, time.now());
                subscription.causes.put(failing.key(), cause);
                subscription.causesChanged++;
                parked.add(cause);
            }
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        of.values().removeIf(event -> !isOfErased(event));
        unsay(name, of.keySet());
        for (var cause : parked) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    name
                            + " parks the key "
                            + cause.key().key()
                            + " of "
                            + cause.key().source()
                            + " behind "
                            + cause.attempts()
                            + " attempts: "
                            + (of.containsKey(cause.key()) ? BusTables.Cause.UNSAID : error));
        }
        // What was parked, or put aside behind a failure, is on disk with why, in one transaction.
        if (!parked.isEmpty()) save(name);
        return done.refused();
    }

    /**
     * Takes away what is said of why keys are parked that hold events of an erased subject: it may quote them. To be called when the
     * subject is erased.
     */
    void forget(String subject) throws InterruptedException {
        for (var name : names()) {
            var meant = new HashSet<SubscriptionLedger.Key>();
            var parked = parkedAt(name);
            var found = tables.of(subject, List.copyOf(parked.keySet()));
            parked.forEach((sequence, key) -> {
                if (found.contains(sequence)) meant.add(key);
            });
            if (unsay(name, meant)) save(name);
        }
    }

    private Map<Long, SubscriptionLedger.Key> parkedAt(String name) {
        lock.lock();
        try {
            var parked = new TreeMap<Long, SubscriptionLedger.Key>();
            var subscription = subscriptions.get(name);
            if (subscription != null)
                for (var one : subscription.ledger.parked()) parked.put(one.sequence(), one.key());
            return parked;
        } finally {
            lock.unlock();
        }
    }

    /** Keeps nothing of what is said of why these keys are parked; false if nothing was. */
    private boolean unsay(String name, Set<SubscriptionLedger.Key> keys) {
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null
                    || !subscription.causes.keySet().stream().anyMatch(keys::contains))
                return false;
            subscription.causes.replaceAll(
                    (key, cause) -> keys.contains(key) ? cause.unsaid() : cause);
            subscription.causesChanged++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the event holds something of somebody who was erased; then those who have it may have read that before. */
    private boolean isOfErased(BusEvent event) {
        if (!PersonalJson.isIn(event.data())) return false;
        var erased = new AtomicBoolean();
        PersonalJson.change(
                subjects.opened("bus", event.data()),
                part -> {
                    if (part.value().isEmpty()) erased.set(true);
                    return part;
                });
        return erased.get();
    }

    /** The parked keys of a subscription: why, and how many events of each. */
    record ParkedKey(
            String source, String key, int events, int attempts, String error, Instant since) {}

    List<ParkedKey> parked(String name) {
        lock.lock();
        try {
            var subscription = require(name);
            var counts = new HashMap<SubscriptionLedger.Key, Integer>();
            for (var one : subscription.ledger.parked()) counts.merge(one.key(), 1, Integer::sum);
            return subscription.causes.values().stream()
                    .filter(cause -> counts.containsKey(cause.key()))
                    .map(cause ->
                            new ParkedKey(
                                    cause.key().source(),
                                    cause.key().key(),
                                    counts.getOrDefault(cause.key(), 0),
                                    cause.attempts(),
                                    cause.error(),
                                    cause.since()))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** Tries a parked key again, durably, its events in order; false if it is not parked. */
    boolean retry(String name, SubscriptionLedger.Key key) throws InterruptedException {
        lock.lock();
        try {
            if (!retry(require(name), key)) return false;
        } finally {
            lock.unlock();
        }
        save(name);
        return true;
    }

    private static boolean retry(Subscription subscription, SubscriptionLedger.Key key) {
        boolean retried = subscription.ledger.retry(key);
        subscription.causes.remove(key);
        subscription.causesChanged++;
        subscription.changed.all();
        return retried;
    }

    /** Leaves the first parked event of a key out for ever, and tries those behind it; false if it is not parked. */
    boolean drop(String name, SubscriptionLedger.Key key) throws InterruptedException {
        lock.lock();
        try {
            var subscription = require(name);
            if (!subscription.ledger.drop(key)) return false;
            retry(subscription, key);
        } finally {
            lock.unlock();
        }
        save(name);
        return true;
    }

    /** A consumer leaves; what it has not acknowledged goes to others. */
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
            subscription.ledger.expire(time.nanos());
            if (subscription.ledger.consumers() > 0 && subscription.declared.isEmpty())
                return false;
            subscriptions.remove(name);
            subscription.changed.all();
        } finally {
            lock.unlock();
        }
        tables.delete(name);
        // Somebody may have made it again meanwhile.
        if (names().contains(name)) save(name);
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

    /** Whether a service takes part: it has published, or a listener of it has subscribed. */
    boolean knows(String service) {
        lock.lock();
        try {
            return published.getOrDefault(service, 0L) > 0
                    || subscriptions.entrySet().stream()
                            .anyMatch(each ->
                                    each.getValue().declared.isEmpty()
                                            && Settling.service(each.getKey()).equals(service));
        } finally {
            lock.unlock();
        }
    }

    /** Whether a consumer is there. */
    boolean attended(String name) {
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            return subscription != null && subscription.ledger.consumers() > 0;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The first event that a subscription has still to deal with; one that is parked, and not being tried again, only if
     * there is no other.
     */
    Optional<Undone> waiting(String name) {
        Set<String> types;
        Set<Long> ahead;
        List<Long> again;
        List<Long> parked;
        long through;
        long last;
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return Optional.empty();
            var ledger = subscription.ledger;
            var first = ledger.first(event -> true);
            if (first.isPresent()) return Optional.of(undone(name, subscription, first.get()));
            var all = ledger.parked();
            again =
                    all.stream()
                            .filter(one -> ledger.isRetrying(one.key()))
                            .map(SubscriptionLedger.Parked::sequence)
                            .limit(1)
                            .toList();
            parked = all.stream().map(SubscriptionLedger.Parked::sequence).limit(1).toList();
            types = ledger.types();
            ahead = ledger.ahead();
            through = ledger.through();
            last = end;
        } finally {
            lock.unlock();
        }
        var found =
                tables.read(again).stream()
                        .findFirst()
                        .or(() -> unread(types, ahead, through, last))
                        .or(() -> tables.read(parked).stream().findFirst());
        return found.flatMap(logged -> undone(name, logged));
    }

    /** The first event of these types that is neither read nor acknowledged ahead of that. */
    private Optional<Logged> unread(Set<String> types, Set<Long> ahead, long after, long last) {
        if (types.isEmpty()) return Optional.empty();
        long from = after + 1;
        while (from <= last) {
            var next = tables.read(from, last, 1, 1, types);
            if (next.isEmpty() || !ahead.contains(next.getFirst().sequence()))
                return next.stream().findFirst();
            from = next.getFirst().sequence() + 1;
        }
        return Optional.empty();
    }

    /**
     * An event that a subscription has still to deal with.
     *
     * @param applied up to where of the event's source it has dealt with everything
     * @param attempts how often its key was rejected in a row
     * @param parked whether it is parked here and not being tried again
     * @param error why it is
     */
    record Undone(
            String subscription,
            Logged logged,
            long applied,
            boolean declared,
            int consumers,
            int attempts,
            boolean parked,
            String error) {

        /** The service that the subscription is of. */
        String service() {
            return Settling.service(subscription);
        }

        /** What of the subscription's name is the listener's. */
        String listener() {
            int from = Math.min(service().length() + 1, subscription.length());
            return subscription.substring(from);
        }

        /**
         * How it is told to who waits.
         *
         * @param answers whether its service answers
         */
        Blocked blocked(boolean answers) {
            return blocked(attempts, why(answers));
        }

        /** The same, known to have failed. */
        Blocked blocked(int attempts, String error) {
            return new Blocked(
                    Optional.of(service()),
                    declared ? "subscription " + subscription : "listener " + listener(),
                    Optional.of(logged.event().source()),
                    Optional.of(logged.event().position()),
                    Optional.of(applied),
                    attempts == 0 ? Optional.empty() : Optional.of(attempts),
                    error.isEmpty() ? Optional.empty() : Optional.of(error),
                    parked ? Optional.of(true) : Optional.empty());
        }

        private String why(boolean answers) {
            if (parked) return "parked: " + logged.event().id() + ": " + error;
            if (attempts > 0) return "it was rejected and is handed over again";
            if (consumers > 0 || answers) return "";
            if (declared) return "no program has asked for it";
            return "nobody is there to handle it; start "
                    + service()
                    + ", or delete the subscription";
        }
    }

    /**
     * The first event of these correlations ({@link dev.weft.events.Origin#correlation}) that a subscription has still to deal
     * with.
     *
     * @param clear up to which sequence it is known to have none unread
     */
    Optional<Undone> undone(String name, Set<String> correlations, long clear) {
        Set<String> types;
        Set<Long> ahead;
        List<SubscriptionLedger.Parked> parked;
        long through;
        long last;
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return Optional.empty();
            var ledger = subscription.ledger;
            var first = ledger.first(event -> correlations.contains(event.origin().correlation()));
            if (first.isPresent()) return Optional.of(undone(name, subscription, first.get()));
            types = ledger.types();
            ahead = ledger.ahead();
            parked = ledger.parked();
            through = Math.max(ledger.through(), clear);
            last = end;
        } finally {
            lock.unlock();
        }
        var found =
                parkedOf(correlations, parked)
                        .or(() ->
                                firstOf(
                                        correlations,
                                        through + 1,
                                        last,
                                        logged ->
                                                types.contains(logged.event().type())
                                                        && !ahead.contains(logged.sequence())));
        return found.flatMap(logged -> undone(name, logged));
    }

    private Optional<Undone> undone(String name, Logged logged) {
        lock.lock();
        try {
            return Optional.ofNullable(subscriptions.get(name))
                    .map(subscription -> undone(name, subscription, logged));
        } finally {
            lock.unlock();
        }
    }

    private Undone undone(String name, Subscription subscription, Logged logged) {
        var ledger = subscription.ledger;
        var event = logged.event();
        var key = SubscriptionLedger.Key.of(event);
        var cause =
                Optional.ofNullable(subscription.causes.get(key))
                        .filter(it -> ledger.isParked(key) && !ledger.isRetrying(key));
        return new Undone(
                name,
                logged,
                ledger.applied().positions().getOrDefault(event.source(), 0L),
                subscription.declared.isPresent(),
                ledger.consumers(),
                cause.map(BusTables.Cause::attempts).orElse(ledger.attempts(key)),
                cause.isPresent(),
                cause.map(BusTables.Cause::error).orElse(""));
    }

    private Optional<Logged> parkedOf(
            Set<String> correlations, List<SubscriptionLedger.Parked> parked) {
        if (parked.isEmpty()) return Optional.empty();
        var sequences = new HashSet<Long>();
        parked.forEach(one -> sequences.add(one.sequence()));
        return firstOf(
                correlations,
                parked.getFirst().sequence(),
                parked.getLast().sequence(),
                logged -> sequences.contains(logged.sequence()));
    }

    private Optional<Logged> firstOf(
            Set<String> correlations, long first, long last, Predicate<Logged> meant) {
        long from = first;
        while (from <= last) {
            var found = tables.traced(correlations, from, last, MAX_BATCH);
            var one = found.stream().filter(meant).findFirst();
            if (one.isPresent() || found.size() < MAX_BATCH) return one;
            from = found.getLast().sequence() + 1;
        }
        return Optional.empty();
    }

    /** Whether events of these correlations came behind a sequence. */
    boolean came(Set<String> correlations, long behind) {
        return firstOf(correlations, behind + 1, end(), logged -> true).isPresent();
    }

    /** Waits until a subscription has dealt with the event of this sequence, at most so long; tells whether it has. */
    boolean awaitDone(String name, long sequence, Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            var subscription = subscriptions.get(name);
            long endNanos = time.nanos() + atMost.toNanos();
            while (subscription != null && !subscription.ledger.isDone(sequence)) {
                requireOpen();
                long leftNanos = endNanos - time.nanos();
                if (leftNanos <= 0) return false;
                // What is dropped with its type is not signalled.
                subscription.changed.await(
                        Duration.ofNanos(Math.min(leftNanos, STANDBY.toNanos())));
                subscription = subscriptions.get(name);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** One subscription. */
    Progress subscription(String name) {
        return progress(name).orElseThrow(() -> missing(name).failure());
    }

    private Optional<Progress> progress(String name) {
        Progress now;
        long last;
        int ahead;
        lock.lock();
        try {
            var subscription = subscriptions.get(name);
            if (subscription == null) return Optional.empty();
            var ledger = subscription.ledger;
            last = end;
            ahead = ledger.ahead().size();
            now =
                    new Progress(
                            name,
                            ledger.types(),
                            ledger.consumers(),
                            subscription.declared.flatMap(Declaration::url),
                            ledger.through(),
                            ledger.outstanding(),
                            0,
                            ledger.parked().size());
        } finally {
            lock.unlock();
        }
        long unread =
                now.through() >= last
                        ? 0
                        : Math.max(0, tables.count(now.through(), now.types()) - ahead);
        return Optional.of(
                new Progress(
                        name,
                        now.types(),
                        now.consumers(),
                        now.url(),
                        now.through(),
                        now.outstanding(),
                        now.outstanding() + unread,
                        now.parked()));
    }

    /** How far a subscription is behind: events read and not acknowledged, and those not read. */
    record Lag(int outstanding, long unread, int parked) {}

    /** Of all subscriptions, by name; looks at no table. */
    Map<String, Lag> lags() {
        lock.lock();
        try {
            var lags = new TreeMap<String, Lag>();
            subscriptions.forEach((name, subscription) -> {
                var ledger = subscription.ledger;
                long unread = Math.max(0, end - ledger.through());
                lags.put(name, new Lag(ledger.outstanding(), unread, ledger.parked().size()));
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
        if (subscription == null) throw missing(name).failure();
        return subscription;
    }

    private static Problem missing(String name) {
        return Problem.of(404, "no-such-subscription", "the bus has no subscription " + name);
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
        public List<BusEvent> acknowledge(List<BusEvent> events) throws InterruptedException {
            var ids = events.stream().map(BusEvent::id).toList();
            var refused = BusLog.this.acknowledge(name, id, ids);
            return events.stream().filter(event -> refused.contains(event.id())).toList();
        }

        @Override
        public void close() {
            left = true;
            leave(name, id);
        }
    }
}
