package dev.weft.postgres;

import dev.weft.core.Time;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Appended;
import dev.weft.jdbc.Dialect;
import dev.weft.jdbc.NewRow;
import dev.weft.jdbc.Session;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Storage in a schema of a PostgreSQL database.
 *
 * <p>Who writes holds the one row of {@code weft_head}, from before the first check until the commit, so of all processes
 * of a service one commits at a time, and positions are in commit order. The lock is taken in a statement of
 * its own: those behind it see what the last holder committed. A process that stops amid that, without its
 * connection ending, is cut off by the server after {@link #BUSY}.
 *
 * <p>A commit is on disk when it is acknowledged, whatever the server's own setting of {@code synchronous_commit} is. {@value
 * #READERS} reads run at once.
 */
final class Postgres implements Dialect {

    static final int READERS = 8;

    /** How long another process may hold the lock of who writes. */
    static final Duration BUSY = Duration.ofSeconds(10);

    private static final Duration CONNECTING = Duration.ofSeconds(10);

    /** Without a word from the server for so long, a statement fails. */
    private static final Duration SILENCE = Duration.ofSeconds(60);

    private static final String LOCK = "SELECT position FROM weft_head FOR UPDATE";

    private static final String HEAD = "SELECT position FROM weft_head";

    private static final String END = "UPDATE weft_head SET position = ?";

    private static final String VERSIONS =
            """
            SELECT s.stream, e.version FROM unnest(?::text[]) AS s (stream)
            CROSS JOIN LATERAL (
                SELECT version FROM weft_event WHERE stream = s.stream
                ORDER BY version DESC LIMIT 1) AS e
            """;

    private static final String APPENDED =
            """
            SELECT k.append_key, e.position, e.version FROM unnest(?::text[]) AS k (append_key)
            CROSS JOIN LATERAL (
                SELECT position, version FROM weft_event
                WHERE append_key = k.append_key AND append_key <> ''
                ORDER BY position DESC LIMIT 1) AS e
            """;

    private static final String INSERT =
            """
            INSERT INTO weft_event (position, stream, version, type, data, at, traceparent,
                tracestate, baggage, criticality, cause, append_key)
            SELECT * FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::bytea[], ?::bigint[],
                ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
            """;

    private final Address address;

    Postgres(Address address) {
        this.address = address;
    }

    @Override
    public String name() {
        return address.toString();
    }

    @Override
    public int readers() {
        return READERS;
    }

    @Override
    public Connection connect(Role role) throws SQLException {
        var properties = address.properties();
        properties.setProperty("currentSchema", address.schema());
        properties.putIfAbsent("ApplicationName", "weft " + address.schema());
        properties.putIfAbsent("connectTimeout", String.valueOf(CONNECTING.toSeconds()));
        properties.putIfAbsent("socketTimeout", String.valueOf(SILENCE.toSeconds()));
        properties.putIfAbsent("tcpKeepAlive", "true");
        // Text may then be given for columns of any type: times, exact numbers, JSON.
        properties.setProperty("stringtype", "unspecified");
        return DriverManager.getConnection(address.jdbcUrl(), properties);
    }

    @Override
    public void prepare(Session session, Role role) throws SQLException {
        if (role == Role.READER) {
            session.execute("SET default_transaction_read_only = on");
            return;
        }
        session.execute("SET synchronous_commit = on");
        session.execute("SET lock_timeout = " + BUSY.toMillis());
        session.execute("SET idle_in_transaction_session_timeout = " + BUSY.toMillis());
        Schema.make(session, address.schema(), name());
    }

    @Override
    public long begin(Session session, Time time) throws SQLException {
        session.execute("BEGIN");
        return number(session.prepared(LOCK));
    }

    @Override
    public void end(Session session, long head) throws SQLException {
        var statement = session.prepared(END);
        statement.setLong(1, head);
        statement.executeUpdate();
    }

    @Override
    public long head(Session session) throws SQLException {
        return number(session.prepared(HEAD));
    }

    private static long number(PreparedStatement statement) throws SQLException {
        try (var result = statement.executeQuery()) {
            result.next();
            return result.getLong(1);
        }
    }

    @Override
    public Map<String, Long> versions(Session session, Collection<String> streams)
            throws SQLException {
        var versions = new HashMap<String, Long>();
        var statement = session.prepared(VERSIONS);
        statement.setArray(1, session.connection().createArrayOf("text", streams.toArray()));
        try (var result = statement.executeQuery()) {
            while (result.next()) versions.put(result.getString(1), result.getLong(2));
        }
        return versions;
    }

    @Override
    public Map<String, Appended> appended(Session session, Collection<String> keys)
            throws SQLException {
        var found = new HashMap<String, Appended>();
        var statement = session.prepared(APPENDED);
        statement.setArray(1, session.connection().createArrayOf("text", keys.toArray()));
        try (var result = statement.executeQuery()) {
            while (result.next())
                found.put(
                        result.getString(1),
                        new Appended(result.getLong(2), result.getLong(3), false));
        }
        return found;
    }

    @Override
    public String bounded(String query) {
        return "SELECT * FROM (SELECT e.*, coalesce(sum(octet_length(data)) OVER (ORDER BY position"
                + " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM ("
                + query
                + ") AS e) AS f WHERE before < "
                + EventStore.MAX_READ_BYTES
                + " ORDER BY position";
    }

    @Override
    public void insert(Session session, List<NewRow> rows) throws SQLException {
        var insert = session.prepared(INSERT);
        array(session, insert, 1, "bigint", rows, NewRow::position);
        array(session, insert, 2, "text", rows, NewRow::stream);
        array(session, insert, 3, "bigint", rows, NewRow::version);
        array(session, insert, 4, "text", rows, row -> row.event().type());
        var data = new byte[rows.size()][];
        for (int i = 0; i < data.length; i++) data[i] = rows.get(i).event().data();
        insert.setArray(5, session.connection().createArrayOf("bytea", data));
        array(session, insert, 6, "bigint", rows, NewRow::atMicros);
        array(session, insert, 7, "text", rows, row -> row.origin().traceparent());
        array(session, insert, 8, "text", rows, row -> row.origin().tracestate());
        array(session, insert, 9, "text", rows, row -> row.origin().baggage());
        array(session, insert, 10, "text", rows, row -> row.origin().criticality());
        array(session, insert, 11, "text", rows, row -> row.origin().cause());
        array(session, insert, 12, "text", rows, row -> row.origin().appendKey());
        insert.executeUpdate();
    }

    private static void array(
            Session session,
            PreparedStatement statement,
            int index,
            String type,
            List<NewRow> rows,
            Function<NewRow, Object> column)
            throws SQLException {
        var values = rows.stream().map(column).toArray();
        statement.setArray(index, session.connection().createArrayOf(type, values));
    }

    @Override
    public boolean isConnections(SQLException failure) {
        return Errors.isConnections(failure);
    }

    @Override
    public String remedy(SQLException failure) {
        return Errors.remedy(failure);
    }

    @Override
    public boolean survivesErrors() {
        return false;
    }

    @Override
    public void interrupt(Connection connection) throws SQLException {
        connection.abort(Runnable::run);
    }
}
