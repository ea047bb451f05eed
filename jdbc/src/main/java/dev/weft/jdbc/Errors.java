package dev.weft.jdbc;

import dev.weft.core.Failure;
import java.sql.SQLException;

/** Errors of databases, said for who runs the service. */
final class Errors {

    private Errors() {}

    /** Says what went wrong with the database and what to do about it. */
    static Failure.Storage database(Dialect dialect, SQLException e) {
        return new Failure.Storage(
                dialect.name() + remedy(dialect, e) + ": " + e.getMessage(), dialect.isAway(e), e);
    }

    /** Says which statement failed. */
    static Failure.Storage statement(Dialect dialect, String sql, SQLException e) {
        return new Failure.Storage(
                dialect.name() + remedy(dialect, e) + ": " + e.getMessage() + ", in: " + sql,
                dialect.isAway(e),
                e);
    }

    private static String remedy(Dialect dialect, SQLException e) {
        return Thread.currentThread().isInterrupted() && dialect.isConnections(e)
                ? " was not waited for, as the thread was interrupted"
                : dialect.remedy(e);
    }

    static Failure.Storage closed(Dialect dialect) {
        return new Failure.Storage(dialect.name() + " is closed", true, null);
    }
}
