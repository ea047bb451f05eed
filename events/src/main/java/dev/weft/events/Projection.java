package dev.weft.events;

/**
 * A view of a service's own log, kept in its tables.
 *
 * <p>Each event of the decider's streams is applied once, in log order, in one transaction with the
 * projection's checkpoint, whatever is killed when. The work only uses the {@link Sql} it is given.
 *
 * @param name unique in the service; the name of its checkpoint
 * @param decider whose events it takes
 */
public record Projection<E>(String name, Decider<?, ?, E> decider, Apply<E> apply) {

    /** What one event does to the tables. */
    @FunctionalInterface
    public interface Apply<E> {
        void apply(Event<E> event, Sql sql);
    }

    public static <E> Projection<E> of(String name, Decider<?, ?, E> decider, Apply<E> apply) {
        return new Projection<>(name, decider, apply);
    }
}
