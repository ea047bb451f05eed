package dev.weft.core;

import java.util.Optional;

/**
 * A method and a path, and the service that answers there.
 *
 * @param form what it takes and answers, if that is known
 */
public record Route(
        Method method, PathTemplate path, Service<Request, Response> service, Optional<Form> form) {

    /**
     * What a typed operation takes and answers; see {@code Endpoint}.
     *
     * @param status of a success
     * @param located whether a success names the place of what was made, in {@code Location}
     */
    public record Form(Class<?> takes, Class<?> answers, int status, boolean located) {}

    /** Of which no more is known. */
    public Route(Method method, PathTemplate path, Service<Request, Response> service) {
        this(method, path, service, Optional.empty());
    }

    public static Route get(String path, Service<Request, Response> service) {
        return new Route(Method.GET, new PathTemplate(path), service);
    }

    public static Route post(String path, Service<Request, Response> service) {
        return new Route(Method.POST, new PathTemplate(path), service);
    }

    public static Route put(String path, Service<Request, Response> service) {
        return new Route(Method.PUT, new PathTemplate(path), service);
    }

    public static Route delete(String path, Service<Request, Response> service) {
        return new Route(Method.DELETE, new PathTemplate(path), service);
    }

    /** {@code GET /products/{id}}: how it is named in traces, in the registry, in documents. */
    @Override
    public String toString() {
        return method + " " + path;
    }
}
