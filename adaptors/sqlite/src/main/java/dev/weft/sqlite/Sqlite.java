package dev.weft.sqlite;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.events.EventStore.Appended;
import dev.weft.jdbc.Dialect;
import dev.weft.jdbc.JdbcStorage;
import dev.weft.jdbc.NewRow;
import dev.weft.jdbc.Rows;
import dev.weft.jdbc.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.ProgressHandler;
import org.sqlite.SQLiteConnection;

/**
 * Storage in an SQLite database: a file, or one that lives in this process.
 *
 * <p>Commits are synced to disk ({@code synchronous=FULL}). Of a file, {@value #READERS} reads run at once. A read ends when its
 * thread is interrupted. No memory mapping: where a disk fails, a mapped read would end the process instead of failing.
 */
public final class Sqlite implements Dialect {

    /** How many reads of a file run at once. */
    static final int READERS = 4;

    /** How long another process may hold the write lock. */
    static final Duration BUSY = Duration.ofSeconds(10);

    private static final long LOCK_POLL_NANOS = 1_000_000;
    private static final int CACHE_KIB = 16 << 10;
    private static final int WAL_PAGES = 2_000;
    private static final long WAL_BYTES = 64L << 20;

    /** How many steps of SQLite's machine a read makes between looks at its thread's flag. */
    private static final int STEPS = 20_000;

    private static final String HEAD = "SELECT max(position) FROM weft_event";

    private static final String VERSION = "SELECT max(version) FROM weft_event WHERE stream = ?";

    private static final String APPENDED =
            "SELECT position, version FROM weft_event WHERE append_key = ? AND append_key <> ''"
                    + " ORDER BY position DESC LIMIT 1";

    private static final String INSERT =
            "INSERT INTO weft_event (position, stream, version, type, data, at, traceparent,"
                    + " tracestate, baggage, criticality, cause, append_key, type_version, tags)"
                    + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

    private static final String INSERT_TAG = "INSERT INTO weft_tag (tag, position) VALUES (?, ?)";

    private final @Nullable SameFile file;

    private Sqlite(@Nullable SameFile file) {
        this.file = file;
    }

    /**
     * Opens the file, and creates it and its folder if they are missing. {@link Failure.Storage} if
     * it cannot be used.
     */
    public static JdbcStorage open(Path location, Time time) {
        var path = location.toAbsolutePath().normalize();
        if (path.toString().contains("?"))
            throw new IllegalArgumentException("the file's name must have no \"?\": " + path);
        createFolder(path);
        return JdbcStorage.open(new Sqlite(new SameFile(path)), time);
    }

    /** Opens a database that lives in this process until it is closed. */
    public static JdbcStorage inMemory(Time time) {
        return JdbcStorage.open(new Sqlite(null), time);
    }

    private static void createFolder(Path file) {
        var folder = file.getParent();
        try {
            if (folder != null) Files.createDirectories(folder);
        } catch (IOException e) {
            throw new Failure.Storage(
                    "the folder " + folder + " cannot be made; let this user write there: " + e, e);
        }
    }

    @Override
    public String name() {
        return file == null ? "the database in memory" : file.toString();
    }

    @Override
    public int readers() {
        return file == null ? 0 : READERS;
    }

    /** By the driver itself: to look for one would load those of all databases. */
    @Override
    public Connection connect(Role role) throws SQLException {
        if (file == null) return JDBC.createConnection("jdbc:sqlite::memory:", settings());
        file.check();
        return JDBC.createConnection("jdbc:sqlite:" + file, settings());
    }

    /** Nobody asks for generated keys, which the driver would ask the database for behind each insert. */
    private static Properties settings() {
        var settings = new Properties();
        settings.setProperty("jdbc.get_generated_keys", "false");
        return settings;
    }

    @Override
    public void prepare(Session session, Role role) throws SQLException {
        pragma(session, "busy_timeout", BUSY.toMillis());
        pragma(session, "foreign_keys", 1);
        pragma(session, "cache_size", -CACHE_KIB);
        pragma(session, "mmap_size", 0);
        switch (role) {
            case WRITER -> {
                makeDurable(session);
                createTables(session);
                // SQLite looks every 100 ms only, and misses the short gaps between the commits of
                // a busy process.
                pragma(session, "busy_timeout", 0);
                if (file != null) file.remember();
            }
            case READER -> {
                pragma(session, "query_only", 1);
                makeInterruptible(session);
            }
            case ONLY -> {
                createTables(session);
                makeInterruptible(session);
            }
        }
    }

    /** A write-ahead log that is synced at each commit. */
    private static void makeDurable(Session session) throws SQLException {
        var mode = session.rows("PRAGMA journal_mode=WAL").values().getFirst()[0];
        if (!"wal".equals(mode))
            throw new SQLException("no write-ahead log is possible there, only " + mode);
        pragma(session, "synchronous", 2);
        pragma(session, "fullfsync", 1);
        pragma(session, "checkpoint_fullfsync", 1);
        pragma(session, "wal_autocheckpoint", WAL_PAGES);
        pragma(session, "journal_size_limit", WAL_BYTES);
    }

    private void createTables(Session session) throws SQLException {
        long version = Schema.version(session);
        Schema.check(name(), version);
        if (version == Schema.VERSION) return;
        session.execute("BEGIN IMMEDIATE");
        Schema.bringUpToDate(session);
        session.commit();
    }

    /** Lets reads end when their thread is interrupted. */
    private static void makeInterruptible(Session session) throws SQLException {
        ProgressHandler.setHandler(
                session.connection(),
                STEPS,
                new ProgressHandler() {
                    @Override
                    protected int progress() {
                        return Thread.currentThread().isInterrupted() ? 1 : 0;
                    }
                });
    }

    private static void pragma(Session session, String name, long value) throws SQLException {
        try (var statement = session.connection().createStatement()) {
            statement.execute("PRAGMA " + name + "=" + value);
        }
    }

    /** Takes the write lock, which another process may have for a while. */
    @Override
    public long begin(Session session, Time time) throws SQLException {
        long begun = time.nanos();
        while (true) {
            try {
                session.execute("BEGIN IMMEDIATE");
                return head(session);
            } catch (SQLException e) {
                if (!Errors.isBusy(e) || time.nanos() - begun > BUSY.toNanos()) throw e;
            }
            pause(time);
        }
    }

    /** Not in step with other processes, who wait the same way. */
    private static void pause(Time time) {
        try {
            time.sleep(Duration.ofNanos(time.random().nextLong(LOCK_POLL_NANOS)));
        } catch (InterruptedException e) {
            // Nobody but a stray interrupts the writer, and what was taken has to be done.
            return;
        }
    }

    @Override
    public long head(Session session) throws SQLException {
        return number(session.prepared(HEAD));
    }

    @Override
    public Map<String, Long> versions(Session session, Collection<String> streams)
            throws SQLException {
        var versions = new HashMap<String, Long>();
        for (var stream : streams) {
            var statement = session.prepared(VERSION);
            statement.setString(1, stream);
            versions.put(stream, number(statement));
        }
        return versions;
    }

    private static long number(PreparedStatement statement) throws SQLException {
        try (var result = statement.executeQuery()) {
            result.next();
            return result.getLong(1);
        }
    }

    @Override
    public Map<String, Appended> appended(Session session, Collection<String> keys)
            throws SQLException {
        var found = new HashMap<String, Appended>();
        for (var key : keys) {
            var statement = session.prepared(APPENDED);
            statement.setString(1, key);
            try (var result = statement.executeQuery()) {
                if (result.next())
                    found.put(key, new Appended(result.getLong(1), result.getLong(2), false));
            }
        }
        return found;
    }

    /** By its bytes, which are copied at once; a text comes in a native buffer, of which each takes longer than a row. */
    @Override
    public String text(ResultSet row, int column) throws SQLException {
        var utf8 = row.getBytes(column);
        return utf8 == null || utf8.length == 0 ? "" : new String(utf8, StandardCharsets.UTF_8);
    }

    @Override
    public void insert(Session session, List<NewRow> rows) throws SQLException {
        var insert = session.prepared(INSERT);
        for (var row : rows) {
            insert.setLong(1, row.position());
            insert.setString(2, row.stream());
            insert.setLong(3, row.version());
            insert.setString(4, row.event().type());
            insert.setBytes(5, row.event().data());
            insert.setLong(6, row.atMicros());
            insert.setString(7, row.origin().traceparent());
            insert.setString(8, row.origin().tracestate());
            insert.setString(9, row.origin().baggage());
            insert.setString(10, row.origin().criticality());
            insert.setString(11, row.origin().cause());
            insert.setString(12, row.origin().appendKey());
            insert.setLong(13, row.event().typeVersion());
            insert.setString(14, row.tags());
            insert.executeUpdate();
        }
        for (var row : rows)
            for (var tag : row.event().tags()) {
                var index = session.prepared(INSERT_TAG);
                index.setString(1, tag);
                index.setLong(2, row.position());
                index.executeUpdate();
            }
    }

    @Override
    public boolean isConnections(SQLException failure) {
        return Errors.isConnections(failure);
    }

    @Override
    public boolean isAway(SQLException failure) {
        return Errors.isAway(failure);
    }

    @Override
    public String remedy(SQLException failure) {
        return Errors.remedy(failure);
    }

    @Override
    public boolean survivesErrors() {
        return true;
    }

    @Override
    public void interrupt(Connection connection) throws SQLException {
        connection.unwrap(SQLiteConnection.class).getDatabase().interrupt();
    }

    @Override
    public Rows rowsOnly(Session session, String sql, @Nullable Object... parameters)
            throws SQLException {
        if (file != null) return session.rows(sql, parameters);
        session.execute("PRAGMA query_only=1");
        try {
            return session.rows(sql, parameters);
        } finally {
            session.execute("PRAGMA query_only=0");
        }
    }
}
