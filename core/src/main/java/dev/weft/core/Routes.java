package dev.weft.core;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
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
        return find(root, path, PathTemplate.first(path), method);
    }

    /**
     * @param at where the next segment of the path begins
     */
    private static @Nullable Route find(Node node, String path, int at, Method method) {
        if (at > path.length()) {
            var found = node.of(method);
            // The path "/" has no segment, and an empty rest.
            return found == null && path.equals("/") && node.rest != null
                    ? node.rest.of(method)
                    : found;
        }
        int end = PathTemplate.end(path, at);
        var segment = PathTemplate.decode(path.substring(at, end));
        var literal = node.literals.get(segment);
        if (literal != null) {
            var found = find(literal, path, end + 1, method);
            if (found != null) return found;
        }
        if (node.variable != null && !segment.isEmpty()) {
            var found = find(node.variable, path, end + 1, method);
            if (found != null) return found;
        }
        return node.rest == null ? null : node.rest.of(method);
    }

    @Override
    public Response call(Request request) throws Exception {
        var path = request.path();
        var route = find(request.method(), path);
        if (route != null) return route.service().call(request.with(route.path().variables(path)));
        var methods = EnumSet.noneOf(Method.class);
        for (var method : Method.values()) if (find(method, path) != null) methods.add(method);
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
}
