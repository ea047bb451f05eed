package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.jdbc.Dialect;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One server for all tests of this module; each case has a schema of its own. */
final class TestServer {

    private static final AtomicInteger SCHEMAS = new AtomicInteger();

    /** Begun with the first test, ended with the process. */
    private static final PostgresServer SERVER = start();

    /** For what tests do beside a storage; used by one thread at a time. */
    private static final Connection CONNECTION = connect();

    private TestServer() {}

    private static PostgresServer start() {
        try {
            var folder = folder().resolve("server");
            PostgresCluster.of(folder);
            var data = folder.resolve("data");
            // Tests kill processes, not machines.
            Files.writeString(
                    data.resolve("postgresql.conf"), "fsync = off\n", StandardOpenOption.APPEND);
            // To check a password takes longer than most cases.
            var access = data.resolve("pg_hba.conf");
            Files.writeString(
                    access, "host all weft 127.0.0.1/32 trust\n" + Files.readString(access));
            var server = PostgresServer.start(folder, SystemTime.INSTANCE);
            Runtime.getRuntime().addShutdownHook(new Thread(server::close));
            return server;
        } catch (InterruptedException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Connection connect() {
        try {
            return new Postgres(Address.of(database(""))).connect(Dialect.Role.WRITER);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A folder that other users may look into, as root's servers are theirs. */
    static Path folder() throws IOException {
        var folder = Files.createTempDirectory("weft-postgres-");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return folder;
    }

    static String url(String schema) {
        return SERVER.database().schema(schema);
    }

    /** The database's own URL, without a schema, and this behind it. */
    static String database(String behind) {
        return SERVER.database().schema("x").replaceFirst("[?]schema=x$", behind);
    }

    /** Makes a schema that nobody has open as good as new, which is faster than to make a new one. */
    static void empty(String schema) throws SQLException {
        var tables = Stream.of("event", "tag", "snapshot", "stream");
        try (var statement = CONNECTION.createStatement()) {
            statement.execute(
                    tables.map(table -> "delete from " + schema + ".weft_" + table + "; ")
                                    .collect(Collectors.joining())
                            + "update "
                            + schema
                            + ".weft_head set position = 0");
        }
    }

    static String freshSchema() {
        return "case_" + SCHEMAS.incrementAndGet();
    }

    /** Ends the sessions of the schema that say nothing amid a transaction, as the server does in the end; tells how many. */
    static int cutOff(String schema) {
        try (var storage = Storage.open(url(freshSchema()), SystemTime.INSTANCE)) {
            return storage.database()
                    .query(
                            "select pg_terminate_backend(pid) as ended from pg_stat_activity"
                                    + " where application_name = ? and state = 'idle in transaction'",
                            row -> row.number("ended"),
                            "weft " + schema)
                    .size();
        }
    }
}
