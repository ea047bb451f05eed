package dev.weft.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import dev.weft.supervisor.ProcessState.State;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlTest {

    /** One service that can be restarted and one that cannot. */
    private static final class Two implements ProcessTable {
        final List<String> restarted = new ArrayList<>();

        @Override
        public List<ProcessState> processes() {
            return List.of(
                    new ProcessState(
                            "cart",
                            "cart-1",
                            4711,
                            State.READY,
                            "http://127.0.0.1:5000",
                            2,
                            Instant.EPOCH,
                            ""));
        }

        @Override
        public List<String> services() {
            return List.of("cart", "product");
        }

        @Override
        public Optional<String> restart(String service) {
            restarted.add(service);
            return service.equals("cart") ? Optional.empty() : Optional.of("it ended by itself");
        }
    }

    @TempDir Path folder;
    private final Two two = new Two();
    private final List<String> stopped = new ArrayList<>();
    private Logs logs;

    @BeforeEach
    void open() {
        logs = new Logs(folder, SystemTime.INSTANCE);
    }

    @AfterEach
    void close() {
        logs.close();
    }

    private Response ask(Method method, String path) throws Exception {
        return ask(Request.of(method, path));
    }

    private Response ask(Request request) throws Exception {
        return Control.of(two, logs, "secret", stopped::add, SystemTime.INSTANCE)
                .call(request.header("Authorization", "Bearer secret"));
    }

    @Test
    void processes_are_a_json_array() throws Exception {
        assertThat(ask(Method.GET, "/admin/processes").body().text())
                .isEqualTo(
                        "[{\"service\":\"cart\",\"instance\":\"cart-1\",\"pid\":4711,"
                                + "\"state\":\"ready\",\"address\":\"http://127.0.0.1:5000\","
                                + "\"restarts\":2,\"since\":\"1970-01-01T00:00:00Z\","
                                + "\"problem\":\"\"}]");
    }

    @Test
    void nothing_is_told_without_the_token() throws Exception {
        var control = Control.of(two, logs, "secret", stopped::add, SystemTime.INSTANCE);
        assertThat(control.call(Request.get("/admin/processes")).status()).isEqualTo(401);
        assertThat(
                        control.call(
                                        Request.of(Method.POST, "/admin/stop")
                                                .header("Authorization", "Bearer secre"))
                                .status())
                .isEqualTo(401);
        assertThat(stopped).isEmpty();
    }

    @Test
    void stopping_is_passed_on_with_who_stops() throws Exception {
        assertThat(ask(Method.POST, "/admin/stop").status()).isEqualTo(202);
        var named = Request.post("/admin/stop", Body.of("{\"by\":\"weft down,\\nprocess 7\"}"));
        assertThat(ask(named).status()).isEqualTo(202);
        assertThat(ask(Request.post("/admin/stop", Body.of("now"))).status()).isEqualTo(400);
        assertThat(stopped).containsExactly("a request to /admin/stop", "weft down, process 7");
    }

    @Test
    void restarting_answers_when_it_is_done_and_says_what_failed() throws Exception {
        assertThat(ask(Method.POST, "/admin/processes/cart/restart").status()).isEqualTo(200);
        var failed = ask(Method.POST, "/admin/processes/product/restart");
        assertThat(failed.status()).isEqualTo(502);
        assertThat(failed.body().text()).contains("it ended by itself");
        assertThat(two.restarted).containsExactly("cart", "product");
        var unknown = ask(Method.POST, "/admin/processes/chart/restart");
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.body().text()).contains("there are cart, product");
    }

    @Test
    void logs_are_json_lines() throws Exception {
        logs.add("cart", "cart-1", "one");
        logs.add("product", "product-1", "two");
        logs.add("cart", "cart-1", "three");
        var lines =
                ask(Method.GET, "/admin/logs?service=cart&lines=1").body().text().lines().toList();
        assertThat(lines).hasSize(1);
        assertThat(Json.read(lines.getFirst(), Logs.Line.class).text()).isEqualTo("three");
        assertThat(ask(Method.GET, "/admin/logs").body().text().lines()).hasSize(3);
        assertThat(ask(Method.GET, "/admin/logs?lines=many").status()).isEqualTo(400);
    }

    @Test
    void logs_can_be_followed() throws Exception {
        logs.add("cart", "cart-1", "before");
        var answer = ask(Method.GET, "/admin/logs?follow=true&lines=5");
        try (var body = answer.body();
                var in =
                        new BufferedReader(
                                new InputStreamReader(body.stream(), StandardCharsets.UTF_8))) {
            assertThat(in.readLine()).contains("\"before\"");
            logs.add("cart", "cart-1", "after");
            assertThat(in.readLine()).contains("\"after\"");
        }
    }
}
