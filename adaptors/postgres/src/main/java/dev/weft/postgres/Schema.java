package dev.weft.postgres;

import dev.weft.core.Failure;
import dev.weft.jdbc.Session;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;

/** The tables that this module owns; every change gets a new version. */
final class Schema {

    static final long VERSION = 4;

    /** One lock for all who make tables on a server; its number means nothing. */
    private static final long LOCK = 0x77656674L;

    /** The tags of events, as an index: the events themselves have them too. */
    private static final String TAGS =
            """
            CREATE TABLE weft_tag (
                tag text COLLATE "C" NOT NULL,
                position bigint NOT NULL,
                PRIMARY KEY (tag, position)
            )
            """;

    private static final String SNAPSHOTS =
            """
            CREATE TABLE weft_snapshot (
                stream text COLLATE "C" PRIMARY KEY,
                version bigint NOT NULL,
                type text NOT NULL,
                type_version integer NOT NULL,
                data bytea NOT NULL
            )
            """;

    private static final String STREAMS =
            """
            CREATE TABLE weft_stream (
                stream text COLLATE "C" PRIMARY KEY,
                version bigint NOT NULL,
                data bytea NOT NULL
            )
            """;

    /** Names of types that SQLite has, or takes, too: so that one definition of a table does for both. */
    private static final List<String> TYPES =
            List.of("CREATE DOMAIN blob AS bytea", "CREATE DOMAIN jsontext AS json");

    private static final List<String> TABLES =
            List.of(
                    """
                    CREATE TABLE weft_event (
                        position bigint PRIMARY KEY,
                        stream text COLLATE "C" NOT NULL,
                        version bigint NOT NULL,
                        type text NOT NULL,
                        data bytea NOT NULL,
                        at bigint NOT NULL,
                        traceparent text NOT NULL,
                        tracestate text NOT NULL,
                        baggage text NOT NULL,
                        criticality text NOT NULL,
                        cause text NOT NULL,
                        append_key text COLLATE "C" NOT NULL,
                        type_version integer NOT NULL DEFAULT 1,
                        tags text NOT NULL DEFAULT '',
                        UNIQUE (stream, version)
                    )
                    """,
                    """
                    CREATE INDEX weft_event_append_key ON weft_event (append_key, position)
                    WHERE append_key <> ''
                    """,
                    // Its one row is the lock of who writes.
                    """
                    CREATE TABLE weft_head (
                        position bigint NOT NULL
                    ) WITH (fillfactor = 10)
                    """,
                    "INSERT INTO weft_head (position) VALUES (0)",
                    """
                    CREATE TABLE weft_checkpoint (
                        name text COLLATE "C" PRIMARY KEY,
                        position bigint NOT NULL
                    )
                    """,
                    """
                    CREATE TABLE weft_inbox (
                        listener text COLLATE "C" NOT NULL,
                        source text COLLATE "C" NOT NULL,
                        key text COLLATE "C" NOT NULL,
                        position bigint NOT NULL,
                        part integer NOT NULL,
                        PRIMARY KEY (listener, source, key)
                    )
                    """,
                    """
                    CREATE TABLE weft_answer (
                        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                        key text COLLATE "C" NOT NULL UNIQUE,
                        fingerprint text NOT NULL,
                        status integer NOT NULL,
                        at bigint NOT NULL,
                        headers bytea NOT NULL,
                        body bytea NOT NULL
                    )
                    """,
                    TAGS,
                    SNAPSHOTS,
                    STREAMS,
                    """
                    CREATE TABLE weft_meta (
                        name text PRIMARY KEY,
                        value bigint NOT NULL
                    )
                    """,
                    "INSERT INTO weft_meta (name, value) VALUES ('schema', " + VERSION + ")");

    /**
     * Events of listeners that were set aside because they kept failing, and those of their keys that
     * wait behind them. Times are microseconds, 0 for never.
     */
    private static final List<String> PARKED =
            List.of(
                    """
                    CREATE TABLE IF NOT EXISTS weft_parked (
                        listener text COLLATE "C" NOT NULL,
                        source text COLLATE "C" NOT NULL,
                        key text COLLATE "C" NOT NULL,
                        position bigint NOT NULL,
                        part integer NOT NULL,
                        type text NOT NULL,
                        data bytea NOT NULL,
                        at bigint NOT NULL,
                        traceparent text NOT NULL,
                        tracestate text NOT NULL,
                        baggage text NOT NULL,
                        criticality text NOT NULL,
                        cause text NOT NULL,
                        handler integer NOT NULL,
                        attempts integer NOT NULL,
                        error text NOT NULL,
                        message text NOT NULL,
                        stack text NOT NULL,
                        first_failed bigint NOT NULL,
                        last_failed bigint NOT NULL,
                        edited integer NOT NULL,
                        retry bigint NOT NULL,
                        PRIMARY KEY (listener, source, key, position, part)
                    )
                    """,
                    "CREATE INDEX IF NOT EXISTS weft_parked_retry ON weft_parked (listener)"
                            + " WHERE retry > 0",
                    """
                    CREATE TABLE IF NOT EXISTS weft_lease (
                        name text COLLATE "C" PRIMARY KEY,
                        holder text NOT NULL,
                        ends bigint NOT NULL
                    )
                    """);

    /** From version 1, whose programs may go on writing: their events are of version 1 and have no tags. */
    private static final List<String> FROM_1 =
            List.of(
                    "ALTER TABLE weft_event ADD COLUMN type_version integer NOT NULL DEFAULT 1",
                    "ALTER TABLE weft_event ADD COLUMN tags text NOT NULL DEFAULT ''",
                    TAGS,
                    SNAPSHOTS,
                    STREAMS,
                    "UPDATE weft_meta SET value = 2 WHERE name = 'schema'");

    /** From version 2, which parked nothing; {@link #PARKED} comes too. */
    private static final List<String> FROM_2 =
            List.of("UPDATE weft_meta SET value = 3 WHERE name = 'schema'");

    private static final List<String> FROM_3 =
            Stream.concat(
                            TYPES.stream(),
                            Stream.of("UPDATE weft_meta SET value = 4 WHERE name = 'schema'"))
                    .toList();

    /** From version n it is the one at n - 1. */
    private static final List<List<String>> UPGRADES = List.of(FROM_1, FROM_2, FROM_3);

    private Schema() {}

    /** Makes the schema and its tables if they are missing, and brings old ones up to date: several processes may do so at once. */
    static void make(Session session, String schema, String database) throws SQLException {
        if (version(session, schema) == VERSION) return;
        session.execute("BEGIN");
        session.rows("SELECT pg_advisory_xact_lock(?)::text", LOCK);
        long version = version(session, schema);
        if (version > VERSION)
            throw new Failure.Storage(
                    database
                            + " has tables of version "
                            + version
                            + ", this program knows versions up to "
                            + VERSION
                            + "; start the newer program, or name another schema",
                    null);
        if (version == 0) {
            // IF NOT EXISTS would ask for the right to make it even if it is there.
            if (session.rows(
                            "SELECT 1 AS there FROM pg_catalog.pg_namespace WHERE nspname = ?",
                            schema)
                    .values()
                    .isEmpty()) session.execute("CREATE SCHEMA \"" + schema + "\"");
            run(session, TABLES);
            run(session, TYPES);
        }
        for (long from = version; from > 0 && from < VERSION; from++)
            run(session, UPGRADES.get((int) from - 1));
        if (version < 3) run(session, PARKED);
        session.commit();
    }

    /** All in one round trip. */
    private static void run(Session session, List<String> statements) throws SQLException {
        try (var statement = session.connection().createStatement()) {
            for (var each : statements) statement.addBatch(each);
            statement.executeBatch();
        }
    }

    /** The version of the tables that are there; 0 if there are none. */
    private static long version(Session session, String schema) throws SQLException {
        var there =
                session.rows(
                        "SELECT 1 AS there FROM pg_catalog.pg_tables WHERE schemaname = ? AND tablename = 'weft_meta'",
                        schema);
        if (there.values().isEmpty()) return 0;
        return session.rows("SELECT value FROM weft_meta WHERE name = 'schema'")
                .map(row -> row.number("value"))
                .getFirst();
    }
}
