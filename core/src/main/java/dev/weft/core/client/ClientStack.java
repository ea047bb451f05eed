package dev.weft.core.client;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The layers around the calls of one service, or of one of its operations, in order; called, it makes such a call.
 *
 * <p>It is refused when it is built with layers out of the order of {@link Role}, with a role twice, or without a
 * deadline, a balancer or a transport.
 */
public final class ClientStack implements Service<Request, Response> {

    private static final Set<Role> NEEDED =
            EnumSet.of(Role.DEADLINE, Role.BALANCER, Role.TRANSPORT);

    private final String service;
    private final String operation;
    private final ClientOptions options;
    private final List<Layer> layers;
    private final Service<Request, Response> entry;

    /**
     * @param operation {@code GET /products/{id}}; empty for all that have no stack of their own
     * @param options what the layers were built from
     * @param layers all of them; those below the balancer say what it has built around each instance ({@link #around})
     * @param balancer what the last layer above it calls
     */
    ClientStack(
            String service,
            String operation,
            ClientOptions options,
            List<Layer> layers,
            Service<Request, Response> balancer) {
        this.service = service;
        this.operation = operation;
        this.options = options;
        this.layers = List.copyOf(layers);
        requireNeeded();
        this.entry =
                around(
                        balancer,
                        layers.stream()
                                .filter(layer -> layer.role().compareTo(Role.BALANCER) < 0)
                                .toList());
    }

    /** The service within these layers, which stand in the order of their roles. */
    static Service<Request, Response> around(
            Service<Request, Response> service, List<Layer> layers) {
        requireOrder(layers);
        var entry = service;
        for (var layer : layers.reversed()) entry = layer.filter().then(entry);
        return entry;
    }

    private static void requireOrder(List<Layer> layers) {
        for (int i = 1; i < layers.size(); i++) {
            var above = layers.get(i - 1).role();
            var below = layers.get(i).role();
            if (above.compareTo(below) >= 0)
                throw new IllegalArgumentException(
                        "the layers of a client have "
                                + above
                                + " above "
                                + below
                                + "; the order is "
                                + List.of(Role.values()));
        }
    }

    private void requireNeeded() {
        requireOrder(layers);
        var missing = EnumSet.copyOf(NEEDED);
        layers.forEach(layer -> missing.remove(layer.role()));
        if (!missing.isEmpty())
            throw new IllegalArgumentException(
                    "the layers of a client of " + service + " lack " + missing);
    }

    @Override
    public Response call(Request request) throws Exception {
        return entry.call(request);
    }

    /** The service that is called. */
    public String service() {
        return service;
    }

    /** The operation that it is for; empty for all others. */
    public String operation() {
        return operation;
    }

    public ClientOptions options() {
        return options;
    }

    /** From the outermost to the transport. */
    public List<Layer> layers() {
        return layers;
    }
}
