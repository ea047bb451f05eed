package dev.weft.events;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The tables of one service, in the same database as its log. Many threads may use it at once. */
public interface Database extends AutoCloseable {

    /**
     * Runs the work as one transaction, all or nothing, and returns when it is on disk. One
     * transaction runs at a time; the store may put several into one commit. The work only uses the
     * {@link Sql} it is given, must not block on anything else, and may be run again.
     */
    <T> T write(Function<Sql, T> work) throws InterruptedException;

    /** All rows of a query, as of the last commit. */
    <T> List<T> query(String sql, Function<Row, T> row, Object... parameters);

    /** The first row of a query, as of the last commit. */
    default <T> Optional<T> first(String sql, Function<Row, T> row, Object... parameters) {
        var rows = query(sql, row, parameters);
        return rows.isEmpty() ? Optional.empty() : Optional.of(rows.getFirst());
    }

    @Override
    void close();
}
