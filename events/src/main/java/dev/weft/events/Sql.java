package dev.weft.events;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * SQL within one transaction.
 *
 * <p>Parameters are {@code ?}; they may be text, whole numbers, {@code BigDecimal} (kept as exact
 * text), booleans (1 and 0), byte arrays, {@code Instant} (as ISO text with nine digits of a second,
 * so that texts sort as times do) or {@code Optional} of these. One statement at a time. Errors are
 * {@link dev.weft.core.Failure.Storage} naming the statement.
 */
public interface Sql {

    /** Runs a statement that changes rows and tells how many. */
    int update(String sql, Object... parameters);

    /**
     * Runs a statement that changes rows, without telling how many. It may wait for others of the same text, to go to the
     * database together with them: no longer than until the next query or update, another statement, or the transaction's end,
     * so that nobody can tell but by the time. If it fails, then is when that is thrown, and the transaction is undone.
     */
    default void change(String sql, Object... parameters) {
        update(sql, parameters);
    }

    /** All rows of a query. */
    <T> List<T> query(String sql, Function<Row, T> row, Object... parameters);

    /** The first row of a query. */
    default <T> Optional<T> first(String sql, Function<Row, T> row, Object... parameters) {
        var rows = query(sql, row, parameters);
        return rows.isEmpty() ? Optional.empty() : Optional.of(rows.getFirst());
    }
}
