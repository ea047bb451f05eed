package dev.weft.sqlite;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.sqlite.ProgressHandler;
import org.sqlite.SQLiteConnection;

/**
 * One connection with the {@value #MAX_STATEMENTS} statements that it prepared last. Used by one
 * thread at a time.
 *
 * <p>No memory mapping: where a disk fails, a mapped read would end the process instead of failing.
 */
final class Session implements AutoCloseable {

    /** How long another process may hold the write lock. */
    static final Duration BUSY = Duration.ofSeconds(10);

    private static final int MAX_STATEMENTS = 128;
    private static final int CACHE_KIB = 16 << 10;
    private static final int WAL_PAGES = 2_000;
    private static final long WAL_BYTES = 64L << 20;

    /** How many steps of SQLite's machine a read makes between looks at its thread's flag. */
    private static final int STEPS = 20_000;

    private static final DateTimeFormatter INSTANT =
            new DateTimeFormatterBuilder().appendInstant(9).toFormatter();

    /** Counts the changes of the schema in this process; prepared statements are of one schema. */
    private final AtomicInteger schema;

    private final Connection connection;
    private final LinkedHashMap<String, PreparedStatement> statements =
            new LinkedHashMap<>(64, 0.75f, true);
    private int preparedAt;
    private boolean defined;
    private boolean readOnly;

    private Session(Connection connection, AtomicInteger schema) {
        this.connection = connection;
        this.schema = schema;
        this.preparedAt = schema.get();
    }

    /** A connection to the file, or with "" to a database of its own in memory. */
    static Session open(String file, AtomicInteger schema) throws SQLException {
        var url = "jdbc:sqlite:" + (file.isEmpty() ? ":memory:" : file);
        var session = new Session(DriverManager.getConnection(url), schema);
        try {
            session.pragma("busy_timeout", BUSY.toMillis());
            session.pragma("foreign_keys", 1);
            session.pragma("cache_size", -CACHE_KIB);
            session.pragma("mmap_size", 0);
            return session;
        } catch (SQLException e) {
            session.close();
            throw e;
        }
    }

    /** Makes commits durable: a write-ahead log that is synced at each. */
    void makeWriter() throws SQLException {
        var mode = rows("PRAGMA journal_mode=WAL").values().getFirst()[0];
        if (!"wal".equals(mode))
            throw new SQLException("no write-ahead log is possible there, only " + mode);
        pragma("synchronous", 2);
        pragma("fullfsync", 1);
        pragma("checkpoint_fullfsync", 1);
        pragma("wal_autocheckpoint", WAL_PAGES);
        pragma("journal_size_limit", WAL_BYTES);
    }

    /**
     * Leaves the waiting for the write lock to its user: SQLite looks every 100 ms only, and misses
     * the short gaps between the commits of a busy process.
     */
    void makeImpatient() throws SQLException {
        pragma("busy_timeout", 0);
    }

    /** Lets reads end when their thread is interrupted. */
    void makeInterruptible() throws SQLException {
        ProgressHandler.setHandler(
                connection,
                STEPS,
                new ProgressHandler() {
                    @Override
                    protected int progress() {
                        return Thread.currentThread().isInterrupted() ? 1 : 0;
                    }
                });
    }

    private void pragma(String name, long value) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("PRAGMA " + name + "=" + value);
        }
    }

    /** The prepared statement, with none of its parameters set. */
    PreparedStatement prepared(String sql) throws SQLException {
        if (preparedAt != schema.get()) {
            closeStatements();
            preparedAt = schema.get();
        }
        var statement = statements.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
            if (statements.size() > MAX_STATEMENTS) statements.pollFirstEntry().getValue().close();
        }
        return statement;
    }

    /** Forgets a statement that failed: the driver has closed it, and does not say so. */
    private void forget(String sql, SQLException failure) {
        var statement = statements.remove(sql);
        if (statement == null) return;
        try {
            statement.close();
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
    void execute(String sql) throws SQLException {
        try {
            prepared(sql).execute();
        } catch (SQLException e) {
            forget(sql, e);
            throw e;
        }
    }

    int update(String sql, @Nullable Object... parameters) throws SQLException {
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

    /** Commits, and lets other sessions know of a changed schema. */
    void commit() throws SQLException {
        execute("COMMIT");
        if (defined) schema.incrementAndGet();
        defined = false;
    }

    Rows rows(String sql, @Nullable Object... parameters) throws SQLException {
        try (var result = bound(sql, parameters).executeQuery()) {
            return Rows.read(sql, result);
        } catch (SQLException e) {
            forget(sql, e);
            throw e;
        }
    }

    void makeReadOnly() throws SQLException {
        pragma("query_only", 1);
        readOnly = true;
    }

    /** The rows of what must only read. */
    Rows rowsOnly(String sql, @Nullable Object... parameters) throws SQLException {
        if (readOnly) return rows(sql, parameters);
        execute("PRAGMA query_only=1");
        try {
            return rows(sql, parameters);
        } finally {
            execute("PRAGMA query_only=0");
        }
    }

    private PreparedStatement bound(String sql, @Nullable Object... parameters)
            throws SQLException {
        var statement = prepared(sql);
        int wanted = statement.getParameterMetaData().getParameterCount();
        if (wanted != parameters.length)
            throw new IllegalArgumentException(
                    "the statement has "
                            + wanted
                            + " parameters, not "
                            + parameters.length
                            + ": "
                            + sql);
        for (int i = 0; i < wanted; i++) bind(statement, i + 1, parameters[i], sql);
        return statement;
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
            connection.unwrap(SQLiteConnection.class).getDatabase().interrupt();
        } catch (SQLException e) {
            // It is closed already.
            return;
        }
    }

    private void closeStatements() throws SQLException {
        for (var statement : statements.values()) statement.close();
        statements.clear();
    }

    @Override
    public void close() throws SQLException {
        try (connection) {
            closeStatements();
        }
    }
}
