package dev.weft.cli;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.postgres.PostgresCluster;
import dev.weft.postgres.PostgresDatabase;
import dev.weft.supervisor.Logs;
import dev.weft.supervisor.Port;
import dev.weft.supervisor.ProcessSpec;
import dev.weft.supervisor.Readiness;
import dev.weft.supervisor.Supervisor;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The data of all services in one PostgreSQL database, a schema for each: of the server that {@value #VARIABLE} names, or of
 * one that runs beside the services under the same supervisor, from the installed programs.
 */
final class Postgres {

    /** The environment variable that names a database: {@code postgresql://USER:PASSWORD@HOST:PORT/DATABASE}. */
    static final String VARIABLE = "WEFT_POSTGRES";

    /** The private server, in the process table and in logs; its folder within the data folder. */
    static final String NAME = "postgres";

    /** How long a server may take that went down hard to go through what it had written. */
    private static final Duration READY = Duration.ofMinutes(5);

    /** How long the server of a supervisor that is gone may take to end. */
    private static final Duration ENDING = ProcessSpec.GRACE.plusSeconds(4);

    /** What of our environment a server is told. */
    private static final Collection<String> INHERITED =
            List.of("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR");

    private static final int LAST_LINES = 15;

    private final Path data;
    private final Collection<String> services;
    private final Supervisor supervisor;
    private final Logs logs;
    private final Time time;

    /**
     * @param data the system's data folder
     * @param services their names
     */
    Postgres(Path data, Collection<String> services, Supervisor supervisor, Logs logs, Time time) {
        this.data = data;
        this.services = services;
        this.supervisor = supervisor;
        this.logs = logs;
        this.time = time;
    }

    /** Blocks until the database can be used; else a {@link CommandFailed} says why not, and what to do. */
    Stores open() throws InterruptedException {
        try {
            var named = Optional.ofNullable(System.getenv(VARIABLE)).filter(it -> !it.isBlank());
            return named.isPresent() ? named(named.get()) : ownServer();
        } catch (Failure.Storage e) {
            throw new CommandFailed(String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw new CommandFailed("PostgreSQL cannot be run in " + data + ": " + e, e);
        }
    }

    private Stores named(String url) throws IOException {
        PostgresDatabase database;
        try {
            database = PostgresDatabase.of(url);
        } catch (IllegalArgumentException e) {
            throw new CommandFailed(VARIABLE + ": " + e.getMessage(), e);
        }
        try {
            database.requireUsable(services);
        } catch (Failure.Storage e) {
            throw new CommandFailed(VARIABLE + ": " + e.getMessage(), e);
        }
        // Each database has its own logs, and what the hub knows is about these.
        var place = database.toString().replaceFirst("^[a-z]+://", "");
        return stores(database, NAME + "-" + place.replaceAll("[^A-Za-z0-9.]+", "-"));
    }

    private Stores ownServer() throws InterruptedException, IOException {
        var cluster = PostgresCluster.of(data.resolve(NAME));
        requireStopped(cluster);
        int port = Ports.free();
        var database = cluster.database(port);
        supervisor.start(spec(cluster, port, database));
        var problem = supervisor.awaitReady(NAME);
        if (problem.isPresent())
            throw new CommandFailed(
                    "the PostgreSQL server in "
                            + cluster.folder()
                            + " did not start: it "
                            + problem.get()
                            + "; its last lines were\n"
                            + logs.last(NAME, LAST_LINES).stream()
                                    .map(line -> "    " + line.text())
                                    .collect(Collectors.joining("\n")));
        return stores(database, NAME + "-own");
    }

    /** The server of a supervisor that was killed takes a while to end. */
    private void requireStopped(PostgresCluster cluster) throws InterruptedException {
        long end = time.nanos() + ENDING.toNanos();
        for (var running = cluster.running(); running.isPresent(); running = cluster.running()) {
            if (time.nanos() > end)
                throw new CommandFailed(
                        "another PostgreSQL server (process "
                                + running.get().pid()
                                + ") runs with its data in "
                                + cluster.folder()
                                + "; stop it (kill -INT "
                                + running.get().pid()
                                + "), or take another folder with --data");
            time.sleep(Readiness.POLL);
        }
    }

    private Stores stores(PostgresDatabase database, String name) throws IOException {
        var hub = Files.createDirectories(data.resolve("hub-" + name));
        return new Stores(database::schema, database.toString(), hub);
    }

    private ProcessSpec spec(PostgresCluster cluster, int port, PostgresDatabase database) {
        Map<String, String> environment = new LinkedHashMap<>();
        for (var name : INHERITED) {
            var value = System.getenv(name);
            if (value != null) environment.put(name, value);
        }
        environment.put("PGDATA", cluster.folder().resolve("data").toString());
        Readiness answering =
                launched -> {
                    while (!database.answers()) time.sleep(Readiness.POLL);
                    return new Readiness.Ready(URI.create(database.toString()), () -> {});
                };
        return new ProcessSpec(
                        NAME,
                        cluster.command(port),
                        environment,
                        cluster.folder(),
                        new Port.Fixed(port),
                        1,
                        answering,
                        READY,
                        ProcessSpec.GRACE,
                        0,
                        false)
                .endedBy(ProcessSpec.Signal.INT);
    }
}
