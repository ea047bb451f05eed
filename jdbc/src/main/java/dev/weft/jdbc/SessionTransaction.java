package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.Origin;
import dev.weft.events.Sql;
import dev.weft.events.Transaction;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** One transaction within a batch. What it appends is written at once, so that its savepoint covers it. */
final class SessionTransaction implements Transaction {

    private final Batch batch;
    private final SessionSql sql;
    private final LongSupplier nowMicros;
    private Optional<SQLException> failedAppend = Optional.empty();

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
            failedAppend = Optional.of(e);
            throw Errors.database(batch.session().dialect(), e);
        }
    }

    boolean broken() {
        return sql.broken();
    }

    Failure.Storage broke() {
        return sql.broke();
    }

    /** An append that the database did not take fails the whole batch. */
    void throwFailedAppend() throws SQLException {
        if (failedAppend.isPresent()) throw failedAppend.get();
    }

    void end() {
        sql.end();
    }
}
