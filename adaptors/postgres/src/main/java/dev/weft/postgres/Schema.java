package dev.weft.postgres;

import dev.weft.core.Failure;
import dev.weft.jdbc.Session;
import java.sql.SQLException;
import java.util.List;

/** The tables that this module owns; every change gets a new version. */
final class Schema {

    static final long VERSION = 1;

    /** One lock for all who make tables on a server; its number means nothing. */
    private static final long LOCK = 0x77656674L;

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
                    """
                    CREATE TABLE weft_meta (
                        name text PRIMARY KEY,
                        value bigint NOT NULL
                    )
                    """,
                    "INSERT INTO weft_meta (name, value) VALUES ('schema', " + VERSION + ")");

    private Schema() {}

    /** Makes the schema and its tables if they are missing: several processes may do so at once. */
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
            session.execute("CREATE SCHEMA IF NOT EXISTS \"" + schema + "\"");
            for (var table : TABLES) session.update(table);
        }
        session.commit();
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
