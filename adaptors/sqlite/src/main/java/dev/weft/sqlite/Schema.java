package dev.weft.sqlite;

import dev.weft.core.Failure;
import dev.weft.jdbc.Session;
import java.sql.SQLException;
import java.util.List;

/** The tables that this module owns; every change gets a new version. */
final class Schema {

    static final long VERSION = 5;

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

    /** The tags of events, as an index: the events themselves have them too. */
    private static final String TAGS =
            """
            CREATE TABLE weft_tag (
                tag TEXT NOT NULL,
                position INTEGER NOT NULL,
                PRIMARY KEY (tag, position)
            ) STRICT, WITHOUT ROWID
            """;

    private static final String SNAPSHOTS =
            """
            CREATE TABLE weft_snapshot (
                stream TEXT PRIMARY KEY,
                version INTEGER NOT NULL,
                type TEXT NOT NULL,
                type_version INTEGER NOT NULL,
                data BLOB NOT NULL
            ) STRICT
            """;

    private static final String STREAMS =
            """
            CREATE TABLE weft_stream (
                stream TEXT PRIMARY KEY,
                version INTEGER NOT NULL,
                data BLOB NOT NULL
            ) STRICT
            """;

    /**
     * Events of listeners that were set aside because they kept failing, and those of their keys that
     * wait behind them. Times are microseconds, 0 for never.
     */
    private static final List<String> PARKED =
            List.of(
                    """
                    CREATE TABLE IF NOT EXISTS weft_parked (
                        listener TEXT NOT NULL,
                        source TEXT NOT NULL,
                        key TEXT NOT NULL,
                        position INTEGER NOT NULL,
                        part INTEGER NOT NULL,
                        type TEXT NOT NULL,
                        data BLOB NOT NULL,
                        at INTEGER NOT NULL,
                        traceparent TEXT NOT NULL,
                        tracestate TEXT NOT NULL,
                        baggage TEXT NOT NULL,
                        criticality TEXT NOT NULL,
                        cause TEXT NOT NULL,
                        handler INTEGER NOT NULL,
                        attempts INTEGER NOT NULL,
                        error TEXT NOT NULL,
                        message TEXT NOT NULL,
                        stack TEXT NOT NULL,
                        first_failed INTEGER NOT NULL,
                        last_failed INTEGER NOT NULL,
                        edited INTEGER NOT NULL,
                        retry INTEGER NOT NULL,
                        PRIMARY KEY (listener, source, key, position, part)
                    ) STRICT
                    """,
                    "CREATE INDEX IF NOT EXISTS weft_parked_retry ON weft_parked (listener)"
                            + " WHERE retry > 0",
                    """
                    CREATE TABLE IF NOT EXISTS weft_lease (
                        name TEXT PRIMARY KEY,
                        holder TEXT NOT NULL,
                        ends INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID
                    """);

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
                        type_version INTEGER NOT NULL DEFAULT 1,
                        tags TEXT NOT NULL DEFAULT '',
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
                    TAGS,
                    SNAPSHOTS,
                    STREAMS,
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

    /** From version 3, whose programs may go on writing: their events are of version 1 and have no tags. */
    private static final List<String> FROM_3 =
            List.of(
                    "ALTER TABLE weft_event ADD COLUMN type_version INTEGER NOT NULL DEFAULT 1",
                    "ALTER TABLE weft_event ADD COLUMN tags TEXT NOT NULL DEFAULT ''",
                    TAGS,
                    SNAPSHOTS,
                    STREAMS,
                    "UPDATE weft_meta SET value = 4 WHERE name = 'schema'");

    /** From version 4, which parked nothing; {@link #PARKED} comes too. */
    private static final List<String> FROM_4 =
            List.of("UPDATE weft_meta SET value = 5 WHERE name = 'schema'");

    /** From version n it is the one at n - 1. */
    private static final List<List<String>> UPGRADES = List.of(FROM_1, FROM_2, FROM_3, FROM_4);

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
        if (version < 5) for (var table : PARKED) session.update(table);
        if (version == 0) {
            for (var table : TABLES) session.update(table);
            return;
        }
        for (long from = version; from < VERSION; from++)
            for (var change : UPGRADES.get((int) from - 1)) session.update(change);
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
