package dev.weft.events;

import dev.weft.core.Backoff;
import dev.weft.core.Meter;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Applies the events of one subscription to the service's tables, each once.
 *
 * <p>A batch is one transaction, with the notes in the inbox of what it holds. If it fails, its
 * events are applied one at a time; a key whose event fails is held back with all its later events,
 * and tried again with backoff while others go on. What is held back is not acknowledged, so the bus
 * hands over at most {@link Bus#MAX_IN_FLIGHT} events behind it: when these are all held back, the
 * listener stands.
 *
 * <p>All of it happens on one thread.
 */
final class TransactionalRunner implements Runner {

    /** A key that is held back: its events in order, of which the first fails. */
    private static final class Held {
        final List<BusEvent> events = new ArrayList<>();
        int attempts;
        long retryAtNanos;
    }

    private final Subscribed subscribed;
    private final Map<String, List<Listener.Transactional.Change<?>>> changes = new HashMap<>();
    private final Inbox inbox;
    private final Database database;
    private final EventSpans spans;
    private final Outcomes outcomes;
    private final Progress.Part part;
    private final Time time;
    private final Loop loop;

    private final Map<Inbox.Key, Held> held = new LinkedHashMap<>();
    private final Set<String> heldIds = new HashSet<>();

    /** Applied, and not yet known to be acknowledged. */
    private final List<BusEvent> done = new ArrayList<>();

    TransactionalRunner(
            String service,
            Listener.Transactional listener,
            Database database,
            Bus bus,
            EventSpans spans,
            Meter meter,
            Progress progress,
            Time time) {
        this.subscribed = new Subscribed(bus, service, listener);
        for (var change : listener.handlers())
            changes.computeIfAbsent(change.type().name(), name -> new ArrayList<>()).add(change);
        this.inbox = new Inbox(listener.name());
        this.database = database;
        this.spans = spans;
        this.outcomes = new Outcomes(meter, listener.name(), time);
        this.part = progress.part(Progress.Kind.TRANSACTIONAL, listener.name());
        this.time = time;
        this.loop = new Loop(subscribed.name(), time, part, this::step);
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

    private void step() throws Exception {
        var batch = subscribed.poll(loop, untilRetry());
        part.applied(batch.applied());
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
            if (events.size() == 1) hold(events.getFirst(), 1, failure);
            else
                for (var event : events)
                    if (!loop.stopping() && !wait(event)) apply(List.of(event));
        }
    }

    private void hold(BusEvent event, int attempts, Throwable failure) {
        outcomes.count(1, EventMetrics.FAILED);
        if (held.isEmpty())
            Loop.LOG.log(
                    System.Logger.Level.WARNING,
                    subscribed.name()
                            + " fails for "
                            + event.type()
                            + " "
                            + event.id()
                            + "; the events of "
                            + event.key()
                            + " wait until it succeeds",
                    failure);
        var key = Inbox.Key.of(event);
        var one = held.computeIfAbsent(key, absent -> new Held());
        if (one.events.isEmpty()) {
            one.events.add(event);
            heldIds.add(event.id());
        }
        one.attempts = attempts;
        one.retryAtNanos = time.nanos() + Backoff.PATIENT.after(attempts, time).toNanos();
        part.failing(
                key,
                new Progress.Failing(
                        event.source(), event.position(), attempts, event.type() + ": " + failure));
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
            hold(first, one.attempts + 1, failure);
            return;
        }
        held.remove(key);
        one.events.forEach(event -> heldIds.remove(event.id()));
        part.recovered(key);
        apply(List.copyOf(one.events.subList(1, one.events.size())));
    }

    /** What an event does to the tables. */
    private record Prepared(BusEvent event, Consumer<Sql> change) {}

    private void commit(List<BusEvent> events) throws InterruptedException {
        long began = time.nanos();
        var outcome = EventMetrics.FAILED;
        try {
            change(events);
            outcome = EventMetrics.HANDLED;
            outcomes.count(events.size(), outcome);
        } finally {
            outcomes.ran(began, outcome);
        }
        done.addAll(events);
    }

    private void change(List<BusEvent> events) throws InterruptedException {
        var prepared = new ArrayList<Prepared>(events.size());
        for (var event : events) prepared.add(prepare(event));
        database.write(sql -> {
            var before = new HashMap<Inbox.Key, Inbox.Place>();
            var now = new LinkedHashMap<Inbox.Key, Inbox.Place>();
            for (var one : prepared) {
                var key = Inbox.Key.of(one.event);
                var place = Inbox.Place.of(one.event);
                var last = before.computeIfAbsent(key, each -> inbox.last(each, sql));
                if (!place.isBehind(last)) continue;
                one.change.accept(sql);
                before.put(key, place);
                now.put(key, place);
            }
            now.forEach((key, place) -> inbox.note(key, place, sql));
            return now.size();
        });
    }

    private Prepared prepare(BusEvent event) {
        var all = changes.get(event.type());
        if (all == null)
            throw new IllegalStateException(
                    subscribed.name() + " has no handler for " + event.type() + " " + event.id());
        var applied = all.stream().map(change -> bound(change, event)).toList();
        return new Prepared(
                event,
                sql ->
                        spans.record(
                                event.origin(),
                                subscribed.name() + " " + event.type(),
                                Span.Kind.CONSUMER,
                                event.id(),
                                () -> applied.forEach(one -> one.accept(sql))));
    }

    private static <T> Consumer<Sql> bound(
            Listener.Transactional.Change<T> change, BusEvent event) {
        var read = read(change.type(), event);
        return sql -> change.apply().apply(read, sql);
    }

    static <T> Event<T> read(EventType<T> type, BusEvent event) {
        return new Event<>(
                event.id(),
                event.source(),
                event.position(),
                event.type(),
                event.key(),
                event.at(),
                Json.read(event.data(), type.type()),
                event.origin());
    }
}
