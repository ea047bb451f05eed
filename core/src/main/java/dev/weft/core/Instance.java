package dev.weft.core;

import java.net.URI;
import java.util.List;

/**
 * One running process (or in-memory copy) of a service, as discovery knows it.
 *
 * @param id unique among all instances, new with each start
 * @param address where requests go, by a transport's scheme
 * @param routes what it serves, as {@code GET /products/{id}}
 */
public record Instance(String service, String id, URI address, State state, List<String> routes) {

    /** Ordered from bad to good. */
    public enum State {
        STARTING,
        /** Finishes what it has; nothing new should go there. */
        DRAINING,
        READY
    }

    public Instance {
        routes = List.copyOf(routes);
    }

    public Instance with(State state) {
        return new Instance(service, id, address, state, routes);
    }
}
