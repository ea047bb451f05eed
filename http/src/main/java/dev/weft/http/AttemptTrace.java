package dev.weft.http;

import dev.weft.core.Filter;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.policy.Tried;
import java.net.URI;

/**
 * One attempt of a call at one instance: encloses it in a client span and measures it. It stands below everything
 * that repeats or chooses, one for each instance, and above what sends the context along, so that what the instance does hangs
 * below this attempt; {@link ClientTrace} encloses the call.
 *
 * <p>{@code http.request.resend_count} is how often the call was sent before ({@link Tried}). {@code url.full} is
 * without the query, which may hold what is not for everybody who reads traces.
 */
public final class AttemptTrace implements Filter<Request, Response> {

    private final String service;
    private final String instance;
    private final String base;
    private final String host;
    private final int port;
    private final Tracer tracer;
    private final Outgoing outgoing;

    /**
     * @param service that is called; {@code server.address} of the metric, {@code peer.service} of the span
     * @param instance the id of the one that is tried; empty if it is not known
     * @param address where it is; {@code server.address} and {@code server.port} of the span
     */
    public AttemptTrace(
            String service, String instance, URI address, Tracer tracer, Meter meter, Time time) {
        this.service = service;
        this.instance = instance;
        this.base = address.toString();
        this.host = address.getHost() == null ? base : address.getHost();
        this.port = address.getPort();
        this.tracer = tracer;
        this.outgoing = new Outgoing(service, meter.histogram(HttpMetrics.ATTEMPT_DURATION), time);
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        return tracer.span(
                service,
                Span.Kind.CLIENT,
                span -> {
                    if (span.recorded()) describe(span, request);
                    return outgoing.call(request, span, next);
                });
    }

    private void describe(Tracer.Current span, Request request) {
        var method = request.method().name();
        span.name(method + " " + service)
                .set("http.request.method", method)
                .set("url.full", base + request.path())
                .set("url.path", request.path())
                .set("server.address", host)
                .set("peer.service", service);
        if (port >= 0) span.set("server.port", (long) port);
        if (!instance.isEmpty()) span.set("weft.instance", instance);
        int resends = Tried.resends();
        if (resends > 0) span.set("http.request.resend_count", (long) resends);
    }
}
