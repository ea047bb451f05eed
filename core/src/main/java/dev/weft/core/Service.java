package dev.weft.core;

/**
 * A function from a request to its answer, in direct blocking style.
 *
 * <p>An HTTP service is a {@code Service<Request, Response>}, a typed operation a {@code
 * Service<AddItem, Cart>}; a server, a client, a fake and a recorder are all the same type. Rules:
 * a service is safe for use by many threads at once; it may block; it ends soon after its thread is
 * interrupted; it reads who asks, and until when, from {@link Context#current()}.
 */
@FunctionalInterface
public interface Service<I, O> {

    /** Answers one request, or throws: a {@link Failure} for what callers are expected to meet. */
    O call(I request) throws Exception;
}
