package dev.weft.sqlite;

import dev.weft.core.Failure;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The log as SQL, one function per statement.
 *
 * <p>Positions are taken within the write transaction, as the last one plus one: so they are gapless
 * and in commit order, whichever processes write.
 */
final class Log {

    private static final String COLUMNS =
            "position, stream, version, type, data, at, traceparent, tracestate, baggage,"
                    + " criticality, cause, append_key";

    private static final String HEAD = "SELECT max(position) FROM weft_event";

    private static final String VERSION = "SELECT max(version) FROM weft_event WHERE stream = ?";

    private static final String APPENDED =
            "SELECT position, version FROM weft_event WHERE append_key = ? AND append_key <> ''"
                    + " ORDER BY position DESC LIMIT 1";

    private static final String INSERT =
            "INSERT INTO weft_event (" + COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

    private static final String STREAM =
            "SELECT "
                    + COLUMNS
                    + " FROM weft_event WHERE stream = ? AND version > ? ORDER BY version LIMIT ?";

    private static final String LOG =
            "SELECT " + COLUMNS + " FROM weft_event WHERE position > ? ORDER BY position LIMIT ?";

    private Log() {}

    static long head(Session session) throws SQLException {
        return number(session.prepared(HEAD));
    }

    private static long version(Session session, String stream) throws SQLException {
        var statement = session.prepared(VERSION);
        statement.setString(1, stream);
        return number(statement);
    }

    private static long number(PreparedStatement statement) throws SQLException {
        try (var result = statement.executeQuery()) {
            result.next();
            return result.getLong(1);
        }
    }

    static Optional<Appended> appended(Session session, String key) throws SQLException {
        if (key.isEmpty()) return Optional.empty();
        var statement = session.prepared(APPENDED);
        statement.setString(1, key);
        try (var result = statement.executeQuery()) {
            return result.next()
                    ? Optional.of(new Appended(result.getLong(1), result.getLong(2), true))
                    : Optional.empty();
        }
    }

    /** Within the write transaction. A conflict is thrown before anything is written. */
    static Appended append(Writer.Batch batch, List<Append> appends, Origin origin, Instant now)
            throws SQLException {
        var session = batch.session;
        var before = appended(session, origin.appendKey());
        if (before.isPresent()) return before.get();
        var versions = new long[appends.size()];
        for (int i = 0; i < versions.length; i++) {
            var append = appends.get(i);
            versions[i] = version(session, append.stream());
            requireVersion(append, versions[i]);
        }
        var insert = session.prepared(INSERT);
        insert.setLong(6, ChronoUnit.MICROS.between(Instant.EPOCH, now));
        insert.setString(7, origin.traceparent());
        insert.setString(8, origin.tracestate());
        insert.setString(9, origin.baggage());
        insert.setString(10, origin.criticality());
        insert.setString(11, origin.cause());
        insert.setString(12, origin.appendKey());
        for (int i = 0; i < versions.length; i++) {
            insert.setString(2, appends.get(i).stream());
            for (var event : appends.get(i).events()) {
                insert.setLong(1, ++batch.head);
                insert.setLong(3, ++versions[i]);
                insert.setString(4, event.type());
                insert.setBytes(5, event.data());
                insert.executeUpdate();
            }
        }
        return new Appended(batch.head, versions[versions.length - 1], false);
    }

    private static void requireVersion(Append append, long version) {
        if (append.expectedVersion() != EventStore.ANY_VERSION
                && append.expectedVersion() != version)
            throw new Failure.Conflict(
                    "stream "
                            + append.stream()
                            + " is at version "
                            + version
                            + ", expected was "
                            + append.expectedVersion());
    }

    static List<StoredEvent> stream(Session session, String stream, long afterVersion, int max)
            throws SQLException {
        var statement = session.prepared(STREAM);
        statement.setString(1, stream);
        statement.setLong(2, afterVersion);
        statement.setLong(3, max);
        return events(statement);
    }

    static List<StoredEvent> log(Session session, long afterPosition, int max) throws SQLException {
        var statement = session.prepared(LOG);
        statement.setLong(1, afterPosition);
        statement.setLong(2, max);
        return events(statement);
    }

    private static List<StoredEvent> events(PreparedStatement statement) throws SQLException {
        var events = new ArrayList<StoredEvent>();
        try (var result = statement.executeQuery()) {
            long bytes = 0;
            while (bytes < EventStore.MAX_READ_BYTES && result.next()) {
                var event = event(result);
                events.add(event);
                bytes += event.data().length;
            }
        }
        return List.copyOf(events);
    }

    private static StoredEvent event(ResultSet row) throws SQLException {
        return new StoredEvent(
                row.getLong(1),
                row.getString(2),
                row.getLong(3),
                row.getString(4),
                row.getBytes(5),
                Instant.EPOCH.plus(row.getLong(6), ChronoUnit.MICROS),
                new Origin(
                        row.getString(7),
                        row.getString(8),
                        row.getString(9),
                        row.getString(10),
                        row.getString(11),
                        row.getString(12)));
    }
}
