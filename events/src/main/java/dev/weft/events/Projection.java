package dev.weft.events;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A view of a service's own log, kept in its tables.
 *
 * <p>Each event of the decider's streams is applied once, in log order, in one transaction with the
 * projection's checkpoint, whatever is killed when. The work only uses the {@link Sql} it is given.
 *
 * <p>One that says which tables are its own can be rebuilt beside them ({@link Projections}): from the first event on, into
 * tables of other names, which take the place of the live ones in one transaction. For this, a word of its SQL that is the name of
 * one of its tables means the table, so no column may be called like one; and it may change no other table.
 *
 * @param name unique in the service; the name of its checkpoint
 * @param decider whose events it takes
 * @param version of what it makes of events, from 1: a higher one than the live tables are of has them rebuilt when the service starts
 * @param tables statements that make its tables and their indexes where they are missing: {@code create table if not exists …};
 *     empty if it cannot be rebuilt
 * @param forget what becomes of its tables when a subject is erased, if that was said
 */
public record Projection<E>(
        String name,
        Decider<?, ?, E> decider,
        Apply<E> apply,
        int version,
        List<String> tables,
        Optional<Forget> forget) {

    /** What one event does to the tables. */
    @FunctionalInterface
    public interface Apply<E> {
        void apply(Event<E> event, Sql sql);
    }

    public Projection {
        if (version < 1)
            throw new IllegalArgumentException(
                    "versions of the projection " + name + " begin with 1, not " + version);
        tables = List.copyOf(tables);
    }

    /** One of version 1 that has not said yet which tables are its own. */
    public static <E> Projection<E> of(String name, Decider<?, ?, E> decider, Apply<E> apply) {
        return new Projection<>(name, decider, apply, 1, List.of(), Optional.empty());
    }

    /** Of this version; raise it with each change of the work or of the tables. */
    public Projection<E> version(int version) {
        return new Projection<>(name, decider, apply, version, tables, forget);
    }

    /** Also has these tables and indexes: {@code create table if not exists …}, {@code create index if not exists …}. */
    public Projection<E> tables(String... statements) {
        var all = new ArrayList<>(tables);
        all.addAll(List.of(statements));
        return new Projection<>(name, decider, apply, version, all, forget);
    }

    /** Also has these tables of records. */
    public Projection<E> tables(Table<?>... more) {
        return tables(Stream.of(more).map(Table::definition).toArray(String[]::new));
    }

    /**
     * The same, whose tables are mended when a subject of personal data is erased: {@code SHELF::forget}; all generations of them. One
     * that is not live and of another version is made anew by newer code, and dropped if it is of older.
     */
    public Projection<E> onErase(Forget forget) {
        return new Projection<>(name, decider, apply, version, tables, Optional.of(forget));
    }
}
