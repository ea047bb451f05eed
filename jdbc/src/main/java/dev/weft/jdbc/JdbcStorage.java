package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.events.Database;
import dev.weft.events.EventStore;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.Transaction;
import dev.weft.jdbc.Dialect.Role;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * A service's log and tables in one database.
 *
 * <p>An append or a transaction returns once its commit is on disk. Reads use connections beside the writer's and see every
 * commit that was acknowledged before they began; one that finds all in use waits 10 s at most. A query's result has at most
 * 100,000 rows. Where the database ends with its connection, there is one, on which reads and commits take turns.
 *
 * <p>Closing the log or the database closes the storage.
 */
public final class JdbcStorage implements Storage {

    /** How many appends and transactions wait for the writer at most; further callers block. */
    public static final int MAX_QUEUE = Writer.MAX_QUEUE;

    private final Dialect dialect;
    private final Sessions readers;
    private final Sessions writers;
    private final Writer writer;
    private final JdbcEventStore events;
    private final Database database = new Tables();

    private JdbcStorage(Dialect dialect, Sessions readers, Sessions writers, Time time)
            throws SQLException {
        this.dialect = dialect;
        this.readers = readers;
        this.writers = writers;
        this.events = new JdbcEventStore(this, time, writers.use(dialect::head));
        this.writer = new Writer(dialect, writers, time, events::committed);
    }

    /** Opens the database, and creates what is missing. {@link Failure.Storage} if it cannot be used. */
    public static JdbcStorage open(Dialect dialect, Time time) {
        var schema = new AtomicInteger();
        boolean one = dialect.readers() == 0;
        var writers =
                new Sessions(
                        dialect,
                        1,
                        !one,
                        () -> session(dialect, one ? Role.ONLY : Role.WRITER, schema));
        var readers =
                one
                        ? writers
                        : new Sessions(
                                dialect,
                                dialect.readers(),
                                true,
                                () -> session(dialect, Role.READER, schema));
        try {
            return new JdbcStorage(dialect, readers, writers, time);
        } catch (SQLException e) {
            writers.close();
            throw Errors.database(dialect, e);
        } catch (RuntimeException | Error e) {
            writers.close();
            throw e;
        }
    }

    private static Session session(Dialect dialect, Role role, AtomicInteger schema)
            throws SQLException {
        var session = new Session(dialect, dialect.connect(role), schema);
        boolean prepared = false;
        try {
            dialect.prepare(session, role);
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
    public <T> T write(Function<Transaction, T> work) throws InterruptedException {
        return writer.transaction(work);
    }

    @Override
    public void measure(Meter meter) {
        writer.measure(meter);
    }

    Writer writer() {
        return writer;
    }

    long head() {
        return read(dialect::head);
    }

    <T> T read(Sessions.Use<T> use) {
        writer.requireOtherThread();
        try {
            return readers.use(use);
        } catch (SQLException e) {
            throw Errors.database(dialect, e);
        }
    }

    Failure.Storage closed() {
        return Errors.closed(dialect);
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
            return writer.transaction(transaction -> work.apply(transaction.sql()));
        }

        @Override
        public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
            writer.requireOtherThread();
            Statements.check(sql);
            try {
                return readers.use(session -> dialect.rowsOnly(session, sql, parameters)).map(row);
            } catch (SQLException e) {
                throw Errors.statement(dialect, sql, e);
            }
        }

        @Override
        public void close() {
            JdbcStorage.this.close();
        }
    }
}
