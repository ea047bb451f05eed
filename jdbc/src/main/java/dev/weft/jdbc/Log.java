package dev.weft.jdbc;

import dev.weft.events.EventStore;
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

/** Reads of the log. */
final class Log {

    private static final String COLUMNS =
            "position, stream, version, type, data, at, traceparent, tracestate, baggage,"
                    + " criticality, cause, append_key";

    private static final String STREAM =
            "SELECT "
                    + COLUMNS
                    + " FROM weft_event WHERE stream = ? AND version > ? ORDER BY version LIMIT ?";

    private static final String LOG =
            "SELECT " + COLUMNS + " FROM weft_event WHERE position > ? ORDER BY position LIMIT ?";

    private Log() {}

    static Optional<Appended> appended(Session session, String key) throws SQLException {
        if (key.isEmpty()) return Optional.empty();
        var found = session.dialect().appended(session, List.of(key)).get(key);
        return Optional.ofNullable(found)
                .map(it -> new Appended(it.position(), it.version(), true));
    }

    static List<StoredEvent> stream(Session session, String stream, long afterVersion, int max)
            throws SQLException {
        var statement = session.prepared(session.dialect().bounded(STREAM));
        statement.setString(1, stream);
        statement.setLong(2, afterVersion);
        statement.setLong(3, max);
        return events(statement);
    }

    static List<StoredEvent> log(Session session, long afterPosition, int max) throws SQLException {
        var statement = session.prepared(session.dialect().bounded(LOG));
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
