package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.http.Problems;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CorsTest {

    private static final String SHOP = "https://shop.example";
    private static final Cors ONE = Cors.of(List.of(SHOP, "https://*.dev.example:8443"));

    private final AtomicInteger served = new AtomicInteger();

    private Response call(Cors cors, Request request) throws Exception {
        return cors.then(
                        (Request r) -> {
                            served.incrementAndGet();
                            return Response.text("x")
                                    .header("Access-Control-Allow-Origin", "https://leak.example")
                                    .header("Vary", "Accept");
                        })
                .call(request);
    }

    private static Request of(String origin) {
        return Request.get("/x").header("Origin", origin);
    }

    private static Request preflight(String origin, String method) {
        return Request.of(Method.OPTIONS, "/x")
                .header("Origin", origin)
                .header("Access-Control-Request-Method", method);
    }

    private static String said(Response response, String name) {
        return String.join(", ", response.headers().all("Access-Control-" + name));
    }

    @Test
    void a_page_of_an_allowed_origin_may_read_the_answer() throws Exception {
        var response = call(ONE, of(SHOP));
        assertThat(said(response, "Allow-Origin")).isEqualTo(SHOP);
        assertThat(said(response, "Allow-Credentials")).isEmpty();
        assertThat(said(response, "Expose-Headers")).contains("Weft-Receipt", "Retry-After");
        assertThat(response.headers().all("Vary")).containsExactly("Accept", "Origin");
    }

    @Test
    void another_origin_is_served_but_its_page_may_not_read() throws Exception {
        for (var origin :
                List.of(
                        "https://evil.example",
                        "http://shop.example",
                        "https://shop.example.evil.example",
                        "https://shop.example:444",
                        "null",
                        "https://dev.example:8443",
                        "https://.dev.example:8443",
                        "https://evil.example/.dev.example:8443",
                        "https://a@.dev.example:8443")) {
            var response = call(ONE, of(origin));
            assertThat(response.status()).isEqualTo(200);
            assertThat(said(response, "Allow-Origin")).as(origin).isEmpty();
            assertThat(response.headers().all("Vary")).contains("Origin");
        }
        var two = Headers.of("Origin", SHOP).and("Origin", SHOP);
        assertThat(said(call(ONE, Request.get("/x").with(two)), "Allow-Origin")).isEmpty();
    }

    @Test
    void without_an_origin_the_answer_still_says_that_it_varies_by_it() throws Exception {
        var response = call(ONE, Request.get("/x"));
        assertThat(response.headers().all("Vary")).contains("Origin");
        assertThat(said(response, "Allow-Origin")).isEmpty();
    }

    @Test
    void a_star_stands_for_the_names_below_a_domain() throws Exception {
        for (var origin : List.of("https://a.dev.example:8443", "https://a.b.dev.example:8443"))
            assertThat(said(call(ONE, of(origin)), "Allow-Origin")).isEqualTo(origin);
    }

    @Test
    void any_origin_needs_no_vary() throws Exception {
        var response = call(Cors.of(List.of("*")), of("https://anybody.example"));
        assertThat(said(response, "Allow-Origin")).isEqualTo("*");
        assertThat(response.headers().all("Vary")).containsExactly("Accept");
    }

    @Test
    void a_preflight_is_answered_and_reaches_nobody() throws Exception {
        var cors = ONE.headers(List.of("Content-Type", "Idempotency-Key")).credentials(true);
        var response =
                call(
                        cors,
                        preflight(SHOP, "PUT")
                                .header(
                                        "Access-Control-Request-Headers",
                                        "content-type, idempotency-key"));
        assertThat(response.status()).isEqualTo(204);
        assertThat(said(response, "Allow-Origin")).isEqualTo(SHOP);
        assertThat(said(response, "Allow-Methods"))
                .isEqualTo("GET, HEAD, POST, PUT, PATCH, DELETE");
        assertThat(said(response, "Allow-Headers")).isEqualTo("content-type, idempotency-key");
        assertThat(said(response, "Allow-Credentials")).isEqualTo("true");
        assertThat(said(response, "Max-Age")).isEqualTo("600");
        assertThat(response.headers().get("Vary").orElseThrow())
                .contains(
                        "Origin",
                        "Access-Control-Request-Method",
                        "Access-Control-Request-Headers");
        assertThat(served).hasValue(0);
    }

    @Test
    void a_preflight_that_asks_for_too_much_is_told_what_is_allowed() throws Exception {
        var cors = ONE.methods(List.of(Method.GET)).headers(List.of("Content-Type"));
        var wrong =
                List.of(
                        preflight("https://evil.example", "GET"),
                        preflight(SHOP, "DELETE"),
                        preflight(SHOP, "get"),
                        preflight(SHOP, "GET")
                                .header(
                                        "Access-Control-Request-Headers",
                                        "Content-Type, X-Secret"));
        var told = List.of("origin https://evil.example", "DELETE", "method get", "X-Secret");
        for (int i = 0; i < wrong.size(); i++) {
            var response = call(cors, wrong.get(i));
            assertThat(response.status()).isEqualTo(403);
            assertThat(said(response, "Allow-Origin")).isEmpty();
            var problem = Problems.parse(response);
            assertThat(problem.type()).isEqualTo("cors-refused");
            assertThat(problem.detail()).contains(told.get(i)).contains("that are allowed: [");
        }
        assertThat(served).hasValue(0);
    }

    @Test
    void headers_of_a_preflight_are_never_given_back_malformed() throws Exception {
        var response =
                call(
                        ONE,
                        preflight(SHOP, "GET")
                                .header("Access-Control-Request-Headers", "ok, not a name"));
        assertThat(response.status()).isEqualTo(403);
    }

    @Test
    void options_without_the_question_of_a_preflight_is_a_request_as_others() throws Exception {
        call(ONE, Request.of(Method.OPTIONS, "/x").header("Origin", SHOP));
        call(ONE, Request.of(Method.OPTIONS, "/x").header("Access-Control-Request-Method", "GET"));
        assertThat(served).hasValue(2);
    }

    @Test
    void what_browsers_would_not_take_or_nobody_should_allow_is_refused() {
        assertThatThrownBy(() -> Cors.of(List.of("*")).credentials(true))
                .hasMessageContaining("with credentials the origins have to be named");
        for (var origin :
                List.of(
                        "shop.example",
                        "https://shop.example/",
                        "https://Shop.example",
                        "https://*",
                        "https://a.*.example",
                        "null",
                        ""))
            assertThatThrownBy(() -> Cors.of(List.of(origin)))
                    .as(origin)
                    .hasMessageContaining("an origin is one such as");
        assertThatThrownBy(() -> Cors.of(List.of("*", SHOP))).hasMessageContaining("alone");
        assertThatThrownBy(() -> Cors.of(List.of())).hasMessageContaining("there is no origin");
        assertThatThrownBy(() -> ONE.headers(List.of("a b"))).hasMessageContaining("a b");
        assertThatThrownBy(() -> ONE.maxAge(Duration.ofDays(2))).hasMessageContaining("24 h");
    }
}
