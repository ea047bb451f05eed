package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoutesTest {

    private static final Service<Request, Response> NAMES =
            request -> Response.text(request.variables().toString());

    private static Route get(String path) {
        return Route.get(path, request -> Response.text(path + " " + request.variables()));
    }

    private static String answer(Routes routes, String path) throws Exception {
        return routes.call(Request.get(path)).body().text();
    }

    @Test
    void a_literal_goes_before_a_variable_and_a_variable_before_the_rest() throws Exception {
        var routes = Routes.of(get("/a/{rest...}"), get("/a/{id}"), get("/a/b"), get("/a/{id}/c"));
        assertThat(answer(routes, "/a/b")).isEqualTo("/a/b {}");
        assertThat(answer(routes, "/a/x")).isEqualTo("/a/{id} {id=x}");
        assertThat(answer(routes, "/a/b/c")).isEqualTo("/a/{id}/c {id=b}");
        assertThat(answer(routes, "/a/b/d/e")).isEqualTo("/a/{rest...} {rest=b/d/e}");
    }

    @Test
    void goes_back_to_a_variable_when_a_literal_leads_nowhere() throws Exception {
        var routes = Routes.of(get("/a/b/c"), get("/{x}/b/d"));
        assertThat(answer(routes, "/a/b/d")).isEqualTo("/{x}/b/d {x=a}");
    }

    @Test
    void the_longest_prefix_takes_the_rest() throws Exception {
        var routes =
                Routes.of(
                        get("/{rest...}"),
                        get("/files/{rest...}"),
                        get("/files/{id}/versions/{rest...}"),
                        get("/files/public/{rest...}"));
        assertThat(answer(routes, "/files/public/a/b")).startsWith("/files/public/{rest...}");
        assertThat(answer(routes, "/files/publicity/a")).startsWith("/files/{rest...}");
        assertThat(answer(routes, "/files/7/versions/2")).startsWith("/files/{id}/versions/");
        assertThat(answer(routes, "/files/public/versions/2")).startsWith("/files/public/");
        assertThat(answer(routes, "/files/7/other")).startsWith("/files/{rest...}");
        assertThat(answer(routes, "/files/")).isEqualTo("/files/{rest...} {rest=}");
        assertThat(answer(routes, "/files")).startsWith("/{rest...}");
        assertThat(answer(routes, "/")).startsWith("/{rest...}");
    }

    @Test
    void a_route_with_another_method_hides_nothing() throws Exception {
        var routes =
                Routes.of(
                        get("/{rest...}"),
                        Route.post("/login", NAMES),
                        get("/a/{id}"),
                        Route.put("/a/search", NAMES));
        assertThat(answer(routes, "/login")).isEqualTo("/{rest...} {rest=login}");
        assertThat(answer(routes, "/a/search")).isEqualTo("/a/{id} {id=search}");
        var options = routes.call(Request.of(Method.OPTIONS, "/a/search"));
        assertThat(options.headers().get("Allow")).hasValue("GET, HEAD, PUT, OPTIONS");
        assertThatThrownBy(() -> routes.call(Request.of(Method.DELETE, "/a/search")))
                .hasMessageContaining("takes GET, HEAD, PUT, OPTIONS, not DELETE");
    }

    @Test
    void each_route_names_its_own_variables() throws Exception {
        var routes = Routes.of(get("/{one}/a"), get("/{other}/b"));
        assertThat(answer(routes, "/1/a")).isEqualTo("/{one}/a {one=1}");
        assertThat(answer(routes, "/1/b")).isEqualTo("/{other}/b {other=1}");
    }

    @Test
    void values_are_decoded_and_a_slash_in_one_is_no_separator() throws Exception {
        var routes = Routes.of(get("/a/{id}"), get("/c d"));
        assertThat(answer(routes, "/a/x%2Fy+z%20%C3%A4")).isEqualTo("/a/{id} {id=x/y+z ä}");
        assertThat(answer(routes, "/c%20d")).isEqualTo("/c d {}");
        assertThatThrownBy(() -> answer(routes, "/a/%zz")).isInstanceOf(Failure.Malformed.class);
    }

    @Test
    void what_is_not_there_is_a_404_that_names_it() {
        var routes = Routes.of(get("/a/{id}"), get("/"));
        for (var path : new String[] {"/b", "/a", "/a/", "/a/b/", "/a/b/c"})
            assertThatThrownBy(() -> answer(routes, path))
                    .isInstanceOfSatisfying(
                            Failure.Answered.class,
                            e -> {
                                assertThat(e.problem().status()).isEqualTo(404);
                                assertThat(e.problem().detail()).contains(path);
                            });
    }

    @Test
    void a_method_that_is_not_there_is_a_405_that_names_the_others() {
        var routes = Routes.of(get("/a"), Route.put("/a", NAMES), Route.delete("/b", NAMES));
        assertThatThrownBy(() -> routes.call(Request.post("/a", Body.EMPTY)))
                .isInstanceOfSatisfying(
                        Failure.Answered.class,
                        e -> {
                            assertThat(e.problem().status()).isEqualTo(405);
                            assertThat(e.problem().members())
                                    .containsEntry("allow", "GET, HEAD, PUT, OPTIONS");
                        });
    }

    @Test
    void head_is_served_by_get_and_options_by_itself() throws Exception {
        var routes = Routes.of(get("/a"), Route.delete("/b", NAMES));
        assertThat(routes.call(Request.of(Method.HEAD, "/a")).status()).isEqualTo(200);
        var options = routes.call(Request.of(Method.OPTIONS, "/b"));
        assertThat(options.status()).isEqualTo(204);
        assertThat(options.headers().get("Allow")).hasValue("DELETE, OPTIONS");
    }

    @Test
    void the_same_route_twice_is_an_error_of_the_program() {
        var one = Routes.of(get("/a/{x}"));
        var other = Routes.of(get("/a/{y}"));
        assertThatThrownBy(() -> one.and(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("GET /a/{y} is declared twice, also as GET /a/{x}");
        assertThat(one.and(Routes.of(Route.put("/a/{y}", NAMES))).list())
                .extracting(Route::toString)
                .containsExactly("GET /a/{x}", "PUT /a/{y}");
    }

    @Test
    void finds_the_route_that_would_answer() {
        var routes = Routes.of(get("/a/{x}"));
        var found = routes.find(Method.GET, "/a/1");
        assertThat(found).isNotNull();
        assertThat(found).hasToString("GET /a/{x}");
        assertThat(routes.find(Method.HEAD, "/a/1")).isEqualTo(found);
        assertThat(routes.find(Method.PUT, "/a/1")).isNull();
        assertThat(routes.find(Method.GET, "/b")).isNull();
    }

    @Test
    void a_template_is_filled_with_escaped_values() {
        var template = new PathTemplate("/a/{id}/b/{rest...}");
        assertThat(template.variables()).containsExactly("id", "rest");
        assertThat(template.fill(Map.of("id", "x/y z+ä", "rest", "c/d e")))
                .isEqualTo("/a/x%2Fy%20z%2B%C3%A4/b/c/d%20e");
        assertThat(template.fill(Map.of("id", "..", "rest", "x"))).isEqualTo("/a/%2E%2E/b/x");
        for (var values : new Map<?, ?>[] {Map.of("id", "1"), Map.of("id", "", "rest", "x")}) {
            @SuppressWarnings("unchecked") // it is made of texts
            var texts = (Map<String, String>) values;
            assertThatThrownBy(() -> template.fill(texts))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no value for");
        }
    }

    @Test
    void a_template_that_says_nothing_clear_is_refused() {
        for (var text : new String[] {"a", "/{x}/{x}", "/{x...}/a", "/a{x}", "/{x}b", "/}x{"})
            assertThatThrownBy(() -> new PathTemplate(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void templates_meet_where_a_path_fits_both() {
        for (var both :
                List.of(
                        "/a/{x} /a/{y}",
                        "/a/{x} /{y}/b",
                        "/a/b/c /a/{rest...}",
                        "/a /{rest...}",
                        "/ /{rest...}",
                        "/ /")) assertThat(meet(both)).as(both).isTrue();
        for (var neither :
                List.of("/a /b", "/a /a/b", "/a/{x} /b/{x}", "/a /a/{rest...}", "/ /{x}"))
            assertThat(meet(neither)).as(neither).isFalse();
    }

    private static boolean meet(String two) {
        var templates = two.split(" ");
        boolean meet = new PathTemplate(templates[0]).meets(new PathTemplate(templates[1]));
        assertThat(new PathTemplate(templates[1]).meets(new PathTemplate(templates[0])))
                .isEqualTo(meet);
        return meet;
    }
}
