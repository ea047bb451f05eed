package dev.weft.jdbc;

import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Metadata;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads of the log. */
final class Log {

    private static final String SELECT =
            "SELECT position, stream, version, type, type_version, data, tags, at, traceparent,"
                    + " tracestate, baggage, criticality, cause, append_key FROM weft_event WHERE ";

    private static final String STREAM =
            SELECT + "stream = ? AND version > ? ORDER BY version LIMIT ?";

    private static final String STREAM_BACKWARDS =
            SELECT + "stream = ? AND version < ? ORDER BY version DESC LIMIT ?";

    private static final String LOG = SELECT + "position > ? ORDER BY position LIMIT ?";

    private static final String LOG_BACKWARDS =
            SELECT + "position < ? ORDER BY position DESC LIMIT ?";

    private static final String LAST_OF =
            "SELECT position FROM weft_event WHERE position > ? AND substr(traceparent, 4, 32) = ?"
                    + " ORDER BY position DESC LIMIT 1";

    private Log() {}

    static Optional<Appended> appended(Session session, String key) throws SQLException {
        if (key.isEmpty()) return Optional.empty();
        var found = session.dialect().appended(session, List.of(key)).get(key);
        return Optional.ofNullable(found)
                .map(it -> new Appended(it.position(), it.version(), true));
    }

    static List<StoredEvent> stream(Session session, String stream, long afterVersion, int max)
            throws SQLException {
        return ofStream(session, STREAM, false, stream, afterVersion, max);
    }

    static List<StoredEvent> streamBackwards(
            Session session, String stream, long beforeVersion, int max) throws SQLException {
        return ofStream(session, STREAM_BACKWARDS, true, stream, beforeVersion, max);
    }

    private static List<StoredEvent> ofStream(
            Session session, String query, boolean backwards, String stream, long from, int max)
            throws SQLException {
        var statement = session.prepared(session.dialect().bounded(query, backwards));
        statement.setString(1, stream);
        statement.setLong(2, from);
        statement.setLong(3, max);
        return events(session.dialect(), statement);
    }

    static List<StoredEvent> log(Session session, long afterPosition, int max) throws SQLException {
        return ofLog(session, LOG, false, afterPosition, max);
    }

    static List<StoredEvent> logBackwards(Session session, long beforePosition, int max)
            throws SQLException {
        return ofLog(session, LOG_BACKWARDS, true, beforePosition, max);
    }

    private static List<StoredEvent> ofLog(
            Session session, String query, boolean backwards, long from, int max)
            throws SQLException {
        var statement = session.prepared(session.dialect().bounded(query, backwards));
        statement.setLong(1, from);
        statement.setLong(2, max);
        return events(session.dialect(), statement);
    }

    /** The positions are found first and the events read by them, so that no data is sorted. */
    static List<StoredEvent> query(
            Session session, EventQuery query, boolean backwards, long from, int max)
            throws SQLException {
        var found = new ArrayList<String>();
        var parameters = new ArrayList<Object>();
        for (var one : query.anyOf()) {
            var search = Search.of(one, backwards, from, max);
            found.add("SELECT position FROM (" + search.sql() + ") AS a" + found.size());
            parameters.addAll(search.parameters());
        }
        parameters.add(max);
        var sql =
                SELECT
                        + "position IN ("
                        + String.join(" UNION ", found)
                        + ") ORDER BY position "
                        + (backwards ? "DESC " : "")
                        + "LIMIT ?";
        var statement = session.prepared(session.dialect().bounded(sql, backwards));
        Search.bind(statement, parameters);
        return events(session.dialect(), statement);
    }

    static long lastOf(Session session, String correlation, long afterPosition)
            throws SQLException {
        var statement = session.prepared(LAST_OF);
        statement.setLong(1, afterPosition);
        statement.setString(2, correlation);
        try (var result = statement.executeQuery()) {
            return result.next() ? result.getLong(1) : 0;
        }
    }

    static Optional<Snapshot> snapshot(Session session, String stream) throws SQLException {
        return session
                .rows(
                        "SELECT version, type, type_version, data FROM weft_snapshot WHERE stream = ?",
                        stream)
                .map(row ->
                        new Snapshot(
                                stream,
                                row.number("version"),
                                row.text("type"),
                                (int) row.number("type_version"),
                                row.bytes("data")))
                .stream()
                .findFirst();
    }

    static Optional<Metadata> metadata(Session session, String stream) throws SQLException {
        return session
                .rows("SELECT version, data FROM weft_stream WHERE stream = ?", stream)
                .map(row -> new Metadata(row.number("version"), row.bytes("data")))
                .stream()
                .findFirst();
    }

    private static List<StoredEvent> events(Dialect dialect, PreparedStatement statement)
            throws SQLException {
        var events = new ArrayList<StoredEvent>();
        try (var result = statement.executeQuery()) {
            long bytes = 0;
            while (bytes < EventStore.MAX_READ_BYTES && result.next()) {
                var event = event(dialect, result);
                events.add(event);
                bytes += event.sizeBytes();
            }
        }
        return List.copyOf(events);
    }

    private static StoredEvent event(Dialect dialect, ResultSet row) throws SQLException {
        return new StoredEvent(
                row.getLong(1),
                dialect.text(row, 2),
                row.getLong(3),
                dialect.text(row, 4),
                row.getInt(5),
                row.getBytes(6),
                tags(dialect.text(row, 7)),
                Instant.EPOCH.plus(row.getLong(8), ChronoUnit.MICROS),
                new Origin(
                        dialect.text(row, 9),
                        dialect.text(row, 10),
                        dialect.text(row, 11),
                        dialect.text(row, 12),
                        dialect.text(row, 13),
                        dialect.text(row, 14)));
    }

    /** As {@link NewRow#tags} wrote them. */
    private static Set<String> tags(String lines) {
        if (lines.isEmpty()) return Set.of();
        var tags = new TreeSet<String>();
        lines.lines().filter(tag -> !tag.isEmpty()).forEach(tags::add);
        return Collections.unmodifiableSortedSet(tags);
    }
}
