package dev.weft.core;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a service, as one service.
 *
 * <p>A literal segment goes before a variable one, a variable one before {@code {rest...}}. No such
 * path is a 404 problem, no such method a 405 with {@code Allow}. HEAD is served by GET, OPTIONS by
 * itself. The request that a route sees has its {@link Request#variables}.
 */
public final class Routes implements Service<Request, Response> {

    /** One place in the tree of paths. */
    private static final class Node {
        final Map<String, Node> literals = new HashMap<>();
        final Map<Method, Route> routes = new EnumMap<>(Method.class);
        @Nullable Node variable;
        @Nullable Node rest;

        /** The place behind a segment of a template, made if it is not there yet. */
        Node below(String segment) {
            if (!PathTemplate.isVariable(segment))
                return literals.computeIfAbsent(segment, s -> new Node());
            if (PathTemplate.isRest(segment)) {
                if (rest == null) rest = new Node();
                return rest;
            }
            if (variable == null) variable = new Node();
            return variable;
        }
    }

    private final List<Route> routes;
    private final Node root = new Node();

    private Routes(List<Route> routes) {
        this.routes = List.copyOf(routes);
        for (var route : routes) add(route);
    }

    public static Routes of(Route... routes) {
        return new Routes(List.of(routes));
    }

    /** These and those; the same method and path twice is an error. */
    public Routes and(Routes others) {
        var all = new ArrayList<>(routes);
        all.addAll(others.routes);
        return new Routes(all);
    }

    /** The routes in the order in which they were declared. */
    public List<Route> list() {
        return routes;
    }

    private void add(Route route) {
        var node = root;
        for (var segment : route.path().segments()) {
            node = node.below(segment);
        }
        var before = node.routes.put(route.method(), route);
        if (before != null)
            throw new IllegalArgumentException(route + " is declared twice, also as " + before);
    }

    /** The route for a method and path, if there is one. */
    public @Nullable Route find(Method method, String path) {
        var node = find(root, PathTemplate.split(path), 0);
        if (node == null) return null;
        var route = node.routes.get(method);
        return route == null && method == Method.HEAD ? node.routes.get(Method.GET) : route;
    }

    private static @Nullable Node find(Node node, List<String> segments, int index) {
        if (index == segments.size()) return node.routes.isEmpty() ? null : node;
        var segment = PathTemplate.decode(segments.get(index));
        var literal = node.literals.get(segment);
        if (literal != null) {
            var found = find(literal, segments, index + 1);
            if (found != null) return found;
        }
        if (node.variable != null && !segment.isEmpty()) {
            var found = find(node.variable, segments, index + 1);
            if (found != null) return found;
        }
        return node.rest;
    }

    @Override
    public Response call(Request request) throws Exception {
        var segments = PathTemplate.split(request.path());
        var node = find(root, segments, 0);
        if (node == null)
            throw Problem.of(404, "no-such-route", "there is nothing at " + request.path())
                    .failure();
        var route = node.routes.get(request.method());
        if (route == null && request.method() == Method.HEAD) route = node.routes.get(Method.GET);
        if (route != null) return route.service().call(request.with(variables(route, segments)));
        var allowed = allowed(node);
        if (request.method() == Method.OPTIONS) return Response.of(204).header("Allow", allowed);
        throw Problem.of(
                        405,
                        "method-not-allowed",
                        request.path() + " takes " + allowed + ", not " + request.method())
                .with("allow", allowed)
                .failure();
    }

    private static String allowed(Node node) {
        var methods = new TreeMap<>(node.routes);
        return methods.keySet().stream().map(Method::name).collect(Collectors.joining(", "))
                + (methods.containsKey(Method.GET) ? ", HEAD" : "")
                + ", OPTIONS";
    }

    private static Map<String, String> variables(Route route, List<String> path) {
        var template = route.path().segments();
        var variables = new LinkedHashMap<String, String>();
        for (int i = 0; i < template.size(); i++) {
            var segment = template.get(i);
            if (!PathTemplate.isVariable(segment)) continue;
            var value =
                    PathTemplate.isRest(segment)
                            ? String.join("/", path.subList(i, path.size()))
                            : path.get(i);
            variables.put(PathTemplate.name(segment), PathTemplate.decode(value));
        }
        return variables;
    }
}
