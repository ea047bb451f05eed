package dev.weft.gateway;

import static dev.weft.gateway.Surroundings.await;
import static dev.weft.gateway.Surroundings.beside;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Transport;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.http.HttpTransport;
import dev.weft.testkit.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GatewayOverHttpTest extends GatewayCases {
    @Override
    Transport transport() {
        return new HttpTransport(Surroundings.TIME);
    }

    @Test
    void a_service_learns_who_called_and_by_what_name() throws Exception {
        try (var around = new Surroundings(transport())) {
            around.service(
                    "echo",
                    Route.get(
                            "/x",
                            r ->
                                    Response.text(
                                            String.join(
                                                    " ",
                                                    r.headers().all("X-Forwarded-For").toString(),
                                                    r.headers().all("X-Forwarded-Host").toString(),
                                                    r.headers().all("Forwarded").toString()))));
            var gateway = around.gateway();
            var host = gateway.address().getAuthority();
            var request = Request.get("/x").header("weft-peer", "9.9.9.9");
            assertThat(around.text(gateway, request))
                    .isEqualTo(
                            "[127.0.0.1] [%s] [for=127.0.0.1;host=\"%s\";proto=http]"
                                    .formatted(host, host));
        }
    }

    @Test
    void who_comes_by_tls_goes_through_the_same_door_and_services_learn_that(@TempDir Path folder)
            throws Exception {
        var made = TestCertificate.ec(folder);
        var tls = new Tls("127.0.0.1", 0, made.chain(), made.key());
        var once = new RateLimit.Options(Mode.ON, "address", 2, Duration.ofHours(1), 10);
        try (var around = new Surroundings(transport());
                var client = HttpClient.newBuilder().sslContext(made.trusting()).build()) {
            around.service(
                    "echo",
                    Route.get(
                            "/x",
                            r ->
                                    Response.text(
                                            r.headers().get("X-Forwarded-Proto").orElse("")
                                                    + " "
                                                    + r.headers().get("Forwarded").orElse(""))));
            var gateway =
                    around.gateway(
                            Surroundings.options().edge(Edge.NONE.with(tls).ratePerAddress(once)));
            var at = gateway.secureAddress().orElseThrow();
            var request = HttpRequest.newBuilder(at.resolve("/x")).build();
            var answer = client.send(request, BodyHandlers.ofString());
            assertThat(answer.body())
                    .isEqualTo(
                            "https for=127.0.0.1;host=\"%s\";proto=https"
                                    .formatted(at.getAuthority()));
            assertThat(around.text(gateway, Request.get("/x"))).startsWith("http for=127.0.0.1;");
            // Both doors count together.
            assertThat(client.send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(429);
            await(
                    beside(() -> {
                        gateway.drain(Duration.ofSeconds(5));
                        return true;
                    }));
            assertThatThrownBy(() -> client.send(request, BodyHandlers.ofString()))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void hundreds_of_streams_of_one_instance_leave_room_for_calls() throws Exception {
        var streams = new ArrayList<Body>();
        try (var around = new Surroundings(transport())) {
            around.service(
                    "feed",
                    Route.get(
                            "/feed",
                            r ->
                                    Response.of(200)
                                            .header("Content-Type", "text/event-stream")
                                            .with(Body.of(new Feed(), OptionalLong.empty()))),
                    Route.get("/x", r -> Surroundings.ok("x")));
            var gateway = around.gateway();
            for (int i = 0; i < 300; i++)
                streams.add(around.call(gateway, Request.get("/feed")).body());
            assertThat(around.text(gateway, Request.get("/x"))).isEqualTo("x");
            streams.forEach(Body::close);
        }
    }

    @Test
    void what_a_foreign_service_says_of_a_length_to_head_and_of_nothing_new_passes()
            throws Exception {
        try (var around = new Surroundings(transport())) {
            around.process(
                    "foreign",
                    Instance.State.READY,
                    r -> Response.of(304).header("Content-Length", "7").header("ETag", "e"),
                    List.of("GET /x"));
            var gateway = around.gateway();
            for (var method : List.of(Method.GET, Method.HEAD))
                assertThat(around.call(gateway, Request.of(method, "/x")).status()).isEqualTo(304);
        }
    }

    @Test
    void a_gateway_with_a_bad_certificate_or_a_taken_port_does_not_start(@TempDir Path folder)
            throws Exception {
        var made = TestCertificate.ec(folder);
        try (var around = new Surroundings(transport());
                var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            var bad = new Tls("127.0.0.1", 0, made.key(), made.key());
            assertThatThrownBy(() -> around.gateway(options(bad)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("key.pem:1: wanted are certificates only");
            var late = new Tls("127.0.0.1", port, made.chain(), made.key());
            assertThatThrownBy(() -> around.gateway(options(late)))
                    .isInstanceOf(Failure.Unreachable.class)
                    .hasMessageContaining("cannot listen on 127.0.0.1:" + port);
        }
    }

    private static GatewayOptions options(Tls tls) {
        return Surroundings.options().edge(Edge.NONE.with(tls));
    }
}
