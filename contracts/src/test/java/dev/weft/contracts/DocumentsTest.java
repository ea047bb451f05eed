package dev.weft.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.contracts.Contract.Heard;
import dev.weft.contracts.Contract.Operation;
import dev.weft.contracts.Contract.Told;
import dev.weft.json.Json;
import dev.weft.json.Schemas;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DocumentsTest {

    record AddItem(String customerId, String productId, long quantity) {}

    record Remove(String customerId, String productId) {}

    record Find(Optional<String> text, List<String> fields) {}

    record Cart(List<AddItem> items) {}

    record Sold(String id, long amount) {}

    record Amount(long amount) {}

    private static final Schemas CART = new Schemas(Contract.PREFIX);
    private static final Schemas BOOKS = new Schemas(Contract.PREFIX);

    private static Operation operation(
            String operation, Optional<Class<?>> takes, Optional<Class<?>> answers, int status) {
        return new Operation(
                operation,
                takes.map(CART::of),
                answers.map(CART::of),
                Optional.of(status),
                status == 201);
    }

    private static Contract cart() {
        var endpoints =
                List.of(
                        operation(
                                "POST /carts/{customer_id}/items",
                                Optional.of(AddItem.class),
                                Optional.of(Cart.class),
                                201),
                        operation(
                                "DELETE /carts/{customer_id}/items/{product_id}",
                                Optional.of(Remove.class),
                                Optional.empty(),
                                204),
                        operation(
                                "GET /carts",
                                Optional.of(Find.class),
                                Optional.of(Cart.class),
                                200),
                        operation(
                                "GET /carts/{id}", Optional.empty(), Optional.of(Cart.class), 200),
                        operation(
                                "PUT /carts/{name}",
                                Optional.of(Cart.class),
                                Optional.empty(),
                                204),
                        new Operation(
                                "GET /files/{path...}",
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                false));
        return new Contract(
                "cart",
                endpoints,
                List.of(new Told("sold", 1, CART.of(Sold.class))),
                List.of(),
                List.of(),
                CART.definitions());
    }

    private static Contract books() {
        return new Contract(
                "books",
                List.of(),
                List.of(),
                List.of(
                        new Heard("entries", "sold", 1, BOOKS.of(Amount.class)),
                        new Heard("entries", "measured", 1, BOOKS.of(Amount.class))),
                List.of(),
                BOOKS.definitions());
    }

    /** As whoever gets it reads it. */
    private static Map<String, Object> read(Map<String, Object> document) {
        return Json.readMap(Json.write(document));
    }

    private static Object at(Object document, String... path) {
        var here = document;
        for (var step : path) {
            here =
                    here instanceof List<?> list
                            ? list.get(Integer.parseInt(step))
                            : Node.object(here).getOrDefault(step, "no " + step);
        }
        return here;
    }

    private static String text(Object document, String... path) {
        return Json.text(at(document, path));
    }

    private final Map<String, Object> openApi = read(OpenApi.of("cart", List.of(cart())));

    @Test
    void what_an_operation_takes_comes_from_path_query_and_body() {
        var add = at(openApi, "paths", "/carts/{customer_id}/items", "post");
        assertThat(text(add, "parameters", "0"))
                .isEqualTo(
                        "{\"name\":\"customer_id\",\"in\":\"path\",\"required\":true,"
                                + "\"schema\":{\"type\":\"string\"}}");
        assertThat(text(add, "requestBody"))
                .startsWith("{\"required\":true,\"content\":{\"application/json\":{\"schema\":")
                .contains("\"required\":[\"product_id\",\"quantity\"]")
                .doesNotContain("customer_id");
        assertThat(text(add, "responses", "201", "content", "application/json", "schema"))
                .isEqualTo("{\"$ref\":\"#/components/schemas/Cart\"}");
        assertThat(text(add, "responses", "201", "headers")).contains("Location");
        var remove = at(openApi, "paths", "/carts/{customer_id}/items/{product_id}", "delete");
        assertThat(text(remove, "parameters")).contains("customer_id", "product_id");
        assertThat(text(remove)).doesNotContain("requestBody").doesNotContain("query");
        assertThat(at(remove, "responses", "204", "content")).isEqualTo("no content");
        var find = at(openApi, "paths", "/carts", "get");
        assertThat(text(find, "parameters", "0"))
                .contains("\"name\":\"text\",\"in\":\"query\",\"required\":false");
        assertThat(text(find, "parameters", "1"))
                .contains(
                        "\"name\":\"fields\",\"in\":\"query\",\"required\":true,\"explode\":false");
    }

    @Test
    void paths_that_differ_in_the_names_of_variables_only_are_one() {
        assertThat(Node.object(at(openApi, "paths")))
                .containsOnlyKeys(
                        "/carts",
                        "/carts/{customer_id}/items",
                        "/carts/{customer_id}/items/{product_id}",
                        "/carts/{id}",
                        "/files/{path}");
        assertThat(text(openApi, "paths", "/carts/{id}", "put", "parameters", "0"))
                .contains("\"name\":\"id\"");
    }

    @Test
    void a_write_can_be_made_once_and_a_failure_is_a_problem() {
        assertThat(text(openApi, "paths", "/carts/{id}", "put", "parameters"))
                .contains("#/components/parameters/IdempotencyKey");
        assertThat(text(openApi, "paths", "/carts/{id}", "get", "parameters"))
                .doesNotContain("IdempotencyKey");
        assertThat(text(openApi, "paths", "/carts/{id}", "get", "responses", "default"))
                .isEqualTo("{\"$ref\":\"#/components/responses/Problem\"}");
    }

    @Test
    void schemas_of_several_services_are_told_apart() {
        var all = read(OpenApi.of("shop", List.of(cart(), books())));
        assertThat(Node.object(at(all, "components", "schemas")))
                .containsKeys("cart.Cart", "cart.AddItem", "books.Amount", "Problem");
        assertThat(text(all, "components", "schemas", "cart.Cart"))
                .contains("#/components/schemas/cart.AddItem");
    }

    @Test
    void every_reference_leads_somewhere() {
        for (var document :
                List.of(
                        openApi,
                        read(OpenApi.of("shop", List.of(cart(), books()))),
                        read(AsyncApi.of("shop", List.of(cart(), books()))))) {
            var references = new ArrayList<String>();
            collect(document, references);
            assertThat(references).isNotEmpty();
            for (var reference : references) {
                assertThat(reference).startsWith("#/");
                var steps = reference.substring(2).split("/");
                assertThat(at(document, steps)).as(reference).isInstanceOf(Map.class);
            }
        }
    }

    private static void collect(Object value, List<String> references) {
        if (value instanceof Map<?, ?> map)
            map.forEach((name, member) -> {
                if (name.equals("$ref")) references.add(String.valueOf(member));
                else collect(member, references);
            });
        if (value instanceof List<?> list) list.forEach(each -> collect(each, references));
    }

    @Test
    void a_type_of_event_is_a_channel_with_those_who_publish_and_take_it() {
        var events = read(AsyncApi.of("shop", List.of(books(), cart())));
        assertThat(at(events, "asyncapi")).isEqualTo("3.0.0");
        assertThat(Node.object(at(events, "channels"))).containsOnlyKeys("sold", "measured");
        assertThat(text(events, "components", "messages", "sold", "payload"))
                .isEqualTo("{\"$ref\":\"#/components/schemas/cart.Sold\"}");
        assertThat(text(events, "components", "messages", "measured", "payload"))
                .isEqualTo("{\"$ref\":\"#/components/schemas/books.Amount\"}");
        assertThat(text(events, "operations", "cart.publishes.sold"))
                .isEqualTo(
                        "{\"action\":\"send\",\"channel\":{\"$ref\":\"#/channels/sold\"},"
                                + "\"messages\":[{\"$ref\":\"#/channels/sold/messages/sold\"}],"
                                + "\"summary\":\"cart publishes sold\"}");
        assertThat(text(events, "operations", "books.entries.sold"))
                .contains("\"action\":\"receive\"", "books.entries reads amount");
    }

    @Test
    void the_same_contracts_make_the_same_text() {
        assertThat(
                        new String(
                                Json.write(OpenApi.of("cart", List.of(cart()))),
                                StandardCharsets.UTF_8))
                .isEqualTo(Json.text(openApi));
    }
}
