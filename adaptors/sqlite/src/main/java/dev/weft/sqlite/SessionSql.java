package dev.weft.sqlite;

import dev.weft.events.Row;
import dev.weft.events.Sql;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;

/** The SQL of one transaction, usable on its thread until it ends. */
final class SessionSql implements Sql {

    private final String database;
    private final Session session;
    private final Thread thread = Thread.currentThread();
    private boolean ended;

    SessionSql(String database, Session session) {
        this.database = database;
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
        if (!Thread.currentThread().equals(thread) || ended)
            throw new IllegalStateException(
                    "a transaction's Sql is used by its work only, while that runs: " + sql);
        Statements.check(sql);
        try {
            return running.run();
        } catch (SQLException e) {
            throw Errors.statement(database, sql, e);
        }
    }

    void end() {
        ended = true;
    }
}
