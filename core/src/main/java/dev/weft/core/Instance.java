package dev.weft.core;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * One running process (or in-memory copy) of a service, as discovery knows it.
 *
 * @param id unique among all instances, new with each start
 * @param address where requests go, by a transport's scheme
 * @param routes what it serves, as {@code GET /products/{id}}
 * @param load what it last said of its load, if it says so; seconds old
 */
public record Instance(
        String service,
        String id,
        URI address,
        State state,
        List<String> routes,
        Optional<Load> load) {

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

    /** One that says nothing of its load. */
    public Instance(String service, String id, URI address, State state, List<String> routes) {
        this(service, id, address, state, routes, Optional.empty());
    }

    public Instance with(State state) {
        return new Instance(service, id, address, state, routes, load);
    }

    public Instance with(List<String> routes) {
        return new Instance(service, id, address, state, routes, load);
    }

    public Instance with(Optional<Load> load) {
        return new Instance(service, id, address, state, routes, load);
    }
}
