package dev.weft.gateway;

import dev.weft.core.Instance;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;

/**
 * A route that two services claim; the names of its variables make no difference.
 *
 * @param route as the one has it that does not get it
 * @param keptBy who had it first; if both are new, the first by name
 */
public record RouteConflict(String route, String keptBy, String refusedTo) {

    /** Those of a system that has just started, the services by their names. */
    public static List<RouteConflict> among(List<Instance> instances) {
        var routes = new TreeMap<String, List<String>>();
        for (var instance : instances)
            if (instance.state() != Instance.State.DRAINING)
                routes.computeIfAbsent(instance.service(), s -> new ArrayList<>())
                        .addAll(instance.routes());
        var owners = new HashMap<String, String>();
        var found = new ArrayList<RouteConflict>();
        routes.forEach((service, all) ->
                all.stream()
                        .distinct()
                        .forEach(route -> {
                            var owner = owners.putIfAbsent(RouteBook.shape(route), service);
                            if (owner != null && !owner.equals(service))
                                found.add(new RouteConflict(route, owner, service));
                        }));
        return found;
    }

    @Override
    public String toString() {
        return route + " is claimed by " + keptBy + " and by " + refusedTo;
    }
}
