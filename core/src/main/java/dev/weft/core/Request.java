package dev.weft.core;

import java.util.Map;

/**
 * What is asked of an HTTP service, on any transport. Immutable but for a body that is a stream.
 *
 * @param path the path as it came, percent-escapes included, beginning with {@code /}
 * @param variables the values of the route's {@code {name}} segments, decoded; empty before routing
 */
public record Request(
        Method method,
        String path,
        Query query,
        Headers headers,
        Body body,
        Map<String, String> variables) {

    public static Request of(Method method, String path) {
        int mark = path.indexOf('?');
        return new Request(
                method,
                mark < 0 ? path : path.substring(0, mark),
                mark < 0 ? Query.NONE : new Query(path.substring(mark + 1)),
                Headers.EMPTY,
                Body.EMPTY,
                Map.of());
    }

    public static Request get(String path) {
        return of(Method.GET, path);
    }

    public static Request post(String path, Body body) {
        return of(Method.POST, path).with(body);
    }

    public Request with(Body body) {
        return new Request(method, path, query, headers, body, variables);
    }

    public Request with(Headers headers) {
        return new Request(method, path, query, headers, body, variables);
    }

    public Request with(Method method) {
        return new Request(method, path, query, headers, body, variables);
    }

    public Request with(Query query) {
        return new Request(method, path, query, headers, body, variables);
    }

    public Request path(String path) {
        return new Request(method, path, query, headers, body, variables);
    }

    /** With this header, in place of others of its name. */
    public Request header(String name, String value) {
        return with(headers.set(name, value));
    }

    public Request with(Map<String, String> variables) {
        return new Request(method, path, query, headers, body, variables);
    }

    /** The value of the route's {@code {name}} segment. */
    public String variable(String name) {
        var value = variables.get(name);
        if (value == null)
            throw new IllegalArgumentException(
                    "the route has no {" + name + "}; it has " + variables.keySet());
        return value;
    }

    /**
     * Whether doing it twice is doing it once: by its method, or because it carries a key by which the
     * service knows it again. To change the protocol of a connection is not.
     */
    public boolean idempotent() {
        return !upgrade()
                && (method.idempotent() || headers.get(ContextHeaders.IDEMPOTENCY_KEY).isPresent());
    }

    /**
     * Whether it asks for another protocol on its connection, which can only be a WebSocket. Its body is then what the caller sends in that
     * protocol, as it comes, from the moment when the answer is a 101; the body of that is what goes back.
     */
    public boolean upgrade() {
        return headers.get("Upgrade").orElse("").equalsIgnoreCase("websocket");
    }

    /** Path and query as in a request line. */
    public String target() {
        return query.raw().isEmpty() ? path : path + "?" + query.raw();
    }
}
