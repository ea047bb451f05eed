package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.events.Origin;
import dev.weft.events.Sql;
import dev.weft.events.StoredEvent;
import dev.weft.events.Transaction;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** One transaction within a batch. What it appends is written at once, so that its savepoint covers it. */
final class SessionTransaction implements Transaction {

    private final Batch batch;
    private final SessionSql sql;
    private final LongSupplier nowMicros;
    private final List<Runnable> behind = new ArrayList<>();
    private Optional<SQLException> failure = Optional.empty();

    SessionTransaction(Batch batch, LongSupplier nowMicros) {
        this.batch = batch;
        this.sql = new SessionSql(batch.session());
        this.nowMicros = nowMicros;
    }

    @Override
    public Sql sql() {
        return sql;
    }

    @Override
    public Appended append(List<Append> appends, List<Condition> conditions, Origin origin) {
        sql.requireUsable("an append");
        var intent = new Intent(appends, conditions, origin);
        intent.checkLimits();
        try {
            batch.lookUp(List.of(intent));
            var appended = batch.append(intent, nowMicros.getAsLong());
            batch.flush();
            return appended;
        } catch (SQLException e) {
            failure = Optional.of(e);
            sql.fail("an append", e);
            throw Errors.database(batch.session().dialect(), e);
        }
    }

    @Override
    public List<StoredEvent> stream(String stream, long afterVersion, int max) {
        return read(stream, () -> Log.stream(batch.session(), stream, afterVersion, max));
    }

    @Override
    public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
        return read("the log", () -> Log.query(batch.session(), query, false, afterPosition, max));
    }

    @Override
    public Optional<Snapshot> snapshot(String stream) {
        return read("a snapshot of " + stream, () -> Log.snapshot(batch.session(), stream));
    }

    private interface Reading<T> {
        T read() throws SQLException;
    }

    private <T> T read(String what, Reading<T> reading) {
        sql.requireUsable("a read of " + what);
        try {
            return reading.read();
        } catch (SQLException e) {
            failure = Optional.of(e);
            sql.fail("a read of " + what, e);
            throw Errors.database(batch.session().dialect(), e);
        }
    }

    @Override
    public void behind(Runnable work) {
        sql.requireUsable("what is done behind it");
        behind.add(work);
    }

    /** What is to be done when it is committed. */
    List<Runnable> behind() {
        return behind;
    }

    boolean broken() {
        return sql.broken();
    }

    Failure.Storage broke() {
        return sql.broke();
    }

    /** What the database did not do fails the whole batch. */
    void throwFailure() throws SQLException {
        var failed = failure.or(sql::undone);
        if (failed.isPresent()) throw failed.get();
    }

    /** Runs what waits. */
    void finish() {
        sql.runWaiting();
    }

    void end() throws SQLException {
        sql.end();
    }
}
