package dev.weft.core;

import java.time.Duration;

/**
 * The limits of a server.
 *
 * @param host the address to bind to; loopback unless told otherwise
 * @param port 0 for any free one
 * @param maxBodyBytes of a request; beyond it 413
 * @param maxHeaderBytes of a request line with all headers; beyond it 431
 * @param maxConnections open at one time; more wait in the backlog
 * @param idleTimeout after which a connection without a request is closed
 */
public record ServerOptions(
        String host,
        int port,
        long maxBodyBytes,
        int maxHeaderBytes,
        int maxConnections,
        Duration idleTimeout) {

    public static final ServerOptions DEFAULT =
            new ServerOptions("127.0.0.1", 0, 1 << 20, 16 << 10, 4096, Duration.ofSeconds(60));

    public ServerOptions port(int port) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout);
    }

    public ServerOptions host(String host) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout);
    }

    public ServerOptions maxBodyBytes(long maxBodyBytes) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout);
    }

    public ServerOptions maxHeaderBytes(int maxHeaderBytes) {
        return new ServerOptions(
                host, port, maxBodyBytes, maxHeaderBytes, maxConnections, idleTimeout);
    }
}
