package dev.weft.gateway;

import dev.weft.core.BearerToken;
import dev.weft.core.Body;
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
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.core.client.Explanations;
import dev.weft.core.policy.CountedDecisions;
import dev.weft.gateway.RouteTable.Target;
import dev.weft.gateway.jwt.Authentication;
import dev.weft.http.CertificateFiles;
import dev.weft.http.Problems;
import dev.weft.http.ServerLayers;
import dev.weft.http.ServerTrace;
import dev.weft.json.Json;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The door for callers from outside: one service that passes each request on to the service whose
 * route it matches.
 *
 * <p>The routes come from the instances that the resolver knows. A request begins a trace, or goes
 * on with the caller's; it has a deadline; its answer names the trace in {@code Weft-Trace}. Bodies
 * pass as they come, the small ones taken at hand before. While a service has no instance its
 * callers wait a bounded time. What comes from outside is not believed about attempts or
 * criticality, nor about who forwarded it, unless that is a proxy of ours. Paths below {@code /_weft}
 * are not passed on; {@code /_weft/health} is the gateway's own, and for who shows the token {@code
 * /_weft/explain}: the way in with all its layers, and what stands around its calls of services.
 */
public final class Gateway implements Service<Request, Response>, AutoCloseable {

    /** Of requests whose service has no instance that can be reached. */
    public static final Metric WAITING =
            Metric.upDownCounter(
                    "weft.gateway.waiting",
                    "{request}",
                    "Requests that wait for an instance of their service.");

    /** Event streams. */
    public static final Metric STREAMS =
            Metric.upDownCounter(
                    "weft.gateway.streams",
                    "{stream}",
                    "Answers that go on until one side ends them: streams of events.");

    private final GatewayOptions options;
    private final Time time;
    private final Directory directory;
    private final AnswerBodies bodies;
    private final Optional<Authentication> authentication;
    private final Optional<CertificateFiles> certificate;
    private final Service<Request, Response> service;

    /** Around what comes by the plain port; by the other one it is the same. */
    private final ServerLayers around;

    /** The plain one, and behind it that of TLS if there is one. */
    private final List<Transport.Server> servers;

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
     * Failure.Unreachable} if an address is taken, and with {@link IllegalArgumentException} if the
     * certificate or its key is not good.
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
        // These two read files, and fail if they are not good.
        this.authentication =
                options.edge().jwt().map(it -> new Authentication(options.name(), it, time));
        try {
            this.certificate =
                    options.edge()
                            .tls()
                            .map(it -> new CertificateFiles(it.certificate(), it.key(), time));
        } catch (RuntimeException e) {
            authentication.ifPresent(Authentication::close);
            throw e;
        }
        var tracer = new Tracer(time, spans, Sampler.atMost(options.tracesPerSecond(), time));
        this.directory = new Directory(options, resolver, services, tracer, meter, time);
        this.bodies = new AnswerBodies(options.edge().streams(), time);
        meter.observe(STREAMS, it -> it.value(bodies.streams()));
        meter.observe(WAITING, it -> it.value(directory.waiting()));
        var door =
                new Door(
                        options, authentication, new CountedDecisions(meter, options.name()), time);
        var plain = new Way("http", door, tracer, meter);
        this.around = plain.around;
        this.service = asides.then(plain.service());
        var servers = new ArrayList<Transport.Server>(2);
        try {
            servers.add(callers.serve(service, options.server()));
            if (certificate.isPresent()) {
                var https = asides.then(new Way("https", door, tracer, meter).service());
                servers.add(callers.serve(https, secured(certificate.get())));
            }
        } catch (RuntimeException e) {
            servers.forEach(Transport.Server::close);
            leave();
            throw e;
        }
        this.servers = List.copyOf(servers);
    }

    private ServerOptions secured(CertificateFiles with) {
        var tls = options.edge().tls().orElseThrow();
        return options.server().host(tls.host()).port(tls.port()).tls(with);
    }

    /**
     * The way in for who speaks this scheme. A look at the platform's own paths, such as a probe of
     * its health, begins no trace and is not counted.
     */
    private final class Way {
        private final Forwarding forwarding;
        private final ServerLayers around;
        private final Service<Request, Response> own;

        Way(String scheme, Door door, Tracer tracer, Meter meter) {
            Function<Request, Origin> origin = it -> options.edge().proxies().origin(it, scheme);
            var longest = options.longestRequest();
            this.forwarding = new Forwarding(options.server().maxBodyBytes(), origin);
            this.around =
                    door.around(
                            new ServerTrace(tracer, meter, time, longest, it -> template(it))
                                    .speaking(scheme),
                            origin,
                            it -> target(it, Target::service));
            this.own =
                    door.aroundOwn(
                            new ServerTrace(tracer.following(), meter, time, longest, it -> "")
                                    .speaking(scheme),
                            it -> own(it));
        }

        Service<Request, Response> service() {
            var routed = around.then(it -> route(it, forwarding));
            return it -> (it.path().startsWith("/_weft/") ? own : routed).call(it);
        }
    }

    /** Answers as to a caller from outside. */
    @Override
    public Response call(Request request) throws Exception {
        return service.call(request);
    }

    /** Where callers reach it without TLS. */
    public URI address() {
        return servers.getFirst().address();
    }

    /** Where callers reach it by TLS, if it speaks it. */
    public Optional<URI> secureAddress() {
        return servers.stream().skip(1).map(Transport.Server::address).findFirst();
    }

    /** Finishes what is under way while callers leave, at the latest after the limit, and stops. */
    public void drain(Duration limit) {
        state = Instance.State.DRAINING;
        bodies.end();
        var others =
                servers.stream()
                        .skip(1)
                        .map(it -> time.start("weft-drain", () -> it.drain(limit)))
                        .toList();
        servers.getFirst().drain(limit);
        try {
            for (var other : others) other.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        servers.forEach(Transport.Server::close);
        leave();
    }

    /** Stops at once. */
    @Override
    public void close() {
        state = Instance.State.DRAINING;
        servers.forEach(Transport.Server::close);
        leave();
    }

    private void leave() {
        directory.close();
        authentication.ifPresent(Authentication::close);
        certificate.ifPresent(CertificateFiles::close);
    }

    private String template(Request request) {
        return target(request, Target::template);
    }

    /** What is known of where a request goes; empty if it goes nowhere. */
    private String target(Request request, Function<Target, String> what) {
        try {
            if (Forwarding.isPlatform(request.path())) return "";
            var target = directory.table().find(request.method(), request.path());
            return target == null ? "" : what.apply(target);
        } catch (Failure.Malformed answeredFurtherIn) {
            return "";
        }
    }

    private Response route(Request request, Forwarding forwarding) throws Exception {
        if (Forwarding.isPlatform(request.path())) return own(request);
        var table = directory.tableFor(request);
        var target = table.find(request.method(), request.path());
        if (target != null)
            return bodies.watched(
                    passedOn(Forwarding.outward(target.call(forwarding.inward(request)))));
        return request.path().equals("/") && reads(request) ? health() : table.otherwise(request);
    }

    /** A service's answer. One that refuses says why, also if it is no service of Weft's, and is not counted here. */
    private static Response passedOn(Response response) {
        var reasoned = Problems.withReason(response);
        return reasoned.headers().get(ContextHeaders.REFUSED).isEmpty()
                ? reasoned
                : reasoned.header(ContextHeaders.PASSED_ON, "yes");
    }

    private Response own(Request request) {
        var path = request.path();
        boolean known =
                path.equals("/_weft/health") || (path.equals("/_weft/explain") && trusted(request));
        if (!known) throw Problem.of(404, "no-such-route", "there is nothing at " + path).failure();
        if (!reads(request))
            throw Problem.of(405, "method-not-allowed", path + " takes GET, HEAD")
                    .with("allow", "GET, HEAD")
                    .failure();
        return path.equals("/_weft/health") ? health() : explanations(request);
    }

    private boolean trusted(Request request) {
        return options.token().filter(token -> BearerToken.shown(request, token)).isPresent();
    }

    private Response explanations(Request request) {
        return json(
                Explanations.of(
                        options.name(),
                        around.explained(),
                        directory.clients(),
                        request.query().get("service")));
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
        return json(health);
    }

    private static Response json(Object value) {
        return Response.of(200)
                .header("Content-Type", "application/json")
                .with(Body.of(Json.write(value)));
    }
}
