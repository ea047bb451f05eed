package dev.weft.events;

import dev.weft.core.Receipt;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The books of one durable subscription: how far it has read the bus's log, what of that is not yet
 * acknowledged, and which consumer has it.
 *
 * <p>A bus keeps one log of all events, numbered in the order of their publication, and one ledger
 * per subscription. A poll goes like this:
 *
 * <pre>
 *   ledger.heard(consumer, now);
 *   while (ledger.wants(consumer))
 *       ledger.add(read the log behind ledger.through(), at most ledger.room() of ledger.types());
 *   batch = ledger.take(consumer);        // empty: wait for a publication or an acknowledgement
 * </pre>
 *
 * <p>Pure: no clock, no lock, no I/O. Whoever owns it guards it by a lock, and may release that while
 * it reads its log; a reading that has become outdated in the meantime is left out by {@link #add}.
 * It holds at most {@link Bus#MAX_IN_FLIGHT} events, those that are not acknowledged, so its {@link
 * State} is small however far acknowledgements run ahead of an event that fails.
 *
 * <p>Consumers may name different types, while a service is replaced by a newer one. The subscription
 * takes all that are named, and goes on taking one for {@link Bus#SILENCE} behind the last consumer
 * that named it: so an old process that joins again takes nothing away from a new one. A consumer is
 * only handed what it named; the rest waits for another one.
 *
 * <p>A bus whose log is on disk writes {@link #state} with each acknowledgement, before it answers,
 * and whenever {@link #types} has changed.
 */
public final class SubscriptionLedger {

    /**
     * An event in the bus's log.
     *
     * @param sequence in the log; grows with each event
     */
    public record Logged(long sequence, BusEvent event) {}

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
     */
    public record State(long through, List<Logged> outstanding, Set<Long> ahead) {

        /** Of a new subscription: everything is still to be read. */
        public static final State NEW = new State(0, List.of(), Set.of());

        public State {
            outstanding = List.copyOf(outstanding);
            ahead = Set.copyOf(ahead);
        }
    }

    /** A consumer: its types, when it was last heard of, and what it was last told to be applied. */
    private static final class Joined {
        final Set<String> types;
        long heardNanos;
        Receipt told = Receipt.NONE;

        Joined(Set<String> types) {
            this.types = types;
        }
    }

    /** The types that are taken, with when a consumer that names them was last heard of. */
    private final Map<String, Long> named = new HashMap<>();

    /** In the order of joining: the first one has the subscription. */
    private final Map<String, Joined> consumers = new LinkedHashMap<>();

    private final TreeMap<Long, BusEvent> outstanding = new TreeMap<>();
    private final Map<String, Long> sequences = new HashMap<>();
    private final TreeSet<Long> ahead = new TreeSet<>();
    private long through;

    /** What of {@code outstanding} the first consumer holds: all up to here. */
    private long handedThrough = Long.MIN_VALUE;

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
        state.outstanding.forEach(this::put);
    }

    /** The types that are taken; changes when a consumer joins or is heard of. */
    public Set<String> types() {
        return Set.copyOf(named.keySet());
    }

    /**
     * A consumer joins and names its types, which are taken from here on; if it was there before, it
     * has lost what it was handed.
     */
    public void join(String consumer, Set<String> types, long nowNanos) {
        leave(consumer);
        consumers.put(consumer, new Joined(Set.copyOf(types)));
        heard(consumer, nowNanos);
    }

    /**
     * A consumer gives a sign of life; one that is not known joins and is taken to name all types
     * that are taken. Others that have been silent for longer than {@link Bus#SILENCE} leave, and
     * types that nobody has named for so long are no longer taken: what is outstanding of them is
     * dropped.
     */
    public void heard(String consumer, long nowNanos) {
        var joined = consumers.computeIfAbsent(consumer, id -> new Joined(types()));
        joined.heardNanos = nowNanos;
        joined.types.forEach(type -> named.put(type, nowNanos));
        var silent = new ArrayList<String>();
        consumers.forEach((id, other) -> {
            if (!isSilent(other.heardNanos, nowNanos)) return;
            silent.add(id);
            // The bus itself may have been held up: they have time to come back and name them
            // again.
            other.types.forEach(type -> named.put(type, nowNanos));
        });
        silent.forEach(this::leave);
        if (named.values().removeIf(lastNanos -> isSilent(lastNanos, nowNanos)))
            for (var event : List.copyOf(outstanding.values()))
                if (!named.containsKey(event.type())) remove(event.id());
    }

    private static boolean isSilent(long lastNanos, long nowNanos) {
        return nowNanos - lastNanos > Bus.SILENCE.toNanos();
    }

    /** A consumer leaves; what it has not acknowledged goes to the next one. */
    public void leave(String consumer) {
        if (leads(consumer)) handedThrough = Long.MIN_VALUE;
        consumers.remove(consumer);
    }

    /** The consumer that is handed events. */
    public Optional<String> leader() {
        return consumers.keySet().stream().findFirst();
    }

    public boolean leads(String consumer) {
        return leader().filter(consumer::equals).isPresent();
    }

    /** How many consumers have joined. */
    public int consumers() {
        return consumers.size();
    }

    /** Whether the consumer would be handed more if more were read from the log. */
    public boolean wants(String consumer) {
        return leads(consumer) && room() > 0 && nextFor(consumer).isEmpty();
    }

    /** How many events the next reading may bring. */
    public int room() {
        return Math.min(Bus.MAX_BATCH, Math.max(0, Bus.MAX_IN_FLIGHT - outstanding.size()));
    }

    /** Up to which sequence the log was read. */
    public long through() {
        return through;
    }

    /**
     * Takes what was read behind {@link #through}. Tells whether something is new: if not, the
     * reading was outdated or at the log's end.
     */
    public boolean add(Reading reading) {
        if (reading.after != through) return false;
        for (var logged : reading.events) {
            if (!ahead.contains(logged.sequence)) put(logged);
            else hasRead(logged.event.source(), logged.event.position() - 1);
        }
        reading.published.forEach(this::hasRead);
        through = reading.through;
        ahead.headSet(through, true).clear();
        return reading.through > reading.after;
    }

    private void put(Logged logged) {
        var event = logged.event;
        outstanding.put(logged.sequence, event);
        sequences.put(event.id(), logged.sequence);
        // Another part of this position may be behind the reading's end.
        hasRead(event.source(), event.position() - 1);
        applied = Optional.empty();
    }

    private void hasRead(String source, long position) {
        read.merge(source, position, Math::max);
        applied = Optional.empty();
    }

    /**
     * Hands over what the consumer is to handle next, at most {@link Bus#MAX_BATCH} events. Empty if
     * there is nothing to hand over and nothing more is applied than it was told before.
     */
    public Optional<Bus.Batch> take(String consumer) {
        var joined = consumers.get(consumer);
        if (joined == null) return Optional.empty();
        var events = new ArrayList<BusEvent>();
        if (leads(consumer)) {
            for (var next : unhanded().entrySet()) {
                if (events.size() == Bus.MAX_BATCH) break;
                if (joined.types.contains(next.getValue().type())) events.add(next.getValue());
                handedThrough = next.getKey();
            }
        }
        var applied = applied();
        if (events.isEmpty() && applied.equals(joined.told)) return Optional.empty();
        joined.told = applied;
        return Optional.of(new Bus.Batch(events, applied));
    }

    /** The next event that the consumer would be handed. */
    private Optional<BusEvent> nextFor(String consumer) {
        var joined = consumers.get(consumer);
        return joined == null
                ? Optional.empty()
                : unhanded().values().stream()
                        .filter(event -> joined.types.contains(event.type()))
                        .findFirst();
    }

    private Map<Long, BusEvent> unhanded() {
        return outstanding.tailMap(handedThrough, false);
    }

    /**
     * Notes that these events are handled, whoever says so, and tells the ids that are not
     * outstanding: acknowledged before, or handed over before a restart and not read again since.
     */
    public List<String> acknowledge(Collection<String> ids) {
        var unknown = new ArrayList<String>();
        for (var id : ids) if (!remove(id)) unknown.add(id);
        return unknown;
    }

    /**
     * Notes that an event is handled that was handed over before a restart, by its sequence in the
     * log. What was acknowledged before is left alone.
     */
    public void acknowledgeAhead(long sequence) {
        if (sequence > through && ahead.size() < Bus.MAX_IN_FLIGHT) ahead.add(sequence);
    }

    private boolean remove(String id) {
        var sequence = sequences.remove(id);
        if (sequence == null) return false;
        outstanding.remove(sequence);
        applied = Optional.empty();
        return true;
    }

    /** How many events are read and not acknowledged. */
    public int outstanding() {
        return outstanding.size();
    }

    /**
     * For each source the position up to which everything of it that concerns this subscription is
     * acknowledged: before its first outstanding event, or as far as it was read.
     */
    public Receipt applied() {
        if (applied.isEmpty()) {
            var positions = new HashMap<>(read);
            for (var event : outstanding.values())
                positions.merge(event.source(), event.position() - 1, Math::min);
            applied = Optional.of(new Receipt(positions));
        }
        return applied.get();
    }

    /** What has to be kept to go on later. */
    public State state() {
        var events = new ArrayList<Logged>(outstanding.size());
        outstanding.forEach((sequence, event) -> events.add(new Logged(sequence, event)));
        return new State(through, events, ahead);
    }
}
