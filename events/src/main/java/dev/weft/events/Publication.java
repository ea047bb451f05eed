package dev.weft.events;

import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which of a decider's private events are told to other services, and as what.
 *
 * <p>A publication is a subscription on the service's own log: what is committed there is published
 * in order, at least once, with the log position as its identity, so the bus can leave out what it
 * has already. Pure, because it may run again.
 *
 * @param types all that it tells; that others know before it is told, so what is not among them is refused
 */
public record Publication<E>(
        Decider<?, ?, E> decider,
        List<EventType<?>> types,
        Function<Event<E>, List<PublicEvent<?>>> translate) {

    public Publication {
        types = List.copyOf(types);
        var names = new HashSet<String>();
        for (var type : types) {
            if (!names.add(type.publicName()))
                throw new IllegalArgumentException(
                        "the publication of "
                                + decider.name()
                                + " declares "
                                + type.publicName()
                                + " twice");
        }
    }

    /** Tells all that happens, as it is; the key is the instance's id. */
    public static <E> Publication<E> of(Decider<?, ?, E> decider) {
        return new Publication<>(
                decider, List.copyOf(decider.events()), event -> List.of(asItIs(decider, event)));
    }

    private static <E> PublicEvent<?> asItIs(Decider<?, ?, E> decider, Event<E> event) {
        for (var type : decider.events())
            if (type.name().equals(event.type())) return asItIs(type, event);
        throw new IllegalStateException(decider.name() + " has no event " + event.type());
    }

    private static <T> PublicEvent<T> asItIs(EventType<T> type, Event<?> event) {
        return type.of(event.key(), type.type().cast(event.data()));
    }

    /** What it says of an event; an {@link IllegalStateException} if it has not declared that. */
    List<PublicEvent<?>> tell(Event<E> event) {
        var said = translate.apply(event);
        for (var each : said)
            if (!declares(each.type()))
                throw new IllegalStateException(
                        "the publication of "
                                + decider.name()
                                + " tells "
                                + each.type().publicName()
                                + " with "
                                + each.type().type().getSimpleName()
                                + ", which it has not declared; it declares "
                                + types.stream()
                                        .map(type ->
                                                type.publicName()
                                                        + " with "
                                                        + type.type().getSimpleName())
                                        .collect(Collectors.joining(", ")));
        return said;
    }

    private boolean declares(EventType<?> told) {
        for (var type : types)
            if (type.publicName().equals(told.publicName()) && type.type() == told.type())
                return true;
        return false;
    }
}
