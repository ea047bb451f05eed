package dev.weft.events;

import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * The rules of one kind of thing, as pure functions (Chassaing, "Functional Event Sourcing
 * Decider").
 *
 * <p>Each instance of the thing is one stream, {@code name-id}. Its state is what {@code evolve}
 * makes of its events from {@code initial} on; {@code decide} says what comes of a command in a
 * state. Both may be run again at any time and must not look at anything but their arguments.
 *
 * @param name of the kind, in lower case without a hyphen: the category of its streams
 * @param events every type of event that {@code decide} may emit, with the name it is stored by
 * @param snapshots how its states are kept, if they are
 */
public record Decider<C, S, E>(
        String name,
        S initial,
        BiFunction<C, S, Decision<E>> decide,
        BiFunction<S, E, S> evolve,
        List<EventType<? extends E>> events,
        Optional<Snapshots<S>> snapshots) {

    public Decider {
        if (!name.matches("[a-z][a-z0-9_]{0,62}"))
            throw new IllegalArgumentException(
                    "a decider is named with up to 63 of a-z, 0-9 and \"_\", not \"" + name + "\"");
        events = List.copyOf(events);
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    public static <C, S, E> Decider<C, S, E> of(
            String name,
            S initial,
            BiFunction<C, S, Decision<E>> decide,
            BiFunction<S, E, S> evolve,
            EventType<? extends E>... events) {
        return new Decider<>(name, initial, decide, evolve, List.of(events), Optional.empty());
    }

    /** With a snapshot of each stream about every {@value Snapshots#EVERY} events, for streams that grow long. */
    public Decider<C, S, E> snapshots(StateType<S> type) {
        return snapshots(type, Snapshots.EVERY);
    }

    /** With a snapshot of each stream about every so many events. */
    public Decider<C, S, E> snapshots(StateType<S> type, int every) {
        return new Decider<>(
                name, initial, decide, evolve, events, Optional.of(new Snapshots<>(type, every)));
    }

    /** The stream of one instance. */
    public String stream(String id) {
        return name + "-" + id;
    }
}
