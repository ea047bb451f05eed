package dev.weft.benchmarks;

import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@link PlainStore} in a schema of PostgreSQL: the one row of {@code head} is the lock of who writes, as in Weft, so that
 * positions have no gaps and are in the order of commits. All events of a batch go in one statement of many rows, as arrays.
 */
final class PlainPostgres extends PlainStore {

    private PreparedStatement lock;
    private PreparedStatement versions;
    private PreparedStatement insert;
    private PreparedStatement end;

    private PlainPostgres(String url) throws SQLException {
        super(DriverManager.getConnection(url), DriverManager.getConnection(url));
    }

    static PlainStore open(String url) throws SQLException {
        return new PlainPostgres(url).started();
    }

    @Override
    void prepare() throws SQLException {
        try (var statement = writing.createStatement()) {
            statement.execute(
                    """
                    CREATE TABLE event (position bigint PRIMARY KEY, stream text COLLATE "C" NOT NULL, version bigint NOT NULL,
                        type text NOT NULL, data bytea NOT NULL, at bigint NOT NULL, UNIQUE (stream, version))
                    """);
            statement.execute(
                    "CREATE TABLE head (position bigint NOT NULL) WITH (fillfactor = 10)");
            statement.execute("INSERT INTO head VALUES (0)");
        }
        writing.setAutoCommit(false);
        lock = writing.prepareStatement("SELECT position FROM head FOR UPDATE");
        versions =
                writing.prepareStatement(
                        """
                        SELECT s.stream, e.version FROM unnest(?) AS s (stream) CROSS JOIN LATERAL (
                            SELECT version FROM event WHERE stream = s.stream ORDER BY version DESC LIMIT 1) AS e
                        """);
        insert =
                writing.prepareStatement(
                        """
                        INSERT INTO event (position, stream, version, type, data, at)
                        SELECT position, stream, version, 'measured', data, at
                        FROM unnest(?, ?, ?, ?, ?) AS e (position, stream, version, data, at)
                        """);
        end = writing.prepareStatement("UPDATE head SET position = ?");
    }

    @Override
    long begin() throws SQLException {
        return number(lock);
    }

    @Override
    Map<String, Long> versions(Set<String> streams) throws SQLException {
        var found = new HashMap<String, Long>();
        var names = streams.toArray(new String[0]);
        versions.setArray(1, writing.createArrayOf("text", names));
        try (var result = versions.executeQuery()) {
            while (result.next()) found.put(result.getString(1), result.getLong(2));
        }
        return found;
    }

    @Override
    void insert(List<Row> rows) throws SQLException {
        int count = rows.size();
        var positions = new Long[count];
        var streams = new String[count];
        var numbers = new Long[count];
        var data = new byte[count][];
        var times = new Long[count];
        for (int i = 0; i < count; i++) {
            var row = rows.get(i);
            positions[i] = row.position();
            streams[i] = row.stream();
            numbers[i] = row.version();
            data[i] = row.data();
            times[i] = row.atMicros();
        }
        insert.setArray(1, writing.createArrayOf("bigint", positions));
        insert.setArray(2, writing.createArrayOf("text", streams));
        insert.setArray(3, writing.createArrayOf("bigint", numbers));
        insert.setArray(4, writing.createArrayOf("bytea", data));
        insert.setArray(5, writing.createArrayOf("bigint", times));
        insert.executeUpdate();
    }

    @Override
    void commit(long head) throws SQLException {
        end.setLong(1, head);
        end.executeUpdate();
        writing.commit();
    }

    @Override
    void rollback() throws SQLException {
        writing.rollback();
    }
}
