package dev.weft.app;

import dev.weft.core.Filter;
import dev.weft.core.Load;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the requests that a service works on, which is the load it reports. */
final class InFlight implements Filter<Request, Response> {

    private final AtomicInteger requests = new AtomicInteger();

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        requests.incrementAndGet();
        try {
            return next.call(request);
        } finally {
            requests.decrementAndGet();
        }
    }

    Optional<Load> load() {
        return Optional.of(new Load(requests.get(), 0));
    }
}
