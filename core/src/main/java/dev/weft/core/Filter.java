package dev.weft.core;

/**
 * Something done around a {@link Service}: a policy, a check, a span.
 *
 * <p>A filter calls {@code next} no times (it refuses or answers by itself), once, or again (it
 * retries). It must return or throw, so that a filter which forgets to answer cannot be written.
 */
@FunctionalInterface
public interface Filter<I, O> {

    O apply(I request, Service<I, O> next) throws Exception;

    /** This filter around that one: this one sees the request first and the answer last. */
    default Filter<I, O> then(Filter<I, O> inner) {
        return (request, next) -> apply(request, inner.then(next));
    }

    /** This filter around a service. */
    default Service<I, O> then(Service<I, O> service) {
        return request -> apply(request, service);
    }

    /** The filter that does nothing. */
    static <I, O> Filter<I, O> none() {
        return (request, next) -> next.call(request);
    }
}
