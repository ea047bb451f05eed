package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;

/** The SQL of one transaction, usable on its thread until it ends. */
final class SessionSql implements Sql {

    private final Session session;
    private final Thread thread = Thread.currentThread();
    private boolean ended;
    private String failed = "";

    SessionSql(Session session) {
        this.session = session;
    }

    @Override
    public int update(String sql, Object... parameters) {
        return run(sql, () -> session.update(sql, parameters));
    }

    @Override
    public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
        return run(sql, () -> session.rows(sql, parameters)).map(row);
    }

    private interface Running<T> {
        T run() throws SQLException;
    }

    private <T> T run(String sql, Running<T> running) {
        requireUsable(sql);
        Statements.check(sql);
        try {
            return running.run();
        } catch (SQLException e) {
            if (!session.dialect().survivesErrors()) failed = sql;
            throw Errors.statement(session.dialect(), sql, e);
        }
    }

    /** Fails if what is wanted, by name, cannot be done any more. */
    void requireUsable(String sql) {
        if (!Thread.currentThread().equals(thread) || ended)
            throw new IllegalStateException(
                    "a transaction is used by its work only, while that runs: " + sql);
        if (!failed.isEmpty())
            throw new Failure.Storage(
                    session.dialect().name()
                            + " takes no statement in a transaction behind one that failed; let the work fail, or ask before: "
                            + sql
                            + ", behind: "
                            + failed,
                    null);
    }

    /** Whether a statement failed that cannot be got over. */
    boolean broken() {
        return !failed.isEmpty();
    }

    /** What to tell who went on as if nothing had failed. */
    Failure.Storage broke() {
        return new Failure.Storage(
                session.dialect().name()
                        + " undid the transaction, as a statement of it failed: "
                        + failed,
                null);
    }

    void end() {
        ended = true;
    }
}
