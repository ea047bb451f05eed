package dev.weft.events;

import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import java.util.List;

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

    /** Appends without conditions. */
    default Appended append(List<Append> appends, Origin origin) {
        return append(appends, List.of(), origin);
    }
}
