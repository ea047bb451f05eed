package dev.weft.postgres;

import dev.weft.core.Time;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.jdbc.Dialect;
import dev.weft.jdbc.NewRow;
import dev.weft.jdbc.Session;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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

    static final Duration CONNECTING = Duration.ofSeconds(10);

    /**
     * Without a word from the server for so long, the connection is given up, unless the URL says {@value #SILENCE_OPTION}, in
     * seconds. The server itself ends a statement a twelfth sooner: one that went on without its connection would hold its locks.
     */
    private static final Duration SILENCE = Duration.ofSeconds(60);

    static final String SILENCE_OPTION = "socketTimeout";

    /** Whatever the user's default is: a snapshot taken before the lock would not show what its last holder committed. */
    private static final String BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

    private static final String LOCK = "SELECT position FROM weft_head FOR UPDATE";

    private static final String HEAD = "SELECT position FROM weft_head";

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
            WITH head AS (UPDATE weft_head SET position = ?)
            INSERT INTO weft_event (position, stream, version, type, data, at, traceparent,
                tracestate, baggage, criticality, cause, append_key, type_version, tags)
            SELECT * FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::bytea[], ?::bigint[],
                ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::text[])
            """;

    private static final String INSERT_TAGS =
            "INSERT INTO weft_tag (tag, position) SELECT * FROM unnest(?::text[], ?::bigint[])";

    /** What an alternative of a condition leaves open is an empty text. */
    private static final String ASKED =
            """
            SELECT q.number, f.position FROM unnest(?::integer[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[])
                AS q (number, tag, tags, types, prefix, after)
            CROSS JOIN LATERAL (
            """;

    private static final String MEANT =
            """
                AND (q.types = '' OR e.type = ANY (string_to_array(q.types, E'\\n')))
                AND starts_with(e.stream, q.prefix)
            """;

    private static final String BROKEN_BY_TAG =
            ASKED
                    + "SELECT t.position FROM weft_tag AS t JOIN weft_event AS e ON e.position = t.position"
                    + " WHERE t.tag = q.tag AND t.position > q.after\n"
                    + MEANT
                    + "AND string_to_array(e.tags, E'\\n') @> string_to_array(q.tags, E'\\n')"
                    + " ORDER BY t.position LIMIT 1) AS f";

    private static final String BROKEN =
            ASKED
                    + "SELECT e.position FROM weft_event AS e WHERE e.position > q.after\n"
                    + MEANT
                    + " ORDER BY e.position LIMIT 1) AS f";

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
        properties.putIfAbsent(SILENCE_OPTION, String.valueOf(SILENCE.toSeconds()));
        properties.putIfAbsent("tcpKeepAlive", "true");
        // A session keeps its statements, and has to be able to let go of them.
        properties.setProperty("preparedStatementCacheQueries", "0");
        // Text may then be given for columns of any type: times, exact numbers, JSON.
        properties.setProperty("stringtype", "unspecified");
        return DriverManager.getConnection(address.jdbcUrl(), properties);
    }

    @Override
    public void prepare(Session session, Role role) throws SQLException {
        session.execute("SET statement_timeout = " + longestStatement().toMillis());
        if (role == Role.READER) {
            session.execute("SET default_transaction_read_only = on");
            return;
        }
        session.execute("SET synchronous_commit = on");
        session.execute("SET lock_timeout = " + BUSY.toMillis());
        session.execute("SET idle_in_transaction_session_timeout = " + BUSY.toMillis());
        Schema.make(session, address.schema(), name());
    }

    /** None if the URL wants none, or what it says is for the driver to refuse. */
    private Duration longestStatement() {
        var seconds =
                address.options().getOrDefault(SILENCE_OPTION, String.valueOf(SILENCE.toSeconds()));
        return seconds.matches("[0-9]{1,6}")
                ? Duration.ofSeconds(Long.parseLong(seconds)).multipliedBy(11).dividedBy(12)
                : Duration.ZERO;
    }

    @Override
    public long begin(Session session, Time time) throws SQLException {
        session.execute(BEGIN);
        return number(session.prepared(LOCK));
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
        texts(session, statement, 1, streams, stream -> stream);
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
        texts(session, statement, 1, keys, key -> key);
        try (var result = statement.executeQuery()) {
            while (result.next())
                found.put(
                        result.getString(1),
                        new Appended(result.getLong(2), result.getLong(3), false));
        }
        return found;
    }

    @Override
    public Map<Condition, Long> broken(Session session, Collection<Condition> conditions)
            throws SQLException {
        var broken = new HashMap<Condition, Long>();
        var asked = conditions.stream().flatMap(Asked::of).toList();
        ask(session, BROKEN_BY_TAG, asked.stream().filter(Asked::tagged).toList(), broken);
        ask(session, BROKEN, asked.stream().filter(one -> !one.tagged()).toList(), broken);
        return broken;
    }

    /** One alternative of a condition's query. */
    private record Asked(Condition condition, EventQuery.Alternative one) {

        static Stream<Asked> of(Condition condition) {
            return condition.query().anyOf().stream().map(one -> new Asked(condition, one));
        }

        boolean tagged() {
            return !one.tags().isEmpty();
        }

        String prefix() {
            return one.category().map(it -> it + "-").orElse("");
        }
    }

    private static void ask(
            Session session, String query, List<Asked> asked, Map<Condition, Long> broken)
            throws SQLException {
        if (asked.isEmpty()) return;
        var statement = session.prepared(query);
        var numbers = IntStream.range(0, asked.size()).boxed().toList();
        array(session, statement, 1, "integer", numbers, number -> number, Integer[]::new);
        texts(session, statement, 2, asked, it -> it.tagged() ? it.one().tags().getFirst() : "");
        texts(session, statement, 3, asked, it -> String.join("\n", it.one().tags()));
        texts(session, statement, 4, asked, it -> String.join("\n", it.one().types()));
        texts(session, statement, 5, asked, Asked::prefix);
        numbers(session, statement, 6, asked, it -> it.condition().after());
        try (var result = statement.executeQuery()) {
            while (result.next())
                broken.merge(asked.get(result.getInt(1)).condition(), result.getLong(2), Math::min);
        }
    }

    @Override
    public String bounded(String query, boolean backwards) {
        var order = backwards ? "position DESC" : "position";
        return "SELECT * FROM (SELECT e.*, coalesce(sum(octet_length(data) + octet_length(tags)) OVER (ORDER BY "
                + order
                + " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM ("
                + query
                + ") AS e) AS f WHERE before < "
                + EventStore.MAX_READ_BYTES
                + " ORDER BY "
                + order;
    }

    @Override
    public void insert(Session session, List<NewRow> rows) throws SQLException {
        var insert = session.prepared(INSERT);
        insert.setLong(1, rows.getLast().position());
        numbers(session, insert, 2, rows, NewRow::position);
        texts(session, insert, 3, rows, NewRow::stream);
        numbers(session, insert, 4, rows, NewRow::version);
        texts(session, insert, 5, rows, row -> row.event().type());
        array(session, insert, 6, "bytea", rows, row -> row.event().data(), byte[][]::new);
        numbers(session, insert, 7, rows, NewRow::atMicros);
        texts(session, insert, 8, rows, row -> row.origin().traceparent());
        texts(session, insert, 9, rows, row -> row.origin().tracestate());
        texts(session, insert, 10, rows, row -> row.origin().baggage());
        texts(session, insert, 11, rows, row -> row.origin().criticality());
        texts(session, insert, 12, rows, row -> row.origin().cause());
        texts(session, insert, 13, rows, row -> row.origin().appendKey());
        array(
                session,
                insert,
                14,
                "integer",
                rows,
                row -> row.event().typeVersion(),
                Integer[]::new);
        texts(session, insert, 15, rows, NewRow::tags);
        insert.executeUpdate();
        insertTags(session, rows);
    }

    private static void insertTags(Session session, List<NewRow> rows) throws SQLException {
        var tags = new ArrayList<String>();
        var positions = new ArrayList<Long>();
        for (var row : rows)
            for (var tag : row.event().tags()) {
                tags.add(tag);
                positions.add(row.position());
            }
        if (tags.isEmpty()) return;
        var insert = session.prepared(INSERT_TAGS);
        texts(session, insert, 1, tags, tag -> tag);
        numbers(session, insert, 2, positions, position -> position);
        insert.executeUpdate();
    }

    private static <T> void texts(
            Session session,
            PreparedStatement statement,
            int index,
            Collection<T> rows,
            Function<T, String> column)
            throws SQLException {
        array(session, statement, index, "text", rows, column, String[]::new);
    }

    private static <T> void numbers(
            Session session,
            PreparedStatement statement,
            int index,
            Collection<T> rows,
            Function<T, Long> column)
            throws SQLException {
        array(session, statement, index, "bigint", rows, column, Long[]::new);
    }

    /**
     * Sets a parameter to a column of the rows.
     *
     * @param typed makes an array of the very type: the driver sends it in binary form then, and as text otherwise, which takes
     *     both sides several times as long
     */
    private static <T, E> void array(
            Session session,
            PreparedStatement statement,
            int index,
            String type,
            Collection<T> rows,
            Function<T, E> column,
            IntFunction<E[]> typed)
            throws SQLException {
        var values = rows.stream().map(column).toArray(typed);
        statement.setArray(index, session.connection().createArrayOf(type, values));
    }

    @Override
    public boolean isConnections(SQLException failure) {
        return Errors.isConnections(failure);
    }

    @Override
    public boolean isAway(SQLException failure) {
        return Errors.isAway(failure);
    }

    @Override
    public boolean isOutdated(SQLException failure) {
        // "cached plan must not change result type"
        return "0A000".equals(failure.getSQLState());
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
