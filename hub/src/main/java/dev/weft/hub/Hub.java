package dev.weft.hub;

import dev.weft.core.BearerToken;
import dev.weft.core.Filter;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.events.MasterKeys;
import dev.weft.events.Storage;
import dev.weft.events.Subjects;
import dev.weft.http.Problems;
import dev.weft.http.ServerMetrics;
import dev.weft.http.ServerTrace;
import dev.weft.telemetry.MetricsPage;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A running hub: registry, bus, trace store and admin API behind one port.
 *
 * <p>What it keeps in {@link Options#store} survives it: the bus. Registry and traces are in memory.
 */
public final class Hub implements AutoCloseable {

    private static final String NAME = "hub";

    /** The port without {@code WEFT_PORT}. */
    public static final int DEFAULT_PORT = 8090;

    /** The most bytes of a request. */
    public static final long MAX_BODY_BYTES = 16 << 20;

    /**
     * How long requests in work may go on while it closes, unless told otherwise. Those that are broken off are made
     * again; services that are still there keep asking, so there is no point in waiting for quiet.
     */
    private static final Duration DRAIN = Duration.ofMillis(500);

    /** What is asked without the token: programs in any language send traces. */
    private static final Set<String> OPEN = Set.of("/v1/traces", "/admin/health");

    /**
     * How it runs.
     *
     * @param port 0 for any free one
     * @param store as {@link Storage#open} takes it, {@code sqlite:.weft/hub.db}
     * @param master what the keys of personal data in it are locked with
     * @param token what calls have to carry; without it, none is asked
     * @param supervisor who answers for processes
     * @param services that are to be there; as soon as they are, the registry is complete
     * @param warming how long behind the start readers of the registry keep what they knew
     * @param retention how long the bus keeps events, and how many
     * @param drain how long requests in work may go on while it closes
     */
    public record Options(
            String host,
            int port,
            String store,
            MasterKeys master,
            Optional<String> token,
            Optional<URI> supervisor,
            Set<String> services,
            Duration warming,
            Retention retention,
            Duration drain) {

        public Options {
            services = Set.copyOf(services);
        }

        /** On loopback, without token and supervisor. */
        public static Options of(int port, String store) {
            return new Options(
                    "127.0.0.1",
                    port,
                    store,
                    MasterKeys.NONE,
                    Optional.empty(),
                    Optional.empty(),
                    Set.of(),
                    Duration.ofSeconds(10),
                    Retention.DEFAULT,
                    DRAIN);
        }

        public Options token(String token) {
            return with(it -> it.token = Optional.of(token));
        }

        public Options supervisor(URI supervisor) {
            return with(it -> it.supervisor = Optional.of(supervisor));
        }

        public Options master(MasterKeys master) {
            return with(it -> it.master = master);
        }

        public Options services(Set<String> services) {
            return with(it -> it.services = services);
        }

        public Options warming(Duration warming) {
            return with(it -> it.warming = warming);
        }

        public Options retention(Retention retention) {
            return with(it -> it.retention = retention);
        }

        public Options drain(Duration drain) {
            return with(it -> it.drain = drain);
        }

        private Options with(Consumer<Draft> change) {
            var draft = new Draft(this);
            change.accept(draft);
            return draft.done();
        }

        /** From the variables of a process's environment. */
        public static Options from(Map<String, String> environment) {
            var port = environment.getOrDefault("WEFT_PORT", Integer.toString(DEFAULT_PORT));
            if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535)
                throw new IllegalArgumentException(
                        "WEFT_PORT is a number from 0 to 65535, not \"" + port + "\"");
            var data = environment.getOrDefault("WEFT_DATA", ".weft");
            return new Options(
                    environment.getOrDefault("WEFT_HOST", "127.0.0.1"),
                    Integer.parseInt(port),
                    "sqlite:" + data + "/hub.db",
                    MasterKeys.from(environment),
                    given(environment, "WEFT_TOKEN"),
                    given(environment, "WEFT_SUPERVISOR").map(URI::create),
                    given(environment, "WEFT_SERVICES")
                            .map(names -> Set.of(names.split(",")))
                            .orElse(Set.of()),
                    Duration.ofSeconds(10),
                    Retention.from(environment),
                    DRAIN);
        }

        private static Optional<String> given(Map<String, String> environment, String name) {
            return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
        }

        /** Options that are being changed. */
        private static final class Draft {
            private final String host;
            private final int port;
            private final String store;
            private MasterKeys master;
            private Optional<String> token;
            private Optional<URI> supervisor;
            private Set<String> services;
            private Duration warming;
            private Retention retention;
            private Duration drain;

            Draft(Options from) {
                this.host = from.host;
                this.port = from.port;
                this.store = from.store;
                this.master = from.master;
                this.token = from.token;
                this.supervisor = from.supervisor;
                this.services = from.services;
                this.warming = from.warming;
                this.retention = from.retention;
                this.drain = from.drain;
            }

            Options done() {
                return new Options(
                        host,
                        port,
                        store,
                        master,
                        token,
                        supervisor,
                        services,
                        warming,
                        retention,
                        drain);
            }
        }
    }

    private final Storage storage;
    private final BusLog bus;
    private final Pushing pushing;
    private final InstanceTable table;
    private final Transport.Server server;
    private final Duration drain;

    private Hub(
            Storage storage,
            BusLog bus,
            Pushing pushing,
            InstanceTable table,
            Transport.Server server,
            Duration drain) {
        this.storage = storage;
        this.bus = bus;
        this.pushing = pushing;
        this.table = table;
        this.server = server;
        this.drain = drain;
    }

    /**
     * Starts a hub that serves by this transport and reaches services by it; fully, or not at all.
     * The transport stays the caller's.
     */
    public static Hub start(Options options, Transport transport, Time time)
            throws InterruptedException {
        return start(options, transport, new MemoryMeter(), time);
    }

    /**
     * As the other.
     *
     * @param meter what it measures; it answers scrapes with that
     */
    public static Hub start(Options options, Transport transport, MemoryMeter meter, Time time)
            throws InterruptedException {
        var storage = Storage.open(options.store(), options.master(), time);
        storage.measure(meter);
        try {
            var bus = new BusLog(storage.database(), storage.subjects(), options.retention(), time);
            var table = new InstanceTable(options.warming(), options.services(), time);
            var pushing = new Pushing(bus, table, transport, time);
            var server =
                    transport.serve(
                            service(
                                    options,
                                    storage.subjects(),
                                    bus,
                                    pushing,
                                    table,
                                    transport,
                                    meter,
                                    time),
                            ServerOptions.DEFAULT
                                    .host(options.host())
                                    .port(options.port())
                                    .maxBodyBytes(MAX_BODY_BYTES));
            pushing.start();
            return new Hub(storage, bus, pushing, table, server, options.drain());
        } catch (RuntimeException | InterruptedException e) {
            storage.close();
            throw e;
        }
    }

    private static Service<Request, Response> service(
            Options options,
            Subjects subjects,
            BusLog bus,
            Pushing pushing,
            InstanceTable table,
            Transport transport,
            MemoryMeter meter,
            Time time) {
        var traces = new TraceStore(TraceStore.Bounds.DEFAULT);
        HubMetrics.observe(meter, table, bus, traces);
        var calls = new InstanceCalls(transport, options.token(), time);
        var each = new EachService(table, calls);
        var settling = new Settling(table, bus, calls, time);
        var awaiting = new Awaiting(table, bus, calls, time);
        var supervisor = options.supervisor().map(transport::client);
        var routes =
                new AdminRoutes(table, bus, settling, awaiting, supervisor)
                        .routes()
                        .and(new KeptRoutes(each).routes())
                        .and(new ContractRoutes(each).routes())
                        .and(new ProjectionRoutes(each).routes())
                        .and(new ErasureRoutes(subjects, table, each, options.services()).routes())
                        .and(new SubscriptionRoutes(table, bus, calls, time).routes())
                        .and(new TraceRoutes(traces).routes())
                        .and(new RegistryRoutes(table).routes())
                        .and(new BusRoutes(bus).routes())
                        .and(new ProgramRoutes(bus, pushing, time).routes());
        var all = routes.and(Routes.of(AdminRoutes.index(routes.list())));
        var metrics =
                new MetricsPage(
                        meter, NAME, NAME, Set.of(MetricsPage.PATH, MetricsPage.USUAL_PATH));
        return new ServerMetrics(meter, time, ServerTrace.templates(all))
                .then(Problems.filter(NAME))
                .then(options.token().map(Hub::guarded).orElse(Filter.none()))
                .then(metrics)
                .then(all);
    }

    private static Filter<Request, Response> guarded(String token) {
        var guard = BearerToken.required(token);
        return (request, next) ->
                OPEN.contains(request.path()) ? next.call(request) : guard.apply(request, next);
    }

    /** Where it listens. */
    public URI address() {
        return server.address();
    }

    /** Its bus, for who runs in the same process. */
    public BusLog bus() {
        return bus;
    }

    /** Ends what waits, lets requests in work finish for a moment, and closes the store. */
    @Override
    public void close() {
        bus.close();
        pushing.close();
        table.close();
        server.drain(drain);
        server.close();
        storage.close();
    }
}
