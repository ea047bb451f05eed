package dev.weft.http;

import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import java.time.Duration;
import java.util.function.Function;

/**
 * The way in: binds the context that a request brought, encloses its handling in a span named by the
 * route, and measures it ({@link HttpMetrics}). The answer carries the trace's id in {@code Weft-Trace} and what was written in {@code
 * Weft-Receipt}. It is the outermost filter of a server, directly around {@link Problems#filter}.
 */
public final class ServerTrace implements Filter<Request, Response> {

    /** The header of an answer that names its trace. */
    public static final String TRACE = "Weft-Trace";

    private final Tracer tracer;
    private final Time time;
    private final Duration usual;
    private final Duration longest;
    private final Function<Request, String> route;
    private final Meter meter;
    private final String scheme;
    private final ServerMetrics metrics;

    /** Measures nothing. */
    public ServerTrace(
            Tracer tracer, Time time, Duration longest, Function<Request, String> route) {
        this(tracer, Meter.NONE, time, longest, route);
    }

    /**
     * @param longest the deadline of a request that names none, and the cap of one that does
     * @param route the path template that will answer a request; empty if none will
     */
    public ServerTrace(
            Tracer tracer,
            Meter meter,
            Time time,
            Duration longest,
            Function<Request, String> route) {
        this(tracer, meter, time, longest, longest, route, HttpMetrics.HTTP);
    }

    private ServerTrace(
            Tracer tracer,
            Meter meter,
            Time time,
            Duration usual,
            Duration longest,
            Function<Request, String> route,
            String scheme) {
        this.tracer = tracer;
        this.meter = meter;
        this.scheme = scheme;
        this.metrics = new ServerMetrics(meter, time, scheme, route);
        this.time = time;
        this.usual = usual;
        this.longest = longest;
        this.route = route;
    }

    /** The same where callers speak this scheme: {@code https}. */
    public ServerTrace speaking(String scheme) {
        return new ServerTrace(tracer, meter, time, usual, longest, route, scheme);
    }

    /** The same where a request that names a deadline may name one so late. */
    public ServerTrace upTo(Duration longest) {
        return new ServerTrace(tracer, meter, time, usual, longest, route, scheme);
    }

    /** Names spans by the templates of these routes. */
    public static Function<Request, String> templates(Routes routes) {
        return request -> {
            try {
                var route = routes.find(request.method(), request.path());
                return route == null ? "" : route.path().text();
            } catch (Failure.Malformed answeredByTheRoutes) {
                return "";
            }
        };
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        return ContextHeaders.extract(request, usual, longest, time)
                .call(() -> within(request, next));
    }

    private Response within(Request request, Service<Request, Response> next) throws Exception {
        var template = route.apply(request);
        return metrics.measured(request, template, it -> spanned(it, next, template));
    }

    private Response spanned(Request request, Service<Request, Response> next, String template)
            throws Exception {
        return tracer.span(
                template,
                Span.Kind.SERVER,
                span -> {
                    if (span.recorded()) describe(span, request, template);
                    var response = next.call(request);
                    if (span.recorded()) describe(span, response);
                    return marked(response);
                });
    }

    private void describe(Tracer.Current span, Request request, String template) {
        var method = request.method().name();
        span.name(template.isEmpty() ? method : method + " " + template)
                .set("http.request.method", method)
                .set("url.path", request.path())
                .set("url.scheme", scheme);
        if (!template.isEmpty()) span.set("http.route", template);
    }

    private static void describe(Tracer.Current span, Response response) {
        span.set("http.response.status_code", (long) response.status());
        var error = HttpMetrics.error(response);
        if (!error.isEmpty()) span.set("error.type", error);
        if (response.status() >= 500) span.error(HttpMetrics.text(response.status()));
    }

    private static Response marked(Response response) {
        var context = Context.current();
        var receipt = context.work().receipt();
        var traced = response.header(TRACE, context.trace().traceId());
        return receipt.isEmpty()
                ? traced
                : traced.header(ContextHeaders.RECEIPT, receipt.toString());
    }
}
