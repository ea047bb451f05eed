package dev.weft.jdbc;

import dev.weft.core.Time;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one database does its own way. */
public interface Dialect {

    /** What a session is for. */
    enum Role {
        WRITER,
        READER,

        /** The only session there is: where the database ends with its connection. */
        ONLY
    }

    /** The database, as errors name it. */
    String name();

    /** How many reads run beside the writer; 0 where reads and commits take turns on one session. */
    int readers();

    /** A new connection, which commits by itself unless told to begin a transaction. */
    Connection connect(Role role) throws SQLException;

    /** Makes a new session fit for its role; a writer also creates the tables that are missing and brings old ones up to date. */
    void prepare(Session session, Role role) throws SQLException;

    /**
     * Begins a transaction that writes, of which there is one at a time, whichever processes write; waits for others,
     * but not for ever. Tells the log's end.
     */
    long begin(Session session, Time time) throws SQLException;

    /** The log's end as of the last commit. */
    long head(Session session) throws SQLException;

    /** The versions of these streams; of those that are there. */
    Map<String, Long> versions(Session session, Collection<String> streams) throws SQLException;

    /** What the appends with these keys left behind; of those that were made. None of the keys is empty. */
    Map<String, Appended> appended(Session session, Collection<String> keys) throws SQLException;

    /**
     * The positions of the first events that stand against these conditions; of those that are broken. None of what the
     * transaction holds back is looked at.
     */
    default Map<Condition, Long> broken(Session session, Collection<Condition> conditions)
            throws SQLException {
        var broken = new HashMap<Condition, Long>();
        for (var condition : conditions)
            for (var one : condition.query().anyOf()) {
                var search = Search.of(one, false, condition.after(), 1);
                var statement = session.prepared(search.sql());
                Search.bind(statement, search.parameters());
                try (var result = statement.executeQuery()) {
                    if (result.next()) broken.merge(condition, result.getLong(1), Math::min);
                }
            }
        return broken;
    }

    /**
     * A query of events, in their order, so that not much more than {@link
     * dev.weft.events.EventStore#MAX_READ_BYTES} is sent; for databases that send all rows at once.
     *
     * @param backwards whether that is from the newest to the oldest
     */
    default String bounded(String query, boolean backwards) {
        return query;
    }

    /** A text of a row that is read, never null; for drivers that have a quicker way to it. */
    default String text(ResultSet row, int column) throws SQLException {
        return row.getString(column);
    }

    /** Adds to the log what has been checked: at least one event, in order. */
    void insert(Session session, List<NewRow> rows) throws SQLException;

    /** Whether the connection may be to blame, so that a new one is worth a try. */
    boolean isConnections(SQLException failure);

    /**
     * Whether the database as a whole could not be used, rather than that what was asked of it is wrong: it is away, locked,
     * full, damaged.
     */
    boolean isAway(SQLException failure);

    /** Whether a statement may have been prepared before another process changed a table, so that preparing it anew is worth a try. */
    default boolean isOutdated(SQLException failure) {
        return false;
    }

    /** What an error means for who runs the service, and what to do about it: follows the name of the database. */
    String remedy(SQLException failure);

    /** Whether a statement that failed leaves its transaction as it was before, so that it may go on. */
    boolean survivesErrors();

    /** Ends what runs on a connection, from any thread. */
    void interrupt(Connection connection) throws SQLException;

    /** Reads what must only read; on a session that is {@link Role#ONLY}, which can write. */
    default Rows rowsOnly(Session session, String sql, @Nullable Object... parameters)
            throws SQLException {
        return session.rows(sql, parameters);
    }
}
