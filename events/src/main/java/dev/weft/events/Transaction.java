package dev.weft.events;

import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.EventStore.Snapshot;
import java.util.List;
import java.util.Optional;

/**
 * One transaction over log and tables of a service: all of it is there behind its commit, or nothing. Usable by its work only,
 * on its thread, while that runs.
 */
public interface Transaction {

    /** The tables; also sees what this transaction has done to them. */
    Sql sql();

    /**
     * Appends, with the same checks and limits as {@link EventStore#append}, and tells where the events will be once the
     * transaction is committed. A conflict leaves all as it was: the work may go on, or fail and take everything back.
     */
    Appended append(List<Append> appends, List<Condition> conditions, Origin origin);

    /**
     * The events of a stream behind a version, as {@link EventStore#stream}; also sees what this transaction has appended. Fails
     * on events with personal values.
     */
    List<StoredEvent> stream(String stream, long afterVersion, int max);

    /**
     * What a query means in the log behind a position, as {@link EventStore#log}; also sees what this transaction has appended.
     * Fails on events with personal values.
     */
    List<StoredEvent> log(EventQuery query, long afterPosition, int max);

    /** The snapshot of a stream, as {@link EventStore#snapshot}; one with personal values is none. */
    Optional<Snapshot> snapshot(String stream);

    /**
     * Runs this when the transaction is committed, in order, on the thread that waits for that; not if it fails. What it throws is
     * thrown to who waits.
     */
    void behind(Runnable work);

    /** Appends without conditions. */
    default Appended append(List<Append> appends, Origin origin) {
        return append(appends, List.of(), origin);
    }
}
