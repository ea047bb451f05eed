package dev.weft.gateway;

import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.Meter;
import dev.weft.core.Method;
import dev.weft.core.Metric;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Sampler;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import dev.weft.json.Json;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.time.Duration;

/**
 * The door for callers from outside: one service that passes each request on to the service whose
 * route it matches.
 *
 * <p>The routes come from the instances that the resolver knows. A request begins a trace, or goes
 * on with the caller's; it has a deadline; its answer names the trace in {@code Weft-Trace}. Bodies
 * pass as they come, the small ones taken at hand before. While a service has no instance its
 * callers wait a bounded time. What comes from outside is not believed about attempts, criticality
 * or who forwarded it. Paths below {@code /_weft} are not passed on; {@code /_weft/health} is the
 * gateway's own.
 *
 * <p>At DEBUG it logs a line for every request; answers of 500 and above are warnings.
 */
public final class Gateway implements Service<Request, Response>, AutoCloseable {

    /** Of requests whose service has no instance that can be reached. */
    public static final Metric WAITING =
            Metric.upDownCounter(
                    "weft.gateway.waiting",
                    "{request}",
                    "Requests that wait for an instance of their service.");

    private static final Logger LOG = System.getLogger(Gateway.class.getName());

    private final GatewayOptions options;
    private final Time time;
    private final Directory directory;
    private final Forwarding forwarding;
    private final Service<Request, Response> service;
    private final Transport.Server server;
    private volatile Instance.State state = Instance.State.READY;

    /** As the other, measuring nothing. */
    public static Gateway start(
            GatewayOptions options,
            Resolver resolver,
            Transport services,
            Transport callers,
            Span.Sink spans,
            Time time) {
        return start(options, resolver, services, callers, spans, Meter.NONE, Filter.none(), time);
    }

    /**
     * Starts to serve, with the routes that the resolver knows now; fails with {@link
     * Failure.Unreachable} if the address is taken.
     *
     * @param services carries requests to the services
     * @param callers serves the callers from outside; may be the same transport
     * @param meter what it measures
     * @param asides answers what is neither routed nor measured, such as a scrape
     */
    public static Gateway start(
            GatewayOptions options,
            Resolver resolver,
            Transport services,
            Transport callers,
            Span.Sink spans,
            Meter meter,
            Filter<Request, Response> asides,
            Time time) {
        return new Gateway(options, resolver, services, callers, spans, meter, asides, time);
    }

    private Gateway(
            GatewayOptions options,
            Resolver resolver,
            Transport services,
            Transport callers,
            Span.Sink spans,
            Meter meter,
            Filter<Request, Response> asides,
            Time time) {
        this.options = options;
        this.time = time;
        var tracer = new Tracer(time, spans, Sampler.atMost(options.tracesPerSecond(), time));
        this.forwarding = new Forwarding(options.server().maxBodyBytes());
        this.directory = new Directory(options, resolver, services, tracer, meter, time);
        meter.observe(WAITING, it -> it.value(directory.waiting()));
        Filter<Request, Response> trusted = this::withoutHops;
        this.service =
                asides.then(trusted)
                        .then(traced(tracer, meter))
                        .then(this::logged)
                        .then(Problems.filter(options.name()))
                        .then(Cancellation.atDeadline(options.name(), time))
                        .then((Service<Request, Response>) this::route);
        try {
            this.server = callers.serve(service, options.server());
        } catch (RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    /** Looks at the platform's own paths, such as a probe of its health, begin no trace. */
    private Filter<Request, Response> traced(Tracer tracer, Meter meter) {
        var all = new ServerTrace(tracer, meter, time, options.longestRequest(), this::template);
        var own =
                new ServerTrace(
                        tracer.following(), meter, time, options.longestRequest(), it -> "");
        return (request, next) ->
                (request.path().startsWith("/_weft/") ? own : all).apply(request, next);
    }

    /** Answers as to a caller from outside. */
    @Override
    public Response call(Request request) throws Exception {
        return service.call(request);
    }

    /** Where callers reach it. */
    public URI address() {
        return server.address();
    }

    /** Finishes what is under way while callers leave, at the latest after the limit, and stops. */
    public void drain(Duration limit) {
        state = Instance.State.DRAINING;
        server.drain(limit);
        directory.close();
    }

    /** Stops at once. */
    @Override
    public void close() {
        state = Instance.State.DRAINING;
        server.close();
        directory.close();
    }

    /** What an outside caller says that would be inside knowledge is not heard, nor told to it. */
    private Response withoutHops(Request request, Service<Request, Response> next)
            throws Exception {
        return ContextHeaders.withoutRetrySafety(
                next.call(
                        request.with(
                                request.headers()
                                        .without(ContextHeaders.ATTEMPT)
                                        .without(ContextHeaders.CRITICALITY))));
    }

    private String template(Request request) {
        try {
            if (Forwarding.isPlatform(request.path())) return "";
            var target = directory.table().find(request.method(), request.path());
            return target == null ? "" : target.template();
        } catch (Failure.Malformed answeredFurtherIn) {
            return "";
        }
    }

    private Response route(Request request) throws Exception {
        if (Forwarding.isPlatform(request.path())) return own(request);
        var table = directory.tableFor(request);
        var target = table.find(request.method(), request.path());
        if (target != null) return Forwarding.outward(target.call(forwarding.inward(request)));
        return request.path().equals("/") && reads(request) ? health() : table.otherwise(request);
    }

    private Response own(Request request) {
        if (!request.path().equals("/_weft/health"))
            throw Problem.of(404, "no-such-route", "there is nothing at " + request.path())
                    .failure();
        if (reads(request)) return health();
        throw Problem.of(405, "method-not-allowed", "/_weft/health takes GET, HEAD")
                .with("allow", "GET, HEAD")
                .failure();
    }

    private static boolean reads(Request request) {
        return request.method() == Method.GET || request.method() == Method.HEAD;
    }

    private Response health() {
        var table = directory.table();
        var health =
                new Health(
                        options.name(),
                        options.instance(),
                        state,
                        table.size(),
                        directory.age().toMillis(),
                        directory.ready(),
                        table.conflicts());
        return Response.of(200)
                .header("Content-Type", "application/json")
                .with(Body.of(Json.write(health)));
    }

    private Response logged(Request request, Service<Request, Response> next) throws Exception {
        long start = time.nanos();
        var response = next.call(request);
        var level = response.status() >= 500 ? Level.WARNING : Level.DEBUG;
        if (LOG.isLoggable(level))
            LOG.log(
                    level,
                    request.method()
                            + " "
                            + request.path()
                            + " "
                            + response.status()
                            + " "
                            + (time.nanos() - start) / 1_000
                            + " us");
        return response;
    }
}
