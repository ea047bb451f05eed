package dev.weft.http;

import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.policy.HttpVerdicts;

/** How a call, or one attempt of it, went: told in its span and measured by method, service, status and kind of error. */
final class Outgoing {

    private final String service;
    private final Meter.Histogram duration;
    private final Time time;
    private final HttpVerdicts verdicts;

    /**
     * @param service that is called
     */
    Outgoing(String service, Meter.Histogram duration, Time time) {
        this.service = service;
        this.duration = duration;
        this.time = time;
        this.verdicts = new HttpVerdicts(time);
    }

    Response call(Request request, Tracer.Current span, Service<Request, Response> next)
            throws Exception {
        long start = time.nanos();
        var status = "";
        var error = "";
        try {
            var response = next.call(request);
            status = HttpMetrics.text(response.status());
            if (span.recorded()) span.set("http.response.status_code", (long) response.status());
            error = verdicts.answered(response).error();
            if (!error.isEmpty()) span.error(status);
            return response;
        } catch (Exception e) {
            error = verdicts.failed(e).error();
            throw e;
        } finally {
            if (!error.isEmpty()) span.set("error.type", error);
            duration.record(
                    HttpMetrics.seconds(time.nanos() - start),
                    request.method().name(),
                    service,
                    status,
                    error);
        }
    }
}
