package dev.weft.core;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/**
 * The limits of a server.
 *
 * @param host the address to bind to; loopback unless told otherwise
 * @param port 0 for any free one
 * @param maxBodyBytes of a request; beyond it 413
 * @param maxHeaderBytes of a request line with all headers; beyond it 431
 * @param maxConnections open at one time, at most half of the files that the process may still open;
 *     more wait in the backlog
 * @param idleTimeout after which a connection without a request is closed
 * @param tls its certificate, asked for with each connection; without one it speaks plain HTTP. A
 *     transport without sockets has no use for it
 */
public record ServerOptions(
        String host,
        int port,
        long maxBodyBytes,
        int maxHeaderBytes,
        int maxConnections,
        Duration idleTimeout,
        Optional<Supplier<SSLContext>> tls) {

    public static final ServerOptions DEFAULT =
            new ServerOptions("127.0.0.1", 0, 1 << 20, 16 << 10, 4096, Duration.ofSeconds(60));

    /** Without TLS. */
    public ServerOptions(
            String host,
            int port,
            long maxBodyBytes,
            int maxHeaderBytes,
            int maxConnections,
            Duration idleTimeout) {
        this(
                host,
                port,
                maxBodyBytes,
                maxHeaderBytes,
                maxConnections,
                idleTimeout,
                Optional.empty());
    }

    public ServerOptions port(int port) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout, tls);
    }

    public ServerOptions host(String host) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout, tls);
    }

    public ServerOptions maxBodyBytes(long maxBodyBytes) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout, tls);
    }

    public ServerOptions maxHeaderBytes(int maxHeaderBytes) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout, tls);
    }

    public ServerOptions tls(Supplier<SSLContext> tls) {
        return new ServerOptions(
                host,
                port,
                maxBodyBytes,
                maxHeaderBytes,
                maxConnections,
                idleTimeout,
                Optional.of(tls));
    }
}
