package dev.weft.events;

import java.util.Optional;

/**
 * A view of a service's own log, kept in its tables.
 *
 * <p>Each event of the decider's streams is applied once, in log order, in one transaction with the
 * projection's checkpoint, whatever is killed when. The work only uses the {@link Sql} it is given.
 *
 * @param name unique in the service; the name of its checkpoint
 * @param decider whose events it takes
 * @param forget what becomes of its tables when a subject is erased, if that was said
 */
public record Projection<E>(
        String name, Decider<?, ?, E> decider, Apply<E> apply, Optional<Forget> forget) {

    /** What one event does to the tables. */
    @FunctionalInterface
    public interface Apply<E> {
        void apply(Event<E> event, Sql sql);
    }

    public static <E> Projection<E> of(String name, Decider<?, ?, E> decider, Apply<E> apply) {
        return new Projection<>(name, decider, apply, Optional.empty());
    }

    /** The same, whose tables are mended when a subject of personal data is erased: {@code SHELF::forget}. */
    public Projection<E> onErase(Forget forget) {
        return new Projection<>(name, decider, apply, Optional.of(forget));
    }
}
