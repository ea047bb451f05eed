package dev.weft.sqlite;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.events.Database;
import dev.weft.events.EventStore;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * A service's log and tables in one SQLite database.
 *
 * <p>An append or a transaction returns once its commit is synced to disk ({@code
 * synchronous=FULL}). Reads use {@value #READERS} connections beside the writer's and see every
 * commit that was acknowledged before they began; one that finds all in use waits 10 s at most. A
 * query's result has at most 100,000 rows. A read ends when its thread is interrupted.
 *
 * <p>In memory there is one connection; reads and commits take turns on it.
 *
 * <p>Closing the log or the database closes the storage.
 */
public final class SqliteStorage implements Storage {

    /** How many reads of a file run at once. */
    static final int READERS = 4;

    private final String name;
    private final Sessions readers;
    private final Sessions writers;
    private final Writer writer;
    private final SqliteEventStore events;
    private final Database database = new Tables();

    private SqliteStorage(String name, Sessions readers, Sessions writers, Time time)
            throws SQLException {
        this.name = name;
        this.readers = readers;
        this.writers = writers;
        this.events = new SqliteEventStore(this, time, writers.use(Log::head));
        this.writer = new Writer(name, writers, time, events::committed);
    }

    /**
     * Opens the file, and creates it and its folder if they are missing. {@link Failure.Storage} if
     * it cannot be used.
     */
    public static SqliteStorage open(Path location, Time time) {
        var path = location.toAbsolutePath().normalize();
        var name = path.toString();
        if (name.contains("?"))
            throw new IllegalArgumentException("the file's name must have no \"?\": " + name);
        createFolder(path);
        var schema = new AtomicInteger();
        var file = new SameFile(path);
        var writers = new Sessions(name, 1, true, () -> openWriter(file, schema));
        var readers = new Sessions(name, READERS, true, () -> openReader(file, schema));
        return open(name, readers, writers, time);
    }

    /** Opens a database that lives in this process until it is closed. */
    public static SqliteStorage inMemory(Time time) {
        var name = "the database in memory";
        var schema = new AtomicInteger();
        var only = new Sessions(name, 1, false, () -> openMemory(name, schema));
        return open(name, only, only, time);
    }

    private static SqliteStorage open(String name, Sessions readers, Sessions writers, Time time) {
        try {
            return new SqliteStorage(name, readers, writers, time);
        } catch (SQLException e) {
            writers.close();
            throw Errors.database(name, e);
        } catch (RuntimeException | Error e) {
            writers.close();
            throw e;
        }
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

    private static Session openWriter(SameFile file, AtomicInteger schema) throws SQLException {
        file.check();
        var session =
                prepare(
                        Session.open(file.toString(), schema),
                        opened -> {
                            opened.makeWriter();
                            createTables(file.toString(), opened);
                            opened.makeImpatient();
                        });
        file.remember();
        return session;
    }

    private static Session openReader(SameFile file, AtomicInteger schema) throws SQLException {
        file.check();
        return prepare(
                Session.open(file.toString(), schema),
                session -> {
                    session.makeReadOnly();
                    session.makeInterruptible();
                });
    }

    private static Session openMemory(String name, AtomicInteger schema) throws SQLException {
        return prepare(
                Session.open("", schema),
                session -> {
                    createTables(name, session);
                    session.makeInterruptible();
                });
    }

    private static void createTables(String name, Session session) throws SQLException {
        long version = Schema.version(session);
        Schema.check(name, version);
        if (version == Schema.VERSION) return;
        session.execute("BEGIN IMMEDIATE");
        Schema.bringUpToDate(session);
        session.commit();
    }

    private interface Preparing {
        void prepare(Session session) throws SQLException;
    }

    private static Session prepare(Session session, Preparing preparing) throws SQLException {
        boolean prepared = false;
        try {
            preparing.prepare(session);
            prepared = true;
            return session;
        } finally {
            if (!prepared) session.close();
        }
    }

    @Override
    public EventStore events() {
        return events;
    }

    @Override
    public Database database() {
        return database;
    }

    @Override
    public void measure(Meter meter) {
        writer.measure(meter);
    }

    Writer writer() {
        return writer;
    }

    <T> T read(Sessions.Use<T> use) {
        writer.requireOtherThread();
        try {
            return readers.use(use);
        } catch (SQLException e) {
            throw Errors.database(name, e);
        }
    }

    Failure.Storage closed() {
        return new Failure.Storage(name + " is closed", null);
    }

    @Override
    public void close() {
        writer.close();
        events.stop();
        readers.close();
        writers.close();
    }

    private final class Tables implements Database {
        @Override
        public <T> T write(Function<Sql, T> work) throws InterruptedException {
            return writer.transaction(work);
        }

        @Override
        public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
            writer.requireOtherThread();
            Statements.check(sql);
            try {
                return readers.use(session -> session.rowsOnly(sql, parameters)).map(row);
            } catch (SQLException e) {
                throw Errors.statement(name, sql, e);
            }
        }

        @Override
        public void close() {
            SqliteStorage.this.close();
        }
    }
}
