package dev.weft.events;

import java.util.List;

/** What comes of a command: events, or a no with its reason. */
public sealed interface Decision<E> {

    /** It happens: these events, in order. None means that nothing changes. */
    record Emit<E>(List<E> events) implements Decision<E> {
        public Emit {
            events = List.copyOf(events);
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

    @SafeVarargs
    @SuppressWarnings("varargs")
    static <E> Decision<E> emit(E... events) {
        return new Emit<>(List.of(events));
    }

    static <E> Decision<E> nothing() {
        return new Emit<>(List.of());
    }

    static <E> Decision<E> reject(String reason, String detail) {
        return new Reject<>(reason, detail);
    }
}
