package dev.weft.gateway;

import static dev.weft.http.ServerLayers.always;
import static dev.weft.http.ServerLayers.figure;
import static dev.weft.http.ServerLayers.seconds;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.client.Explanation.Figure;
import dev.weft.core.policy.RateLimit;
import dev.weft.core.policy.Tally;
import dev.weft.gateway.jwt.Authentication;
import dev.weft.http.Problems;
import dev.weft.http.RateLimited;
import dev.weft.http.ServerLayers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The way in: what stands around the routing of requests from outside, in which order. Those who
 * come by TLS and those who do not share its limits.
 */
final class Door {

    /** Who sets the numbers, as explanations name it: the key in {@code weft.yml}. */
    static final String SET = "gateway:";

    private final GatewayOptions options;
    private final Optional<RateLimit> perAddress;
    private final Optional<RateLimit> perCaller;
    private final Optional<Authentication> authentication;
    private final Time time;

    Door(
            GatewayOptions options,
            Optional<Authentication> authentication,
            Tally counted,
            Time time) {
        this.options = options;
        this.authentication = authentication;
        this.perAddress =
                options.edge().ratePerAddress().map(it -> new RateLimit(it, counted, time));
        this.perCaller = options.edge().ratePerCaller().map(it -> new RateLimit(it, counted, time));
        this.time = time;
    }

    /**
     * Around what is routed.
     *
     * @param service to which a request goes
     */
    ServerLayers around(
            Filter<Request, Response> trace,
            Function<Request, Origin> origin,
            Function<Request, String> service) {
        var edge = options.edge();
        var layers = outermost(trace);
        layers.add(
                "access-log",
                "a log line for each request, behind its answer",
                new AccessLog(edge.accessLog(), origin, service, time),
                () -> List.of(figure("access_log", word(edge.accessLog()), word(false), SET, "")));
        edge.cors()
                .ifPresent(cors ->
                        layers.add(
                                "cors",
                                "answers browsers that ask what a page may do",
                                cors,
                                () -> numbers(cors)));
        perAddress.ifPresent(limit ->
                layers.rate(
                        new RateLimited(options.name(), limit, it -> origin.apply(it).counted()),
                        SET));
        authentication.ifPresent(
                it -> layers.add("jwt", "finds out who calls by the token", it, this::jwt));
        perCaller.ifPresent(limit ->
                layers.rate(new RateLimited(options.name(), limit, it -> caller(it, origin)), SET));
        innermost(layers);
        return layers.add("routes", "passes on to the service", Filter.none(), this::waiting);
    }

    /** Around what it answers itself. */
    Service<Request, Response> aroundOwn(
            Filter<Request, Response> trace, Service<Request, Response> own) {
        var layers = outermost(trace);
        innermost(layers);
        return layers.then(own);
    }

    private ServerLayers outermost(Filter<Request, Response> trace) {
        var standard = GatewayOptions.DEFAULT;
        return new ServerLayers()
                .server(options.server(), standard.server(), SET)
                .add("hops", "hears and tells nothing that is known inside only", Door::withoutHops)
                .add(
                        "trace",
                        "a span and figures of each request; its context",
                        trace,
                        () ->
                                List.of(
                                        figure(
                                                "traces.per-second",
                                                options.tracesPerSecond(),
                                                standard.tracesPerSecond(),
                                                "WEFT_TRACES_PER_SECOND",
                                                "how many traces begin here at most"),
                                        figure(
                                                "timeout",
                                                seconds(options.longestRequest()),
                                                seconds(standard.longestRequest()),
                                                SET,
                                                "of requests that name none, and the longest")));
    }

    private void innermost(ServerLayers layers) {
        layers.add(
                        "problems",
                        "says refusals and failures as problems",
                        Problems.filter(options.name()))
                .add(
                        "deadline",
                        "ends what has no answer in time",
                        Cancellation.atDeadline(options.name(), time));
    }

    private List<Figure> waiting() {
        return List.of(
                always(
                        "wait",
                        seconds(options.longestWait()),
                        "how long a request waits for an instance"),
                always("wait.most", options.maxWaiting(), "how many wait at one time"),
                figure(
                        "streams.idle",
                        seconds(options.edge().streams().idle()),
                        seconds(Streams.DEFAULT.idle()),
                        SET,
                        "how long nothing may come of an answer's body"));
    }

    private static List<Figure> numbers(Cors cors) {
        return List.of(
                new Figure("cors.origins", String.join(" ", cors.origins()), SET, "whose pages"),
                new Figure("cors.credentials", word(cors.credentials()), SET, "cookies and such"));
    }

    private List<Figure> jwt() {
        var numbers = new ArrayList<Figure>();
        options.edge()
                .jwt()
                .ifPresent(jwt -> {
                    numbers.add(new Figure("jwt.issuer", jwt.issuer(), SET, "whose tokens"));
                    numbers.add(
                            new Figure(
                                    "jwt.audience",
                                    String.join(" ", jwt.audiences()),
                                    SET,
                                    "for whom they have to be"));
                    numbers.add(
                            new Figure(
                                    "jwt.open",
                                    String.join(", ", jwt.open()),
                                    SET,
                                    "what needs no token"));
                });
        return numbers;
    }

    private static String word(boolean on) {
        return on ? "on" : "off";
    }

    /** Who is counted; a name never counts as an address. */
    private static String caller(Request request, Function<Request, Origin> origin) {
        var name = Context.current().caller().subject();
        return name.isEmpty() ? "address " + origin.apply(request).counted() : "caller " + name;
    }

    /** What an outside caller says that would be inside knowledge is not heard, nor told to it. */
    private static Response withoutHops(Request request, Service<Request, Response> next)
            throws Exception {
        var response =
                next.call(
                        request.with(
                                request.headers()
                                        .without(ContextHeaders.ATTEMPT)
                                        .without(ContextHeaders.CRITICALITY)
                                        .without(ContextHeaders.CALLER)));
        return new Response(
                response.status(),
                response.headers()
                        .without(ContextHeaders.CALLER)
                        .without(ContextHeaders.RETRYABLE)
                        .without(ContextHeaders.PASSED_ON)
                        .without(ContextHeaders.FAILED),
                response.body());
    }
}
