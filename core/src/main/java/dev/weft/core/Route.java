package dev.weft.core;

/** A method and a path, and the service that answers there. */
public record Route(Method method, PathTemplate path, Service<Request, Response> service) {

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
