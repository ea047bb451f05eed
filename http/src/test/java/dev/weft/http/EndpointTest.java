package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Receipt;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Work;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The same behaviour without a socket and with one. */
class EndpointTest {

    record AddItem(String cartId, String sku, int quantity, BigDecimal price) {}

    record Cart(String cartId, List<String> skus, BigDecimal total) {}

    record Find(Optional<String> text, List<String> tags, Optional<Integer> limit) {}

    record Found(String text, List<String> tags, int limit) {}

    static final Endpoint<AddItem, Cart> ADD =
            Endpoint.post("/carts/{cart_id}/items", AddItem.class, Cart.class)
                    .status(201)
                    .location(cart -> "/carts/" + cart.cartId());

    static final Endpoint<Find, Found> FIND = Endpoint.get("/find", Find.class, Found.class);

    record Drop(String cartId) {}

    static final Endpoint<Drop, Void> DROP =
            Endpoint.delete("/carts/{cart_id}", Drop.class, Void.class);

    static final Endpoint<String, Found> SHOW =
            Endpoint.get("/found/{id}", String.class, Found.class);

    record Odd(List<byte[][]> parts) {}

    @Test
    void what_cannot_be_json_is_known_before_the_first_call() {
        assertThatThrownBy(() ->
                        Endpoint.get("/odd", Find.class, Odd.class).to(find -> new Odd(List.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the output of GET /odd: no JSON for [[B");
        assertThatThrownBy(
                        () -> Endpoint.post("/odd", Odd.class, Drop.class).to(odd -> new Drop("")))
                .hasMessageStartingWith("the input of POST /odd: no JSON for [[B");
    }

    @Test
    @SuppressWarnings({"rawtypes", "unchecked", "NullAway"}) // of a list; of a Void, which is null
    void an_operation_may_take_nothing_and_answer_a_list() throws Exception {
        var all = Endpoint.get("/all", List.class);
        var routes = Routes.of(all.to(() -> List.of(new Drop("1"), new Drop("2"))));
        assertThat(routes.call(Request.get("/all?ignored=1")).body().text())
                .isEqualTo("[{\"cart_id\":\"1\"},{\"cart_id\":\"2\"}]");
        assertThat(all.on(routes).call(null)).hasSize(2);
        assertThatThrownBy(() -> SHOW.to(() -> new Found("", List.of(), 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has an input");
    }

    private static Cart add(AddItem add) {
        if (add.sku().equals("none")) throw Problem.unknown("product", add.sku());
        if (add.sku().equals("busy"))
            throw new Failure.Refused(
                    Refusal.notBegun("stock/1", Refusal.Reason.RATE, "too many")
                            .retryAfter(Duration.ofMillis(1500)));
        if (add.sku().equals("bug")) throw new IllegalStateException("secret");
        return new Cart(
                add.cartId(),
                List.of(add.sku()),
                add.price().multiply(BigDecimal.valueOf(add.quantity())));
    }

    @SuppressWarnings("NullAway") // a Void is null
    private static final Routes ROUTES =
            Routes.of(
                    ADD.to(EndpointTest::add),
                    FIND.to(find ->
                            new Found(
                                    find.text().orElse("-"), find.tags(), find.limit().orElse(0))),
                    DROP.to(drop -> null),
                    SHOW.to(id -> new Found(id, List.of(), 1)),
                    Route.get(
                            "/receipt",
                            request ->
                                    Response.text("{}").header(ContextHeaders.RECEIPT, "stock=7")),
                    Route.get("/garbled", request -> Response.text("no json")),
                    Route.get(
                            "/plain",
                            request ->
                                    Response.of(503)
                                            .header("Retry-After", "2")
                                            .with(Body.of("down"))));

    private static final Filter<Request, Response> PROBLEMS = Problems.filter("carts");

    /** Runs the check in memory, then over HTTP. */
    private static void both(Check check) throws Exception {
        var service = PROBLEMS.then(ROUTES);
        check.run(service);
        try (var transport = new HttpTransport();
                var server = transport.serve(service, ServerOptions.DEFAULT)) {
            check.run(transport.client(server.address()));
        }
    }

    private interface Check {
        void run(Service<Request, Response> client) throws Exception;
    }

    @Test
    void a_typed_call_fills_path_and_body_and_reads_the_answer() throws Exception {
        both(client -> {
            var add = new AddItem("a/b ü", "s1", 3, new BigDecimal("1.10"));
            assertThat(ADD.on(client).call(add))
                    .isEqualTo(new Cart("a/b ü", List.of("s1"), new BigDecimal("3.30")));
        });
    }

    @Test
    void a_get_fills_the_query() throws Exception {
        both(client -> {
            var find = new Find(Optional.of("ä&b=c d"), List.of("x", "y"), Optional.of(5));
            assertThat(FIND.on(client).call(find))
                    .isEqualTo(new Found("ä&b=c d", List.of("x", "y"), 5));
        });
    }

    @Test
    void a_text_as_input_is_the_paths_one_variable() throws Exception {
        both(client -> assertThat(SHOW.on(client).call("a/b ü").text()).isEqualTo("a/b ü"));
        assertThatThrownBy(() -> Endpoint.get("/found", String.class, Found.class))
                .hasMessageContaining("/found has to have one variable");
    }

    @Test
    void nothing_to_answer_is_204() throws Exception {
        both(client -> {
            assertThat(DROP.on(client).call(new Drop("1"))).isNull();
            var response = client.call(Request.of(dev.weft.core.Method.DELETE, "/carts/1"));
            assertThat(response.status()).isEqualTo(204);
            assertThat(response.body().bytes()).isEmpty();
        });
    }

    @Test
    void status_and_location_are_the_endpoints() throws Exception {
        both(client -> {
            var response = client.call(post("{\"sku\":\"s\",\"quantity\":1,\"price\":2}"));
            assertThat(response.status()).isEqualTo(201);
            assertThat(response.headers().get("Location")).hasValue("/carts/c1");
            assertThat(response.headers().get("Content-Type")).hasValue("application/json");
            assertThat(response.body().text())
                    .isEqualTo("{\"cart_id\":\"c1\",\"skus\":[\"s\"],\"total\":2}");
        });
    }

    @Test
    void what_cannot_be_read_is_a_400_that_names_it() throws Exception {
        both(client -> {
            var problem = Problems.parse(client.call(post("{\"sku\":\"s\"}")));
            assertThat(problem.status()).isEqualTo(400);
            assertThat(problem.type()).isEqualTo("malformed");
            assertThat(problem.detail()).contains("quantity is missing");
            var typed = post("a=b").header("Content-Type", "text/plain");
            assertThat(Problems.parse(client.call(typed)).status()).isEqualTo(415);
            var both = post("{\"sku\":\"s\",\"quantity\":1,\"price\":2,\"cart_id\":\"c2\"}");
            assertThat(Problems.parse(client.call(both)).detail())
                    .isEqualTo(
                            "cart_id is c1 in the path or query and c2 in the body; they"
                                    + " have to agree");
        });
    }

    @Test
    void a_problem_is_thrown_at_the_caller_with_its_members() throws Exception {
        both(client ->
                assertThatThrownBy(() -> ADD.on(client).call(item("none")))
                        .isInstanceOfSatisfying(
                                Failure.Answered.class,
                                e -> {
                                    assertThat(e.problem().status()).isEqualTo(422);
                                    assertThat(e.problem().type()).isEqualTo("unknown-product");
                                    assertThat(e.problem().members())
                                            .containsEntry("product_id", "none");
                                }));
    }

    @Test
    void a_refusal_arrives_as_it_was_one_call_away() throws Exception {
        both(client -> {
            assertThatThrownBy(() -> ADD.on(client).call(item("busy")))
                    .isInstanceOfSatisfying(
                            Failure.Refused.class,
                            e ->
                                    assertThat(e.refusal())
                                            .isEqualTo(
                                                    Refusal.notBegun(
                                                                    "stock/1",
                                                                    Refusal.Reason.RATE,
                                                                    "too many")
                                                            .retryAfter(Duration.ofMillis(1500))
                                                            .fromAfar()));
            var response = client.call(post("{\"sku\":\"busy\",\"quantity\":1,\"price\":2}"));
            assertThat(response.status()).isEqualTo(429);
            assertThat(response.headers().get("Retry-After")).hasValue("2");
        });
    }

    @Test
    void a_bug_is_a_500_that_tells_nothing() throws Exception {
        both(client -> {
            var response = client.call(post("{\"sku\":\"bug\",\"quantity\":1,\"price\":2}"));
            assertThat(response.status()).isEqualTo(500);
            assertThat(response.body().text()).doesNotContain("secret", "Exception");
        });
    }

    @Test
    void no_route_and_no_method_are_problems() throws Exception {
        both(client -> {
            assertThat(Problems.parse(client.call(Request.get("/x"))).type())
                    .isEqualTo("no-such-route");
            var response = client.call(Request.get("/carts/1/items"));
            assertThat(response.status()).isEqualTo(405);
            assertThat(response.headers().get("Allow")).hasValue("POST, OPTIONS");
        });
    }

    @Test
    void an_answers_receipt_is_added_to_the_current_work() throws Exception {
        both(client -> {
            var work = Work.of("", "");
            var endpoint = Endpoint.get("/receipt", Drop.class, Response.class);
            Context.none().with(work).call(() -> endpoint.on(client).call(new Drop("1")).status());
            assertThat(work.receipt()).isEqualTo(Receipt.of("stock", 7));
        });
    }

    @Test
    void an_answer_that_cannot_be_read_is_the_other_sides_fault() throws Exception {
        both(client ->
                assertThatThrownBy(() ->
                                Endpoint.get("/garbled", Drop.class, Cart.class)
                                        .on(client)
                                        .call(new Drop("1")))
                        .isInstanceOfSatisfying(
                                Failure.Answered.class,
                                e -> assertThat(e.problem().status()).isEqualTo(502)));
    }

    @Test
    void an_answer_that_is_no_problem_becomes_one() throws Exception {
        both(client -> {
            var problem = Problems.parse(client.call(Request.get("/plain")));
            assertThat(problem.type()).isEqualTo("http-503");
            assertThat(problem.detail()).isEqualTo("down");
            assertThat(problem.members()).containsEntry("retry_after_ms", 2000L);
        });
    }

    private static AddItem item(String sku) {
        return new AddItem("c1", sku, 1, BigDecimal.ONE);
    }

    private static Request post(String body) {
        return Request.post("/carts/c1/items", Body.of(body))
                .header("Content-Type", "application/json");
    }
}
