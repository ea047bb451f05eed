package dev.weft.events;

import java.util.List;
import java.util.function.Function;

/**
 * Which of a decider's private events are told to other services, and as what.
 *
 * <p>A publication is a subscription on the service's own log: what is committed there is published
 * in order, at least once, with the log position as its identity, so the bus can leave out what it
 * has already. Pure, because it may run again.
 */
public record Publication<E>(
        Decider<?, ?, E> decider, Function<Event<E>, List<PublicEvent<?>>> translate) {}
