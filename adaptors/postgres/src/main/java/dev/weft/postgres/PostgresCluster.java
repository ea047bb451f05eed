package dev.weft.postgres;

import dev.weft.core.Failure;
import java.io.File;
import java.io.IOException;
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
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a PostgreSQL server of one's own serves: a folder with its data and, beside them, its password, which only the user
 * who runs it can read. It says how to run the server, and runs none.
 *
 * <p>The server refuses to run as root, so root runs it as the user {@code postgres}, or else as {@code nobody}; the folder is
 * then that user's.
 */
public final class PostgresCluster {

    private static final String USER = "weft";
    private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");

    /** The oldest that serves. */
    static final int OLDEST = 13;

    /** The programs of one installed PostgreSQL. */
    private record Programs(Path folder, int version) {}

    private final Path folder;
    private final Path data;
    private final Path password;
    private final List<String> as;
    private final Programs programs;

    private PostgresCluster(Path folder) throws IOException, InterruptedException {
        this.folder = folder;
        this.data = folder.resolve("data");
        this.password = folder.resolve("password");
        this.as = as();
        this.programs = fitting(data.resolve("PG_VERSION"));
    }

    /**
     * The cluster of the folder; a folder that is not there is made, with a new database in it. {@link Failure.Storage} if
     * PostgreSQL is not installed, or another version than the folder's, or may not use the folder.
     */
    public static PostgresCluster of(Path folder) throws InterruptedException {
        try {
            var cluster = new PostgresCluster(folder.toAbsolutePath());
            cluster.make();
            return cluster;
        } catch (IOException e) {
            throw new Failure.Storage(
                    "PostgreSQL cannot be run with its data in " + folder + ": " + e.getMessage(),
                    e);
        }
    }

    /** Where everything of it lies. */
    public Path folder() {
        return folder;
    }

    /**
     * The command that runs the server, on this port of the loopback, until it gets SIGINT: it then ends connections and leaves
     * the data whole. Its working folder is {@link #folder}; what it prints is its log.
     */
    public List<String> command(int port) {
        var options =
                List.of(
                        "listen_addresses=127.0.0.1",
                        "unix_socket_directories=",
                        "max_connections=300",
                        // Who keeps the log knows the time, and regular work is no news.
                        "log_line_prefix=",
                        "log_checkpoints=off");
        var command = command("postgres", "-D", data.toString(), "-p", String.valueOf(port));
        for (var option : options) command.addAll(List.of("-c", option));
        return List.copyOf(command);
    }

    /** Its database, when the server runs on this port. */
    public PostgresDatabase database(int port) {
        try {
            return PostgresDatabase.of(
                    "postgresql://"
                            + USER
                            + ":"
                            + Files.readString(password).strip()
                            + "@127.0.0.1:"
                            + port
                            + "/postgres");
        } catch (IOException e) {
            throw new Failure.Storage(
                    "the password of the PostgreSQL server in " + folder + " cannot be read: " + e,
                    e);
        }
    }

    /** The process that serves it now, if there is one: one that was not told to end, or has not ended yet. */
    public Optional<ProcessHandle> running() {
        var file = data.resolve("postmaster.pid");
        try {
            if (!Files.exists(file)) return Optional.empty();
            var lines = Files.readAllLines(file);
            return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
                    .filter(process -> process.info().command().orElse("").endsWith("postgres"));
        } catch (IOException | NumberFormatException | NoSuchElementException e) {
            // It is being written or removed: the server itself looks once more.
            return Optional.empty();
        }
    }

    private List<String> command(String program, String... arguments) {
        var command = new ArrayList<String>(as);
        command.add(programs.folder.resolve(program).toString());
        command.addAll(List.of(arguments));
        return command;
    }

    /** Makes what is missing. A database is made beside and moved, so that one that is there is whole. */
    private void make() throws IOException, InterruptedException {
        Files.createDirectories(folder);
        if (!as.isEmpty()) giveAway(folder);
        requireUsable();
        if (Files.exists(data.resolve("PG_VERSION"))) return;
        var unfinished = folder.resolve("data.new");
        delete(unfinished);
        Files.deleteIfExists(password);
        Files.createFile(
                password,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(password, secret());
        if (!as.isEmpty()) giveAway(password);
        run(
                command(
                        "initdb",
                        "-D",
                        unfinished.toString(),
                        "-U",
                        USER,
                        "-A",
                        "scram-sha-256",
                        "--pwfile=" + password,
                        "-E",
                        "UTF8",
                        "--locale=C",
                        "--no-instructions"));
        Files.move(unfinished, data);
    }

    private void requireUsable() throws IOException, InterruptedException {
        if (as.isEmpty()) return;
        var test = new ArrayList<>(as);
        test.addAll(List.of("test", "-w", folder + File.separator + "."));
        if (quietly(test) != 0)
            throw new IOException(
                    "PostgreSQL does not run as root, and the user "
                            + as.get(2)
                            + " may not enter the folders above; let others pass through them (chmod o+x), take another"
                            + " folder, or start this as another user");
    }

    private void giveAway(Path path) throws IOException {
        Files.setOwner(
                path,
                path.getFileSystem()
                        .getUserPrincipalLookupService()
                        .lookupPrincipalByName(as.get(2)));
    }

    private static String secret() throws IOException {
        try {
            var secret = new byte[16];
            SecureRandom.getInstance("NativePRNG").nextBytes(secret);
            return HexFormat.of().formatHex(secret);
        } catch (NoSuchAlgorithmException e) {
            throw new IOException("this system has no source of random bytes", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            for (var each : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(each);
        }
    }

    private void run(List<String> command) throws IOException, InterruptedException {
        var process = start(command);
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0)
            throw new IOException(Path.of(command.getFirst()).getFileName() + ": " + said.strip());
    }

    private int quietly(List<String> command) throws IOException, InterruptedException {
        var process = start(command);
        process.getInputStream().readAllBytes();
        return process.waitFor();
    }

    private Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
    }

    /** As whom it runs: the beginning of a command, whose third word is the user; empty for as who we are. */
    private static List<String> as() throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) return List.of();
        if (Stream.of("/usr/bin/setpriv", "/bin/setpriv")
                .noneMatch(it -> Files.isExecutable(Path.of(it))))
            throw new IOException(
                    "it does not run as root, and there is no setpriv to become another user; start this as another user, or"
                            + " install util-linux");
        for (var user : List.of("postgres", "nobody"))
            if (exists(user)) return List.of("setpriv", "--reuid", user, "--clear-groups");
        throw new IOException(
                "it does not run as root, and there is no user postgres or nobody; start this as another user");
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

    /** The newest programs, or those of the version that made the data. */
    private static Programs fitting(Path file) throws IOException, InterruptedException {
        var installed = installed();
        if (!Files.exists(file))
            return installed.stream()
                    .max(Comparator.comparingInt(Programs::version))
                    .filter(newest -> newest.version >= OLDEST)
                    .orElseThrow(() -> new IOException(missing("initdb", OLDEST + " or later")));
        var made = Files.readString(file).strip();
        Optional<Programs> same =
                installed.stream().filter(each -> made.equals("" + each.version)).findFirst();
        return same.orElseThrow(() ->
                new IOException(
                        "the data were made by PostgreSQL "
                                + made
                                + "; installed is "
                                + (installed.isEmpty()
                                        ? "none"
                                        : String.join(
                                                ", ",
                                                installed.stream()
                                                        .map(each -> "" + each.version)
                                                        .toList()))
                                + ": install "
                                + made
                                + ", take the data along with pg_upgrade, or begin anew in another folder"));
    }

    private static String missing(String program, String version) {
        return "no "
                + program
                + " of PostgreSQL "
                + version
                + " in /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin or on the PATH; install it (apt install postgresql),"
                + " or name a server that runs";
    }

    /** The programs of Debian, of Red Hat, and on the path. */
    private static List<Programs> installed() throws IOException, InterruptedException {
        var folders = new ArrayList<Path>();
        for (var folder : List.of("/usr/lib/postgresql", "/usr"))
            if (Files.isDirectory(Path.of(folder)))
                try (Stream<Path> below = Files.list(Path.of(folder))) {
                    below.map(each -> each.resolve("bin")).forEach(folders::add);
                }
        for (var folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            if (!folder.isBlank()) folders.add(Path.of(folder));
        var installed = new ArrayList<Programs>();
        for (var folder : folders) {
            var postgres = folder.resolve("postgres");
            if (!Files.isExecutable(folder.resolve("initdb")) || !Files.isExecutable(postgres))
                continue;
            int version = version(postgres);
            if (installed.stream().noneMatch(each -> each.version == version))
                installed.add(new Programs(folder, version));
        }
        return installed;
    }

    private static int version(Path postgres) throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(postgres.toString(), "--version")
                        .redirectErrorStream(true)
                        .start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        var found = VERSION.matcher(said);
        return found.find() ? Integer.parseInt(found.group(1)) : 0;
    }
}
