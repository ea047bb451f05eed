package dev.weft.app;

import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Sampler;
import dev.weft.core.Service;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.core.client.Clients;
import dev.weft.core.policy.ConcurrencyLimit;
import dev.weft.core.policy.CountedDecisions;
import dev.weft.core.policy.HttpVerdicts;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.events.Commands;
import dev.weft.events.Erasing;
import dev.weft.events.Pipeline;
import dev.weft.events.Progress;
import dev.weft.events.Sagas;
import dev.weft.events.Sql;
import dev.weft.http.HttpClientTelemetry;
import dev.weft.http.RateLimited;
import dev.weft.http.ServerLayers;
import dev.weft.http.ServerTrace;
import dev.weft.telemetry.MetricsPage;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A service at work: its storage, the runners that move its events, its server and its place in the
 * registry.
 *
 * <p>Started in the order storage, server, runners, registry; a failure on the way closes what was
 * started. Closed in reverse, which loses nothing: callers are told to leave, the server drains, the
 * runners finish what they have in hand, the storage closes. That takes at most {@link #DRAIN} and a
 * few seconds.
 */
public final class Running implements AutoCloseable {

    /** How long requests in work may take once the service is told to stop. */
    static final Duration DRAIN = Duration.ofSeconds(8);

    /** The deadline of a request that names none, or less if none may name so late a one. */
    static final Duration USUAL = Duration.ofSeconds(10);

    /** How long it is not ready while tables of an older version are rebuilt. */
    static final Duration REBUILT = Duration.ofSeconds(20);

    private final App app;
    private final Surroundings in;
    private final String by;
    private final CountedDecisions decisions;
    private final ConcurrencyLimit<Request, Response> limit;
    private final Draining draining;
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private URI address = URI.create("");
    private volatile Instance.State state = Instance.State.STARTING;

    private Running(App app, Surroundings in) {
        this.app = app;
        this.in = in;
        this.by = in.service() + "/" + in.instance();
        this.decisions = new CountedDecisions(in.meter(), in.service());
        this.limit =
                new ConcurrencyLimit<>(
                        by,
                        ConcurrencyLimit.Options.DEFAULT.mode(in.limit()),
                        new HttpVerdicts(in.time()),
                        decisions,
                        in.time());
        this.draining = new Draining(by, in.time());
    }

    /** Starts the service; it answers requests on return. */
    public static Running start(App app, Surroundings in) {
        var running = new Running(app, in);
        try {
            running.start();
            return running;
        } catch (Exception | Error e) {
            running.close();
            if (e instanceof InterruptedException) Thread.currentThread().interrupt();
            if (e instanceof RuntimeException failure) throw failure;
            if (e instanceof Error error) throw error;
            throw new IllegalStateException("the start of " + in.service() + " was broken off", e);
        }
    }

    /** Where it answers, with the port that was really taken. */
    public URI address() {
        return address;
    }

    public String service() {
        return in.service();
    }

    private <T extends AutoCloseable> T part(T part) {
        started.push(part);
        return part;
    }

    private void start() throws Exception {
        in.closing().reversed().forEach(this::part);
        var storage = part(StorageWait.open(in));
        storage.measure(in.meter());
        storage.database().write(this::makeTables);
        var tracer =
                new Tracer(in.time(), in.spans(), Sampler.atMost(in.tracesPerSecond(), in.time()));
        var commands = new Commands(in.service(), storage.events(), in.time(), tracer, in.meter());
        var calls = app.calls().and(in.calls());
        for (var each : calls.endless())
            System.getLogger(Running.class.getName())
                    .log(System.Logger.Level.WARNING, in.service() + ": " + each);
        var clients =
                part(
                        new Clients(
                                in.service(),
                                calls,
                                in.resolver(),
                                in.transport(),
                                new HttpClientTelemetry(tracer, in.meter(), in.time()),
                                in.time()));
        var telling = commands.telling(app.publications());
        var eraser = new Eraser();
        var sagas =
                new Sagas(
                        app.sagas(),
                        telling,
                        clients::of,
                        storage.database(),
                        in.meter(),
                        in.time());
        var weft =
                new Weft(
                        telling,
                        sagas,
                        storage.database(),
                        clients::of,
                        in.bus(),
                        eraser,
                        in.time());
        var listeners = app.listeners().stream().map(make -> make.apply(weft)).toList();
        var pipeline =
                part(
                        new Pipeline(
                                in.service(),
                                app.projections(),
                                app.publications(),
                                listeners,
                                app.recurring(),
                                app.sagas().isEmpty() ? Optional.empty() : Optional.of(sagas),
                                storage,
                                in.bus(),
                                tracer,
                                in.meter(),
                                in.time()));
        pipeline.requireReadable();
        app.tables().forEach(pipeline.projections()::requireOthers);
        pipeline.projections().prepare();
        var answers = part(new Answers(storage.database(), in.time()));
        eraser.ready(new Erasing(storage, app.projections(), listeners), answers);
        var routes = routes(weft);
        var names = routes.list().stream().map(Route::toString).toList();
        var around = stack(routes, pipeline.progress(), answers, tracer);
        var about =
                new About(
                        in,
                        pipeline.progress(),
                        pipeline.parked(),
                        eraser,
                        pipeline.projections(),
                        pipeline::timers,
                        sagas,
                        storage.events(),
                        clients,
                        around,
                        names,
                        () ->
                                Promises.of(
                                        in.service(),
                                        routes.list(),
                                        app.publications(),
                                        app.recurring(),
                                        listeners,
                                        app.sagas(),
                                        weft.called()),
                        () -> state);
        var server = serve(routes, around, about, tracer);
        pipeline.start();
        awaitRebuilt(pipeline);
        register(server, names);
    }

    private int makeTables(Sql sql) {
        Pipeline.makeTables(sql);
        for (var statement : app.tables()) sql.update(statement);
        return app.tables().size();
    }

    /** Its requests are for tables of its own version; the instance that it replaces answers until they are there. */
    private void awaitRebuilt(Pipeline pipeline) throws InterruptedException {
        if (!pipeline.projections().awaitRebuilt(REBUILT))
            System.getLogger(Running.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            in.service()
                                    + " answers from tables of an older version until they are rebuilt: weft projections");
    }

    private Routes routes(Weft weft) {
        var routes = Routes.of();
        for (var more : app.routes()) routes = routes.and(more.apply(weft));
        return routes;
    }

    private ServerLayers stack(Routes routes, Progress progress, Answers answers, Tracer tracer) {
        var rates =
                app.rates().stream()
                        .map(rate ->
                                new RateLimited(
                                        by,
                                        new RateLimit(rate.options(), decisions, in.time()),
                                        rate.key()))
                        .toList();
        return ServerStack.of(
                by,
                in,
                trace(routes, tracer),
                draining,
                ReadYourWrites.waiting(by, progress),
                limit,
                rates,
                new Once(in.service(), answers));
    }

    private Filter<Request, Response> trace(Routes routes, Tracer tracer) {
        return new ServerTrace(
                        tracer, in.meter(), in.time(), usual(in), ServerTrace.templates(routes))
                .upTo(in.maxTimeout());
    }

    static Duration usual(Surroundings in) {
        return in.maxTimeout().compareTo(USUAL) < 0 ? in.maxTimeout() : USUAL;
    }

    private Transport.Server serve(Routes routes, ServerLayers around, About asked, Tracer tracer) {
        var own = asked.routes();
        var about = ServerStack.ofPlatform(by, in, trace(own, tracer.following())).then(own);
        var all = around.then(routes);
        Service<Request, Response> either =
                request ->
                        request.path().startsWith(About.PREFIX)
                                ? about.call(request)
                                : all.call(request);
        return part(in.transport().serve(metrics(routes).then(either), in.server()));
    }

    /** A service may have a route of its own where scrapers look. */
    private MetricsPage metrics(Routes routes) {
        boolean own =
                routes.list().stream()
                        .anyMatch(route -> route.path().text().equals(MetricsPage.USUAL_PATH));
        var paths =
                own ? Set.of(MetricsPage.PATH) : Set.of(MetricsPage.PATH, MetricsPage.USUAL_PATH);
        return new MetricsPage(in.meter(), in.service(), in.instance(), paths);
    }

    /** Those who wait for their turn count too: they are why others had better go elsewhere. */
    private Optional<Load> load() {
        if (in.limit() == Mode.OFF) return Optional.empty();
        return Optional.of(new Load(limit.inWork() + limit.waiting(), limit.limit()));
    }

    private void register(Transport.Server server, List<String> routes) {
        address = server.address();
        state = Instance.State.READY;
        var lease =
                in.registry()
                        .register(
                                new Instance(
                                        in.service(),
                                        in.instance(),
                                        address,
                                        Instance.State.READY,
                                        routes),
                                this::load);
        part(lease);
        part(() -> drain(server, lease));
    }

    private void drain(Transport.Server server, Registry.Lease lease) {
        state = Instance.State.DRAINING;
        lease.update(Instance.State.DRAINING);
        draining.begin(DRAIN);
        server.drain(DRAIN);
    }

    /** Drains and stops; a second time it does nothing. */
    @Override
    public synchronized void close() {
        while (!started.isEmpty()) {
            var part = started.pop();
            try {
                part.close();
            } catch (Exception e) {
                System.getLogger(Running.class.getName())
                        .log(System.Logger.Level.WARNING, "closing " + in.service() + " failed", e);
            }
        }
    }
}
