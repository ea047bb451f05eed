package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.postgres.PostgresServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;

/** A PostgreSQL server for the time of a measurement, with the settings that Weft runs its own with, on a core of its own. */
final class MeasuredServer implements AutoCloseable {

    private final PostgresServer server;

    private MeasuredServer(PostgresServer server) {
        this.server = server;
    }

    /**
     * Starts it and checks that what it acknowledges is on disk.
     *
     * @param core the number of the core that it gets; empty for any
     */
    static MeasuredServer start(Path folder, String core) throws Exception {
        var server = new MeasuredServer(PostgresServer.start(folder, SystemTime.INSTANCE));
        // This process has no children but the server.
        if (!core.isEmpty())
            for (var process : ProcessHandle.current().descendants().toList())
                pin(process.pid(), core);
        for (var setting : List.of("fsync", "synchronous_commit", "full_page_writes"))
            server.requireOn(setting);
        return server;
    }

    /** Processes that it starts later are where this one is. */
    private static void pin(long pid, String core) throws IOException, InterruptedException {
        var command = List.of("taskset", "-a", "-p", "-c", core, String.valueOf(pid));
        var taskset =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        if (taskset.waitFor() != 0) throw new IOException(String.join(" ", command) + " failed");
    }

    private void requireOn(String setting) throws SQLException {
        try (var connection = DriverManager.getConnection(jdbc("public"));
                var statement = connection.createStatement();
                var found = statement.executeQuery("SHOW " + setting)) {
            found.next();
            if (!found.getString(1).equals("on"))
                throw new IllegalStateException(setting + " is " + found.getString(1));
        }
    }

    /** The URL of a Weft storage in a schema. */
    String storage(String schema) {
        return server.database().schema(schema);
    }

    /** Makes a schema, and tells a JDBC URL that leads to it. */
    String make(String schema) throws SQLException {
        try (var connection = DriverManager.getConnection(jdbc(schema));
                var statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA " + schema);
        }
        return jdbc(schema);
    }

    private String jdbc(String schema) {
        var url = URI.create(storage(schema));
        var user = url.getUserInfo().split(":", 2);
        return "jdbc:postgresql://"
                + url.getHost()
                + ":"
                + url.getPort()
                + url.getPath()
                + "?currentSchema="
                + schema
                + "&user="
                + user[0]
                + "&password="
                + user[1];
    }

    @Override
    public void close() {
        server.close();
    }
}
