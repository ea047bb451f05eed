package dev.weft.postgres;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL server of one's own, run from the installed programs: on a free port of the loopback, its data in a folder, with a
 * password that lies beside them ({@link PostgresCluster}). It ends with {@link #close}, and its data stay.
 */
public final class PostgresServer implements AutoCloseable {

    private static final String READY = "database system is ready to accept connections";
    private static final int STOPPING_SECONDS = 20;

    /** How many ports are tried, where any one will do. */
    private static final int PORTS = 5;

    private final Process process;
    private final Thread log;
    private final int port;
    private final PostgresDatabase database;

    private PostgresServer(Process process, Thread log, int port, PostgresDatabase database) {
        this.process = process;
        this.log = log;
        this.port = port;
        this.database = database;
    }

    /**
     * Starts the server of the folder; a folder that is not there is made, with a new database in it. {@link Failure.Storage} if
     * PostgreSQL is not installed or does not start.
     */
    public static PostgresServer start(Path folder, Time time) throws InterruptedException {
        return start(folder, 0, time);
    }

    /** As the other, at a port that it had before; 0 for a free one. */
    public static PostgresServer start(Path folder, int port, Time time)
            throws InterruptedException {
        var cluster = PostgresCluster.of(folder);
        try {
            return port == 0 ? startAnywhere(cluster, time) : start(cluster, port, time);
        } catch (IOException e) {
            throw new Failure.Storage(
                    "PostgreSQL cannot be started with its data in "
                            + folder
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** A port that was free may be somebody's a moment later: then another one. */
    private static PostgresServer startAnywhere(PostgresCluster cluster, Time time)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++)
            try {
                return start(cluster, freePort(), time);
            } catch (IOException e) {
                boolean taken = String.valueOf(e.getMessage()).contains("could not bind");
                if (!taken || attempt == PORTS) throw e;
            }
    }

    private static PostgresServer start(PostgresCluster cluster, int port, Time time)
            throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(cluster.command(port))
                        .directory(cluster.folder().toFile())
                        .redirectErrorStream(true)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .start();
        var said = new ArrayList<String>();
        var reader = process.inputReader(StandardCharsets.UTF_8);
        for (var line = reader.readLine();
                line == null || !line.contains(READY);
                line = reader.readLine()) {
            if (line == null)
                throw new IOException(
                        "it ended with " + process.waitFor() + ": " + String.join("; ", said));
            said.add(line);
        }
        var log = time.start("weft-postgres-log", () -> drop(reader));
        return new PostgresServer(process, log, port, cluster.database(port));
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void drop(BufferedReader reader) {
        try (reader) {
            while (reader.readLine() != null) {}
        } catch (IOException e) {
            // The server is gone.
            return;
        }
    }

    /** Its database. */
    public PostgresDatabase database() {
        return database;
    }

    public int port() {
        return port;
    }

    /** Ends the server and its helpers at once, as a machine does that fails. */
    public void kill() throws InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
        log.join();
    }

    /** Ends connections and the server; the data are whole. */
    @Override
    public void close() {
        // An interrupt (SIGINT) is the fast shutdown; SIGTERM waits until clients leave.
        signal("INT");
        boolean interrupted = Thread.interrupted();
        try {
            if (!process.waitFor(STOPPING_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
            log.join();
        } catch (InterruptedException e) {
            interrupted = true;
            process.destroyForcibly();
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    private void signal(String name) {
        try {
            var kill =
                    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
            if (kill.waitFor() != 0) process.destroy();
        } catch (IOException e) {
            process.destroy();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroy();
        }
    }
}
