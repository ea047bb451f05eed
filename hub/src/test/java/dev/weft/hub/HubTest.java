package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.http.HttpTransport;
import dev.weft.http.Problems;
import dev.weft.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HubTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final String TOKEN = "secret";

    @TempDir private Path folder;

    private final HttpTransport transport = new HttpTransport(TIME);

    @SuppressWarnings("NullAway.Init") // Started before each case.
    private Hub hub;

    @SuppressWarnings("NullAway.Init") // Started before each case.
    private Service<Request, Response> client;

    @BeforeEach
    void start() throws Exception {
        start(options());
    }

    private Hub.Options options() {
        return Hub.Options.of(0, "sqlite:" + folder.resolve("hub.db"))
                .token(TOKEN)
                .warming(Duration.ofMillis(200));
    }

    private void start(Hub.Options options) throws Exception {
        hub = Hub.start(options, transport, TIME);
        client = transport.client(hub.address());
    }

    @AfterEach
    void close() {
        hub.close();
        transport.close();
    }

    // Who may call

    @Test
    void without_the_token_nothing_but_health_and_spans_is_answered() throws Exception {
        assertThat(client.call(Request.get("/admin/health")).status()).isEqualTo(200);
        for (var path : List.of("/admin", "/admin/traces", "/registry/instances")) {
            var answer = client.call(Request.get(path));
            assertThat(answer.status()).as(path).isEqualTo(401);
            assertThat(answer.body().text()).contains("WEFT_TOKEN");
        }
        for (var wrong : List.of("Bearer wrong", "Bearer", "Basic secret", "secret", "Bearer "))
            assertThat(client.call(Request.get("/admin").header("Authorization", wrong)).status())
                    .as(wrong)
                    .isEqualTo(401);
        assertThat(call(Method.GET, "/admin", "").status()).isEqualTo(200);
    }

    @Test
    void the_index_names_what_there_is() throws Exception {
        var index = json(Method.GET, "/admin", "");
        assertThat(text(index, "places"))
                .contains("/admin/settle", "/v1/traces", "/bus/subscriptions/{name}");
    }

    @Test
    void bad_bodies_are_the_callers_mistake() throws Exception {
        for (var bad : List.of("", "{", "[]", "{\"through\":\"x\",\"events\":[]}"))
            assertThat(call(Method.POST, "/bus/publications/door", bad).status())
                    .as(bad)
                    .isEqualTo(400);
        var beyond =
                "{\"through\":1,\"events\":[{\"position\":2,\"part\":0,\"type\":\"a\",\"key\":\"k\","
                        + "\"at\":\"2026-01-01T00:00:00Z\",\"data\":{}}]}";
        var answer = call(Method.POST, "/bus/publications/door", beyond);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body().text()).contains("door/2/0");
        assertThat(call(Method.PUT, "/registry/instances/a", "{\"service\":\"x\"}").status())
                .isEqualTo(400);
        assertThat(call(Method.GET, "/registry/instances?wait_ms=soon", "").status())
                .isEqualTo(400);
        assertThat(call(Method.GET, "/admin/traces/xyz", "").status()).isEqualTo(400);
        assertThat(
                        call(Method.PUT, "/bus/subscriptions/a.b/consumers/c", "{\"types\":[]}")
                                .status())
                .isEqualTo(400);
        assertThat(otlp("not protobuf".getBytes(StandardCharsets.UTF_8), "").status())
                .isEqualTo(400);
        assertThat(otlp(new byte[] {1, 2, 3}, "gzip").status()).isEqualTo(400);
    }

    @Test
    void a_poll_of_no_subscription_is_told_so() throws Exception {
        var answer =
                call(Method.POST, "/bus/subscriptions/a.b/consumers/c/poll", "{\"wait_ms\":0}");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.body().text()).contains("no-such-subscription");
    }

    @Test
    void a_taken_port_is_named() {
        var taken = Hub.Options.of(hub.address().getPort(), "memory:");
        assertThatThrownBy(() -> Hub.start(taken, transport, TIME))
                .isInstanceOf(Failure.Unreachable.class)
                .hasMessageContaining(Integer.toString(hub.address().getPort()));
    }

    // Traces

    @Test
    void spans_come_in_by_protobuf_plain_and_compressed() throws Exception {
        var message = OtlpIntakeTest.request().toByteArray();
        assertThat(otlp(message, "").status()).isEqualTo(200);
        var folded = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(folded)) {
            gzip.write(message);
        }
        assertThat(otlp(folded.toByteArray(), "gzip").status()).isEqualTo(200);
        var traces = json(Method.GET, "/admin/traces?service=cart&error=true", "");
        assertThat(text(traces, "traces"))
                .contains("0af7651916cd43dd8448eb211c80319c", "GET /carts/{id}");
        var trace = json(Method.GET, "/admin/traces/0af7651916cd43dd8448eb211c80319c", "");
        assertThat((List<?>) trace.get("spans")).hasSize(4);
        assertThat(call(Method.GET, "/admin/traces/" + "1".repeat(32), "").status()).isEqualTo(404);
    }

    // Registry

    @Test
    void a_waiting_reader_learns_of_an_instance_within_a_moment() throws Exception {
        var first = json(Method.GET, "/registry/instances", "");
        assertThat(first.get("instances")).isEqualTo(List.of());
        long start = TIME.nanos();
        var waiting =
                started(() ->
                        json(
                                Method.GET,
                                "/registry/instances?wait_ms=30000&version=" + first.get("version"),
                                ""));
        assertThat(register("cart", URI.create("http://127.0.0.1:9"))).isEqualTo(204);
        assertThat(text(waiting.get(20, TimeUnit.SECONDS), "instances"))
                .contains("cart-1", "ready", "GET /carts/{id}");
        assertThat(Duration.ofNanos(TIME.nanos() - start)).isLessThan(Duration.ofSeconds(20));
        assertThat(text(json(Method.GET, "/admin/services", ""), "services"))
                .contains("cart", "heard_ms_ago=");
    }

    // Contracts

    @Test
    void what_services_promise_is_told_of_all_that_tell() throws Exception {
        var contract =
                "{\"service\":\"cart\",\"endpoints\":[{\"operation\":\"GET /carts/{id}\",\"located\":false}],"
                        + "\"publishes\":[{\"type\":\"sold\",\"version\":1,\"schema\":{}}],"
                        + "\"listens\":[],\"calls\":[],\"schemas\":{}}";
        serve(
                "cart",
                Routes.of(
                        Route.get(
                                "/_weft/contract",
                                request -> Response.of(200).with(Body.of(contract)))));
        serve("script", request -> Response.text("whatever you ask"));
        serve("older", Routes.of());
        var told = json(Method.GET, "/admin/contracts", "");
        assertThat(text(told, "away")).isEqualTo("[]");
        assertThat((List<?>) told.get("services")).singleElement().asString().contains("sold");
        assertThat(text(json(Method.GET, "/admin/openapi?title=shop", ""), "info"))
                .contains("title=shop");
        assertThat(text(json(Method.GET, "/admin/asyncapi?service=cart", ""), "channels"))
                .contains("sold");
        assertThat(call(Method.GET, "/admin/openapi?service=none", "").status()).isEqualTo(404);
    }

    @Test
    void a_document_that_would_lack_a_service_is_refused() throws Exception {
        register("cart", URI.create("http://127.0.0.1:9"));
        assertThat(text(json(Method.GET, "/admin/contracts", ""), "away")).contains("cart");
        var answer = call(Method.GET, "/admin/openapi", "");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.body().text()).contains("cart does not answer");
    }

    // Settling

    @Test
    void a_system_is_settled_when_all_have_caught_up_and_no_end_moves() throws Exception {
        var heads = new ConcurrentHashMap<>(Map.of("cart", 3L, "order", 5L));
        var asked = new ConcurrentHashMap<String, String>();
        var rounds = new AtomicLong();
        serve("cart", after -> heads.getOrDefault("cart", 0L), asked);
        // What the cart wrote makes the order write two times more.
        serve(
                "order",
                after -> rounds.incrementAndGet() < 3 ? heads.merge("order", 1L, Long::sum) : 7,
                asked);
        var result = json(Method.POST, "/admin/settle", "{\"timeout_ms\":20000}");
        assertThat(result.get("settled")).isEqualTo(true);
        assertThat(result.get("ends")).isEqualTo(Map.of("cart", 3L, "order", 7L));
        assertThat(asked.get("cart")).contains("cart=3").contains("order=7");
    }

    @Test
    void what_blocks_is_named_when_the_time_is_over() throws Exception {
        serve(
                "cart",
                Routes.of(
                        Route.get(
                                "/_weft/progress",
                                request ->
                                        Answers.json(
                                                Map.of(
                                                        "service",
                                                        "cart",
                                                        "head",
                                                        3,
                                                        "published",
                                                        3,
                                                        "settled",
                                                        false,
                                                        "blocked",
                                                        List.of(
                                                                Map.of(
                                                                        "by",
                                                                        "listener prices",
                                                                        "source",
                                                                        "product",
                                                                        "position",
                                                                        4711,
                                                                        "applied",
                                                                        4700,
                                                                        "attempt",
                                                                        7,
                                                                        "error",
                                                                        "it broke")))))));
        register("gone", URI.create("http://127.0.0.1:9"));
        publishAndSubscribe("ghost.listener");
        var result = json(Method.POST, "/admin/settle", "{\"timeout_ms\":1500}");
        assertThat(result.get("settled")).isEqualTo(false);
        assertThat(text(result, "blocked"))
                .contains("listener prices", "4711", "it broke")
                .contains("instance gone-1")
                .contains("ghost", "listener listener");
    }

    @Test
    void a_service_without_progress_is_not_waited_for() throws Exception {
        var problems = Problems.filter("plain");
        serve("plain", problems.then(Routes.of()));
        var result = json(Method.POST, "/admin/settle", "{\"timeout_ms\":20000}");
        assertThat(result.get("settled")).isEqualTo(true);
    }

    // The supervisor behind the hub

    @Test
    void processes_and_logs_are_the_supervisors_and_logs_stream() throws Exception {
        var lines = new PipedOutputStream();
        var log = new PipedInputStream(lines);
        var server =
                transport.serve(
                        Routes.of(
                                Route.get(
                                        "/admin/processes",
                                        request -> Answers.json(Map.of("processes", List.of()))),
                                Route.post(
                                        "/admin/processes/{service}/restart",
                                        request -> Response.text(request.variable("service"))),
                                Route.get("/admin/logs", request -> following(request, log))),
                        ServerOptions.DEFAULT);
        hub.close();
        start(options().supervisor(server.address()));
        assertThat(json(Method.GET, "/admin/processes", "")).containsKey("processes");
        assertThat(call(Method.POST, "/admin/processes/cart/restart", "").body().text())
                .isEqualTo("cart");
        say(lines, 0);
        var answer = call(Method.GET, "/admin/logs?follow=true&service=cart", "");
        try (var stream = answer.body().stream()) {
            for (int i = 0; i < 3; i++) {
                if (i > 0) say(lines, i);
                assertThat(new String(stream.readNBytes(11), StandardCharsets.UTF_8))
                        .isEqualTo("{\"line\":" + i + "}\n");
            }
        }
        lines.close();
    }

    private static void say(PipedOutputStream lines, int number) throws IOException {
        lines.write(("{\"line\":" + number + "}\n").getBytes(StandardCharsets.UTF_8));
        lines.flush();
    }

    private static Response following(Request request, PipedInputStream log) {
        assertThat(request.query().get("follow")).hasValue("true");
        return Response.of(200)
                .header("Content-Type", "application/x-ndjson")
                .with(Body.of(log, OptionalLong.empty()));
    }

    @Test
    void without_a_supervisor_that_is_said() throws Exception {
        var answer = call(Method.GET, "/admin/processes", "");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.headers().get("weft-refused")).hasValue("unavailable");
        assertThat(answer.body().text()).contains("WEFT_SUPERVISOR");
    }

    // Words of the cases above

    /** How a fake service answers about its progress. */
    private interface Head {
        long of(String after);
    }

    private void serve(String service, Head head, Map<String, String> asked) throws Exception {
        serve(
                service,
                Routes.of(
                        Route.get(
                                "/_weft/progress",
                                request -> {
                                    var after = request.query().get("after").orElse("");
                                    asked.put(service, after);
                                    return Answers.json(
                                            Map.of(
                                                    "service",
                                                    service,
                                                    "head",
                                                    head.of(after),
                                                    "published",
                                                    0,
                                                    "settled",
                                                    true,
                                                    "blocked",
                                                    List.of()));
                                })));
    }

    private void serve(String service, Service<Request, Response> routes) throws Exception {
        var server = transport.serve(routes, ServerOptions.DEFAULT);
        assertThat(register(service, server.address())).isEqualTo(204);
    }

    private int register(String service, URI address) throws Exception {
        return call(
                        Method.PUT,
                        "/registry/instances/" + service + "-1",
                        "{\"service\":\""
                                + service
                                + "\",\"address\":\""
                                + address
                                + "\",\"state\":\"ready\",\"routes\":[\"GET /carts/{id}\"],"
                                + "\"lease_ms\":60000}")
                .status();
    }

    private void publishAndSubscribe(String subscription) throws Exception {
        assertThat(
                        call(
                                        Method.PUT,
                                        "/bus/subscriptions/" + subscription + "/consumers/c",
                                        "{\"types\":[\"a\"]}")
                                .status())
                .isEqualTo(204);
        assertThat(
                        call(
                                        Method.POST,
                                        "/bus/publications/door",
                                        "{\"through\":1,\"events\":[{\"position\":1,\"part\":0,"
                                                + "\"type\":\"a\",\"key\":\"k\",\"at\":"
                                                + "\"2026-01-01T00:00:00Z\",\"data\":{}}]}")
                                .status())
                .isEqualTo(204);
    }

    private Response call(Method method, String target, String body) throws Exception {
        var request = Request.of(method, target).header("Authorization", "Bearer " + TOKEN);
        return client.call(body.isEmpty() ? request : request.with(Body.of(body)));
    }

    private Map<String, Object> json(Method method, String target, String body) throws Exception {
        var answer = call(method, target, body);
        assertThat(answer.status()).as(target).isEqualTo(200);
        return Json.readMap(answer.body().bytes());
    }

    private static String text(Map<String, Object> json, String name) {
        return String.valueOf(json.get(name));
    }

    private Response otlp(byte[] message, String encoding) throws Exception {
        var request =
                Request.post("/v1/traces", Body.of(message))
                        .header("Content-Type", "application/x-protobuf");
        return client.call(
                encoding.isEmpty() ? request : request.header("Content-Encoding", encoding));
    }

    private static <T> FutureTask<T> started(java.util.concurrent.Callable<T> work) {
        var task = new FutureTask<>(work);
        TIME.start("test", task);
        return task;
    }
}
