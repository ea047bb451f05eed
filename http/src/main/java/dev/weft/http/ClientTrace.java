package dev.weft.http;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;

/**
 * The way out: encloses a call in a span and measures it with all its attempts. It is the outermost
 * filter of a client; each attempt below it has an {@link AttemptTrace}.
 */
public final class ClientTrace implements Filter<Request, Response> {

    private final String peer;
    private final Tracer tracer;
    private final Outgoing outgoing;
    private final Meter.Counter refusals;

    /**
     * @param peer the service that is called
     */
    public ClientTrace(String peer, Tracer tracer, Meter meter, Time time) {
        this.peer = peer;
        this.tracer = tracer;
        this.outgoing = new Outgoing(peer, meter.histogram(HttpMetrics.CALL_DURATION), time);
        this.refusals = meter.counter(HttpMetrics.REFUSALS);
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        return tracer.span(
                peer,
                Span.Kind.INTERNAL,
                span -> {
                    if (span.recorded()) describe(span, request);
                    try {
                        var response = outgoing.call(request, span, next);
                        response.headers().get(ContextHeaders.REFUSED).ifPresent(this::refused);
                        return response;
                    } catch (Failure.Refused e) {
                        refused(e.refusal().reason().wireName());
                        throw e;
                    }
                });
    }

    private void describe(Tracer.Current span, Request request) {
        var method = request.method().name();
        span.name(method + " " + peer)
                .set("http.request.method", method)
                .set("url.path", request.path())
                .set("peer.service", peer);
    }

    private void refused(String reason) {
        refusals.add(1, "client", reason, peer);
    }
}
