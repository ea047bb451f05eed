package dev.weft.sqlite;

import dev.weft.core.Failure;
import dev.weft.jdbc.Session;
import java.sql.SQLException;
import java.util.List;

/** The tables that this module owns; every change gets a new version. */
final class Schema {

    static final long VERSION = 3;

    private static final String ANSWERS =
            """
            CREATE TABLE IF NOT EXISTS weft_answer (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                key TEXT NOT NULL UNIQUE,
                fingerprint TEXT NOT NULL,
                status INTEGER NOT NULL,
                at INTEGER NOT NULL,
                headers BLOB NOT NULL,
                body BLOB NOT NULL
            )
            """;

    /**
     * Append keys lie in the events and a partial index, not in a table of their own: that saves a
     * statement per append, and most appends of a busy service have a key.
     */
    private static final List<String> TABLES =
            List.of(
                    """
                    CREATE TABLE weft_event (
                        position INTEGER PRIMARY KEY,
                        stream TEXT NOT NULL,
                        version INTEGER NOT NULL,
                        type TEXT NOT NULL,
                        data BLOB NOT NULL,
                        at INTEGER NOT NULL,
                        traceparent TEXT NOT NULL,
                        tracestate TEXT NOT NULL DEFAULT '',
                        baggage TEXT NOT NULL DEFAULT '',
                        criticality TEXT NOT NULL DEFAULT '',
                        cause TEXT NOT NULL,
                        append_key TEXT NOT NULL,
                        UNIQUE (stream, version)
                    ) STRICT
                    """,
                    """
                    CREATE INDEX weft_event_append_key ON weft_event (append_key)
                    WHERE append_key <> ''
                    """,
                    """
                    CREATE TABLE weft_checkpoint (
                        name TEXT PRIMARY KEY,
                        position INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID
                    """,
                    """
                    CREATE TABLE weft_inbox (
                        listener TEXT NOT NULL,
                        source TEXT NOT NULL,
                        key TEXT NOT NULL,
                        position INTEGER NOT NULL,
                        part INTEGER NOT NULL,
                        PRIMARY KEY (listener, source, key)
                    ) STRICT, WITHOUT ROWID
                    """,
                    ANSWERS,
                    """
                    CREATE TABLE weft_meta (
                        name TEXT PRIMARY KEY,
                        value INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID
                    """,
                    "INSERT INTO weft_meta (name, value) VALUES ('schema', " + VERSION + ")");

    /** From version 1, whose programs may go on writing: they leave out what has a default. */
    private static final List<String> FROM_1 =
            List.of(
                    "ALTER TABLE weft_event ADD COLUMN tracestate TEXT NOT NULL DEFAULT ''",
                    "ALTER TABLE weft_event ADD COLUMN baggage TEXT NOT NULL DEFAULT ''",
                    "ALTER TABLE weft_event ADD COLUMN criticality TEXT NOT NULL DEFAULT ''",
                    "UPDATE weft_meta SET value = 2 WHERE name = 'schema'");

    /** From version 2, where services made the table of their answers themselves. */
    private static final List<String> FROM_2 =
            List.of(ANSWERS, "UPDATE weft_meta SET value = 3 WHERE name = 'schema'");

    private Schema() {}

    /** The version of the tables that are there; 0 if there are none. */
    static long version(Session session) throws SQLException {
        var there =
                session.rows(
                        "SELECT name FROM sqlite_master WHERE type = 'table' AND name ="
                                + " 'weft_meta'");
        if (there.values().isEmpty()) return 0;
        return session.rows("SELECT value FROM weft_meta WHERE name = 'schema'")
                .map(row -> row.number("value"))
                .getFirst();
    }

    /** Within a write transaction: several processes may open a new file, or an old one, at once. */
    static void bringUpToDate(Session session) throws SQLException {
        long version = version(session);
        if (version == 0) for (var table : TABLES) session.update(table);
        if (version == 1) for (var change : FROM_1) session.update(change);
        if (version == 1 || version == 2) for (var change : FROM_2) session.update(change);
    }

    static void check(String database, long version) {
        if (version > VERSION)
            throw new Failure.Storage(
                    database
                            + " has tables of version "
                            + version
                            + ", this program knows versions up to "
                            + VERSION
                            + "; start the newer program, or another file",
                    null);
    }
}
