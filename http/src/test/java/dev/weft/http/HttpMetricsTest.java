package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Metric;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class HttpMetricsTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;

    private final MemoryMeter meter = new MemoryMeter();
    private final AtomicReference<List<Metric.Point>> during = new AtomicReference<>(List.of());
    private final Routes routes =
            Routes.of(
                    Route.get("/a/{id}", request -> Response.text("a")),
                    Route.get(
                            "/during",
                            request -> {
                                during.set(points(HttpMetrics.SERVER_ACTIVE));
                                return Response.of(500);
                            }),
                    Route.get(
                            "/busy",
                            request -> Response.of(503).header(ContextHeaders.REFUSED, "limit")),
                    Route.get(
                            "/gone",
                            request -> {
                                throw new InterruptedException("the caller has gone");
                            }));
    private final Service<Request, Response> server =
            new ServerTrace(
                            Tracer.NONE,
                            meter,
                            TIME,
                            Duration.ofSeconds(10),
                            ServerTrace.templates(routes))
                    .then(Problems.filter("server"))
                    .then(routes);
    private final Filter<Request, Response> call =
            new ClientTrace("peer", Tracer.NONE, meter, TIME);
    private final Filter<Request, Response> attempt =
            new AttemptTrace(
                    "peer", "", URI.create("http://10.0.0.7:81"), Tracer.NONE, meter, TIME);

    @Test
    void requests_are_measured_by_route_and_status() throws Exception {
        server.call(Request.get("/a/1"));
        server.call(Request.get("/a/2"));
        server.call(Request.get("/etc/passwd"));
        assertThat(counts(HttpMetrics.SERVER_DURATION))
                .containsExactly("GET,,404,http, 1", "GET,/a/{id},200,http, 2");
    }

    @Test
    void a_request_is_active_while_it_is_handled_and_an_error_has_a_type() throws Exception {
        server.call(Request.get("/during"));
        assertThat(during.get()).containsExactly(new Metric.Value(List.of("GET", "http"), 1));
        assertThat(points(HttpMetrics.SERVER_ACTIVE))
                .containsExactly(new Metric.Value(List.of("GET", "http"), 0));
        assertThat(counts(HttpMetrics.SERVER_DURATION))
                .containsExactly("GET,/during,500,http,500 1");
    }

    @Test
    void a_request_whose_caller_went_away_has_no_status() {
        assertThatThrownBy(() -> server.call(Request.get("/gone")))
                .isInstanceOf(InterruptedException.class);
        assertThat(counts(HttpMetrics.SERVER_DURATION))
                .containsExactly("GET,/gone,,http,cancelled 1");
        assertThat(points(HttpMetrics.SERVER_ACTIVE))
                .containsExactly(new Metric.Value(List.of("GET", "http"), 0));
    }

    @Test
    void attempts_and_calls_are_measured_apart() throws Exception {
        Service<Request, Response> twice =
                request -> {
                    attempt.then(server).call(request);
                    return attempt.then(server).call(Request.get("/a/1"));
                };
        call.then(twice).call(Request.get("/none"));
        assertThat(counts(HttpMetrics.ATTEMPT_DURATION))
                .containsExactly("GET,peer,200, 1", "GET,peer,404,404 1");
        assertThat(counts(HttpMetrics.CALL_DURATION)).containsExactly("GET,peer,200, 1");
    }

    @Test
    void refusals_are_counted_on_both_sides_by_reason() throws Exception {
        call.then(attempt).then(server).call(Request.get("/busy"));
        Service<Request, Response> nobody =
                request -> {
                    throw new Failure.Refused(
                            Refusal.notBegun("client", Refusal.Reason.UNAVAILABLE, "nobody"));
                };
        assertThatThrownBy(() -> call.then(nobody).call(Request.get("/busy")))
                .isInstanceOf(Failure.Refused.class);
        assertThat(points(HttpMetrics.REFUSALS))
                .containsExactly(
                        new Metric.Value(List.of("client", "limit", "peer"), 1),
                        new Metric.Value(List.of("client", "unavailable", "peer"), 1),
                        new Metric.Value(List.of("server", "limit", ""), 1));
        assertThat(counts(HttpMetrics.CALL_DURATION))
                .containsExactly("GET,peer,,unavailable 1", "GET,peer,503,limit 1");
    }

    @Test
    void connections_are_active_or_idle() throws Exception {
        try (var transport = new HttpTransport(TIME)) {
            transport.observe(meter);
            var address = transport.serve(routes, ServerOptions.DEFAULT).address();
            transport.client(address).call(Request.get("/a/1")).body().bytes();
            var at = List.of("127.0.0.1", Integer.toString(address.getPort()), "http");
            assertThat(points(HttpMetrics.OPEN_CONNECTIONS))
                    .containsExactly(
                            new Metric.Value(List.of("active", at.get(0), at.get(1), "http"), 0),
                            new Metric.Value(List.of("idle", at.get(0), at.get(1), "http"), 1));
        }
    }

    private List<String> counts(Metric metric) {
        return points(metric).stream()
                .map(Metric.Distribution.class::cast)
                .map(point -> String.join(",", point.values()) + " " + point.count())
                .sorted()
                .toList();
    }

    private List<Metric.Point> points(Metric metric) {
        return meter.read().stream()
                .filter(reading -> reading.metric().equals(metric))
                .flatMap(reading -> reading.points().stream())
                .toList();
    }

    @Test
    void who_passes_a_refusal_on_has_not_refused() throws Exception {
        var busy = Response.of(503).header(ContextHeaders.REFUSED, "limit");
        Service<Request, Response> passing =
                request -> busy.header(ContextHeaders.PASSED_ON, "yes");
        new ServerMetrics(meter, TIME, request -> "/").then(passing).call(Request.get("/"));
        assertThat(points(HttpMetrics.REFUSALS)).isEmpty();
        assertThat(counts(HttpMetrics.SERVER_DURATION)).containsExactly("GET,/,503,http,limit 1");
    }
}
