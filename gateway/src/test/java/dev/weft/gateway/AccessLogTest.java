package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Caller;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.OptionalLong;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AccessLogTest {

    private final Logged logged = new Logged();

    @AfterEach
    void close() {
        logged.close();
    }

    private static Service<Request, Response> log(boolean on, Service<Request, Response> service) {
        return new AccessLog(
                        on,
                        request -> new Origin("10.0.0.7", "https", "shop.example"),
                        request -> "cart",
                        Surroundings.TIME)
                .then(service);
    }

    /** A service that breaks off. */
    private static final class Broken extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("the service broke off");
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            return read();
        }
    }

    private static Response streamed(InputStream in) {
        return Response.of(200).with(Body.of(in, OptionalLong.empty()));
    }

    @Test
    void a_request_is_one_line_in_text_and_in_fields() throws Exception {
        log(true, r -> Response.text("hello")).call(Request.get("/carts/ann?token=secret"));
        var line = logged.lines().getFirst();
        assertThat(line.toString())
                .matches("10\\.0\\.0\\.7 GET /carts/ann 200 5 B \\d+\\.\\d\\d ms cart -");
        assertThat(line.fields())
                .containsEntry("client.address", "10.0.0.7")
                .containsEntry("http.request.method", "GET")
                .containsEntry("url.path", "/carts/ann")
                .containsEntry("url.scheme", "https")
                .containsEntry("http.response.status_code", 200L)
                .containsEntry("http.response.body.bytes", 5L)
                .containsEntry("event.outcome", "success")
                .containsEntry("service.target.name", "cart")
                .containsKey("event.duration");
        assertThat(logged.records()).hasSize(1).first().returns(Level.INFO, r -> r.getLevel());
    }

    @Test
    void it_names_the_caller_that_the_answer_names() throws Exception {
        var ann = new Caller("ann smith", Map.of("roles", "clerk"));
        log(true, r -> Response.of(204).header(ContextHeaders.CALLER, ann.header()))
                .call(Request.get("/x"));
        assertThat(logged.lines().getFirst().fields()).containsEntry("user.id", "ann smith");
        assertThat(logged.lines().getFirst().toString()).endsWith(" ms cart ann?smith");
    }

    @Test
    void a_streamed_answer_is_told_of_when_its_last_byte_has_gone() throws Exception {
        var answer =
                log(true, r -> streamed(new ByteArrayInputStream(new byte[1000])))
                        .call(Request.get("/x"));
        try (var body = answer.body().stream()) {
            assertThat(body.readNBytes(999)).hasSize(999);
            assertThat(logged.lines()).isEmpty();
            assertThat(body.readAllBytes()).hasSize(1);
        }
        assertThat(logged.lines()).hasSize(1);
        assertThat(logged.lines().getFirst().bytes()).isEqualTo(1000);
        assertThat(logged.lines().getFirst().complete()).isTrue();
    }

    @Test
    void an_answer_that_was_cut_says_so() throws Exception {
        var answer =
                log(true, r -> streamed(new ByteArrayInputStream(new byte[1000])))
                        .call(Request.get("/x"));
        try (var body = answer.body().stream()) {
            assertThat(body.readNBytes(10)).hasSize(10);
        }
        var broken = log(true, r -> streamed(new Broken())).call(Request.get("/y"));
        try (var body = broken.body().stream()) {
            assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        }
        assertThat(logged.lines()).hasSize(2).noneMatch(AccessLog.Line::complete);
        assertThat(logged.lines().getFirst().toString()).endsWith(" cart - cut");
        assertThat(logged.lines().getFirst().fields()).containsEntry("event.outcome", "failure");
    }

    @Test
    void a_caller_that_has_gone_got_no_status() {
        assertThatThrownBy(() ->
                        log(
                                        true,
                                        r -> {
                                            throw new InterruptedException("gone");
                                        })
                                .call(Request.get("/x")))
                .isInstanceOf(InterruptedException.class);
        assertThat(logged.lines().getFirst().toString()).contains(" GET /x - 0 B ");
        assertThat(logged.lines().getFirst().fields())
                .doesNotContainKey("http.response.status_code");
    }

    @Test
    void a_head_has_no_bytes() throws Exception {
        log(true, r -> Response.text("hello")).call(Request.of(Method.HEAD, "/x"));
        var streamed =
                log(true, r -> streamed(new ByteArrayInputStream(new byte[10])))
                        .call(Request.of(Method.HEAD, "/x"));
        streamed.body().close();
        assertThat(logged.lines())
                .hasSize(2)
                .allMatch(line -> line.bytes() == 0 && line.complete());
    }

    @Test
    void off_it_still_warns_of_answers_of_500_and_above() throws Exception {
        log(false, r -> Response.of(404)).call(Request.get("/x"));
        log(false, r -> Response.of(503)).call(Request.get("/y"));
        assertThat(logged.records()).hasSize(1).first().returns(Level.WARNING, r -> r.getLevel());
        assertThat(logged.lines().getFirst().path()).isEqualTo("/y");
    }

    @Test
    void it_names_the_service_that_failed() throws Exception {
        log(false, r -> Response.of(500).header(ContextHeaders.FAILED, "product/p1"))
                .call(Request.get("/y"));
        assertThat(logged.lines().getFirst().toString()).endsWith(" cart - failed at product/p1");
        assertThat(logged.lines().getFirst().fields()).containsEntry("weft.failed", "product/p1");
    }

    @Test
    void no_request_can_begin_a_line_of_its_own() throws Exception {
        log(true, r -> Response.of(200)).call(Request.get("/x\n10.0.0.9 GET /forged\u00a0y"));
        assertThat(logged.lines().getFirst().toString())
                .contains("/x?10.0.0.9?GET?/forged?y")
                .doesNotContain("\n");
    }
}
