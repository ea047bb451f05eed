package dev.weft.events;

import dev.weft.core.Span;
import dev.weft.json.PersonalJson;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** What the events of one transactional listener do to the tables. */
final class TableChanges {

    private final String name;
    private final Map<String, List<Listener.Transactional.Change<?>>> changes = new HashMap<>();
    private final EventSpans spans;
    private final Subjects subjects;

    /**
     * @param name of the subscription
     */
    TableChanges(
            String name, Listener.Transactional listener, EventSpans spans, Subjects subjects) {
        this.name = name;
        for (var change : listener.handlers())
            for (var told : change.type().publicNames())
                changes.computeIfAbsent(told, _ -> new ArrayList<>()).add(change);
        this.spans = spans;
        this.subjects = subjects;
    }

    /**
     * Does what the events do, in a transaction.
     *
     * @param work changes the tables by what {@link #of} says
     */
    <T> T write(
            List<BusEvent> events,
            Storage storage,
            BiFunction<Transaction, List<Consumer<Transaction>>, T> work)
            throws InterruptedException {
        boolean personal = events.stream().anyMatch(event -> PersonalJson.isIn(event.data()));
        while (true) {
            long erasures = subjects.erasures();
            var prepared = events.stream().map(this::of).toList();
            var done =
                    storage.write(transaction ->
                            personal && subjects.moved(erasures, transaction.sql())
                                    ? Optional.<T>empty()
                                    : Optional.of(work.apply(transaction, prepared)));
            if (done.isPresent()) return done.get();
        }
    }

    /** What the event does; data that cannot be read fail when it is to be done, not before. */
    private Consumer<Transaction> of(BusEvent event) {
        try {
            return bound(event);
        } catch (RuntimeException misfit) {
            return transaction -> {
                throw misfit;
            };
        }
    }

    private Consumer<Transaction> bound(BusEvent event) {
        var all = changes.get(event.type());
        if (all == null)
            throw new IllegalStateException(
                    name + " has no handler for " + event.type() + " " + event.id());
        var bound = all.stream().map(change -> bound(change, event)).toList();
        return transaction ->
                spans.record(
                        event.origin(),
                        name + " " + event.type(),
                        Span.Kind.CONSUMER,
                        event.id(),
                        () -> bound.forEach(one -> one.accept(transaction)));
    }

    private <T> Consumer<Transaction> bound(
            Listener.Transactional.Change<T> change, BusEvent event) {
        var read = read(change.type(), event, subjects);
        return transaction -> change.apply().apply(read, transaction);
    }

    /** The event, without what it holds of erased subjects. */
    static <T> Event<T> read(EventType<T> type, BusEvent event, Subjects subjects) {
        return new Event<>(
                event.id(),
                event.source(),
                event.position(),
                type.name(),
                event.key(),
                event.at(),
                type.readPublic(event.type(), subjects.opened("bus", event.data())),
                event.origin());
    }
}
