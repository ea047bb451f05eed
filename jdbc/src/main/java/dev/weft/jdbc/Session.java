package dev.weft.jdbc;

import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One connection with the {@value #MAX_STATEMENTS} statements that it prepared last. Used by one thread at a time. */
public final class Session implements AutoCloseable {

    private static final int MAX_STATEMENTS = 128;

    /** How many changes run together at most, and from how many characters and bytes on. */
    private static final int MAX_TOGETHER = 500;

    private static final long MAX_TOGETHER_SIZE = 1 << 20;

    static final DateTimeFormatter INSTANT =
            new DateTimeFormatterBuilder().appendInstant(9).toFormatter();

    /** A statement, and how many parameters it has: a question to some servers. */
    private record Prepared(PreparedStatement statement, int parameters) {}

    /** Counts the changes of the schema in this process; prepared statements are of one schema. */
    private final AtomicInteger schema;

    private final Dialect dialect;
    private final Connection connection;
    private final LinkedHashMap<String, Prepared> statements = new LinkedHashMap<>(64, 0.75f, true);
    private int preparedAt;
    private boolean defined;
    private boolean changes;

    Session(Dialect dialect, Connection connection, AtomicInteger schema) {
        this.dialect = dialect;
        this.connection = connection;
        this.schema = schema;
        this.preparedAt = schema.get();
    }

    Dialect dialect() {
        return dialect;
    }

    /** Whether what it is used for now may have changed something. */
    boolean changes() {
        return changes;
    }

    void changes(boolean may) {
        changes = may;
    }

    /** The connection, for what only its database can. */
    public Connection connection() {
        return connection;
    }

    /** The prepared statement, with none of its parameters set. */
    public PreparedStatement prepared(String sql) throws SQLException {
        return statement(sql).statement;
    }

    private Prepared statement(String sql) throws SQLException {
        if (preparedAt != schema.get()) {
            closeStatements();
            preparedAt = schema.get();
        }
        var statement = statements.get(sql);
        if (statement == null) {
            statement = prepare(sql);
            statements.put(sql, statement);
            if (statements.size() > MAX_STATEMENTS)
                statements.pollFirstEntry().getValue().statement.close();
        }
        return statement;
    }

    private Prepared prepare(String sql) throws SQLException {
        var statement = connection.prepareStatement(Statements.alone(sql));
        boolean prepared = false;
        try {
            var done =
                    new Prepared(statement, statement.getParameterMetaData().getParameterCount());
            prepared = true;
            return done;
        } finally {
            if (!prepared) statement.close();
        }
    }

    /** Forgets a statement that failed: the driver has closed it, and does not say so. */
    private void forget(String sql, SQLException failure) {
        var statement = statements.remove(sql);
        if (statement == null) return;
        try {
            statement.statement.close();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    /** Forgets all statements, as one of them has failed. */
    void forgetStatements(SQLException failure) {
        try {
            closeStatements();
        } catch (SQLException e) {
            statements.clear();
            failure.addSuppressed(e);
        }
    }

    /** Runs a statement without parameters or result. */
    public void execute(String sql) throws SQLException {
        try {
            prepared(sql).execute();
        } catch (SQLException e) {
            forget(sql, e);
            throw e;
        }
    }

    /** Runs a statement that changes rows and tells how many. */
    public int update(String sql, @Nullable Object... parameters) throws SQLException {
        int changed;
        try {
            changed = bound(sql, parameters).executeUpdate();
        } catch (SQLException e) {
            forget(sql, e);
            throw e;
        }
        if (Statements.isDefinition(sql)) {
            defined = true;
            closeStatements();
        }
        return changed;
    }

    /** Statements of one text, to run together; nothing else is prepared here until they have. */
    final class Together {

        private final String sql;
        private final Prepared prepared;
        private int count;
        private long size;

        private Together(String sql) throws SQLException {
            this.sql = sql;
            this.prepared = statement(sql);
        }

        String sql() {
            return sql;
        }

        void add(@Nullable Object... parameters) throws SQLException {
            bind(prepared, sql, parameters);
            prepared.statement.addBatch();
            count++;
            for (var parameter : parameters)
                if (parameter instanceof String text) size += text.length();
                else if (parameter instanceof byte[] bytes) size += bytes.length;
        }

        boolean isFull() {
            return count >= MAX_TOGETHER || size >= MAX_TOGETHER_SIZE;
        }

        void run() throws SQLException {
            try {
                prepared.statement.executeBatch();
            } catch (SQLException e) {
                forget(sql, e);
                // The other says all parameters of the statement, and the error only in passing.
                throw e instanceof BatchUpdateException && e.getNextException() != null
                        ? e.getNextException()
                        : e;
            }
        }

        void drop() throws SQLException {
            prepared.statement.clearBatch();
        }
    }

    /** Begins with statements that run together. */
    Together together(String sql) throws SQLException {
        return new Together(sql);
    }

    /** Commits, and lets other sessions know of a changed schema. */
    public void commit() throws SQLException {
        execute("COMMIT");
        if (defined) schema.incrementAndGet();
        defined = false;
    }

    /** The whole result of a query. */
    public Rows rows(String sql, @Nullable Object... parameters) throws SQLException {
        try {
            var statement = bound(sql, parameters);
            // Some drivers fetch all that the database has to tell, at once.
            statement.setMaxRows(Rows.MAX + 1);
            try (var result = statement.executeQuery()) {
                return Rows.read(sql, result);
            }
        } catch (SQLException e) {
            forget(sql, e);
            throw e;
        }
    }

    private PreparedStatement bound(String sql, @Nullable Object... parameters)
            throws SQLException {
        var prepared = statement(sql);
        bind(prepared, sql, parameters);
        return prepared.statement;
    }

    private static void bind(Prepared prepared, String sql, @Nullable Object... parameters)
            throws SQLException {
        int wanted = prepared.parameters;
        if (wanted != parameters.length)
            throw new IllegalArgumentException(
                    "the statement has "
                            + wanted
                            + " parameters, not "
                            + parameters.length
                            + ": "
                            + sql);
        for (int i = 0; i < wanted; i++) bind(prepared.statement, i + 1, parameters[i], sql);
    }

    private static void bind(
            PreparedStatement statement, int index, @Nullable Object value, String sql)
            throws SQLException {
        switch (value) {
            case String text -> statement.setString(index, text);
            case Long number -> statement.setLong(index, number);
            case Integer number -> statement.setLong(index, number);
            case Short number -> statement.setLong(index, number);
            case Byte number -> statement.setLong(index, number);
            case Boolean flag -> statement.setLong(index, flag ? 1 : 0);
            case BigDecimal number -> statement.setString(index, number.toPlainString());
            case byte[] bytes -> statement.setBytes(index, bytes);
            case Instant instant -> statement.setString(index, INSTANT.format(instant));
            case Optional<?> optional -> {
                if (optional.isPresent()) bind(statement, index, optional.get(), sql);
                else statement.setObject(index, null);
            }
            case null ->
                    throw new IllegalArgumentException(
                            "parameter " + index + " is null; say Optional.empty(): " + sql);
            default ->
                    throw new IllegalArgumentException(
                            "parameter "
                                    + index
                                    + " is a "
                                    + value.getClass().getName()
                                    + ", it has to be text, a whole number, BigDecimal, boolean,"
                                    + " bytes, Instant or Optional of these: "
                                    + sql);
        }
    }

    /** Ends what runs here, from any thread. */
    void interrupt() {
        try {
            dialect.interrupt(connection);
        } catch (SQLException e) {
            // It is closed already.
            return;
        }
    }

    private void closeStatements() throws SQLException {
        for (var each : statements.values()) each.statement.close();
        statements.clear();
    }

    @Override
    public void close() throws SQLException {
        try (connection) {
            closeStatements();
        }
    }
}
