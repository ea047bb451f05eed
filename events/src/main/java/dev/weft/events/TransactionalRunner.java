package dev.weft.events;

import dev.weft.core.Meter;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Applies the events of one subscription to the service's tables, each once.
 *
 * <p>A batch is one transaction, with the notes in the inbox of what it holds. If it fails, its
 * events are applied one at a time; a key whose event fails is held back with all its later events,
 * and tried again with backoff while others go on. Behind the last attempt all that is held back of
 * the key is {@link Parked} and acknowledged; what comes of it later joins that, in the transaction
 * that would have applied it. What is held back meanwhile is not acknowledged, so the bus
 * hands over at most {@link Bus#MAX_IN_FLIGHT} events behind it: when these are all held back, the
 * listener stands.
 *
 * <p>All of it happens on one thread.
 */
final class TransactionalRunner implements Runner {

    /** A key that is held back: its events in order, of which the first fails. */
    private static final class Held {
        final List<BusEvent> events = new ArrayList<>();
        Attempts attempts = Attempts.NONE;
        long retryAtNanos;

        /** Whether it was said that it cannot be parked. */
        boolean told;
    }

    private final Subscribed subscribed;
    private final Listener.Transactional listener;
    private final TableChanges changes;
    private final Inbox inbox;
    private final Parked parked;
    private final Storage storage;
    private final Outcomes outcomes;
    private final Progress.Part part;
    private final Time time;
    private final Loop loop;

    private final Map<Inbox.Key, Held> held = new LinkedHashMap<>();
    private final Set<String> heldIds = new HashSet<>();

    /** Applied or parked, and not yet known to be acknowledged. */
    private final List<BusEvent> done = new ArrayList<>();

    TransactionalRunner(
            String service,
            Listener.Transactional listener,
            TableChanges changes,
            Storage storage,
            Bus bus,
            Meter meter,
            Progress.Part part,
            Time time) {
        this.subscribed = new Subscribed(bus, service, listener);
        this.listener = listener;
        this.changes = changes;
        this.inbox = new Inbox(listener.name());
        this.parked = new Parked(listener.name(), storage.subjects());
        this.storage = storage;
        this.outcomes = new Outcomes(meter, listener.name(), time);
        this.part = part;
        this.time = time;
        this.loop = new Loop(subscribed.name(), time, part, this::step);
    }

    /** What it tells of itself. */
    Progress.Part part() {
        return part;
    }

    @Override
    public void start() {
        loop.start();
    }

    @Override
    public void stop(Duration atMost) {
        loop.stop(atMost);
        subscribed.leave();
    }

    void step() throws Exception {
        var batch = subscribed.poll(loop, untilRetry());
        part.applied(batch.applied(), storage.events()::head);
        var fresh = new ArrayList<BusEvent>();
        for (var event : batch.events())
            if (!heldIds.contains(event.id()) && !wait(event)) fresh.add(event);
        apply(fresh);
        for (var key : List.copyOf(held.keySet())) retry(key);
        if (!done.isEmpty()) {
            subscribed.acknowledge(done);
            done.clear();
        }
    }

    private Duration untilRetry() {
        if (!done.isEmpty()) return Duration.ZERO;
        long next = time.nanos() + Subscribed.POLL.toNanos();
        for (var one : held.values()) next = Math.min(next, one.retryAtNanos);
        return Subscribed.until(next, time);
    }

    /** Puts an event behind those of its key that are held back, if there are any. */
    private boolean wait(BusEvent event) {
        var before = held.get(Inbox.Key.of(event));
        if (before == null) return false;
        before.events.add(event);
        heldIds.add(event.id());
        return true;
    }

    /** Applies all at once; if that fails, one by one. */
    private void apply(List<BusEvent> events) throws InterruptedException {
        if (events.isEmpty()) return;
        try {
            commit(events);
        } catch (InterruptedException e) {
            throw e;
        } catch (Throwable failure) {
            if (events.size() == 1) failed(events.getFirst(), failure);
            else
                for (var event : events)
                    if (!loop.stopping() && !wait(event)) apply(List.of(event));
        }
    }

    /** Parks the event's key if no attempt is left, else holds it back. */
    private void failed(BusEvent event, Throwable failure) throws InterruptedException {
        outcomes.count(1, EventMetrics.FAILED);
        boolean first = held.isEmpty();
        var key = Inbox.Key.of(event);
        var one = held.computeIfAbsent(key, absent -> new Held());
        if (one.events.isEmpty()) {
            one.events.add(event);
            heldIds.add(event.id());
        }
        one.attempts = one.attempts.and(failure, time.now());
        boolean last = one.attempts.counted() >= listener.attempts() && Attempts.counts(failure);
        if (last) {
            var hindrance = park(key, one, failure);
            if (hindrance.isEmpty()) return;
            if (!one.told) outcomes.notParked(subscribed.name(), event, hindrance.get());
            one.told = true;
            hold(key, one, failure + "; it cannot be parked: " + hindrance.get());
        } else {
            if (first) outcomes.warn(subscribed.name(), event, failure);
            hold(key, one, failure.toString());
        }
    }

    private void hold(Inbox.Key key, Held one, String error) {
        var wait = listener.backoff().after(one.attempts.tries(), time);
        one.retryAtNanos = time.nanos() + wait.toNanos();
        part.failing(
                key,
                Progress.Failing.of(
                        one.events.getFirst(), one.attempts.tries(), error, time.now().plus(wait)));
    }

    /**
     * Puts all that is held back of the key into the table. Tells why not, if that cannot be done; the
     * key stays held back then.
     */
    private Optional<Throwable> park(Inbox.Key key, Held one, Throwable failure)
            throws InterruptedException {
        int rows;
        try {
            rows =
                    storage.database()
                            .write(sql ->
                                    Parking.park(
                                            one.events,
                                            0,
                                            one.attempts,
                                            failure,
                                            inbox,
                                            parked,
                                            sql));
        } catch (InterruptedException e) {
            throw e;
        } catch (Throwable hindrance) {
            return Optional.of(hindrance);
        }
        forget(key, one);
        done.addAll(one.events);
        outcomes.parked(subscribed.name(), one.events.getFirst(), one.attempts, rows, failure);
        return Optional.empty();
    }

    private void forget(Inbox.Key key, Held one) {
        held.remove(key);
        one.events.forEach(event -> heldIds.remove(event.id()));
        part.recovered(key);
    }

    private void retry(Inbox.Key key) throws InterruptedException {
        var one = held.get(key);
        if (one == null || one.retryAtNanos > time.nanos() || loop.stopping()) return;
        var first = one.events.getFirst();
        try {
            commit(List.of(first));
        } catch (InterruptedException e) {
            throw e;
        } catch (Throwable failure) {
            failed(first, failure);
            return;
        }
        forget(key, one);
        apply(List.copyOf(one.events.subList(1, one.events.size())));
    }

    private void commit(List<BusEvent> events) throws InterruptedException {
        long began = time.nanos();
        var outcome = EventMetrics.FAILED;
        try {
            int queued = change(events);
            outcome = EventMetrics.HANDLED;
            outcomes.count(events.size() - queued, outcome);
            outcomes.count(queued, EventMetrics.PARKED);
        } finally {
            outcomes.ran(began, outcome);
        }
        done.addAll(events);
    }

    /** Applies the events; those of parked keys join them instead. Tells how many these are. */
    private int change(List<BusEvent> events) throws InterruptedException {
        return changes.write(
                events, storage, (transaction, prepared) -> change(events, prepared, transaction));
    }

    private int change(
            List<BusEvent> events, List<Consumer<Transaction>> prepared, Transaction transaction) {
        var sql = transaction.sql();
        var before = new HashMap<Inbox.Key, Inbox.Place>();
        var now = new LinkedHashMap<Inbox.Key, Inbox.Place>();
        var behind = new Parking(parked, sql);
        for (int i = 0; i < events.size(); i++) {
            var event = events.get(i);
            var key = Inbox.Key.of(event);
            var place = Inbox.Place.of(event);
            var last = before.computeIfAbsent(key, each -> inbox.last(each, sql));
            if (!place.isBehind(last)) continue;
            if (!behind.take(event)) prepared.get(i).accept(transaction);
            before.put(key, place);
            now.put(key, place);
        }
        now.forEach((key, place) -> inbox.note(key, place, sql));
        return behind.queue();
    }
}
