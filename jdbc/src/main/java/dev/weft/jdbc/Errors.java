package dev.weft.jdbc;

import dev.weft.core.Failure;
import java.sql.SQLException;

/** Errors of databases, said for who runs the service. */
final class Errors {

    private Errors() {}

    /** Says what went wrong with the database and what to do about it. */
    static Failure.Storage database(Dialect dialect, SQLException e) {
        return new Failure.Storage(dialect.name() + dialect.remedy(e) + ": " + e.getMessage(), e);
    }

    /** Says which statement failed. */
    static Failure.Storage statement(Dialect dialect, String sql, SQLException e) {
        return new Failure.Storage(
                dialect.name() + dialect.remedy(e) + ": " + e.getMessage() + ", in: " + sql, e);
    }

    static Failure.Storage closed(Dialect dialect) {
        return new Failure.Storage(dialect.name() + " is closed", null);
    }
}
