package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.Row;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A query's whole result, so that no connection is held while rows are looked at. At most {@value
 * #MAX} rows.
 */
public record Rows(String sql, List<String> columns, List<@Nullable Object[]> values) {

    static final int MAX = 100_000;

    static Rows read(String sql, ResultSet result) throws SQLException {
        var metadata = result.getMetaData();
        int width = metadata.getColumnCount();
        var columns = new ArrayList<String>(width);
        for (int i = 1; i <= width; i++) columns.add(metadata.getColumnLabel(i));
        var values = new ArrayList<@Nullable Object[]>();
        while (result.next()) {
            if (values.size() == MAX)
                throw new Failure.Storage(
                        "a query answers at most " + MAX + " rows; say LIMIT and read on: " + sql,
                        null);
            var row = new @Nullable Object[width];
            for (int i = 0; i < width; i++) row[i] = plain(result.getObject(i + 1));
            values.add(row);
        }
        return new Rows(sql, columns, values);
    }

    /** As one of the kinds that a {@link Row} knows: text, numbers, bytes. */
    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case String text -> text;
            case byte[] bytes -> bytes;
            case Number number -> number;
            case Boolean flag -> flag ? 1L : 0L;
            case Timestamp timestamp -> Session.INSTANT.format(timestamp.toInstant());
            case Object other -> other.toString();
        };
    }

    /** Each row as something else. */
    public <T> List<T> map(Function<Row, T> row) {
        var mapped = new ArrayList<T>(values.size());
        for (var one : values) mapped.add(row.apply(new One(one)));
        return mapped;
    }

    private final class One implements Row {
        private final @Nullable Object[] row;

        One(@Nullable Object[] row) {
            this.row = row;
        }

        @Override
        public String text(String column) {
            return switch (value(column)) {
                case String text -> text;
                case Number number -> number.toString();
                case Object other -> throw wrong(column, "text", other);
            };
        }

        @Override
        public Optional<String> optionalText(String column) {
            return row[index(column)] == null ? Optional.empty() : Optional.of(text(column));
        }

        @Override
        public long number(String column) {
            return switch (value(column)) {
                case Integer number -> number;
                case Long number -> number;
                case Short number -> number;
                case BigDecimal number when number.stripTrailingZeros().scale() <= 0 ->
                        number.longValueExact();
                case Object other -> throw wrong(column, "a whole number", other);
            };
        }

        @Override
        public BigDecimal decimal(String column) {
            return switch (value(column)) {
                case Integer number -> BigDecimal.valueOf(number);
                case Long number -> BigDecimal.valueOf(number);
                case BigDecimal number -> number;
                case String text -> {
                    try {
                        yield new BigDecimal(text);
                    } catch (NumberFormatException e) {
                        throw wrong(column, "an exact number", text);
                    }
                }
                case Object other -> throw wrong(column, "an exact number", other);
            };
        }

        @Override
        public byte[] bytes(String column) {
            return switch (value(column)) {
                case byte[] bytes -> bytes;
                case Object other -> throw wrong(column, "bytes", other);
            };
        }

        private Object value(String column) {
            var value = row[index(column)];
            if (value == null)
                throw new Failure.Storage(
                        "column " + column + " is null; read it as optional text: " + sql, null);
            return value;
        }

        private int index(String column) {
            for (int i = 0; i < row.length; i++)
                if (columns.get(i).equalsIgnoreCase(column)) return i;
            throw new Failure.Storage(
                    "the result has no column " + column + ", it has " + columns + ": " + sql,
                    null);
        }

        private Failure.Storage wrong(String column, String wanted, Object found) {
            var hint =
                    found instanceof Double
                            ? "; floating point is not exact: declare the column TEXT, and add"
                                    + " exact numbers up in Java"
                            : "";
            var kind =
                    switch (found) {
                        case Double number -> "the floating point number " + number;
                        case byte[] bytes -> bytes.length + " bytes";
                        case Object other -> "\"" + other + "\"";
                    };
            return new Failure.Storage(
                    "column " + column + " is not " + wanted + " but " + kind + hint + ": " + sql,
                    null);
        }
    }
}
