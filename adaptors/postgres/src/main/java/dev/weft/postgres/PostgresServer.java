package dev.weft.postgres;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of one's own, run from the installed programs: on a free port of the loopback, its data in a folder, with a
 * password that lies beside them. It ends with {@link #close}, and its data stay.
 *
 * <p>The server refuses to run as root, so root starts it as the user {@code postgres}, or else as {@code nobody}; the
 * folder is then that user's.
 */
public final class PostgresServer implements AutoCloseable {

    private static final String USER = "weft";
    private static final String READY = "database system is ready to accept connections";
    private static final int STOPPING_SECONDS = 20;

    private final Process process;
    private final Thread log;
    private final int port;
    private final String url;

    private PostgresServer(Process process, Thread log, int port, String url) {
        this.process = process;
        this.log = log;
        this.port = port;
        this.url = url;
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
        try {
            return new Starting(folder.toAbsolutePath(), time).start(port);
        } catch (IOException e) {
            throw new Failure.Storage(
                    "PostgreSQL cannot be started with its data in " + folder + ": " + e, e);
        }
    }

    /** Where its database is, without a schema: {@code postgresql://weft:…@127.0.0.1:PORT/weft}. */
    public String url() {
        return url;
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

    /** What it takes to start one. */
    private static final class Starting {
        private final Path folder;
        private final Time time;
        private final Path data;
        private final Path password;
        private final Path programs;
        private final List<String> as;

        Starting(Path folder, Time time) throws IOException {
            this.folder = folder;
            this.time = time;
            this.data = folder.resolve("data");
            this.password = folder.resolve("password");
            this.programs = programs();
            this.as = as();
        }

        PostgresServer start(int wanted) throws IOException, InterruptedException {
            if (!Files.exists(data.resolve("PG_VERSION"))) make();
            int port = wanted == 0 ? freePort() : wanted;
            var process =
                    command(
                                    "postgres",
                                    "-D",
                                    data.toString(),
                                    "-p",
                                    String.valueOf(port),
                                    "-c",
                                    "listen_addresses=127.0.0.1",
                                    "-c",
                                    "unix_socket_directories=",
                                    "-c",
                                    "max_connections=300")
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
            return new PostgresServer(
                    process,
                    log,
                    port,
                    "postgresql://"
                            + USER
                            + ":"
                            + Files.readString(password).strip()
                            + "@127.0.0.1:"
                            + port
                            + "/postgres");
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

        private void make() throws IOException, InterruptedException {
            Files.createDirectories(folder);
            var secret = new byte[16];
            random(secret);
            Files.deleteIfExists(password);
            Files.createFile(
                    password,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.writeString(password, HexFormat.of().formatHex(secret));
            if (!as.isEmpty()) giveAway(as.get(2), folder, password);
            var initdb =
                    command(
                                    "initdb",
                                    "-D",
                                    data.toString(),
                                    "-U",
                                    USER,
                                    "-A",
                                    "scram-sha-256",
                                    "--pwfile=" + password,
                                    "-E",
                                    "UTF8",
                                    "--locale=C")
                            .start();
            var said = new String(initdb.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (initdb.waitFor() != 0) throw new IOException("initdb failed: " + said.strip());
        }

        private static void random(byte[] secret) throws IOException {
            try {
                SecureRandom.getInstance("NativePRNG").nextBytes(secret);
            } catch (NoSuchAlgorithmException e) {
                throw new IOException("this system has no source of random bytes", e);
            }
        }

        private static void giveAway(String user, Path... paths) throws IOException {
            for (var path : paths)
                Files.setOwner(
                        path,
                        path.getFileSystem()
                                .getUserPrincipalLookupService()
                                .lookupPrincipalByName(user));
        }

        private ProcessBuilder command(String program, String... arguments) {
            var command = new ArrayList<String>(as);
            command.add(programs.resolve(program).toString());
            command.addAll(List.of(arguments));
            return new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile());
        }

        /** As whom it runs; empty for as who we are. */
        private static List<String> as() throws IOException {
            if (!"root".equals(System.getProperty("user.name"))) return List.of();
            for (var user : List.of("postgres", "nobody"))
                if (exists(user)) return List.of("setpriv", "--reuid", user, "--clear-groups");
            throw new IOException(
                    "it does not run as root, and there is no user postgres or nobody");
        }

        private static boolean exists(String user) throws IOException {
            try {
                Path.of("/")
                        .getFileSystem()
                        .getUserPrincipalLookupService()
                        .lookupPrincipalByName(user);
                return true;
            } catch (UserPrincipalNotFoundException e) {
                return false;
            }
        }

        /** The folder of the newest programs: of Debian, of Red Hat, or on the path. */
        private static Path programs() throws IOException {
            var found = new ArrayList<Path>();
            for (var folder : List.of("/usr/lib/postgresql", "/usr"))
                if (Files.isDirectory(Path.of(folder)))
                    try (Stream<Path> below = Files.list(Path.of(folder))) {
                        below.map(each -> each.resolve("bin"))
                                .filter(each -> Files.isExecutable(each.resolve("initdb")))
                                .forEach(found::add);
                    }
            Optional<Path> newest = found.stream().max(Comparator.comparingInt(Starting::version));
            if (newest.isPresent()) return newest.get();
            for (var folder : System.getenv().getOrDefault("PATH", "").split(":", -1))
                if (Files.isExecutable(Path.of(folder, "initdb"))) return Path.of(folder);
            throw new IOException(
                    "no initdb in /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin or on the PATH; install PostgreSQL 13 or later"
                            + " (apt install postgresql)");
        }

        private static int version(Path programs) {
            var digits = programs.toString().replaceAll("[^0-9]", "");
            return digits.isEmpty() ? 0 : Integer.parseInt(digits);
        }
    }
}
