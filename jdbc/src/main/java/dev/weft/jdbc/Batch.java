package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.Origin;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * The appends of one write transaction.
 *
 * <p>Streams and keys are looked up for all of them at once, and events are inserted together: a database over a
 * network is asked two or three times for hundreds of appends. Between that each append is checked here, as if those before
 * it had been written. Positions are taken within the write transaction, as the last one plus one: so they are gapless
 * and in commit order, whichever processes write.
 */
final class Batch {

    private final Session session;
    private final Map<String, Long> versions = new HashMap<>();
    private final Map<String, Appended> keys = new HashMap<>();
    private final List<NewRow> rows = new ArrayList<>();
    private long head;

    /** Begins with the log's end. */
    Batch(Session session, long head) {
        this.session = session;
        this.head = head;
    }

    Session session() {
        return session;
    }

    long head() {
        return head;
    }

    /** Looks up what the appends to come are about. */
    void lookUp(Collection<String> streams, Collection<String> appendKeys) throws SQLException {
        var unknown = new HashSet<>(streams);
        unknown.removeAll(versions.keySet());
        if (!unknown.isEmpty()) {
            for (var stream : unknown) versions.put(stream, 0L);
            versions.putAll(session.dialect().versions(session, unknown));
        }
        if (!appendKeys.isEmpty())
            keys.putAll(session.dialect().appended(session, new HashSet<>(appendKeys)));
    }

    /** Takes an append whose streams and key were looked up. A conflict leaves all as it was. */
    Appended append(List<Append> appends, Origin origin, long nowMicros) {
        var before = keys.get(origin.appendKey());
        if (before != null) return new Appended(before.position(), before.version(), true);
        for (var append : appends) requireVersion(append, version(append.stream()));
        long version = 0;
        for (var append : appends) {
            version = version(append.stream());
            for (var event : append.events())
                rows.add(new NewRow(++head, append.stream(), ++version, event, nowMicros, origin));
            versions.put(append.stream(), version);
        }
        var appended = new Appended(head, version, false);
        if (!origin.appendKey().isEmpty()) keys.put(origin.appendKey(), appended);
        return appended;
    }

    private long version(String stream) {
        return versions.getOrDefault(stream, 0L);
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

    /** Writes what was taken. */
    void flush() throws SQLException {
        if (rows.isEmpty()) return;
        session.dialect().insert(session, rows);
        rows.clear();
    }
}
