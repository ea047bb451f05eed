package dev.weft.events;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Which events of a log are meant, whatever streams they are in: those that fit one of the alternatives.
 *
 * <pre>{@code
 * EventQuery.ALL.tagged("email:a@b.c").ofTypes("signed-up").or(EventQuery.ALL.in("customer").ofTypes("erased"))
 * }</pre>
 *
 * <p>Stores look up the <em>first</em> tag of an alternative in an index and compare the rest, so name the rarest tag first. For an
 * alternative without tags they go through the log from the position that is asked from, in the database, until they have
 * found as many as wanted.
 *
 * @param anyOf at least one, at most {@value #MAX_ALTERNATIVES}
 */
public record EventQuery(List<Alternative> anyOf) {

    public static final int MAX_ALTERNATIVES = 10;

    /** The most types of one alternative. */
    public static final int MAX_TYPES = 50;

    /** Every event; what follows narrows it. */
    public static final EventQuery ALL =
            new EventQuery(List.of(new Alternative(Optional.empty(), Set.of(), List.of())));

    /**
     * Events that are all of this.
     *
     * @param category their stream is {@code category-…}
     * @param types their type is one of these; any if there are none
     * @param tags they have all of these
     */
    public record Alternative(Optional<String> category, Set<String> types, List<String> tags) {
        public Alternative {
            types = Set.copyOf(types);
            tags = List.copyOf(new LinkedHashSet<>(tags));
            tags.forEach(NewEvent::requireTag);
            if (tags.size() > NewEvent.MAX_TAGS)
                throw new IllegalArgumentException(
                        "no event has more than "
                                + NewEvent.MAX_TAGS
                                + " tags, "
                                + tags.size()
                                + " are asked for");
            if (types.size() > MAX_TYPES)
                throw new IllegalArgumentException(
                        "at most "
                                + MAX_TYPES
                                + " types are asked for at once, not "
                                + types.size()
                                + "; ask for their category");
            types.forEach(Alternative::requireType);
            category.ifPresent(Alternative::requireCategory);
        }

        private static void requireType(String type) {
            if (type.isEmpty()
                    || type.length() > EventStore.MAX_STREAM_NAME
                    || type.chars().anyMatch(Character::isISOControl)
                    || !EventStore.isStorable(type))
                throw new IllegalArgumentException("no type is named \"" + type + "\"");
        }

        private static void requireCategory(String category) {
            if (category.isEmpty()
                    || category.length() > EventStore.MAX_STREAM_NAME
                    || category.contains("-")
                    || !EventStore.isStorable(category))
                throw new IllegalArgumentException(
                        "a category is what stands before the first \"-\" of a stream's name, not"
                                + " \""
                                + category
                                + "\"");
        }

        /** Whether an event is meant. */
        public boolean matches(String stream, String type, Set<String> tags) {
            return (types.isEmpty() || types.contains(type))
                    && category.map(it -> stream.startsWith(it + "-")).orElse(true)
                    && tags.containsAll(this.tags);
        }

        @Override
        public String toString() {
            var said = new ArrayList<String>();
            category.ifPresent(it -> said.add("category " + it));
            if (!types.isEmpty()) said.add("type " + String.join(" or ", types));
            if (!tags.isEmpty()) said.add("tag " + String.join(" and ", tags));
            return said.isEmpty() ? "any event" : String.join(", ", said);
        }
    }

    public EventQuery {
        anyOf = List.copyOf(anyOf);
        if (anyOf.isEmpty() || anyOf.size() > MAX_ALTERNATIVES)
            throw new IllegalArgumentException(
                    "a query has 1 to " + MAX_ALTERNATIVES + " alternatives, not " + anyOf.size());
    }

    /** Of these, the events that have all of these tags too. */
    public EventQuery tagged(String... tags) {
        return narrowed(it -> {
            var all = new ArrayList<>(it.tags());
            all.addAll(List.of(tags));
            return new Alternative(it.category(), it.types(), all);
        });
    }

    /** Of these, the events of one of these types; said once. */
    public EventQuery ofTypes(String... types) {
        return narrowed(it -> {
            if (!it.types().isEmpty())
                throw new IllegalArgumentException("types were said before: " + it);
            return new Alternative(it.category(), Set.of(types), it.tags());
        });
    }

    /** Of these, the events in streams of this category; said once. */
    public EventQuery in(String category) {
        return narrowed(it -> {
            if (it.category().isPresent())
                throw new IllegalArgumentException("a category was said before: " + it);
            return new Alternative(Optional.of(category), it.types(), it.tags());
        });
    }

    /** These events and those. */
    public EventQuery or(EventQuery other) {
        var both = new ArrayList<>(anyOf);
        both.addAll(other.anyOf);
        return new EventQuery(both);
    }

    private EventQuery narrowed(UnaryOperator<Alternative> narrower) {
        return new EventQuery(anyOf.stream().map(narrower).toList());
    }

    /** Whether an event is meant. */
    public boolean matches(StoredEvent event) {
        return matches(event.stream(), event.type(), event.tags());
    }

    /** Whether an event is meant. */
    public boolean matches(String stream, String type, Set<String> tags) {
        return anyOf.stream().anyMatch(it -> it.matches(stream, type, tags));
    }

    @Override
    public String toString() {
        return String.join("; or ", anyOf.stream().map(Alternative::toString).toList());
    }
}
