package dev.weft.events;

import dev.weft.core.Receipt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/**
 * The books of one durable subscription: how far it has read the bus's log, what of that is not yet
 * acknowledged, and which consumer has it.
 *
 * <p>A bus keeps one log of all events, numbered in the order of their publication, and one ledger
 * per subscription. A poll goes like this:
 *
 * <pre>
 *   ledger.heard(consumer, now);
 *   while (ledger.wants(consumer, now))
 *       ledger.add(read the log behind ledger.through(), at most ledger.room() of ledger.types());
 *   batch = ledger.take(consumer, now);   // empty: wait for a publication or an acknowledgement
 * </pre>
 *
 * <p>Pure: no clock, no lock, no I/O. Whoever owns it guards it by a lock, and may release that while
 * it reads its log; a reading that has become outdated in the meantime is left out by {@link #add}.
 * It holds at most {@link Bus#MAX_IN_FLIGHT} events, those that are not acknowledged, so its {@link
 * State} is small however far acknowledgements run ahead of an event that fails.
 *
 * <p><b>Consumers share keys.</b> Nothing is assigned: the events of one key that are outstanding
 * make a lane, and a lane is with the consumer that was first handed one of them, until it has
 * acknowledged, given back or lost all that it was handed. Then the next one that polls may have it.
 * So a key is never with two, a consumer that joins gets work at once, and one that leaves or falls
 * silent gives up its lanes; what it acknowledges after another has got them is refused. Each is
 * handed at most its share of what may be in flight.
 *
 * <p><b>What is rejected</b> goes back with all that was handed over behind it in its lane, and the
 * lane rests for a while. A lane that is given up is <i>parked</i>: its events, and those of its key
 * that are read later, are put aside by their numbers, at most {@link #MAX_PARKED}, until they are
 * retried or dropped. Other lanes go on.
 *
 * <p>Consumers may name different types, while a service is replaced by a newer one. The subscription
 * takes all that are named, and goes on taking one for {@link Bus#SILENCE} behind the last consumer
 * that named it: so an old process that joins again takes nothing away from a new one. A consumer is
 * only handed what it named; the rest waits for another one. Types that were {@linkplain #declare
 * declared} are taken whoever is there.
 *
 * <p>A bus whose log is on disk writes {@link #state} with each acknowledgement, before it answers,
 * and whenever {@link #types} has changed.
 */
public final class SubscriptionLedger {

    /** The most events of one subscription that are parked; with so many it reads no further. */
    public static final int MAX_PARKED = 10_000;

    /**
     * An event in the bus's log.
     *
     * @param sequence in the log; grows with each event
     * @param attributes what it was sent with beyond the event, in the bus's own words; mostly empty
     */
    public record Logged(long sequence, BusEvent event, String attributes) {
        public Logged(long sequence, BusEvent event) {
            this(sequence, event, "");
        }
    }

    /** What is handled in order: the events of one source with one key. */
    public record Key(String source, String key) {
        public static Key of(BusEvent event) {
            return new Key(event.source(), event.key());
        }
    }

    /** A parked event; the event itself stands in the log. */
    public record Parked(long sequence, Key key, long position) {}

    /**
     * What was found in the log.
     *
     * @param after behind which sequence it was read
     * @param through up to which sequence it was read
     * @param events of the subscription's types, in order
     * @param published if {@code through} is the log's end, the position up to which each source
     *     has published, as of the reading's beginning; else empty
     */
    public record Reading(
            long after, long through, List<Logged> events, Map<String, Long> published) {
        public Reading {
            events = List.copyOf(events);
            published = Map.copyOf(published);
        }
    }

    /**
     * What has to be kept to go on later.
     *
     * @param through up to which sequence the log was read
     * @param outstanding what was read and is not acknowledged, in order
     * @param ahead sequences behind {@code through} that are acknowledged
     * @param parked what was put aside, in order
     */
    public record State(
            long through, List<Logged> outstanding, Set<Long> ahead, List<Parked> parked) {

        /** Of a new subscription: everything is still to be read. */
        public static final State NEW = behind(0);

        public State {
            outstanding = List.copyOf(outstanding);
            ahead = Set.copyOf(ahead);
            parked = List.copyOf(parked);
        }

        /** Of a new subscription that begins behind a sequence. */
        public static State behind(long sequence) {
            return new State(sequence, List.of(), Set.of(), List.of());
        }
    }

    /**
     * What became of an acknowledgement.
     *
     * @param unknown ids that are not outstanding: acknowledged before, parked, or handed over
     *     before a restart and not read again since
     * @param refused ids that another consumer has now
     */
    public record Acknowledged(List<String> unknown, List<String> refused) {
        public Acknowledged {
            unknown = List.copyOf(unknown);
            refused = List.copyOf(refused);
        }
    }

    /**
     * A lane whose first event was rejected.
     *
     * @param attempts how often in a row
     */
    public record Failing(Key key, BusEvent event, int attempts) {}

    /**
     * What became of a rejection.
     *
     * @param refused ids that this consumer does not have
     */
    public record Rejected(List<Failing> failing, List<String> refused) {
        public Rejected {
            failing = List.copyOf(failing);
            refused = List.copyOf(refused);
        }
    }

    /** A consumer: its types, when it was last heard of, and what it was last told to be applied. */
    private static final class Joined {
        final Set<String> types;
        final boolean leased;
        final long silenceNanos;
        long heardNanos;
        int held;
        Receipt told = Receipt.NONE;

        Joined(Set<String> types, boolean leased, Duration silence) {
            this.types = Set.copyOf(types);
            this.leased = leased;
            this.silenceNanos = silence.toNanos();
        }

        boolean isSilent(long nowNanos) {
            return nowNanos - heardNanos > silenceNanos;
        }
    }

    /** What is outstanding of one key. */
    private static final class Lane {
        final Key key;
        Optional<String> holder = Optional.empty();
        int handed;
        int size;
        int attempts;
        boolean rests;
        long restsUntilNanos;

        Lane(Key key) {
            this.key = key;
        }

        boolean isOpenTo(String consumer, long nowNanos) {
            return (!rests || nowNanos - restsUntilNanos >= 0)
                    && (holder.isEmpty() || holder.get().equals(consumer));
        }
    }

    /** An outstanding event. */
    private static final class Entry {
        final Logged logged;
        final Lane lane;
        boolean handed;

        Entry(Logged logged, Lane lane) {
            this.logged = logged;
            this.lane = lane;
        }

        BusEvent event() {
            return logged.event;
        }
    }

    /** The types that are taken, with when a consumer that names them was last heard of. */
    private final Map<String, Long> named = new HashMap<>();

    /** The types that are taken in any case. */
    private Set<String> declared = Set.of();

    private final Map<String, Joined> consumers = new LinkedHashMap<>();
    private final TreeMap<Long, Entry> outstanding = new TreeMap<>();

    /** Those of {@code outstanding} that nobody has. */
    private final TreeMap<Long, Entry> unhanded = new TreeMap<>();

    private final Map<String, Long> sequences = new HashMap<>();
    private final Map<Key, Lane> lanes = new HashMap<>();
    private final TreeSet<Long> ahead = new TreeSet<>();
    private final TreeMap<Long, Parked> parked = new TreeMap<>();

    /** How much of each key is parked. */
    private final Map<Key, Integer> parkedKeys = new HashMap<>();

    /** The parked keys that are worked off again. */
    private final Set<Key> retrying = new HashSet<>();

    private long through;
    private long bytes;
    private long dropped;

    /** For each source the position up to which all of it has been read. */
    private final Map<String, Long> read = new HashMap<>();

    private Optional<Receipt> applied = Optional.empty();

    /**
     * @param types that it takes, named as of now
     */
    public SubscriptionLedger(Set<String> types, State state, long nowNanos) {
        types.forEach(type -> named.put(type, nowNanos));
        this.through = state.through;
        this.ahead.addAll(state.ahead);
        state.parked.forEach(this::putParked);
        state.outstanding.forEach(this::put);
    }

    /** The types that are taken; changes when a consumer joins or is heard of. */
    public Set<String> types() {
        if (declared.isEmpty()) return Set.copyOf(named.keySet());
        var types = new TreeSet<>(named.keySet());
        types.addAll(declared);
        return Set.copyOf(types);
    }

    /** Takes these types from here on, whoever is there, in place of those declared before. */
    public void declare(Set<String> types) {
        declared = Set.copyOf(types);
        named.keySet().removeIf(type -> !declared.contains(type));
        dropOthers();
    }

    /**
     * A consumer joins and names its types, which are taken from here on; if it was there before, it
     * has lost what it was handed.
     */
    public void join(String consumer, Set<String> types, long nowNanos) {
        leave(consumer);
        consumers.put(consumer, new Joined(types, false, Bus.SILENCE));
        heard(consumer, nowNanos);
    }

    /** A consumer of all types joins that has left when it was not heard of for so long. */
    public void lease(String consumer, Duration silence, long nowNanos) {
        leave(consumer);
        consumers.put(consumer, new Joined(Set.of(), true, silence));
        heard(consumer, nowNanos);
    }

    /** Whether it has joined and is not silent. */
    public boolean has(String consumer, long nowNanos) {
        var joined = consumers.get(consumer);
        return joined != null && !joined.isSilent(nowNanos);
    }

    /**
     * A consumer gives a sign of life; one that is not known joins and is taken to name all types
     * that are taken. Others that have been silent for too long leave, and types that nobody has
     * named for {@link Bus#SILENCE} are no longer taken: what is outstanding of them is dropped.
     */
    public void heard(String consumer, long nowNanos) {
        var joined =
                consumers.computeIfAbsent(consumer, id -> new Joined(types(), false, Bus.SILENCE));
        joined.heardNanos = nowNanos;
        joined.types.forEach(type -> named.put(type, nowNanos));
        expire(nowNanos);
    }

    /** Lets those leave that have been silent for too long. */
    public void expire(long nowNanos) {
        var silent = new ArrayList<String>();
        consumers.forEach((id, other) -> {
            if (!other.isSilent(nowNanos)) return;
            silent.add(id);
            // The bus itself may have been held up: they have time to come back and name them
            // again.
            other.types.forEach(type -> named.put(type, nowNanos));
        });
        silent.forEach(this::leave);
        if (named.values().removeIf(last -> nowNanos - last > Bus.SILENCE.toNanos())) dropOthers();
    }

    /** Drops what is outstanding of types that are taken no longer. */
    private void dropOthers() {
        for (var entry : List.copyOf(outstanding.values()))
            if (!takes(entry.event().type())) {
                remove(entry);
                dropped++;
            }
    }

    private boolean takes(String type) {
        return named.containsKey(type) || declared.contains(type);
    }

    /** How many events were dropped so far because their types were taken no longer. */
    public long dropped() {
        return dropped;
    }

    /** A consumer leaves; what it has not acknowledged goes to others. */
    public void leave(String consumer) {
        var joined = consumers.remove(consumer);
        if (joined == null || joined.held == 0) return;
        for (var entry : outstanding.values())
            if (entry.handed && entry.lane.holder.filter(consumer::equals).isPresent()) {
                entry.handed = false;
                entry.lane.handed--;
                unhanded.put(entry.logged.sequence, entry);
            }
        for (var lane : lanes.values()) if (lane.handed == 0) lane.holder = Optional.empty();
    }

    /** How many consumers have joined. */
    public int consumers() {
        return consumers.size();
    }

    /** How many events a consumer has. */
    public int held(String consumer) {
        var joined = consumers.get(consumer);
        return joined == null ? 0 : joined.held;
    }

    /** Whether the consumer would be handed more if more were read from the log. */
    public boolean wants(String consumer, long nowNanos) {
        var joined = consumers.get(consumer);
        if (joined == null || room() == 0 || share(joined) == 0) return false;
        return next(consumer, joined, 1, nowNanos).isEmpty();
    }

    /**
     * What the consumer may be handed, in order. A lane ends for it with the first event that it does not name: whoever names that one takes
     * what is behind it too, or the later event would be handled before the earlier one.
     */
    private List<Entry> next(String consumer, Joined joined, int most, long nowNanos) {
        var next = new ArrayList<Entry>();
        var closed = new HashSet<Lane>();
        for (var entry : unhanded.values()) {
            if (next.size() >= most) break;
            if (!joined.leased && !joined.types.contains(entry.event().type()))
                closed.add(entry.lane);
            else if (entry.lane.isOpenTo(consumer, nowNanos) && !closed.contains(entry.lane))
                next.add(entry);
        }
        return next;
    }

    /** How many events a consumer may be handed now. */
    private int share(Joined joined) {
        int share = Math.max(1, Bus.MAX_IN_FLIGHT / consumers.size());
        return Math.max(0, share - joined.held);
    }

    /** How many events the next reading may bring. */
    public int room() {
        if (parked.size() >= MAX_PARKED) return 0;
        return Math.min(Bus.MAX_BATCH, Math.max(0, Bus.MAX_IN_FLIGHT - outstanding.size()));
    }

    /** Up to which sequence the log was read. */
    public long through() {
        return through;
    }

    /** The sequence of the first event that is still needed; behind all that was read without one. */
    public long needs() {
        long needs = through + 1;
        if (!outstanding.isEmpty()) needs = Math.min(needs, outstanding.firstKey());
        if (!parked.isEmpty()) needs = Math.min(needs, parked.firstKey());
        return needs;
    }

    /** Whether the event of this sequence and type is still needed: taken, and neither acknowledged nor dropped. */
    public boolean needs(long sequence, String type) {
        return !isDone(sequence) && (sequence <= through || takes(type));
    }

    /** The sequences behind {@link #through} that are acknowledged already. */
    public Set<Long> ahead() {
        return Set.copyOf(ahead);
    }

    /**
     * Takes what was read behind {@link #through}. Tells whether something is new: if not, the
     * reading was outdated or at the log's end.
     */
    public boolean add(Reading reading) {
        if (reading.after != through) return false;
        for (var logged : reading.events) {
            var event = logged.event;
            if (ahead.contains(logged.sequence)) hasRead(event.source(), event.position() - 1);
            else if (!setAside(logged)) put(logged);
        }
        reading.published.forEach(this::hasRead);
        through = reading.through;
        ahead.headSet(through, true).clear();
        return reading.through > reading.after;
    }

    /** Behind what is put aside, or behind an event that fails, an event needs no place in memory. */
    private boolean setAside(Logged logged) {
        var key = Key.of(logged.event);
        var lane = lanes.get(key);
        boolean fails = lane != null && lane.attempts > 0;
        if (!fails && !parkedKeys.containsKey(key)) return false;
        if (fails) retrying.add(key);
        putParked(new Parked(logged.sequence, key, logged.event.position()));
        return true;
    }

    private void put(Logged logged) {
        var event = logged.event;
        var lane = lanes.computeIfAbsent(Key.of(event), Lane::new);
        lane.size++;
        var entry = new Entry(logged, lane);
        outstanding.put(logged.sequence, entry);
        unhanded.put(logged.sequence, entry);
        sequences.put(event.id(), logged.sequence);
        bytes += event.data().length;
        // Another part of this position may be behind the reading's end.
        hasRead(event.source(), event.position() - 1);
    }

    private void putParked(Parked one) {
        parked.put(one.sequence, one);
        parkedKeys.merge(one.key, 1, Integer::sum);
        hasRead(one.key.source, one.position - 1);
    }

    private void hasRead(String source, long position) {
        applied = Optional.empty();
        if (!BusEvent.isForeign(source)) read.merge(source, position, Math::max);
    }

    /**
     * Hands over what the consumer is to handle next, at most {@link Bus#MAX_BATCH} events. Empty if
     * there is nothing to hand over and nothing more is applied than it was told before.
     */
    public Optional<Bus.Batch> take(String consumer, long nowNanos) {
        var joined = consumers.get(consumer);
        if (joined == null) return Optional.empty();
        var events = hand(consumer, Bus.MAX_BATCH, nowNanos).stream().map(Logged::event).toList();
        var applied = applied();
        if (events.isEmpty() && applied.equals(joined.told)) return Optional.empty();
        joined.told = applied;
        return Optional.of(new Bus.Batch(events, applied));
    }

    /** Hands over at most so many events, in order. */
    public List<Logged> hand(String consumer, int max, long nowNanos) {
        var joined = consumers.get(consumer);
        if (joined == null) return List.of();
        int most = Math.min(max, share(joined));
        var handed = new ArrayList<Logged>();
        for (var entry : next(consumer, joined, most, nowNanos)) {
            entry.handed = true;
            entry.lane.handed++;
            entry.lane.holder = Optional.of(consumer);
            entry.lane.rests = false;
            joined.held++;
            handed.add(entry.logged);
            unhanded.remove(entry.logged.sequence);
        }
        return handed;
    }

    /** When the first lane that still rests may go on. */
    public OptionalLong nextNanos(long nowNanos) {
        return lanes.values().stream()
                .filter(lane -> lane.rests && lane.restsUntilNanos - nowNanos > 0)
                .mapToLong(lane -> lane.restsUntilNanos)
                .reduce((one, other) -> one - other < 0 ? one : other);
    }

    /**
     * Notes that these events are handled, but for those that another consumer has now. What nobody
     * has counts, whoever says so: it was handed over before a restart, or before its consumer was
     * taken to be silent.
     */
    public Acknowledged acknowledge(String consumer, Collection<String> ids) {
        var unknown = new ArrayList<String>();
        var refused = new ArrayList<String>();
        for (var id : ids) {
            var entry = entry(id);
            if (entry.isEmpty()) unknown.add(id);
            else if (entry.get().lane.holder.filter(holder -> !holder.equals(consumer)).isPresent())
                refused.add(id);
            else remove(entry.get());
        }
        return new Acknowledged(unknown, refused);
    }

    /**
     * As {@link #acknowledge}, but only what this consumer has counts, and what was handled before and is asked about
     * again.
     */
    public Acknowledged acknowledgeHeld(String consumer, Collection<String> ids) {
        var unknown = new ArrayList<String>();
        var refused = new ArrayList<String>();
        for (var id : ids) {
            var entry = entry(id);
            if (entry.isEmpty()) unknown.add(id);
            else if (entry.get().handed
                    && entry.get().lane.holder.filter(consumer::equals).isPresent())
                remove(entry.get());
            else refused.add(id);
        }
        return new Acknowledged(unknown, refused);
    }

    /**
     * Gives these events back with all that is handed over behind them in their lanes, and lets the
     * lanes rest.
     *
     * @param rest how long behind so many attempts
     */
    public Rejected reject(
            String consumer, Collection<String> ids, IntFunction<Duration> rest, long nowNanos) {
        return giveBack(consumer, ids, true, rest, nowNanos);
    }

    /** As a rejection, but it counts as no attempt. */
    public Rejected postpone(
            String consumer, Collection<String> ids, Duration rest, long nowNanos) {
        return giveBack(consumer, ids, false, attempts -> rest, nowNanos);
    }

    private Rejected giveBack(
            String consumer,
            Collection<String> ids,
            boolean counts,
            IntFunction<Duration> rest,
            long nowNanos) {
        var failing = new LinkedHashMap<Key, Failing>();
        var refused = new ArrayList<String>();
        for (var id : ids) {
            var entry = entry(id);
            if (entry.isPresent() && failing.containsKey(entry.get().lane.key)) continue;
            if (entry.isEmpty()
                    || !entry.get().handed
                    || !entry.get().lane.holder.filter(consumer::equals).isPresent()) {
                refused.add(id);
                continue;
            }
            var lane = entry.get().lane;
            if (counts) lane.attempts++;
            lane.rests = true;
            lane.restsUntilNanos = nowNanos + rest.apply(lane.attempts).toNanos();
            giveBack(lane);
            if (counts) setAsideBehind(lane, entry.get());
            failing.put(lane.key, new Failing(lane.key, entry.get().event(), lane.attempts));
        }
        return new Rejected(List.copyOf(failing.values()), refused);
    }

    /**
     * What waits behind an event that fails is put aside by its number, and comes back by itself: all of it or nothing, or it
     * would come out of order.
     */
    private void setAsideBehind(Lane lane, Entry first) {
        if (parked.size() >= MAX_PARKED) return;
        int attempts = lane.attempts;
        for (var entry : List.copyOf(outstanding.tailMap(first.logged.sequence, false).values())) {
            if (entry.lane != lane) continue;
            boolean rests = lane.rests;
            remove(entry);
            lane.rests = rests;
            lane.attempts = attempts;
            putParked(new Parked(entry.logged.sequence, lane.key, entry.event().position()));
            retrying.add(lane.key);
        }
    }

    private void giveBack(Lane lane) {
        for (var entry : outstanding.values())
            if (entry.handed && entry.lane == lane) {
                entry.handed = false;
                unhanded.put(entry.logged.sequence, entry);
            }
        lane.holder.map(consumers::get).ifPresent(joined -> joined.held -= lane.handed);
        lane.handed = 0;
        lane.holder = Optional.empty();
    }

    /** Puts aside what is outstanding of a key, and what will be read of it. */
    public void park(Key key) {
        var lane = lanes.get(key);
        if (lane == null) return;
        for (var entry : List.copyOf(outstanding.values())) {
            if (entry.lane != lane) continue;
            remove(entry);
            putParked(new Parked(entry.logged.sequence, key, entry.event().position()));
        }
        retrying.remove(key);
    }

    /** Whether something of a key is put aside. */
    public boolean isParked(Key key) {
        return parkedKeys.containsKey(key);
    }

    /** What is parked, in order. */
    public List<Parked> parked() {
        return List.copyOf(parked.values());
    }

    /** Works off a parked key again; false if it is not parked. */
    public boolean retry(Key key) {
        return parkedKeys.containsKey(key) && retrying.add(key);
    }

    /** Leaves the first parked event of a key out for ever; false if none is parked. */
    public boolean drop(Key key) {
        for (var one : parked.values())
            if (one.key.equals(key)) {
                removeParked(one);
                return true;
            }
        return false;
    }

    /** The sequences of parked events that come next and are to be {@linkplain #resume resumed}. */
    public List<Long> due(int most) {
        int max = Math.min(most, Bus.MAX_IN_FLIGHT - outstanding.size());
        if (retrying.isEmpty() || max <= 0) return List.of();
        var due = new ArrayList<Long>();
        for (var one : parked.values())
            if (due.size() < max && retrying.contains(one.key) && !lanes.containsKey(one.key))
                due.add(one.sequence);
        return due;
    }

    /**
     * Takes parked events up again.
     *
     * @param due as {@link #due} told
     * @param events those that are still in the log
     */
    public void resume(List<Long> due, List<Logged> events) {
        var found = new HashMap<Long, Logged>();
        events.forEach(logged -> found.put(logged.sequence, logged));
        for (var sequence : due) {
            var one = parked.get(sequence);
            if (one == null) continue;
            removeParked(one);
            var logged = found.get(sequence);
            if (logged != null) put(logged);
        }
    }

    private void removeParked(Parked one) {
        parked.remove(one.sequence);
        parkedKeys.computeIfPresent(one.key, (key, count) -> count == 1 ? null : count - 1);
        if (!parkedKeys.containsKey(one.key)) retrying.remove(one.key);
        applied = Optional.empty();
    }

    /** Goes back, or on, to what stands behind a sequence; everybody loses what was handed over. */
    public void seek(long sequence) {
        for (var entry : List.copyOf(outstanding.values())) remove(entry);
        parked.clear();
        parkedKeys.clear();
        retrying.clear();
        ahead.clear();
        read.clear();
        applied = Optional.empty();
        through = sequence;
    }

    /**
     * Notes that an event is handled that was handed over before a restart, by its sequence in the
     * log. What was acknowledged before is left alone.
     */
    public void acknowledgeAhead(long sequence) {
        if (sequence > through && ahead.size() < Bus.MAX_IN_FLIGHT) ahead.add(sequence);
    }

    private Optional<Entry> entry(String id) {
        var sequence = sequences.get(id);
        return sequence == null ? Optional.empty() : Optional.ofNullable(outstanding.get(sequence));
    }

    private void remove(Entry entry) {
        var lane = entry.lane;
        sequences.remove(entry.event().id());
        outstanding.remove(entry.logged.sequence);
        unhanded.remove(entry.logged.sequence);
        bytes -= entry.event().data().length;
        if (entry.handed) {
            lane.holder.map(consumers::get).ifPresent(joined -> joined.held--);
            lane.handed--;
            if (lane.handed == 0) lane.holder = Optional.empty();
        }
        lane.attempts = 0;
        lane.rests = false;
        lane.size--;
        if (lane.size == 0) lanes.remove(lane.key);
        applied = Optional.empty();
    }

    /** The first outstanding event that is meant. */
    public Optional<Logged> first(Predicate<BusEvent> meant) {
        return outstanding.values().stream()
                .map(entry -> entry.logged)
                .filter(logged -> meant.test(logged.event))
                .findFirst();
    }

    /** Whether an event is read, if it is of a type that is taken, and neither outstanding nor parked. */
    public boolean isDone(long sequence) {
        return sequence <= through
                ? !outstanding.containsKey(sequence) && !parked.containsKey(sequence)
                : ahead.contains(sequence);
    }

    /** How often in a row the first outstanding event of a key was rejected. */
    public int attempts(Key key) {
        var lane = lanes.get(key);
        return lane == null ? 0 : lane.attempts;
    }

    /** Whether a parked key is worked off again. */
    public boolean isRetrying(Key key) {
        return retrying.contains(key);
    }

    /** How many events are read and not acknowledged. */
    public int outstanding() {
        return outstanding.size();
    }

    /** How much data these have. */
    public long bytes() {
        return bytes;
    }

    /**
     * For each source the position up to which everything of it that concerns this subscription is
     * acknowledged: before its first outstanding event, or as far as it was read. Sources that are no
     * services have no positions.
     */
    public Receipt applied() {
        if (applied.isEmpty()) {
            var positions = new HashMap<>(read);
            for (var entry : outstanding.values())
                before(positions, entry.event().source(), entry.event().position());
            for (var one : parked.values()) before(positions, one.key.source, one.position);
            applied = Optional.of(new Receipt(positions));
        }
        return applied.get();
    }

    private static void before(Map<String, Long> positions, String source, long position) {
        positions.computeIfPresent(source, (name, applied) -> Math.min(applied, position - 1));
    }

    /** What has to be kept to go on later. */
    public State state() {
        return new State(
                through,
                outstanding.values().stream().map(entry -> entry.logged).toList(),
                ahead,
                parked());
    }
}
