package dev.weft.postgres;

import java.sql.SQLException;

/** What PostgreSQL's error codes mean for who runs the service (postgresql.org/docs/current/errcodes-appendix.html). */
final class Errors {

    private Errors() {}

    /** Whether the connection may be to blame, so that a new one is worth a try. */
    static boolean isConnections(SQLException e) {
        var state = state(e);
        // No code: the driver's own errors. 25P03: the server ended a transaction that idled.
        return state.isEmpty()
                || state.startsWith("08")
                || state.startsWith("57P")
                || state.equals("25P03")
                || state.startsWith("XX");
    }

    /** Whether the server as a whole cannot be used: beside the connection's faults, it has no room, is locked or cannot reach its files. */
    static boolean isAway(SQLException e) {
        var state = state(e);
        return isConnections(e)
                || state.startsWith("53")
                || state.startsWith("58")
                || state.equals("55P03");
    }

    /** What went wrong, and what to do about it. */
    static String remedy(SQLException e) {
        var state = state(e);
        return switch (state) {
            case "08001", "08004" ->
                    " cannot be reached; start the server, or name another by the storage's URL";
            case "28P01", "28000" ->
                    " lets this user not in; name user and password in the storage's URL, or by PGUSER and PGPASSWORD";
            case "3D000" -> " is in no database that is there; create it (createdb)";
            case "42501" ->
                    " may not be used by this user so; grant it CREATE on the database, or USAGE and CREATE on the schema";
            case "53100" -> " cannot grow, the disk of the server is full; make room";
            case "53300" ->
                    " takes no more connections; raise max_connections of the server or start fewer services";
            case "55P03" ->
                    " was locked by another process for more than "
                            + Postgres.BUSY.toSeconds()
                            + " s; end what holds it, such as a shell with an open transaction";
            case "57014" ->
                    " ended a statement that took too long, or that somebody cancelled; make it shorter, or raise "
                            + Postgres.SILENCE_OPTION
                            + " (seconds, 60 by default) in the storage's URL";
            case "57P01", "57P02", "57P03" -> " is being stopped or started";
            case "25006" -> " takes no changes here; this is a query, or the server is a replica";
            default -> state.startsWith("08") ? " broke the connection" : " failed";
        };
    }

    private static String state(SQLException e) {
        return e.getSQLState() == null ? "" : e.getSQLState();
    }
}
