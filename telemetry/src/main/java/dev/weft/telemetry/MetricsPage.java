package dev.weft.telemetry;

import dev.weft.core.Body;
import dev.weft.core.Filter;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Answers Prometheus with what a meter holds: in the text format 0.0.4, or in OpenMetrics if {@code Accept} names it. All
 * other requests go on to what it encloses.
 *
 * <p>So do those that came through a proxy, as {@code Forwarded} and {@code X-Forwarded-For} tell: it is not for callers
 * from outside.
 */
public final class MetricsPage implements Filter<Request, Response> {

    /** Where every process has it. */
    public static final String PATH = "/_weft/metrics";

    /** Where scrapers look for it. */
    public static final String USUAL_PATH = "/metrics";

    private final MemoryMeter meter;
    private final Map<String, String> resource = new LinkedHashMap<>();
    private final Set<String> paths;

    /**
     * @param service {@code service.name}
     * @param instance {@code service.instance.id}
     * @param paths where it is
     */
    public MetricsPage(MemoryMeter meter, String service, String instance, Set<String> paths) {
        this.meter = meter;
        this.paths = paths;
        resource.put("service.name", service);
        resource.put("service.instance.id", instance);
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        if (!paths.contains(request.path()) || forwarded(request)) return next.call(request);
        if (request.method() != Method.GET && request.method() != Method.HEAD)
            return Response.of(405).header("Allow", "GET, HEAD");
        boolean open = wantsOpenMetrics(request);
        return Response.of(200)
                .header("Content-Type", open ? PrometheusText.OPEN_METRICS : PrometheusText.TEXT)
                .with(Body.of(PrometheusText.write(meter.read(), resource, open)));
    }

    private static boolean forwarded(Request request) {
        return request.headers().get("Forwarded").isPresent()
                || request.headers().get("X-Forwarded-For").isPresent();
    }

    private static boolean wantsOpenMetrics(Request request) {
        return request.headers().all("Accept").stream()
                .anyMatch(accept -> accept.contains("application/openmetrics-text"));
    }
}
