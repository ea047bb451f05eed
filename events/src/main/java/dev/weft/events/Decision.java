package dev.weft.events;

import java.util.ArrayList;
import java.util.List;

/** What comes of a command: events, or a no with its reason. */
public sealed interface Decision<E> {

    /**
     * It happens: these events, in order. None means that nothing changes.
     *
     * @param unless what would stand against it, in any stream
     */
    record Emit<E>(List<E> events, List<Unless> unless) implements Decision<E> {
        public Emit {
            events = List.copyOf(events);
            unless = List.copyOf(unless);
        }
    }

    /**
     * It does not happen.
     *
     * @param reason a short word such as {@code empty-cart}: up to 100 of a-z, 0-9 and "-"
     * @param detail a sentence for people
     */
    record Reject<E>(String reason, String detail) implements Decision<E> {
        public Reject {
            if (!reason.matches("[a-z][a-z0-9-]{0,99}"))
                throw new IllegalArgumentException(
                        "the reason of a rejection is a word of up to 100 of a-z, 0-9 and \"-\","
                                + " as \"empty-cart\"; \""
                                + reason
                                + "\" is none. The sentence comes second");
        }
    }

    /**
     * An event that stands against a decision, wherever it is, and how the command is rejected then.
     *
     * @param query what there must be none of, from the log's beginning on; each alternative names a tag
     */
    record Unless(EventQuery query, Reject<Void> rejection) {
        public Unless {
            if (query.anyOf().stream().anyMatch(one -> one.tags().isEmpty()))
                throw new IllegalArgumentException(
                        "a decision is held against events with a tag, else the whole log would be"
                                + " looked through each time; tag what is meant by "
                                + query);
        }
    }

    /** What is to happen unless something stands against it. */
    record Guarded(List<Unless> unless) {
        public Guarded {
            unless = List.copyOf(unless);
        }

        /** And unless this does. */
        public Guarded unless(EventQuery query, String reason, String detail) {
            var more = new ArrayList<>(unless);
            more.add(new Unless(query, new Reject<>(reason, detail)));
            return new Guarded(more);
        }

        /** It happens otherwise: these events, in order, at least one. */
        @SafeVarargs
        @SuppressWarnings("varargs")
        public final <E> Decision<E> emit(E... events) {
            if (events.length == 0)
                throw new IllegalArgumentException(
                        "what nothing comes of has no condition; say Decision.nothing()");
            return new Emit<>(List.of(events), unless);
        }
    }

    /**
     * A rejection if there is an event that the query means, checked when the events are stored, so that nothing comes in
     * between. It is for what one stream cannot know, such as that an address is nobody else's yet:
     *
     * <pre>{@code
     * Decision.unless(EventQuery.ALL.tagged("email:" + email), "email-taken", "somebody has it").emit(new SignedUp(email))
     * }</pre>
     */
    static Guarded unless(EventQuery query, String reason, String detail) {
        return new Guarded(List.of()).unless(query, reason, detail);
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    static <E> Decision<E> emit(E... events) {
        return new Emit<>(List.of(events), List.of());
    }

    static <E> Decision<E> nothing() {
        return new Emit<>(List.of(), List.of());
    }

    static <E> Decision<E> reject(String reason, String detail) {
        return new Reject<>(reason, detail);
    }
}
