package dev.weft.gateway;

import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.PathTemplate;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Service;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Remembers which service claims which routes, and makes the {@link RouteTable} of it.
 *
 * <p>A service's routes are those of its ready instances. While it has none, its last known routes
 * stay, so that callers are told to come back rather than that there is nothing; but a service that
 * lives takes over a route from one that is gone. Of two that live, the one keeps a route that had
 * it first; if both are new, the first by name. A table is made only when the outcome changes.
 *
 * <p>Not for several threads at once.
 */
final class RouteBook {

    private static final Logger LOG = System.getLogger(RouteBook.class.getName());

    /** The most routes in a table; more are left out, with an error in the log. */
    static final int MAX_ROUTES = 10_000;

    /** The most services without an instance that are remembered; the longest known goes first. */
    static final int MAX_ABSENT = 256;

    private record Claim(String route, String service) {}

    private final Function<String, Service<Request, Response>> destinations;

    /** The known routes by service, in the order in which the services were seen. */
    private final Map<String, Set<String>> known = new LinkedHashMap<>();

    /** Who has a route, by its {@link #shape}. */
    private Map<String, Claim> owners = Map.of();

    private List<RouteConflict> conflicts = List.of();
    private Set<String> reported = Set.of();
    private RouteTable table = RouteTable.EMPTY;

    /**
     * @param destinations the service by its name
     */
    RouteBook(Function<String, Service<Request, Response>> destinations) {
        this.destinations = destinations;
    }

    /** The table for these instances; the same one as before if nothing changed. */
    RouteTable update(Map<String, List<Instance>> instances) {
        learn(instances);
        forget(instances.keySet());
        var found = new ArrayList<RouteConflict>();
        var now = claims(instances.keySet(), found);
        if (now.equals(owners) && found.equals(conflicts)) return table;
        owners = now;
        conflicts = found;
        table = RouteTable.of(routes(now), found);
        report(found);
        return table;
    }

    /** Whether the service's routes are remembered. */
    boolean knows(String service) {
        return known.containsKey(service);
    }

    private void learn(Map<String, List<Instance>> instances) {
        for (var entry : new TreeMap<>(instances).entrySet()) {
            var ready = new LinkedHashSet<String>();
            var others = new LinkedHashSet<String>();
            for (var instance : entry.getValue()) {
                boolean isReady = instance.state() == Instance.State.READY;
                (isReady ? ready : others).addAll(instance.routes());
            }
            if (ready.isEmpty()) {
                others.addAll(known.getOrDefault(entry.getKey(), Set.of()));
                ready = others;
            }
            known.put(entry.getKey(), ready);
        }
    }

    private void forget(Set<String> present) {
        int absent = known.size() - present.size();
        if (absent <= MAX_ABSENT) return;
        var services = known.keySet().iterator();
        while (absent > MAX_ABSENT) {
            if (present.contains(services.next())) continue;
            services.remove();
            absent--;
        }
    }

    private Map<String, Claim> claims(Set<String> present, List<RouteConflict> found) {
        var wanted = new LinkedHashMap<String, Map<String, String>>();
        known.forEach((service, routes) -> wanted.put(service, byShape(routes)));
        var claims = new HashMap<String, Claim>();
        owners.forEach((shape, owner) -> {
            var route = wanted.getOrDefault(owner.service, Map.of()).get(shape);
            if (route != null && present.contains(owner.service))
                claims.put(shape, new Claim(route, owner.service));
        });
        wanted.forEach((service, routes) -> {
            if (!present.contains(service)) return;
            routes.forEach((shape, route) -> {
                var owner = claims.putIfAbsent(shape, new Claim(route, service));
                if (owner != null && !owner.service.equals(service))
                    found.add(new RouteConflict(route, owner.service, service));
            });
        });
        wanted.forEach((service, routes) -> {
            if (present.contains(service)) return;
            routes.forEach((shape, route) -> claims.putIfAbsent(shape, new Claim(route, service)));
        });
        return claims;
    }

    private static Map<String, String> byShape(Set<String> routes) {
        var byShape = new LinkedHashMap<String, String>();
        for (var route : routes) byShape.putIfAbsent(shape(route), route);
        return byShape;
    }

    /** The route without the names of its variables: {@code GET /products/{}}. */
    static String shape(String route) {
        var segments = route.split("/", -1);
        for (int i = 0; i < segments.length; i++) {
            if (!segments[i].startsWith("{")) continue;
            segments[i] = segments[i].endsWith("...}") ? "{...}" : "{}";
        }
        return String.join("/", segments);
    }

    private List<Route> routes(Map<String, Claim> claims) {
        var routes = new ArrayList<Route>(claims.size());
        for (var claim : claims.values()) {
            if (routes.size() == MAX_ROUTES) {
                LOG.log(
                        Level.ERROR,
                        "only {0} of {1} routes are served: the table holds no more",
                        MAX_ROUTES,
                        claims.size());
                break;
            }
            try {
                routes.add(route(claim));
            } catch (IllegalArgumentException e) {
                LOG.log(
                        Level.ERROR,
                        "{0} claims \"{1}\", which is no route such as GET /products/'{'id'}': {2}",
                        claim.service,
                        claim.route,
                        e.getMessage());
            }
        }
        return routes;
    }

    private Route route(Claim claim) {
        int space = claim.route.indexOf(' ');
        if (space < 0) throw new IllegalArgumentException("there is no space in it");
        var template = claim.route.substring(space + 1);
        return new Route(
                Method.valueOf(claim.route.substring(0, space)),
                new PathTemplate(template),
                new RouteTable.Target(claim.service, template, destinations.apply(claim.service)));
    }

    private void report(List<RouteConflict> found) {
        var now = new HashSet<String>();
        for (var conflict : found) {
            var line =
                    conflict
                            + ": "
                            + conflict.keptBy()
                            + " keeps it, it had it first; take the route out of one of the two";
            now.add(line);
            if (!reported.contains(line)) LOG.log(Level.ERROR, line);
        }
        reported = now;
    }
}
