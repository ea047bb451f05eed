package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.client.CallSettings;
import dev.weft.core.policy.Mode;
import dev.weft.events.MasterKeys;
import dev.weft.events.MemoryBus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A service's page of metrics says what happened. */
class ServiceMetricsTest {

    private final SystemTime time = SystemTime.INSTANCE;
    private final MemoryTransport transport = new MemoryTransport(time);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final List<Span> spans = new ArrayList<>();
    private Optional<Running> running = Optional.empty();

    private Service<Request, Response> start(App app) {
        var started =
                Running.start(
                        app,
                        new Surroundings(
                                app.name(),
                                app.name() + "-1",
                                time,
                                transport,
                                ServerOptions.DEFAULT,
                                registry,
                                registry,
                                new MemoryBus(time),
                                "memory:",
                                MasterKeys.NONE,
                                spans::add,
                                new MemoryMeter(),
                                100,
                                Duration.ofHours(1),
                                Mode.ON,
                                Optional.empty(),
                                CallSettings.NONE,
                                List.of()));
        running = Optional.of(started);
        return transport.client(started.address());
    }

    @AfterEach
    void stop() {
        running.ifPresent(Running::close);
    }

    private static Request raise(int by) {
        return Request.post("/counters/a", Body.of("{\"by\":" + by + "}"))
                .header("Content-Type", "application/json");
    }

    private static String text(Service<Request, Response> client, String path) throws Exception {
        return client.call(Request.get(path)).body().text();
    }

    @Test
    void requests_events_listeners_and_commits_are_told() throws Exception {
        var client = start(RunningTest.counter());
        client.call(raise(5));
        client.call(raise(6));
        client.call(raise(1_000));
        client.call(Request.get("/_weft/progress?wait_ms=9000")).body().bytes();
        var route = "http_request_method=\"POST\",http_route=\"/counters/{id}\"";
        assertThat(text(client, "/metrics"))
                .contains(
                        "target_info{service_name=\"counter\",service_instance_id=\"counter-1\"} 1",
                        "http_server_request_duration_seconds_count{"
                                + route
                                + ",http_response_status_code=\"201\",url_scheme=\"http\"} 2",
                        "http_server_request_duration_seconds_count{"
                                + route
                                + ",http_response_status_code=\"409\",url_scheme=\"http\"} 1",
                        "weft_events_appended_total{decider=\"counter\"} 2",
                        "weft_events_published_total{type=\"total\"} 2",
                        "weft_publication_lag 0",
                        "weft_projection_lag{projection=\"seen\"} 0",
                        "weft_listener_events_total{listener=\"heard\",outcome=\"handled\"} 2",
                        "weft_failing{part=\"listener heard\"} 0")
                .containsPattern("weft_store_commit_duration_seconds_count [1-9]")
                .containsPattern("weft_store_commit_units_sum [1-9]");
        assertThat(text(client, "/_weft/metrics")).contains("weft_publication_lag 0");
    }

    @Test
    void a_scrape_is_neither_a_request_nor_a_trace() throws Exception {
        var client = start(RunningTest.counter());
        text(client, "/metrics");
        assertThat(text(client, "/metrics")).doesNotContain("http_server_request_duration");
        assertThat(spans).isEmpty();
    }

    @Test
    void a_route_of_exactly_that_path_wins_and_one_that_matches_it_by_chance_does_not()
            throws Exception {
        var client = start(App.named("own").routes(Routes.of(Route.get("/metrics", r -> page()))));
        assertThat(text(client, "/metrics")).isEqualTo("a page");
        assertThat(text(client, "/_weft/metrics")).contains("target_info");
        stop();
        client = start(App.named("wiki").routes(Routes.of(Route.get("/{page}", r -> page()))));
        assertThat(text(client, "/metrics")).contains("target_info");
    }

    @Test
    void what_the_gateway_passes_on_never_reaches_it() throws Exception {
        var client = start(App.named("wiki").routes(Routes.of(Route.get("/{page}", r -> page()))));
        var forwarded = Request.get("/metrics").header("Forwarded", "for=10.0.0.1");
        assertThat(client.call(forwarded).body().text()).isEqualTo("a page");
        var below = Request.get("/_weft/metrics").header("Forwarded", "for=10.0.0.1");
        assertThat(client.call(below).status()).isEqualTo(404);
    }

    private static Response page() {
        return Response.text("a page");
    }
}
