package dev.weft.cli;

import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Instance;
import dev.weft.core.Resolver;
import dev.weft.core.ServerOptions;
import dev.weft.core.Time;
import dev.weft.gateway.RouteConflict;
import dev.weft.http.HttpTransport;
import dev.weft.supervisor.Control;
import dev.weft.supervisor.Logs;
import dev.weft.supervisor.Replacement;
import dev.weft.supervisor.Supervisor;
import dev.weft.telemetry.Logging;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * A system on this machine, built and run from its folder.
 *
 * <p>Hub and gateway start at once, each service as soon as it is built; they find each other by
 * trying again. Other commands find the system by its {@code system.json}, which is there from the
 * beginning to the end.
 */
final class LocalSystem implements AutoCloseable {

    /** The data folder's name in the system's folder. */
    static final String DATA = ".weft";

    /** The last lines of a service that are shown when it does not start. */
    private static final int LAST_LINES = 30;

    /** How long the hub may take to tell of services that are ready. */
    private static final Duration REGISTERED = Duration.ofSeconds(10);

    /**
     * What to run, and where.
     *
     * @param data the data folder, absolute
     * @param profile the way of running it
     * @param together whether all of it runs in this process
     */
    record Plan(
            SystemFile files,
            Path data,
            int gatewayPort,
            int adminPort,
            Profile profile,
            boolean together) {}

    private final Plan plan;
    private final Time time;
    private final Logs logs;
    private final Stores stores;
    private final Hosting hosting;
    private final Resolver registry;
    private final Builder builder;
    private final Systems systems;
    private final Map<String, Current> current = new ConcurrentHashMap<>();
    private RunningSystem told;
    private volatile boolean closing;

    /** Compiling keeps a core busy; more at a time would only need more memory. */
    private final Semaphore builds =
            new Semaphore(Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 8));

    /** What is open, to be closed from the last to the first. */
    private final Deque<AutoCloseable> open;

    /** What runs of a service. */
    private record Current(ServiceFile service, Optional<Built> built) {

        boolean same(ServiceFile other, Optional<Built> made) {
            return built.isPresent()
                    && made.isPresent()
                    && !made.get().changed()
                    && made.get().classPath().equals(built.get().classPath())
                    && made.get().main().equals(built.get().main())
                    && service.equals(other);
        }
    }

    private LocalSystem(
            Plan plan,
            Time time,
            Logs logs,
            Stores stores,
            Hosting hosting,
            Resolver registry,
            Builder builder,
            Systems systems,
            RunningSystem told,
            Deque<AutoCloseable> open) {
        this.plan = plan;
        this.time = time;
        this.logs = logs;
        this.stores = stores;
        this.hosting = hosting;
        this.registry = registry;
        this.builder = builder;
        this.systems = systems;
        this.told = told;
        this.open = open;
    }

    /**
     * Starts what keeps the data, if that is a server, hub and gateway; {@link #start} starts the services.
     *
     * @param stop begins to stop the system, told on whose behalf, and returns at once
     */
    static LocalSystem open(
            Plan plan, Installation installation, Consumer<String> stop, Time time) {
        var open = new ArrayDeque<AutoCloseable>();
        Logging.start(System.getenv(), "weft", "weft");
        try {
            open.push(DataFolder.hold(plan.data()));
            Ports.requireFree(
                    plan.gatewayPort(),
                    "the gateway",
                    "take another with --port, or gateway: {port: N} in " + SystemFile.NAME);
            Ports.requireFree(
                    plan.adminPort(),
                    "the hub's admin API",
                    "take another with --admin-port, or hub: {port: N} in " + SystemFile.NAME);
            plan.files()
                    .gateway()
                    .options()
                    .edge()
                    .tls()
                    .ifPresent(it ->
                            Ports.requireFree(
                                    it.port(),
                                    "the gateway's HTTPS",
                                    "take another: gateway: {tls: {port: N}} in "
                                            + SystemFile.NAME));
            if (plan.gatewayPort() == plan.adminPort())
                throw new CommandFailed(
                        "port "
                                + plan.gatewayPort()
                                + " cannot be both the gateway's and the admin API's; take another"
                                + " with --port or --admin-port");
            if (plan.together())
                NativeSqlite.properties(installation.home()).forEach(System::setProperty);
            int controlPort = Ports.free();
            var told = tell(plan, controlPort, time);
            var logs = new Logs(plan.data().resolve("logs"), time);
            open.push(logs);
            var transport = new HttpTransport(time);
            open.push(transport);
            var registry =
                    new HubRegistry(
                            transport.client(URI.create(told.admin())),
                            Optional.of(told.token()),
                            time);
            open.push(registry);
            var supervisor = new Supervisor(logs, time);
            open.push(supervisor);
            var stores = stores(plan, supervisor, logs, time);
            var processes =
                    new SeparateProcesses(
                            told,
                            plan.files(),
                            plan.profile(),
                            stores,
                            installation,
                            supervisor,
                            registry,
                            transport,
                            time);
            var hosting =
                    plan.together()
                            ? new OneProcess(
                                    told,
                                    plan.files(),
                                    stores,
                                    transport,
                                    registry,
                                    processes,
                                    time)
                            : processes;
            open.push(hosting);
            hosting.startParts();
            transport.serve(
                    Control.of(hosting, logs, told.token(), stop, time),
                    ServerOptions.DEFAULT.port(controlPort));
            var systems = Systems.ofThisUser();
            systems.write(plan.data(), told);
            open.push(() -> systems.remove(plan.data(), told));
            var builder = new Builder(installation, plan.data().resolve("build"));
            return new LocalSystem(
                    plan, time, logs, stores, hosting, registry, builder, systems, told, open);
        } catch (IOException e) {
            close(open);
            throw new CommandFailed("the system cannot be started: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            close(open);
            throw e;
        }
    }

    private static Stores stores(Plan plan, Supervisor supervisor, Logs logs, Time time) {
        try {
            return switch (plan.profile().store()) {
                case SQLITE -> Stores.sqlite(plan.data());
                case POSTGRES ->
                        new Postgres(plan.data(), plan.files().names(), supervisor, logs, time)
                                .open();
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed("the start was broken off", e);
        }
    }

    private static RunningSystem tell(Plan plan, int controlPort, Time time) {
        return new RunningSystem(
                plan.files().name(),
                plan.files().folder().toString(),
                ProcessHandle.current().pid(),
                local(plan.adminPort()),
                gateway(plan),
                plan.files()
                        .gateway()
                        .options()
                        .edge()
                        .tls()
                        .map(it -> "https://" + reached(it.host()) + ":" + it.port()),
                local(controlPort),
                token(),
                time.now(),
                false,
                List.of());
    }

    private static String local(int port) {
        return "http://127.0.0.1:" + port;
    }

    /** Where this machine reaches the gateway, wherever else it listens. */
    private static String gateway(Plan plan) {
        var host = plan.files().gateway().options().server().host();
        return "http://" + reached(host) + ":" + plan.gatewayPort();
    }

    private static String reached(String host) {
        return host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host;
    }

    private static String token() {
        try {
            var bytes = new byte[16];
            SecureRandom.getInstance("NativePRNG").nextBytes(bytes);
            return HexFormat.of().formatHex(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new CommandFailed("this system has no source of secure random numbers", e);
        }
    }

    RunningSystem told() {
        return told;
    }

    Logs logs() {
        return logs;
    }

    /** Where its services keep their data. */
    Stores stores() {
        return stores;
    }

    Plan plan() {
        return plan;
    }

    Hosting hosting() {
        return hosting;
    }

    /**
     * Builds and starts all services and returns when everything is ready; else a {@link
     * CommandFailed} says what is not, and the system is to be closed.
     */
    void start() throws InterruptedException {
        var problems = new ArrayList<String>();
        each(
                plan.files().services(),
                service -> {
                    try {
                        var made = build(service);
                        current.put(service.name(), new Current(service, made));
                        hosting.start(service, made);
                    } catch (RuntimeException e) {
                        synchronized (problems) {
                            problems.add(text(service, e));
                        }
                    }
                });
        if (!problems.isEmpty()) throw new CommandFailed(String.join("\n\n", problems));
        var names = new ArrayList<>(List.of(Hosting.HUB, Hosting.GATEWAY));
        for (var service : plan.files().services()) names.add(service.name());
        for (var name : names) {
            var problem = hosting.awaitReady(name);
            if (problem.isPresent()) throw new CommandFailed(unready(name, problem.get()));
        }
        var instances = awaitRegistered();
        requireOneServiceForEachRoute(instances);
        told =
                told.asReady(
                        plan.files().services().stream()
                                .flatMap(it -> warnings(it, instances).stream())
                                .toList());
        systems.write(plan.data(), told);
    }

    /** While it runs, the gateway leaves such a route to who had it first; now nobody had it before. */
    private void requireOneServiceForEachRoute(List<Instance> instances) {
        var conflicts = RouteConflict.among(instances);
        if (conflicts.isEmpty()) return;
        var lines = new ArrayList<String>();
        for (var conflict : conflicts)
            lines.add(
                    conflict.route()
                            + " is claimed by two services, "
                            + file(conflict.keptBy())
                            + " and "
                            + file(conflict.refusedTo())
                            + "; take it out of one of the two");
        throw new CommandFailed(String.join("\n", lines));
    }

    /** Who is ready has told the hub, but it may not have been told to us yet. */
    private List<Instance> awaitRegistered() throws InterruptedException {
        var all = new AtomicReference<List<Instance>>(List.of());
        var missing = new CountDownLatch(1);
        try (var _ =
                registry.watch(instances -> {
                    all.set(instances);
                    var ready =
                            instances.stream()
                                    .filter(each -> each.state() == Instance.State.READY)
                                    .map(Instance::service)
                                    .toList();
                    if (ready.containsAll(plan.files().names())) missing.countDown();
                })) {
            if (!missing.await(REGISTERED.toMillis(), TimeUnit.MILLISECONDS))
                throw new CommandFailed(
                        "not all services were registered within "
                                + REGISTERED.toSeconds()
                                + " s; registered are "
                                + all.get().stream().map(Instance::service).distinct().toList());
        }
        return all.get();
    }

    /** A service with where its {@code service.yml} is. */
    private String file(String service) {
        return plan.files().services().stream()
                .filter(each -> each.name().equals(service))
                .map(each -> service + " (" + each.folder() + ")")
                .findFirst()
                .orElse(service);
    }

    private static String text(ServiceFile service, RuntimeException failure) {
        return failure instanceof CommandFailed failed
                ? failed.text()
                : service.file() + ": " + service.name() + " cannot be started: " + failure;
    }

    private String unready(String name, String problem) {
        var file =
                plan.files().services().stream()
                        .filter(service -> service.name().equals(name))
                        .map(service -> service.file() + ": ")
                        .findFirst()
                        .orElse("");
        var last = logs.last(name, LAST_LINES).stream().map(line -> "    " + line.text()).toList();
        return file
                + name
                + " never became ready: it "
                + problem
                + (last.isEmpty()
                        ? "; it has printed nothing"
                        : "; its last lines were\n" + String.join("\n", last));
    }

    private Optional<Built> build(ServiceFile service) {
        builds.acquireUninterruptibly();
        try {
            if (service.foreign()) {
                builder.prepare(service);
                return Optional.empty();
            }
            return Optional.of(builder.build(service));
        } finally {
            builds.release();
        }
    }

    /** Does it for all at the same time. */
    private void each(List<ServiceFile> services, Consumer<ServiceFile> work)
            throws InterruptedException {
        var left = new CountDownLatch(services.size());
        for (var service : services)
            time.start(
                    "weft-build-" + service.name(),
                    () -> {
                        try {
                            work.accept(service);
                        } finally {
                            left.countDown();
                        }
                    });
        left.await();
    }

    /** What came of a rebuild. */
    sealed interface Rebuilt {

        /** A new version runs. */
        record Replaced() implements Rebuilt {}

        /** There is nothing new. */
        record Same() implements Rebuilt {}

        /** There was nothing to replace it by; what ran before is as it was. */
        record Failed(String why) implements Rebuilt {}

        /** The new version did not become ready, and the old one is gone. */
        record Unready(String why) implements Rebuilt {}
    }

    /**
     * Builds a service from what its folder now holds and replaces the running one. For one service
     * from one thread at a time.
     */
    Rebuilt rebuild(String name) throws InterruptedException {
        var before = current.get(name);
        if (before == null) return new Rebuilt.Same();
        try {
            var service = ServiceFile.read(before.service().folder());
            if (!service.name().equals(name))
                return new Rebuilt.Failed(
                        service.file() + ": a new name needs a restart of weft dev");
            var made = build(service);
            if (before.same(service, made)) return new Rebuilt.Same();
            return replaced(hosting.replace(service, made), before, new Current(service, made));
        } catch (RuntimeException e) {
            return new Rebuilt.Failed(text(before.service(), e));
        }
    }

    private Rebuilt replaced(Replacement outcome, Current before, Current now) {
        var name = before.service().name();
        // Behind a failure, any build is worth a try, be it the one that ran before.
        var known =
                outcome instanceof Replacement.Done
                        ? now
                        : new Current(before.service(), Optional.empty());
        current.put(name, known);
        return switch (outcome) {
            case Replacement.Done() -> new Rebuilt.Replaced();
            case Replacement.Kept(String why) ->
                    new Rebuilt.Failed(name + " did not become ready: it " + why);
            case Replacement.Unready(String why) ->
                    new Rebuilt.Unready(name + " did not become ready: it " + why);
        };
    }

    /** What the file of a service says about calls that cannot have been meant, as far as is known now. */
    List<String> warnings(String name) {
        var now = current.get(name);
        return now == null ? List.of() : warnings(now.service(), registry.instances());
    }

    private List<String> warnings(ServiceFile service, List<Instance> instances) {
        return CallsCheck.warnings(service, plan.files().names(), instances);
    }

    /** The files and folders that a service is made of, as of its last good build. */
    List<Path> sources(String name) {
        var now = current.get(name);
        return now == null ? List.of() : now.service().sources();
    }

    /** Whether it is being stopped, or is. */
    boolean closing() {
        return closing;
    }

    /** Stops everything and returns when it is gone. */
    @Override
    public synchronized void close() {
        closing = true;
        close(open);
    }

    private static void close(Deque<AutoCloseable> open) {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                System.err.println("weft: closing failed: " + e);
            }
        }
    }
}
