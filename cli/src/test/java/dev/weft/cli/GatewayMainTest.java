package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.client.Explanation;
import dev.weft.core.client.Explanations;
import dev.weft.http.HttpTransport;
import dev.weft.hub.Hub;
import dev.weft.json.Json;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class GatewayMainTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final Optional<String> TOKEN = Optional.of("secret");

    @TempDir Path folder;

    @Test
    void it_serves_what_the_hub_knows_and_is_known_there_itself() throws Exception {
        try (var transport = new HttpTransport(TIME);
                var hub = hub(transport);
                var registry = new HubRegistry(transport.client(hub.address()), TOKEN, TIME);
                var gateway = GatewayMain.start(environment(hub.address()), TIME)) {
            var client = transport.client(gateway.address());
            var hello = Routes.of(Route.get("/hello/{name}", this::hello));
            try (var service = transport.serve(hello, ServerOptions.DEFAULT)) {
                var instance =
                        new Instance(
                                "greeter",
                                "greeter-1",
                                service.address(),
                                Instance.State.READY,
                                List.of("GET /hello/{name}"));
                try (var _ = registry.register(instance)) {
                    var answer = client.call(Request.get("/hello/you"));
                    assertThat(answer.body().text()).isEqualTo("hello you");
                    assertThat(answer.headers().get("Weft-Trace")).isPresent();
                }
            }
            var known = new CountDownLatch(1);
            try (var _ =
                    registry.watch(instances -> {
                        if (instances.stream().anyMatch(GatewayMainTest::isGateway))
                            known.countDown();
                    })) {
                assertThat(known.await(10, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @Test
    void its_metrics_are_for_who_has_the_token_and_no_service_gives_its_own_away()
            throws Exception {
        try (var transport = new HttpTransport(TIME);
                var hub = hub(transport);
                var registry = new HubRegistry(transport.client(hub.address()), TOKEN, TIME);
                var gateway = GatewayMain.start(environment(hub.address()), TIME)) {
            var client = transport.client(gateway.address());
            var wiki = Routes.of(Route.get("/{page}", this::forwarded));
            try (var service = transport.serve(wiki, ServerOptions.DEFAULT);
                    var _ =
                            registry.register(
                                    new Instance(
                                            "wiki",
                                            "wiki-1",
                                            service.address(),
                                            Instance.State.READY,
                                            List.of("GET /{page}")))) {
                assertThat(client.call(Request.get("/metrics")).body().text())
                        .isEqualTo("forwarded metrics");
            }
            var scrape = Request.get("/_weft/metrics");
            assertThat(client.call(scrape).status()).isEqualTo(404);
            var wrong = scrape.header("Authorization", "Bearer guessed");
            assertThat(client.call(wrong).status()).isEqualTo(404);
            var right = scrape.header("Authorization", "Bearer " + TOKEN.orElseThrow());
            assertThat(client.call(right).body().text())
                    .contains("target_info{service_name=\"gateway\"")
                    .contains(
                            "http_client_request_duration_seconds_count{"
                                    + "http_request_method=\"GET\",server_address=\"wiki\"")
                    .contains("http_client_open_connections{http_connection_state=\"idle\"")
                    .contains("weft_gateway_waiting 0");
        }
    }

    @Test
    void it_explains_its_way_in_and_its_calls_to_who_has_the_token() throws Exception {
        try (var transport = new HttpTransport(TIME);
                var hub = hub(transport)) {
            var environment = environment(hub.address());
            environment.put(
                    GatewaySettings.VARIABLE,
                    "{\"timeout\":\"5s\",\"rate\":{\"address\":\"9/1s\"}}");
            try (var gateway = GatewayMain.start(environment, TIME)) {
                var client = transport.client(gateway.address());
                var ask = Request.get("/_weft/explain");
                assertThat(client.call(ask).status()).isEqualTo(404);
                assertThat(client.call(ask.header("Authorization", "Bearer guessed")).status())
                        .isEqualTo(404);
                var told = ask.header("Authorization", "Bearer " + TOKEN.orElseThrow());
                var explained = explained(client.call(told));
                assertThat(explained.service()).isEqualTo("gateway");
                assertThat(explained.server())
                        .extracting(Explanation.Step::layer)
                        .containsExactly(
                                "server",
                                "hops",
                                "trace",
                                "access-log",
                                "rate",
                                "problems",
                                "deadline",
                                "routes");
                assertThat(explained.server().stream().flatMap(it -> it.numbers().stream()))
                        .extracting(it -> it.name() + "=" + it.value() + " " + it.from())
                        .contains(
                                "timeout=5 s gateway:",
                                "rate.address.quota=9 gateway:",
                                "server.body=10485760 default");
                var calls = told.with(Query.NONE.and("service", "greeter"));
                var greeter = explained(client.call(calls)).calls().getFirst();
                assertThat(greeter.layers().stream().flatMap(it -> it.numbers().stream()))
                        .extracting(it -> it.name() + "=" + it.value() + " " + it.from())
                        .contains("timeout=5s gateway:", "retry.attempts=3 default");
            }
        }
    }

    private static Explanations explained(Response answer) {
        assertThat(answer.status()).isEqualTo(200);
        return Json.read(answer.body().bytes(), Explanations.class);
    }

    private Response forwarded(Request request) {
        boolean forwarded = request.headers().get("Forwarded").isPresent();
        return Response.text((forwarded ? "forwarded " : "direct ") + request.variable("page"));
    }

    @Test
    void without_a_hub_it_serves_what_the_instances_of_a_list_say_that_they_serve()
            throws Exception {
        var about =
                Route.get(
                        "/_weft/routes",
                        r -> Response.text("{\"routes\":[\"GET /hello/{name}\"]}"));
        var greeter = Routes.of(Route.get("/hello/{name}", this::hello), about);
        try (var transport = new HttpTransport(TIME);
                var service = transport.serve(greeter, ServerOptions.DEFAULT)) {
            var list = "static:greeter=" + service.address() + ",http://127.0.0.1:1";
            try (var gateway =
                    GatewayMain.start(Map.of("WEFT_PORT", "0", "WEFT_REGISTRY", list), TIME)) {
                var client = transport.client(gateway.address());
                for (int i = 0; i < 4; i++)
                    assertThat(client.call(Request.get("/hello/you")).body().text())
                            .isEqualTo("hello you");
                assertThat(client.call(Request.get("/_weft/health")).body().text())
                        .contains("\"registry_age_ms\":0", "greeter");
            }
        }
    }

    private Response hello(Request request) {
        return Response.text("hello " + request.variable("name"));
    }

    private static boolean isGateway(Instance instance) {
        return instance.service().equals("gateway")
                && instance.state() == Instance.State.READY
                && instance.routes().isEmpty();
    }

    @Test
    void a_taken_port_is_named_and_nothing_is_left_running() throws Exception {
        try (var transport = new HttpTransport(TIME);
                var hub = hub(transport);
                var other = transport.serve(this::hello, ServerOptions.DEFAULT)) {
            int port = other.address().getPort();
            var environment = environment(hub.address());
            environment.put("WEFT_PORT", Integer.toString(port));
            assertThatThrownBy(() -> GatewayMain.start(environment, TIME).close())
                    .isInstanceOf(Failure.Unreachable.class)
                    .hasMessageContaining("127.0.0.1:" + port);
        }
    }

    @Test
    void what_the_environment_says_wrong_is_named() {
        assertRefused("WEFT_REGISTRY", Map.of());
        for (var registry :
                List.of("http://127.0.0.1:1", "static:a", "dns:{service}", "hub+http://"))
            assertRefused("WEFT_REGISTRY is \"" + registry, Map.of("WEFT_REGISTRY", registry));
        for (var name :
                List.of("WEFT_PORT", "WEFT_TRACES_PER_SECOND", "OTEL_EXPORTER_OTLP_ENDPOINT"))
            assertRefused(
                    name, Map.of("WEFT_REGISTRY", "hub+http://127.0.0.1:1", name, "99999999"));
    }

    private static void assertRefused(String name, Map<String, String> environment) {
        assertThatThrownBy(() -> GatewayMain.start(environment, TIME).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name);
    }

    private Hub hub(HttpTransport transport) throws InterruptedException {
        return Hub.start(
                Hub.Options.from(
                        Map.of(
                                "WEFT_PORT",
                                "0",
                                "WEFT_DATA",
                                folder.toString(),
                                "WEFT_TOKEN",
                                TOKEN.orElseThrow())),
                transport,
                TIME);
    }

    private static Map<String, String> environment(URI hub) {
        return new HashMap<>(
                Map.of(
                        "WEFT_PORT",
                        "0",
                        "WEFT_REGISTRY",
                        "hub+" + hub,
                        "WEFT_TOKEN",
                        TOKEN.orElseThrow(),
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        hub.toString()));
    }
}
