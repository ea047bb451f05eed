package dev.weft.http;

import dev.weft.core.Cancellation;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;

/**
 * The way out: encloses a call in a span, holds it to the deadline of the current context, and sends
 * that context along. It is the outermost filter of a client.
 */
public final class ClientTrace implements Filter<Request, Response> {

    private final String peer;
    private final Tracer tracer;
    private final Filter<Request, Response> deadline;

    /**
     * @param by who calls, as refusals name it
     * @param peer the service that is called
     */
    public ClientTrace(String by, String peer, Tracer tracer, Time time) {
        this.peer = peer;
        this.tracer = tracer;
        this.deadline = Cancellation.atDeadline(by, time);
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var method = request.method().name();
        return tracer.span(
                method + " " + peer,
                Span.Kind.CLIENT,
                span -> {
                    span.set("http.request.method", method)
                            .set("url.path", request.path())
                            .set("peer.service", peer);
                    var response = deadline.apply(ContextHeaders.inject(request), next);
                    span.set("http.response.status_code", (long) response.status());
                    if (response.status() >= 400) {
                        span.set("error.type", Integer.toString(response.status()));
                        span.error(Integer.toString(response.status()));
                    }
                    return response;
                });
    }
}
