package dev.weft.http;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * HTTP/1.1 between processes, at {@code http://host:port}.
 *
 * <p>The server is Helidon's, so that handlers run on virtual threads; the client is our own, with a
 * pool of connections per address. Bodies stream both ways. At most {@value ClientPool#MAX_CALLS} calls of
 * an address wait for the head of their answer, on at most {@value ClientPool#MAX_CONNECTIONS} connections,
 * on which bodies still come; beyond that a call waits for its turn, 10 seconds at most. A client
 * connects within a second, closes what idles for 30 seconds, and gives up on a peer that is silent
 * for five minutes, or until the call's deadline if that is later; sooner if its thread is interrupted, as
 * by a deadline. A body in which nobody reads on for two minutes is closed. A call on a connection that
 * had gone stale, because the server closed it just then, is repeated once on a new one if nothing was
 * sent or the method is idempotent.
 */
public final class HttpTransport implements Transport {

    private final Time time;
    private final Map<String, ClientPool> pools = new ConcurrentHashMap<>();
    private final Set<HttpServer> servers = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public HttpTransport() {
        this(SystemTime.INSTANCE);
    }

    public HttpTransport(Time time) {
        this.time = time;
    }

    @Override
    public Server serve(Service<Request, Response> service, ServerOptions options) {
        var server = new HttpServer(service, options, time, servers::remove);
        servers.add(server);
        return server;
    }

    @Override
    public Service<Request, Response> client(URI address) {
        var host = address.getHost();
        if (!"http".equals(address.getScheme()) || host == null)
            throw new IllegalArgumentException("an address is http://host:port, not " + address);
        int port = address.getPort() < 0 ? 80 : address.getPort();
        var authority = host + ":" + port;
        return request -> pool(authority, host, port).call(request);
    }

    @Override
    public List<Limit> limits() {
        return List.of(
                new Limit(
                        "transport.connect",
                        ClientPool.CONNECT_TIMEOUT.toSeconds() + "s",
                        "until a connection is made, or another instance is tried"),
                new Limit(
                        "transport.calls",
                        Integer.toString(ClientPool.MAX_CALLS),
                        "calls of one instance that wait for the head of their answer"),
                new Limit(
                        "transport.connections",
                        Integer.toString(ClientPool.MAX_CONNECTIONS),
                        "connections to one instance: those calls, and bodies that still come"),
                new Limit(
                        "transport.wait",
                        ClientPool.MAX_WAIT.toSeconds() + "s",
                        "the longest wait for either"),
                new Limit(
                        "transport.untaken",
                        ClientPool.MAX_UNTAKEN.toSeconds() + "s",
                        "until a body is closed in which nobody reads on"));
    }

    private ClientPool pool(String authority, String host, int port) {
        if (closed)
            throw new Failure.Unreachable(
                    "this transport is closed, so " + authority + " is not called", false, null);
        var pool = pools.get(authority);
        return pool != null
                ? pool
                : pools.computeIfAbsent(
                        authority,
                        name -> new ClientPool(host, port, time, gone -> pools.remove(name, gone)));
    }

    /** Has its connections in this meter's {@link HttpMetrics#OPEN_CONNECTIONS}. */
    public void observe(Meter meter) {
        meter.observe(
                HttpMetrics.OPEN_CONNECTIONS, it -> pools.values().forEach(pool -> pool.read(it)));
    }

    /** Connections to all addresses, idle ones too; for tests that look for leaks. */
    int connections() {
        return pools.values().stream().mapToInt(ClientPool::connections).sum();
    }

    @Override
    public void close() {
        closed = true;
        servers.forEach(HttpServer::close);
        pools.values().forEach(ClientPool::close);
        pools.clear();
    }
}
