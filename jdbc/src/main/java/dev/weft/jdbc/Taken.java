package dev.weft.jdbc;

import dev.weft.events.EventQuery;
import dev.weft.events.EventStore.Condition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;

/** The events that a batch has taken since a condition was first looked up in it; before that nobody asks for them. */
final class Taken {

    /** What is asked of an event; its data may go. */
    private record Seen(long position, String stream, String type, Set<String> tags) {}

    private final List<Seen> rows = new ArrayList<>();
    private final Map<String, List<Seen>> tagged = new HashMap<>();
    private boolean begun;

    void begin() {
        begun = true;
    }

    void add(NewRow row) {
        if (!begun) return;
        var seen = new Seen(row.position(), row.stream(), row.event().type(), row.event().tags());
        rows.add(seen);
        for (var tag : seen.tags())
            tagged.computeIfAbsent(tag, name -> new ArrayList<>()).add(seen);
    }

    int size() {
        return rows.size();
    }

    /** Forgets all but the first so many. */
    void cut(int size) {
        while (rows.size() > size)
            for (var tag : rows.removeLast().tags())
                Objects.requireNonNull(tagged.get(tag)).removeLast();
    }

    /** The position of the first event that stands against the condition. */
    OptionalLong first(Condition condition) {
        return condition.query().anyOf().stream()
                .flatMapToLong(one ->
                        candidates(one).stream()
                                .filter(row ->
                                        row.position() > condition.after() && matches(one, row))
                                .mapToLong(Seen::position)
                                .limit(1))
                .min();
    }

    private List<Seen> candidates(EventQuery.Alternative one) {
        return one.tags().isEmpty() ? rows : tagged.getOrDefault(one.tags().getFirst(), List.of());
    }

    private static boolean matches(EventQuery.Alternative one, Seen row) {
        return one.matches(row.stream(), row.type(), row.tags());
    }
}
