package dev.weft.http;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.util.function.Function;

/** Measures the requests of a server ({@link HttpMetrics}). A {@link ServerTrace} has one in it. */
public final class ServerMetrics implements Filter<Request, Response> {

    private final Time time;
    private final String scheme;
    private final Function<Request, String> route;
    private final Meter.Histogram duration;
    private final Meter.Counter active;
    private final Meter.Counter refusals;

    /**
     * @param route the path template that will answer a request; empty if none will
     */
    public ServerMetrics(Meter meter, Time time, Function<Request, String> route) {
        this(meter, time, HttpMetrics.HTTP, route);
    }

    /**
     * @param scheme what callers speak
     */
    ServerMetrics(Meter meter, Time time, String scheme, Function<Request, String> route) {
        this.time = time;
        this.scheme = scheme;
        this.route = route;
        this.duration = meter.histogram(HttpMetrics.SERVER_DURATION);
        this.active = meter.counter(HttpMetrics.SERVER_ACTIVE);
        this.refusals = meter.counter(HttpMetrics.REFUSALS);
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        return measured(request, route.apply(request), next);
    }

    /** Who passes one on has not refused. */
    private void countRefusal(Response response) {
        var refused = response.headers().get(ContextHeaders.REFUSED);
        if (refused.isPresent() && response.headers().get(ContextHeaders.PASSED_ON).isEmpty())
            refusals.add(1, "server", refused.get(), "");
    }

    Response measured(Request request, String template, Service<Request, Response> next)
            throws Exception {
        var method = request.method().name();
        long start = time.nanos();
        var status = "";
        var error = "";
        active.add(1, method, scheme);
        try {
            var response = next.call(request);
            status = HttpMetrics.text(response.status());
            error = HttpMetrics.error(response);
            countRefusal(response);
            return response;
        } catch (Exception | Error e) {
            error = HttpMetrics.error(e);
            throw e;
        } finally {
            active.add(-1, method, scheme);
            duration.record(
                    HttpMetrics.seconds(time.nanos() - start),
                    method,
                    template,
                    status,
                    scheme,
                    error);
        }
    }
}
