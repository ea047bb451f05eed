package dev.weft.events;

import dev.weft.core.Span;
import dev.weft.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What the events of one transactional listener do to the tables. */
final class TableChanges {

    private final String name;
    private final Map<String, List<Listener.Transactional.Change<?>>> changes = new HashMap<>();
    private final EventSpans spans;

    /**
     * @param name of the subscription
     */
    TableChanges(String name, Listener.Transactional listener, EventSpans spans) {
        this.name = name;
        for (var change : listener.handlers())
            changes.computeIfAbsent(change.type().name(), type -> new ArrayList<>()).add(change);
        this.spans = spans;
    }

    /** What the event does; data that cannot be read fail when it is to be done, not before. */
    Consumer<Sql> of(BusEvent event) {
        try {
            return bound(event);
        } catch (RuntimeException misfit) {
            return sql -> {
                throw misfit;
            };
        }
    }

    private Consumer<Sql> bound(BusEvent event) {
        var all = changes.get(event.type());
        if (all == null)
            throw new IllegalStateException(
                    name + " has no handler for " + event.type() + " " + event.id());
        var bound = all.stream().map(change -> bound(change, event)).toList();
        return sql ->
                spans.record(
                        event.origin(),
                        name + " " + event.type(),
                        Span.Kind.CONSUMER,
                        event.id(),
                        () -> bound.forEach(one -> one.accept(sql)));
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
