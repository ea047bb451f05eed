package dev.weft.core;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a service, as one service.
 *
 * <p>Of the routes with the request's method that fit its path, the most specific one answers: read
 * from the left, a literal segment goes before a variable one, a variable one before {@code
 * {rest...}}. So a route with another method hides nothing. No such path is a 404 problem, no such
 * method a 405 with {@code Allow}. HEAD is served by GET, OPTIONS by itself. The request that a route
 * sees has its {@link Request#variables}.
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

        /** The route that ends here. */
        @Nullable Route of(Method method) {
            var route = routes.get(method);
            return route == null && method == Method.HEAD ? routes.get(Method.GET) : route;
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
        return find(root, PathTemplate.split(path), 0, method);
    }

    private static @Nullable Route find(
            Node node, List<String> segments, int index, Method method) {
        if (index == segments.size()) {
            var found = node.of(method);
            // The path "/" has no segment, and an empty rest.
            return found == null && index == 0 && node.rest != null ? node.rest.of(method) : found;
        }
        var segment = PathTemplate.decode(segments.get(index));
        var literal = node.literals.get(segment);
        if (literal != null) {
            var found = find(literal, segments, index + 1, method);
            if (found != null) return found;
        }
        if (node.variable != null && !segment.isEmpty()) {
            var found = find(node.variable, segments, index + 1, method);
            if (found != null) return found;
        }
        return node.rest == null ? null : node.rest.of(method);
    }

    @Override
    public Response call(Request request) throws Exception {
        var segments = PathTemplate.split(request.path());
        var route = find(root, segments, 0, request.method());
        if (route != null) return route.service().call(request.with(variables(route, segments)));
        var methods = EnumSet.noneOf(Method.class);
        for (var method : Method.values())
            if (find(root, segments, 0, method) != null) methods.add(method);
        if (methods.isEmpty())
            throw Problem.of(404, "no-such-route", "there is nothing at " + request.path())
                    .failure();
        methods.add(Method.OPTIONS);
        var allowed = methods.stream().map(Method::name).collect(Collectors.joining(", "));
        if (request.method() == Method.OPTIONS) return Response.of(204).header("Allow", allowed);
        throw Problem.of(
                        405,
                        "method-not-allowed",
                        request.path() + " takes " + allowed + ", not " + request.method())
                .with("allow", allowed)
                .failure();
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
