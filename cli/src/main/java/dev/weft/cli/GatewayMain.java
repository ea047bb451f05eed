package dev.weft.cli;

import dev.weft.app.Discoveries;
import dev.weft.core.BearerToken;
import dev.weft.core.Discovery;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Program;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.gateway.AskedRoutes;
import dev.weft.gateway.Gateway;
import dev.weft.gateway.GatewayOptions;
import dev.weft.http.HttpTransport;
import dev.weft.telemetry.JvmMetrics;
import dev.weft.telemetry.Logging;
import dev.weft.telemetry.MetricsPage;
import dev.weft.telemetry.OtlpSpans;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The gateway as a process, configured by its environment alone: {@code WEFT_HOST}, {@code
 * WEFT_PORT} (8080), {@code WEFT_GATEWAY_OPTIONS} ({@link GatewaySettings}, under which host and port
 * go), {@code WEFT_REGISTRY}, {@code WEFT_TOKEN}, {@code WEFT_INSTANCE}, {@code
 * OTEL_EXPORTER_OTLP_ENDPOINT}, {@code WEFT_TRACES_PER_SECOND}, {@code WEFT_LOG}.
 *
 * <p>Where the registry knows no routes, as a list or DNS, it asks the instances for theirs. It stands
 * here because it joins the gateway, which knows no registry but an interface, to the hub's.
 */
public final class GatewayMain implements AutoCloseable {

    /** How long requests under way get when it stops; the rest of the grace is for its closing. */
    private static final Duration DRAINING = Program.GRACE.minusSeconds(5);

    private final HttpTransport transport;
    private final Discovery discovery;
    private final Resolver routes;
    private final Optional<OtlpSpans> spans;
    private final Gateway gateway;
    private final Registry.Lease lease;

    /** Runs until it is stopped. */
    public static void main(String... arguments) {
        try {
            var environment = System.getenv();
            var options = new Told(environment).options();
            Logging.start(environment, options.name(), options.instance());
            var running = start(environment, SystemTime.INSTANCE);
            System.getLogger("dev.weft")
                    .log(System.Logger.Level.INFO, "gateway listens on " + running.addresses());
            Program.runUntilStopped(running);
        } catch (RuntimeException e) {
            Program.fail("the gateway did not start", e);
        }
    }

    /** Starts as the environment says, fully or not at all. */
    static GatewayMain start(Map<String, String> environment, Time time) {
        var told = new Told(environment);
        var options = told.options();
        var transport = new HttpTransport(time);
        try {
            return new GatewayMain(options, told, transport, time);
        } catch (RuntimeException e) {
            transport.close();
            throw e;
        }
    }

    private GatewayMain(GatewayOptions options, Told told, HttpTransport transport, Time time) {
        this.transport = transport;
        var meter = new MemoryMeter();
        JvmMetrics.observe(meter);
        transport.observe(meter);
        var traces = told.traces();
        this.discovery = Discoveries.open(told.registry(), transport, told.token(), time);
        this.spans = traces.map(to -> spans(to, options, transport, time));
        this.routes =
                told.registry().startsWith("hub+")
                        ? discovery.resolver()
                        : new AskedRoutes(discovery.resolver(), transport, time);
        try {
            this.gateway =
                    Gateway.start(
                            options,
                            routes,
                            transport,
                            transport,
                            spans.map(Span.Sink.class::cast).orElse(Span.Sink.NONE),
                            meter,
                            metrics(meter, options),
                            time);
        } catch (RuntimeException e) {
            routes.close();
            discovery.close();
            spans.ifPresent(OtlpSpans::close);
            throw e;
        }
        this.lease =
                discovery
                        .registry()
                        .register(
                                new Instance(
                                        options.name(),
                                        options.instance(),
                                        gateway.address(),
                                        Instance.State.READY,
                                        List.of()));
    }

    /** Its port is the public one, so there it takes the token; without one there are none. */
    static Filter<Request, Response> metrics(MemoryMeter meter, GatewayOptions options) {
        var token = options.token();
        if (token.isEmpty()) return Filter.none();
        var page =
                new MetricsPage(
                        meter, options.name(), options.instance(), Set.of(MetricsPage.PATH));
        return (request, next) ->
                BearerToken.shown(request, token.get())
                        ? page.apply(request, next)
                        : next.call(request);
    }

    private static OtlpSpans spans(
            URI to, GatewayOptions options, HttpTransport transport, Time time) {
        var path = to.getPath() == null ? "" : to.getPath().replaceAll("/+$", "");
        return new OtlpSpans(
                transport.client(to),
                path + "/v1/traces",
                options.name(),
                options.instance(),
                time);
    }

    URI address() {
        return gateway.address();
    }

    private String addresses() {
        return gateway.address() + gateway.secureAddress().map(it -> " and " + it).orElse("");
    }

    /** Lets callers leave, then stops. */
    @Override
    public void close() {
        lease.update(Instance.State.DRAINING);
        gateway.drain(DRAINING);
        lease.close();
        routes.close();
        discovery.close();
        spans.ifPresent(OtlpSpans::close);
        transport.close();
    }

    /** The environment's variables, each refused by name if it cannot be used. */
    private record Told(Map<String, String> environment) {

        GatewayOptions options() {
            var options =
                    text(GatewaySettings.VARIABLE)
                            .map(GatewaySettings::ofVariable)
                            .orElse(GatewaySettings.DEFAULT)
                            .options();
            int port = number("WEFT_PORT", options.server().port(), 65_535);
            return options.instance(
                            text("WEFT_INSTANCE")
                                    .orElse("gateway-" + ProcessHandle.current().pid()))
                    .server(
                            options.server()
                                    .host(text("WEFT_HOST").orElse(options.server().host()))
                                    .port(port))
                    .token(token())
                    .tracesPerSecond(
                            number("WEFT_TRACES_PER_SECOND", options.tracesPerSecond(), 1_000_000));
        }

        String registry() {
            var wanted = "the registry's URL, such as hub+http://127.0.0.1:8090";
            return text("WEFT_REGISTRY").orElseThrow(() -> wrong("WEFT_REGISTRY", "", wanted));
        }

        Optional<String> token() {
            return text("WEFT_TOKEN");
        }

        Optional<URI> traces() {
            var name = "OTEL_EXPORTER_OTLP_ENDPOINT";
            return text(name).map(t -> url(name, t, "a URL such as http://127.0.0.1:4318"));
        }

        private Optional<String> text(String name) {
            return Optional.ofNullable(environment.get(name)).filter(t -> !t.isBlank());
        }

        private int number(String name, int otherwise, int most) {
            var text = text(name);
            if (text.isEmpty()) return otherwise;
            var wanted = "a number from 0 to " + most;
            if (!text.get().matches("[0-9]{1,7}")) throw wrong(name, text.get(), wanted);
            int number = Integer.parseInt(text.get());
            if (number > most) throw wrong(name, text.get(), wanted);
            return number;
        }

        private static URI url(String name, String text, String wanted) {
            try {
                var url = URI.create(text);
                if ("http".equals(url.getScheme()) && url.getHost() != null) return url;
            } catch (IllegalArgumentException e) {
                throw wrong(name, text, wanted);
            }
            throw wrong(name, text, wanted);
        }

        private static IllegalArgumentException wrong(String name, String value, String wanted) {
            return new IllegalArgumentException(
                    "the environment variable "
                            + name
                            + (value.isEmpty() ? " is missing" : " is \"" + value + "\"")
                            + "; it must be "
                            + wanted);
        }
    }
}
