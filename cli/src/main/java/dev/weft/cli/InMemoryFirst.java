package dev.weft.cli;

import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Transport;
import java.net.URI;

/**
 * Serves in memory, and reaches both what is in memory and what is behind a socket, by the
 * address's scheme. Both transports stay their owner's.
 */
record InMemoryFirst(MemoryTransport memory, Transport sockets) implements Transport {

    @Override
    public Server serve(Service<Request, Response> service, ServerOptions options) {
        return memory.serve(service, options);
    }

    @Override
    public Service<Request, Response> client(URI address) {
        return "memory".equals(address.getScheme())
                ? memory.client(address)
                : sockets.client(address);
    }

    /** Does nothing. */
    @Override
    public void close() {}
}
