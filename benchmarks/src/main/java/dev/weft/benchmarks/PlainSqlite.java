package dev.weft.benchmarks;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@link PlainStore} in a file of SQLite, which is as durable as Weft's. */
final class PlainSqlite extends PlainStore {

    private PreparedStatement begin;
    private PreparedStatement head;
    private PreparedStatement version;
    private PreparedStatement insert;
    private PreparedStatement commit;

    private PlainSqlite(String url) throws SQLException {
        super(connect(url), connect(url));
    }

    /** The driver is not to ask for generated keys behind each insert. */
    private static Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url + "?jdbc.get_generated_keys=false");
    }

    static PlainStore open(Path file) throws SQLException {
        return new PlainSqlite("jdbc:sqlite:" + file).started();
    }

    @Override
    void prepare() throws SQLException {
        try (var statement = writing.createStatement()) {
            for (var pragma :
                    List.of(
                            "journal_mode=WAL",
                            "synchronous=FULL",
                            "fullfsync=1",
                            "checkpoint_fullfsync=1",
                            "wal_autocheckpoint=2000",
                            "journal_size_limit=67108864",
                            "cache_size=-16384")) statement.execute("PRAGMA " + pragma);
            statement.execute(
                    """
                    CREATE TABLE event (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL,
                        type TEXT NOT NULL, data BLOB NOT NULL, at INTEGER NOT NULL, UNIQUE (stream, version)) STRICT
                    """);
        }
        begin = writing.prepareStatement("BEGIN IMMEDIATE");
        head = writing.prepareStatement("SELECT max(position) FROM event");
        version = writing.prepareStatement("SELECT max(version) FROM event WHERE stream = ?");
        insert = writing.prepareStatement("INSERT INTO event VALUES (?, ?, ?, 'measured', ?, ?)");
        commit = writing.prepareStatement("COMMIT");
    }

    @Override
    long begin() throws SQLException {
        begin.execute();
        return number(head);
    }

    @Override
    Map<String, Long> versions(Set<String> streams) throws SQLException {
        var versions = new HashMap<String, Long>();
        for (var stream : streams) {
            version.setString(1, stream);
            versions.put(stream, number(version));
        }
        return versions;
    }

    @Override
    void insert(List<Row> rows) throws SQLException {
        for (var row : rows) {
            insert.setLong(1, row.position());
            insert.setString(2, row.stream());
            insert.setLong(3, row.version());
            insert.setBytes(4, row.data());
            insert.setLong(5, row.atMicros());
            insert.executeUpdate();
        }
    }

    @Override
    void commit(long head) throws SQLException {
        commit.execute();
    }

    @Override
    void rollback() throws SQLException {
        try (var statement = writing.createStatement()) {
            statement.execute("ROLLBACK");
        }
    }
}
