package dev.weft.gateway;

import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which service answers which method and path, at one moment. Immutable. */
final class RouteTable {

    /**
     * Where a request goes.
     *
     * @param service its name
     * @param template the route's path, {@code /products/{id}}
     */
    record Target(String service, String template, Service<Request, Response> destination)
            implements Service<Request, Response> {
        @Override
        public Response call(Request request) throws Exception {
            return destination.call(request);
        }
    }

    static final RouteTable EMPTY = new RouteTable(Routes.of(), List.of());

    private final Routes routes;
    private final List<RouteConflict> conflicts;

    private RouteTable(Routes routes, List<RouteConflict> conflicts) {
        this.routes = routes;
        this.conflicts = conflicts;
    }

    /**
     * A table of these routes.
     *
     * @param routes whose services are all targets, none twice
     */
    static RouteTable of(List<Route> routes, List<RouteConflict> conflicts) {
        return new RouteTable(Routes.of(routes.toArray(Route[]::new)), List.copyOf(conflicts));
    }

    /** Where it goes, if anyone claims that method and path. */
    @Nullable Target find(Method method, String path) {
        var route = routes.find(method, path);
        return route == null ? null : (Target) route.service();
    }

    /** The answer to what nobody claims: 404, 405 with {@code Allow}, or that of OPTIONS. */
    Response otherwise(Request request) throws Exception {
        return routes.call(request);
    }

    int size() {
        return routes.list().size();
    }

    List<RouteConflict> conflicts() {
        return conflicts;
    }
}
