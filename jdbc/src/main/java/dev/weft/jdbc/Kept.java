package dev.weft.jdbc;

import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.events.Sql;

/** Writes what a log keeps beside its events. */
final class Kept {

    private Kept() {}

    static void keep(Sql sql, Snapshot snapshot) {
        long version =
                sql.query(
                                "SELECT coalesce(max(version), 0) AS version FROM weft_event WHERE stream = ?",
                                row -> row.number("version"),
                                snapshot.stream())
                        .getFirst();
        if (snapshot.version() > version) throw snapshot.ahead(version);
        sql.update(
                """
                INSERT INTO weft_snapshot (stream, version, type, type_version, data) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (stream) DO UPDATE SET version = excluded.version, type = excluded.type,
                    type_version = excluded.type_version, data = excluded.data
                WHERE excluded.version > weft_snapshot.version OR excluded.type <> weft_snapshot.type
                    OR excluded.type_version <> weft_snapshot.type_version
                """,
                snapshot.stream(),
                snapshot.version(),
                snapshot.type(),
                snapshot.typeVersion(),
                snapshot.data());
    }

    static long describe(Sql sql, String stream, long expectedVersion, byte[] data) {
        long version =
                sql.first(
                                "SELECT version FROM weft_stream WHERE stream = ?",
                                row -> row.number("version"),
                                stream)
                        .orElse(0L);
        EventStore.requireDescribed(stream, expectedVersion, version);
        sql.update(
                "INSERT INTO weft_stream (stream, version, data) VALUES (?, ?, ?)"
                        + " ON CONFLICT (stream) DO UPDATE SET version = excluded.version, data = excluded.data",
                stream,
                version + 1,
                data);
        return version + 1;
    }
}
