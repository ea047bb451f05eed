package dev.weft.sqlite;

import java.sql.SQLException;

/** What SQLite's result codes mean for who runs the service (sqlite.org/rescode.html). */
final class Errors {

    private static final int PERM = 3;
    private static final int BUSY = 5;
    private static final int LOCKED = 6;
    private static final int READONLY = 8;
    private static final int INTERRUPT = 9;
    private static final int IOERR = 10;
    private static final int CORRUPT = 11;
    private static final int FULL = 13;
    private static final int CANTOPEN = 14;
    private static final int NOTADB = 26;

    private Errors() {}

    static boolean isBusy(SQLException e) {
        return primary(e) == BUSY || primary(e) == LOCKED;
    }

    /** Whether the connection may be to blame, so that a new one is worth a try. */
    static boolean isConnections(SQLException e) {
        return switch (primary(e)) {
            case IOERR, CORRUPT, CANTOPEN, NOTADB, READONLY, PERM -> true;
            default -> false;
        };
    }

    /**
     * Whether the file as a whole cannot be used. Not where it takes no changes: that may be a query's
     * fault, too.
     */
    static boolean isAway(SQLException e) {
        return switch (primary(e)) {
            case PERM, BUSY, LOCKED, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB -> true;
            default -> false;
        };
    }

    /** What went wrong, and what to do about it. */
    static String remedy(SQLException e) {
        return switch (primary(e)) {
            case BUSY, LOCKED ->
                    " was locked by another process for more than "
                            + Sqlite.BUSY.toSeconds()
                            + " s; end what holds it, such as a backup or a shell with an open"
                            + " transaction";
            case FULL -> " cannot grow, the disk is full; make room";
            case READONLY, PERM, CANTOPEN ->
                    " cannot be opened or written; let this user write the file and its folder";
            case NOTADB -> " is no SQLite database; name another file or move this one away";
            case CORRUPT -> " is damaged; restore it from a backup";
            case IOERR -> " cannot be read or written by the disk";
            case INTERRUPT -> ": the read was interrupted";
            default -> " failed";
        };
    }

    private static int primary(SQLException e) {
        return e.getErrorCode() & 0xff;
    }
}
