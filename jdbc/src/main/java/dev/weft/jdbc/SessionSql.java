package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The SQL of one transaction, usable on its thread until it ends. */
final class SessionSql implements Sql {

    private final Session session;
    private final Thread thread = Thread.currentThread();
    private Optional<Session.Together> waiting = Optional.empty();
    private boolean ended;
    private String failed = "";
    private Optional<SQLException> undone = Optional.empty();

    SessionSql(Session session) {
        this.session = session;
    }

    @Override
    public int update(String sql, Object... parameters) {
        return run(sql, () -> session.update(sql, parameters));
    }

    @Override
    public void change(String sql, Object... parameters) {
        if (waiting.filter(it -> it.sql().equals(sql)).isEmpty()) {
            requireUsable(sql);
            Statements.check(sql);
            if (Statements.isDefinition(sql)) {
                update(sql, parameters);
                return;
            }
        } else {
            requireHere(sql);
        }
        try {
            if (waiting.isEmpty()) waiting = Optional.of(session.together(sql));
            waiting.get().add(parameters);
        } catch (SQLException e) {
            breakOff(sql, e);
            throw Errors.statement(session.dialect(), sql, e);
        }
        if (waiting.get().isFull()) runWaiting();
    }

    /** Runs what waits. If that fails the transaction cannot go on, as what asked for it believes that it was done. */
    void runWaiting() {
        if (waiting.isEmpty() || broken()) return;
        var together = waiting.get();
        waiting = Optional.empty();
        try {
            together.run();
        } catch (SQLException e) {
            breakOff(together.sql(), e);
            throw Errors.statement(session.dialect(), together.sql(), e);
        }
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
            fail(sql, e);
            throw Errors.statement(session.dialect(), sql, e);
        }
    }

    /** Lets nothing be done any more behind what failed, unless the transaction is as it was before. */
    void fail(String what, SQLException e) {
        if (!session.dialect().survivesErrors() || session.dialect().isAway(e)) breakOff(what, e);
    }

    private void breakOff(String what, SQLException e) {
        failed = what;
        if (session.dialect().survivesErrors() && session.dialect().isAway(e))
            undone = Optional.of(e);
    }

    /**
     * What may have undone not this transaction alone but all of its batch: a database whose transactions survive a wrong statement
     * undoes the whole behind a full disk, for one, and what came then would be committed statement by statement
     * (sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction").
     */
    Optional<SQLException> undone() {
        return undone;
    }

    /** Does what waits first; fails if what is wanted, by name, cannot be done any more. */
    void requireUsable(String sql) {
        requireHere(sql);
        runWaiting();
        if (!failed.isEmpty())
            throw new Failure.Storage(
                    session.dialect().name()
                            + " takes no statement in a transaction behind one that failed; let the work fail, or ask before: "
                            + sql
                            + ", behind: "
                            + failed,
                    null);
    }

    private void requireHere(String sql) {
        if (!Thread.currentThread().equals(thread) || ended)
            throw new IllegalStateException(
                    "a transaction is used by its work only, while that runs: " + sql);
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

    /** Leaves out what still waits. */
    void end() throws SQLException {
        ended = true;
        if (waiting.isPresent()) waiting.get().drop();
        waiting = Optional.empty();
    }
}
