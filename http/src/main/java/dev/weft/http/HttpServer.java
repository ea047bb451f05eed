package dev.weft.http;

import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.features.HelidonFeatures;
import io.helidon.common.features.api.HelidonFlavor;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpLogConfig;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ErrorHandling;
import io.helidon.webserver.Router;
import io.helidon.webserver.Routing;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.HttpSecurity;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A server on Helidon's parser and threads, past its routing: every request goes to one service.
 *
 * <p>Helidon runs a connection on one virtual thread; a request runs on its connection's thread,
 * which serves nothing else meanwhile.
 */
final class HttpServer implements Transport.Server {

    /** How long no request may have come for a draining server to stop. */
    static final Duration QUIET = Duration.ofMillis(250);

    private static final Duration POLL = Duration.ofMillis(10);
    private static final int MAX_LINE_BYTES = 8 << 10;
    private static final int BACKLOG = 1024;

    /** Held, or the JDK would forget the level. Helidon tells of starts and stops; so do we. */
    private static final Logger HELIDON = Logger.getLogger("io.helidon");

    private static final System.Logger LOG = System.getLogger(HttpServer.class.getName());

    private final Service<Request, Response> service;
    private final ServerOptions options;
    private final Time time;
    private final Consumer<HttpServer> gone;
    private final WebServer server;
    private final URI address;
    private final SparseLog noHandshake;
    private final Set<ServerLink> links = ConcurrentHashMap.newKeySet();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicBoolean looking = new AtomicBoolean();
    private volatile boolean draining;
    private volatile long lastRequestNanos;

    /**
     * @param gone told when it has stopped
     */
    HttpServer(
            Service<Request, Response> service,
            ServerOptions options,
            Time time,
            Consumer<HttpServer> gone) {
        this.service = service;
        this.gone = gone;
        this.options = options;
        this.time = time;
        this.noHandshake =
                new SparseLog(LOG, System.Logger.Level.INFO, Duration.ofSeconds(1), time);
        if (HELIDON.getLevel() == null) HELIDON.setLevel(Level.WARNING);
        // No banner and no scan for features: these are for the flavour that came first.
        HelidonFeatures.flavor(HelidonFlavor.MP);
        checkFree();
        this.server = build();
        server.start();
        if (!server.isRunning()) throw unreachable("it was taken meanwhile", null);
        this.address = address(options, server.port());
    }

    private WebServer build() {
        var http1 =
                Http1ConnectionSelector.builder()
                        .config(
                                Http1Config.builder()
                                        .maxPrologueLength(maxLineBytes())
                                        .maxHeadersSize(options.maxHeaderBytes())
                                        .sendKeepAliveHeader(false)
                                        .log(
                                                HttpLogConfig.builder()
                                                        .sendLog(false)
                                                        .receiveLog(false)
                                                        .build())
                                        .buildPrototype())
                        .build();
        return WebServerConfig.builder()
                .bindAddress(new InetSocketAddress(options.host(), options.port()))
                .backlog(BACKLOG)
                .maxTcpConnections(maxConnections())
                // Also bounds the chunks, which Helidon reads whole.
                .maxPayloadSize(options.maxBodyBytes())
                .idleConnectionTimeout(options.idleTimeout())
                // Else the end of an answer of several packets waits for the peer's
                // acknowledgement.
                .connectionOptions(socket -> socket.tcpNoDelay(true))
                .shutdownGracePeriod(Duration.ZERO)
                .shutdownHook(false)
                .featuresDiscoverServices(false)
                .protocolsDiscoverServices(false)
                .mediaContext(
                        MediaContext.builder()
                                .mediaSupportsDiscoverServices(false)
                                .registerDefaults(false)
                                .build())
                .contentEncoding(new AsItComes())
                .errorHandling(ErrorHandling.builder().includeEntity(true).build())
                .directHandlers(ServerRefusals.handlers(options))
                .addConnectionSelector(new Selector(http1, new EverythingHere()))
                .build();
    }

    private int maxLineBytes() {
        return Math.min(MAX_LINE_BYTES, options.maxHeaderBytes());
    }

    /**
     * No more than half of what the process may still open, for each may need another one behind it: without a file for a new
     * connection, Helidon listens no more.
     */
    private int maxConnections() {
        int room = Math.max(1, OpenFiles.left() / 2);
        if (room >= options.maxConnections()) return options.maxConnections();
        LOG.log(
                System.Logger.Level.INFO,
                "{0} connections at one time, not {1}: the process may open few files, see ulimit -n",
                room,
                options.maxConnections());
        return room;
    }

    /** Helidon only logs that a port is taken. */
    private void checkFree() {
        if (options.port() == 0) return;
        try (var probe = ServerSocketChannel.open()) {
            probe.bind(new InetSocketAddress(options.host(), options.port()));
        } catch (IOException | RuntimeException e) {
            throw unreachable(String.valueOf(e.getMessage()), e);
        }
    }

    private Failure.Unreachable unreachable(String why, @Nullable Throwable cause) {
        return new Failure.Unreachable(
                "cannot listen on "
                        + options.host()
                        + ":"
                        + options.port()
                        + ": "
                        + why
                        + "; choose another port, or 0 for any free one",
                false,
                cause);
    }

    @Override
    public URI address() {
        return address;
    }

    private static URI address(ServerOptions options, int port) {
        var host = options.host();
        return URI.create(
                (options.tls().isPresent() ? "https://" : "http://")
                        + (host.contains(":") ? "[" + host + "]" : host)
                        + ":"
                        + port);
    }

    @Override
    public void drain(Duration limit) {
        long end = time.nanos() + limit.toNanos();
        lastRequestNanos = time.nanos();
        draining = true;
        try {
            while (!quiet() && time.nanos() - end < 0) time.sleep(POLL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
    }

    private boolean quiet() {
        return running.get() == 0 && time.nanos() - lastRequestNanos >= QUIET.toNanos();
    }

    @Override
    public void close() {
        draining = true;
        if (!stopped.compareAndSet(false, true)) return;
        links.forEach(ServerLink::interruptHandler);
        server.stop();
        gone.accept(this);
    }

    /** Has all connections looked at in a moment, if that is not to come already. */
    private void lookLater() {
        if (!looking.get() && looking.compareAndSet(false, true))
            time.schedule(ServerLink.LOOK_AFTER, this::look);
    }

    private void look() {
        looking.set(false);
        boolean again = false;
        for (var link : links) again |= link.look();
        if (again) lookLater();
    }

    /** Serves one request; the answer is sent when this returns. */
    private void serve(ServerLink link, RoutingRequest in, RoutingResponse out) {
        // Without asking first whether it is there, Helidon makes several streams to find out.
        boolean close =
                in.headers().contains(HeaderNames.CONNECTION)
                        && in.headers().containsToken(HeaderValues.CONNECTION_CLOSE);
        link.begin();
        running.incrementAndGet();
        if (draining) lastRequestNanos = time.nanos();
        try {
            close |= answer(link, in, out);
        } finally {
            running.decrementAndGet();
        }
        if (!close) return;
        // Helidon goes on reading behind "Connection: close", so the end has to come from here.
        if (in.content().hasEntity() && !in.content().consumed()) link.linger();
        throw new CloseConnectionException("the connection ends with this answer");
    }

    /** Tells whether the connection is to be closed. */
    private boolean answer(ServerLink link, RoutingRequest in, RoutingResponse out) {
        var method = ServerMessages.method(in);
        if (method == null) {
            link.end();
            var problem =
                    Problem.of(
                            501,
                            "not-implemented",
                            "this server knows no method " + in.prologue().method().text());
            return send(Method.GET, Problems.response(problem), out, link, true);
        }
        Request request;
        try {
            request = ServerMessages.request(method, in, link, options.maxBodyBytes());
        } catch (ServerConnectionException e) {
            link.end();
            throw new CloseConnectionException("the caller left before it was told to go on", e);
        }
        Response response;
        try {
            response = service.call(request);
        } catch (Exception | Error e) {
            boolean gone = link.end();
            if (gone || e instanceof InterruptedException)
                throw new CloseConnectionException("the request was broken off", e);
            LOG.log(System.Logger.Level.ERROR, method + " " + in.prologue().uriPath().rawPath(), e);
            return send(method, Response.of(500), out, link, link.isBroken());
        }
        try {
            if (!response.body().atHand() && link.callerGone()) {
                response.body().close();
                throw new CloseConnectionException("the caller has gone");
            }
            Thread.interrupted(); // what a handler left behind would close the connection
            if (response.status() == 101 && !request.upgrade()) {
                response.body().close();
                LOG.log(
                        System.Logger.Level.ERROR,
                        method
                                + " "
                                + request.path()
                                + " was answered by 101, which nobody asked for");
                return send(method, Response.of(500), out, link, true);
            }
            if (response.lasting() && !response.body().atHand() && method != Method.HEAD) {
                sendLasting(response, link);
                return true;
            }
            return send(method, response, out, link, link.isBroken());
        } finally {
            link.end();
        }
    }

    private static void sendLasting(Response response, ServerLink link) {
        try {
            if (response.status() == 101) ServerMessages.sendUpgraded(response, link.dataWriter());
            else ServerMessages.sendLasting(response, link.dataWriter());
        } catch (IOException | RuntimeException e) {
            throw new CloseConnectionException("the answer broke off", e);
        }
    }

    private boolean send(
            Method method, Response response, RoutingResponse out, ServerLink link, boolean close) {
        try {
            boolean last = close || draining;
            if (last) ServerMessages.close(out);
            ServerMessages.send(method, response, out, link);
            return last;
        } catch (CloseConnectionException e) {
            throw e;
        } catch (Exception e) {
            throw new CloseConnectionException("the answer broke off", e);
        }
    }

    /** Helidon's connection of HTTP/1.1, on a link of ours. */
    private final class Selector implements ServerConnectionSelector {
        private final Http1ConnectionSelector http1;
        private final Router router;

        Selector(Http1ConnectionSelector http1, Router router) {
            this.http1 = http1;
            this.router = router;
        }

        @Override
        public int bytesToIdentifyConnection() {
            return 0;
        }

        @Override
        public Support supports(BufferData data) {
            return Support.SUPPORTED;
        }

        @Override
        public Set<String> supportedApplicationProtocols() {
            return http1.supportedApplicationProtocols();
        }

        @Override
        public ServerConnection connection(ConnectionContext context) {
            var link =
                    new ServerLink(
                            context,
                            router,
                            options,
                            maxLineBytes(),
                            time,
                            HttpServer.this::lookLater);
            return new Connection(http1.connection(link), link);
        }
    }

    private final class Connection implements ServerConnection, InterruptableTask<Void> {
        private final ServerConnection real;
        private final ServerLink link;

        Connection(ServerConnection real, ServerLink link) {
            this.real = real;
            this.link = link;
        }

        @Override
        public void handle(Limit limit) throws InterruptedException {
            links.add(link);
            try {
                link.secure();
                handleSecured(limit);
            } catch (TlsLayer.NoHandshake e) {
                if (e.silent()) LOG.log(System.Logger.Level.DEBUG, "no TLS: {0}", e.getMessage());
                else noHandshake.tell("no TLS with " + link.peer() + ": " + e.getMessage());
            } finally {
                links.remove(link);
                link.ended();
            }
        }

        private void handleSecured(Limit limit) throws InterruptedException {
            try {
                real.handle(limit);
                // It returns when Helidon has refused a request, or on a stop.
                if (!stopped.get()) link.linger();
            } finally {
                link.farewell();
            }
        }

        @Override
        public Duration idleTime() {
            return real.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            real.close(interrupt);
        }

        @Override
        public boolean canInterrupt() {
            return real instanceof InterruptableTask<?> task && task.canInterrupt();
        }

        @Override
        public void run() {
            throw new UnsupportedOperationException("a connection is run by handle");
        }
    }

    /** Router and routing in one: every request of a connection comes here. */
    private final class EverythingHere implements HttpRouting, Router {
        private final HttpSecurity security = HttpSecurity.create();

        @Override
        public void route(ConnectionContext context, RoutingRequest in, RoutingResponse out) {
            serve((ServerLink) context, in, out);
        }

        @Override
        public HttpSecurity security() {
            return security;
        }

        @Override
        public <T extends Routing> T routing(Class<T> type, T otherwise) {
            return type.isInstance(this) ? type.cast(this) : otherwise;
        }

        @Override
        public List<? extends Routing> routings() {
            return List.of(this);
        }

        @Override
        public void beforeStart() {}

        @Override
        public void afterStart(WebServer webServer) {}

        @Override
        public void afterStop() {}
    }
}
