package dev.weft.jdbc;

import dev.weft.core.Failure;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The appends of one write transaction.
 *
 * <p>Streams, keys and conditions are looked up for all of them at once, and events are inserted together: a database over a
 * network is asked a few times for hundreds of appends. Between that each append is checked here, as if those before
 * it had been written. Positions are taken within the write transaction, as the last one plus one: so they are gapless
 * and in commit order, whichever processes write.
 */
final class Batch {

    private final Session session;
    private final Map<String, Long> versions = new HashMap<>();
    private final Map<String, Appended> keys = new HashMap<>();

    /** Against which conditions something stands that was there when they were looked up. */
    private final Map<Condition, Long> broken = new HashMap<>();

    private final List<NewRow> rows = new ArrayList<>();
    private final Taken taken = new Taken();
    private long head;

    /** The end of the log in which the newest conditions were looked up. */
    private long headLookedUp;

    /** What to go back to, if the transaction that runs in this batch fails. */
    private long headAtMark;

    private int takenAtMark;
    private final Map<String, Long> versionsAtMark = new HashMap<>();
    private final List<String> keysSinceMark = new ArrayList<>();
    private final Map<Condition, Optional<Long>> brokenAtMark = new HashMap<>();

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

    /** Looks up what the appends to come are about; nothing may wait to be written. */
    void lookUp(List<Intent> intents) throws SQLException {
        headLookedUp = head;
        var streams = new HashSet<String>();
        var appendKeys = new HashSet<String>();
        var conditions = new HashSet<Condition>();
        for (var intent : intents) {
            for (var append : intent.appends()) streams.add(append.stream());
            if (!intent.origin().appendKey().isEmpty()) appendKeys.add(intent.origin().appendKey());
            for (var condition : intent.conditions())
                if (condition.isNear(head)) conditions.add(condition);
        }
        streams.removeAll(versions.keySet());
        if (!streams.isEmpty()) {
            for (var stream : streams) versions.put(stream, 0L);
            versions.putAll(session.dialect().versions(session, streams));
        }
        if (!appendKeys.isEmpty()) keys.putAll(session.dialect().appended(session, appendKeys));
        if (!conditions.isEmpty()) {
            var found = session.dialect().broken(session, conditions);
            for (var condition : conditions) {
                var before = Optional.ofNullable(broken.remove(condition));
                brokenAtMark.putIfAbsent(condition, before);
            }
            broken.putAll(found);
            taken.begin();
        }
    }

    /** Takes an append that was looked up. A conflict leaves all as it was. */
    Appended append(Intent intent, long nowMicros) {
        var key = intent.origin().appendKey();
        var before = keys.get(key);
        if (before != null) return new Appended(before.position(), before.version(), true);
        for (var append : intent.appends()) requireVersion(append, version(append.stream()));
        for (var condition : intent.conditions()) require(condition);
        long version = 0;
        for (var append : intent.appends()) version = take(append, intent, nowMicros);
        var appended = new Appended(head, version, false);
        if (!key.isEmpty()) {
            keys.put(key, appended);
            keysSinceMark.add(key);
        }
        return appended;
    }

    private long take(Append append, Intent intent, long nowMicros) {
        long version = version(append.stream());
        versionsAtMark.putIfAbsent(append.stream(), version);
        for (var event : append.events()) {
            var row =
                    new NewRow(
                            ++head, append.stream(), ++version, event, nowMicros, intent.origin());
            rows.add(row);
            taken.add(row);
        }
        versions.put(append.stream(), version);
        return version;
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

    private void require(Condition condition) {
        condition.requireNear(headLookedUp);
        var there = broken.get(condition);
        if (there != null) throw condition.brokenBy(there);
        var match = taken.first(condition);
        if (match.isPresent()) throw condition.brokenBy(match.getAsLong());
    }

    /** Writes what was taken. */
    void flush() throws SQLException {
        if (rows.isEmpty()) return;
        session.dialect().insert(session, rows);
        rows.clear();
    }

    /** From here on a transaction may take back what it appends; nothing waits to be written. */
    void mark() {
        headAtMark = head;
        takenAtMark = taken.size();
        versionsAtMark.clear();
        keysSinceMark.clear();
        brokenAtMark.clear();
    }

    /** As if nothing had been appended since the mark; what was written of it is the database's to take back. */
    void backToMark() {
        head = headAtMark;
        rows.clear();
        taken.cut(takenAtMark);
        versions.putAll(versionsAtMark);
        keysSinceMark.forEach(keys::remove);
        brokenAtMark.forEach((condition, before) -> {
            broken.remove(condition);
            before.ifPresent(position -> broken.put(condition, position));
        });
    }
}
