package dev.weft.events;

import dev.weft.core.Context;
import dev.weft.json.RawJson;
import java.time.Instant;
import java.util.List;

/**
 * A public event as a service keeps it in its own log for a view: with what it was called and said when it was told, so that the view
 * can be made anew by code that did not exist then.
 *
 * @param id over all services
 * @param source whose log it is of
 * @param position there
 * @param told its type's name on the bus
 * @param at when it happened
 * @param cause the id of the event that it was written in answer to; empty if there was none
 */
public record Heard(
        String id,
        String source,
        long position,
        String told,
        String key,
        Instant at,
        String cause,
        RawJson data) {

    private static final EventType<Heard> HEARD = EventType.of("heard", Heard.class);

    /** The events that a view has heard, as those of a kind of thing of the service itself. */
    static Decider<Void, Boolean, Heard> of(String view) {
        return Decider.of(
                "weft_heard_" + view.replace('-', '_'),
                true,
                (command, state) -> Decision.nothing(),
                (state, heard) -> state,
                HEARD);
    }

    static Heard of(Event<RawJson> event) {
        return new Heard(
                event.id(),
                event.source(),
                event.position(),
                event.type(),
                event.key(),
                event.at(),
                event.origin().cause(),
                event.data());
    }

    /** Keeps it in the log, once with the transaction. */
    void keep(Decider<?, ?, Heard> view, Origin origin, Transaction transaction) {
        var event = new EventCodec<>("", view).encode(this);
        transaction.append(
                List.of(
                        new EventStore.Append(
                                view.stream(source), EventStore.ANY_VERSION, List.of(event))),
                origin.withoutAppendKey().with(Context.current().trace()).causedBy(id));
    }

    /** As it was told, to one who knows the type. */
    <T> Event<T> as(EventType<T> type, Origin kept) {
        return new Event<>(
                id,
                source,
                position,
                type.name(),
                key,
                at,
                type.readPublic(told, data.utf8()),
                kept.causedBy(cause));
    }
}
