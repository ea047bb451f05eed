package dev.weft.http;

import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.client.ClientTelemetry;
import dev.weft.core.policy.CountedDecisions;
import dev.weft.core.policy.Tally;

/** Spans and metrics of calls over HTTP, by OpenTelemetry's conventions. */
public final class HttpClientTelemetry implements ClientTelemetry {

    private final Tracer tracer;
    private final Meter meter;
    private final Time time;
    private final boolean calls;

    /** Of calls and of their attempts. */
    public HttpClientTelemetry(Tracer tracer, Meter meter, Time time) {
        this(tracer, meter, time, true);
    }

    private HttpClientTelemetry(Tracer tracer, Meter meter, Time time, boolean calls) {
        this.tracer = tracer;
        this.meter = meter;
        this.time = time;
        this.calls = calls;
    }

    /** Of attempts only, for who makes one call for each request and traces that. */
    public static HttpClientTelemetry ofAttempts(Tracer tracer, Meter meter, Time time) {
        return new HttpClientTelemetry(tracer, meter, time, false);
    }

    @Override
    public Filter<Request, Response> call(String service) {
        return calls ? new ClientTrace(service, tracer, meter, time) : Filter.none();
    }

    @Override
    public Filter<Request, Response> attempt(Instance instance) {
        return new AttemptTrace(
                instance.service(), instance.id(), instance.address(), tracer, meter, time);
    }

    @Override
    public Tally tally(String service) {
        return new CountedDecisions(meter, service);
    }
}
