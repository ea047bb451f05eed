package dev.weft.gateway;

import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A transport to the instances of one service, each call a span of its own that sends the context
 * along. Keeps one client per instance for as long as the instance is known.
 *
 * <p>Unlike {@code ClientTrace} it sets no timer for the deadline: the gateway has set one around
 * all attempts.
 */
final class Attempts implements Transport {

    private final String service;
    private final Transport transport;
    private final Tracer tracer;
    private final Map<URI, Service<Request, Response>> clients = new ConcurrentHashMap<>();

    Attempts(String service, Transport transport, Tracer tracer) {
        this.service = service;
        this.transport = transport;
        this.tracer = tracer;
    }

    /** Forgets the clients of all other addresses. */
    void retain(Set<URI> addresses) {
        clients.keySet().retainAll(addresses);
    }

    @Override
    public Service<Request, Response> client(URI address) {
        var client = clients.get(address);
        return client != null ? client : clients.computeIfAbsent(address, this::connect);
    }

    private Service<Request, Response> connect(URI address) {
        var client = transport.client(address);
        var authority =
                address.getAuthority() == null ? address.toString() : address.getAuthority();
        return request ->
                tracer.span(
                        request.method().name() + " " + service,
                        Span.Kind.CLIENT,
                        span -> {
                            span.set("http.request.method", request.method().name())
                                    .set("url.path", request.path())
                                    .set("peer.service", service)
                                    .set("server.address", authority);
                            int attempt = Context.current().attempt();
                            if (attempt > 1) span.set("http.request.resend_count", attempt - 1L);
                            var response = client.call(ContextHeaders.inject(request));
                            int status = response.status();
                            span.set("http.response.status_code", (long) status);
                            if (status >= 500) span.error(Integer.toString(status));
                            return response;
                        });
    }

    @Override
    public Server serve(Service<Request, Response> service, ServerOptions options) {
        return transport.serve(service, options);
    }

    /** Forgets all clients; their connections belong to the transport. */
    @Override
    public void close() {
        clients.clear();
    }
}
