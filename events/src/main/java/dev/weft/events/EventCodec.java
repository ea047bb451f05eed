package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.json.Json;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Turns a decider's events into what the log of one service keeps, and back.
 *
 * <p>An event is stored by the type that names its class; failing that, by the first one that it is
 * an instance of. Safe for many threads.
 */
public final class EventCodec<E> {

    private final String service;
    private final String prefix;
    private final List<EventType<? extends E>> types;
    private final Map<String, EventType<? extends E>> byName = new HashMap<>();
    private final Map<Class<?>, EventType<? extends E>> byClass = new HashMap<>();

    /**
     * @param service whose log it is; the source of the events
     * @param decider whose events they are; a type named twice is an {@link
     *     IllegalArgumentException}
     */
    public EventCodec(String service, Decider<?, ?, E> decider) {
        this.service = service;
        this.prefix = decider.stream("");
        this.types = decider.events();
        var classes = new HashSet<Class<?>>();
        for (var type : types) {
            if (byName.put(type.name(), type) != null)
                throw new IllegalArgumentException(
                        decider.name() + " has two types of event named " + type.name());
            if (!classes.add(type.type()))
                throw new IllegalArgumentException(
                        decider.name() + " has two names for " + type.type().getName());
            byClass.put(type.type(), type);
        }
    }

    /** Whether the event is of one of the decider's streams. */
    public boolean owns(StoredEvent stored) {
        return stored.stream().startsWith(prefix);
    }

    /** The event to append. */
    public NewEvent encode(E event) {
        return encode(typeOf(event), event);
    }

    @SuppressWarnings("unchecked") // the event is of this type
    private static <T> NewEvent encode(EventType<T> type, Object event) {
        return new NewEvent(
                type.name(),
                type.version(),
                Json.write(event, type.type()),
                type.tags().apply((T) event));
    }

    private EventType<? extends E> typeOf(E event) {
        var exact = byClass.get(event.getClass());
        if (exact != null) return exact;
        return types.stream()
                .filter(type -> type.type().isInstance(event))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "the decider of "
                                        + prefix
                                        + "… emits "
                                        + event.getClass().getName()
                                        + " but names no type for it; it has "
                                        + names()));
    }

    /**
     * What happened; {@link Failure.Unreadable} if the type is not one of the decider's, or the data
     * does not fit it.
     */
    public E data(StoredEvent stored) {
        var type =
                Optional.ofNullable(byName.get(stored.type()))
                        .orElseThrow(() ->
                                new Failure.Unreadable(
                                        "event",
                                        where(stored)
                                                + " is of no type that the decider names, which"
                                                + " are "
                                                + names()
                                                + "; a type that was ever stored has to stay"
                                                + " among them",
                                        null));
        try {
            return type.read(stored.typeVersion(), stored.data());
        } catch (Failure.Malformed e) {
            throw new Failure.Unreadable(
                    "event",
                    where(stored)
                            + " does not fit "
                            + type.type().getName()
                            + ": "
                            + e.getMessage()
                            + "; what is stored does not change, so a component keeps its name and"
                            + " type, a new one is an Optional, and any other change is a next"
                            + " version of the type",
                    e);
        } catch (RuntimeException e) {
            throw new Failure.Unreadable(
                    "event",
                    where(stored)
                            + " is of version "
                            + stored.typeVersion()
                            + " and cannot be lifted to version "
                            + type.version()
                            + ": "
                            + e,
                    e);
        }
    }

    /** The event as projections and publications see it: its id is service/position/0. */
    public Event<E> decode(StoredEvent stored) {
        return new Event<>(
                service + "/" + stored.position() + "/0",
                service,
                stored.position(),
                stored.type(),
                stored.stream().substring(prefix.length()),
                stored.at(),
                data(stored),
                stored.origin());
    }

    private String where(StoredEvent stored) {
        return "event \""
                + stored.type()
                + "\" of stream "
                + stored.stream()
                + " at position "
                + stored.position()
                + " of the log of "
                + service;
    }

    private Set<String> names() {
        return new TreeSet<>(byName.keySet());
    }
}
