package dev.weft.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JsonTest {

    enum Colour {
        RED,
        DARK_BLUE
    }

    record Item(String sku, int quantity, BigDecimal unitPrice) {}

    record Order(String orderId, List<Item> items, Optional<String> note) {}

    record Everything(
            boolean flag,
            byte tiny,
            short small,
            int whole,
            long large,
            float real,
            double precise,
            char letter,
            BigInteger huge,
            Instant at,
            Duration took,
            LocalDate day,
            UUID id,
            URI link,
            byte[] bytes,
            Colour colour,
            Set<String> tags,
            Map<Colour, Integer> counts,
            Map<String, List<Optional<Item>>> nested,
            Object anything) {}

    sealed interface Shape {}

    record Circle(double radius) implements Shape {}

    sealed interface Angular extends Shape {}

    record RoundedSquare(double side, double corner) implements Angular {}

    record Group(List<Shape> shapes) implements Shape {}

    record Drawing(Shape shape, Circle circle) {}

    record Page<T>(List<T> data, Optional<T> first) {}

    record Orders(Page<Item> page) {}

    record Tree(int value, List<Tree> children) {}

    record Positive(int value) {
        Positive {
            if (value <= 0)
                throw new IllegalArgumentException("value must be positive, not " + value);
        }
    }

    record Box(Positive content) {}

    record Find(String id, Optional<Integer> limit, List<String> tags, Optional<Boolean> full) {}

    record Nothing() {}

    @Test
    void a_record_is_an_object_in_snake_case() {
        var order =
                new Order(
                        "o1", List.of(new Item("a", 2, new BigDecimal("1.50"))), Optional.empty());
        assertThat(Json.text(order))
                .isEqualTo(
                        "{\"order_id\":\"o1\",\"items\":[{\"sku\":\"a\",\"quantity\":2,\"unit_price\":1.50}]}");
        assertThat(Json.read(Json.write(order), Order.class)).isEqualTo(order);
    }

    @Test
    void every_supported_type_comes_back_as_it_was() {
        var everything =
                new Everything(
                        true,
                        (byte) -128,
                        (short) 32767,
                        Integer.MIN_VALUE,
                        Long.MAX_VALUE,
                        1.25f,
                        1e-300,
                        'ß',
                        new BigInteger("123456789012345678901234567890"),
                        Instant.parse("2026-01-31T09:30:00.123456789Z"),
                        Duration.ofMillis(1500),
                        LocalDate.of(2026, 2, 28),
                        UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
                        URI.create("https://example.org/a?b=c"),
                        new byte[] {0, 1, -1},
                        Colour.DARK_BLUE,
                        Set.of("x"),
                        Map.of(Colour.RED, 1),
                        Map.of("k", List.of(Optional.empty())),
                        List.of(1L, new BigDecimal("2.50"), "x", true, Map.of("a", 1L)));
        var text = Json.text(everything);
        assertThat(text)
                .contains("\"colour\":\"dark_blue\"", "\"counts\":{\"red\":1}", "\"k\":[null]");
        var back = Json.read(text, Everything.class);
        assertThat(back.bytes()).isEqualTo(everything.bytes());
        assertThat(back).usingRecursiveComparison().ignoringFields("bytes").isEqualTo(everything);
    }

    @Test
    void decimals_are_exact_and_plain() {
        for (var text : List.of("0.10", "100", "0.1234567890123456789012345678901", "-5.00"))
            assertThat(
                            Json.text(
                                    Json.read(
                                            "{\"sku\":\"\",\"quantity\":0,\"unit_price\":"
                                                    + text
                                                    + "}",
                                            Item.class)))
                    .contains(":" + text + "}");
        assertThat(Json.text(Map.of("n", new BigDecimal("1E+3")))).isEqualTo("{\"n\":1000}");
    }

    @Test
    void only_a_declared_sealed_interface_has_a_type_member() {
        var drawing = new Drawing(new RoundedSquare(2, 0.5), new Circle(1));
        var text =
                "{\"shape\":{\"type\":\"rounded-square\",\"side\":2.0,\"corner\":0.5},\"circle\":{\"radius\":1.0}}";
        assertThat(Json.text(drawing)).isEqualTo(text);
        assertThat(Json.read(text, Drawing.class)).isEqualTo(drawing);
        assertThat(Json.text(drawing.circle())).isEqualTo("{\"radius\":1.0}");
        assertThat(new String(Json.write(drawing.circle(), Shape.class), StandardCharsets.UTF_8))
                .isEqualTo("{\"type\":\"circle\",\"radius\":1.0}");
    }

    @Test
    void the_type_may_stand_anywhere_in_the_object() {
        var text =
                "{\"shapes\":[{\"radius\":1,\"more\":{\"type\":\"x\"},\"type\":\"circle\"}],\"type\":\"group\"}";
        assertThat(Json.read(text, Shape.class)).isEqualTo(new Group(List.of(new Circle(1))));
    }

    @Test
    void generic_and_recursive_records_are_read_by_their_arguments() {
        var item = new Item("a", 1, BigDecimal.ONE);
        var orders = new Orders(new Page<>(List.of(item), Optional.of(item)));
        assertThat(Json.read(Json.write(orders), Orders.class)).isEqualTo(orders);
        var tree = new Tree(1, List.of(new Tree(2, List.of()), new Tree(3, List.of())));
        assertThat(Json.read(Json.write(tree), Tree.class)).isEqualTo(tree);
        assertThat(Json.readList(Json.write(List.of(item, item)), Item.class))
                .containsExactly(item, item);
    }

    @Test
    void an_optional_component_may_be_absent_or_null_and_others_may_not() {
        assertThat(Json.read("{\"order_id\":\"1\",\"items\":[]}", Order.class).note()).isEmpty();
        assertThat(Json.read("{\"order_id\":\"1\",\"items\":[],\"note\":null}", Order.class).note())
                .isEmpty();
        refuses("{\"order_id\":\"1\"}", Order.class, "items is missing, wanted a list");
        refuses("{\"order_id\":null,\"items\":[]}", Order.class, "order_id is null, wanted a text");
        refuses(
                "{\"order_id\":\"1\",\"items\":[{\"sku\":\"a\",\"unit_price\":1}]}",
                Order.class,
                "items[0].quantity is missing, wanted a whole number from -2147483648 to 2147483647");
    }

    @Test
    void a_misfit_is_named_with_its_place_what_was_found_and_what_is_wanted() {
        refuses("[]", Item.class, "the JSON is a list, wanted an object");
        refuses("null", Item.class, "the JSON is null, wanted an object");
        refuses("", Item.class, "there is no JSON, wanted an object");
        refuses(
                item("\"5\"", "1"),
                Item.class,
                "quantity is the text \"5\", wanted a whole number");
        refuses(item("5.0", "1"), Item.class, "quantity is the number 5.0, wanted a whole number");
        refuses(item("2147483648", "1"), Item.class, "quantity is the number 2147483648");
        refuses(item("5", "\"1\""), Item.class, "unit_price is the text \"1\", wanted a decimal");
        refuses(item("5", "1e99999"), Item.class, "unit_price is the number 1e99999");
        refuses(item("true", "1"), Item.class, "quantity is true");
        refuses("{\"sku\":5}", Item.class, "sku is the number 5, wanted a text");
        refuses("{\"sku\":[\"a\"]}", Item.class, "sku is a list, wanted a text");
        refuses("{\"sku\":{}}", Item.class, "sku is an object, wanted a text");
        refuses("{\"items\":[{},[]]}", Order.class, "items[0].sku is missing");
        refuses("{\"order_id\":\"\",\"items\":[[]]}", Order.class, "items[0] is a list");
        refuses(
                "[[1],[\"a\"]]",
                new Lists(new Lists(Types.codec(int.class), false), false),
                "[1][0] is the text \"a\"");
        refuses("{\"type\":\"oval\"}", Shape.class, "type is the text \"oval\", wanted");
        refuses("{}", Shape.class, "type is missing, wanted an object whose \"type\" is one of");
        refuses("\"green\"", Colour.class, "wanted one of red, dark_blue");
    }

    @Test
    void no_message_names_a_java_class() {
        for (var bad :
                List.of(
                        "{",
                        "{\"a\"",
                        "[1,]",
                        "{\"a\":NaN}",
                        "nul",
                        "{\"a\":1}{",
                        "\u0001",
                        "[".repeat(200)))
            assertThatThrownBy(() -> Json.readMap(bad.getBytes(StandardCharsets.UTF_8)))
                    .isInstanceOf(Failure.Malformed.class)
                    .hasMessageNotContainingAny("java.", "jackson", "Map", "`");
    }

    @Test
    void the_same_member_twice_is_refused() {
        refuses("{\"sku\":\"a\",\"sku\":\"a\"}", Item.class, "sku is there twice");
        refuses(
                "{\"a\":{\"b\":1,\"b\":2}}",
                new Maps(Anything.MAP.key(), Anything.CODEC),
                "a.b is there twice");
        refuses(
                "{\"type\":\"circle\",\"radius\":1,\"type\":\"circle\"}",
                Shape.class,
                "type is there twice");
        refuses(
                "{\"radius\":1,\"type\":\"circle\",\"type\":\"group\"}",
                Shape.class,
                "type is there twice");
    }

    @Test
    void unknown_members_are_ignored() {
        assertThat(Json.read("{\"x\":{\"y\":[1,{}]},\"value\":1,\"type\":\"z\"}", Positive.class))
                .isEqualTo(new Positive(1));
        assertThat(Json.read("{\"x\":1}", Nothing.class)).isEqualTo(new Nothing());
    }

    @Test
    void nesting_numbers_and_trailing_text_are_bounded() {
        refuses("[".repeat(101) + "]".repeat(101), Object.class, "nested deeper than 100 levels");
        refuses("9".repeat(1001), Object.class, "more than 1000 digits");
        refuses("1 1", Object.class, "more stands behind");
        assertThat(Json.read("[".repeat(100) + "]".repeat(100), Object.class)).isNotNull();
    }

    @Test
    void what_a_record_refuses_is_malformed() {
        refuses("{\"value\":0}", Positive.class, "value must be positive, not 0");
        refuses("{\"content\":{\"value\":0}}", Box.class, "content: value must be positive, not 0");
    }

    @Test
    void no_number_that_json_does_not_know_is_written_or_read() {
        assertThatThrownBy(() -> Json.write(new Circle(Double.NaN)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("JSON knows no number NaN");
        refuses("{\"radius\":1e999}", Circle.class, "radius is the number 1e999");
    }

    @Test
    void texts_of_path_and_query_are_converted_to_the_components_types() {
        var found =
                Json.read(
                        new byte[0],
                        Map.of("id", "5", "limit", "10", "tags", "a,b", "full", "true", "utm", "x"),
                        Find.class);
        assertThat(found)
                .isEqualTo(new Find("5", Optional.of(10), List.of("a", "b"), Optional.of(true)));
        assertThatThrownBy(
                        () -> Json.read(new byte[0], Map.of("id", "5", "limit", "x"), Find.class))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessageContaining("limit is the text \"x\", wanted a whole number");
        assertThatThrownBy(() -> Json.read(new byte[0], Map.of(), Find.class))
                .hasMessage("id is missing, wanted a text");
    }

    @Test
    void path_and_body_have_to_agree() {
        var body =
                "{\"sku\":\"a\",\"quantity\":1,\"unit_price\":1}".getBytes(StandardCharsets.UTF_8);
        assertThat(Json.read(body, Map.of("sku", "a"), Item.class).sku()).isEqualTo("a");
        assertThatThrownBy(() -> Json.read(body, Map.of("sku", "b"), Item.class))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessage("sku is b in the path or query and a in the body; they have to agree");
    }

    @Test
    void what_json_cannot_hold_is_an_error_of_the_program() {
        record Threaded(Thread thread) {}
        record Absent(String name) {}
        assertThatThrownBy(() -> Json.read("{}", Threaded.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no JSON for java.lang.Thread; use a record");
        @SuppressWarnings("NullAway") // the point of this test
        var absent = new Absent(null);
        assertThatThrownBy(() -> Json.write(absent))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name of")
                .hasMessageContaining("is an Optional");
    }

    @Test
    void a_map_is_read_as_it_is() {
        assertThat(
                        Json.readMap(
                                "{\"a\":1,\"b\":1.50,\"c\":null,\"d\":[null,\"x\"]}"
                                        .getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(
                        Map.of(
                                "a",
                                1L,
                                "b",
                                new BigDecimal("1.50"),
                                "d",
                                Arrays.asList(null, "x")));
    }

    @Test
    void names_are_split_into_words() {
        assertThat(List.of("id", "customerId", "aURL", "URLOf", "sha256Sum", "already_snake"))
                .extracting(Names::snake)
                .containsExactly(
                        "id", "customer_id", "a_url", "url_of", "sha256_sum", "already_snake");
        assertThat(Names.kebab("ItemAdded")).isEqualTo("item-added");
    }

    @Test
    void random_bytes_are_read_or_refused_and_nothing_else() {
        long seed = Long.getLong("weft.seed", new Random().nextLong());
        var random = new Random(seed);
        var valid = Json.write(new Drawing(new Group(List.of(new Circle(1))), new Circle(2)));
        for (int i = 0; i < 20_000; i++) {
            var bytes = valid.clone();
            for (int j = random.nextInt(4); j >= 0; j--)
                bytes[random.nextInt(bytes.length)] =
                        random.nextBoolean()
                                ? (byte) random.nextInt(256)
                                : bytes[random.nextInt(bytes.length)];
            try {
                Json.read(bytes, Drawing.class);
            } catch (Failure.Malformed refused) {
                assertThat(refused).hasMessageNotContaining("java.");
            } catch (RuntimeException e) {
                throw new AssertionError("-Dweft.seed=" + seed, e);
            }
        }
    }

    private static String item(String quantity, String price) {
        return "{\"sku\":\"a\",\"quantity\":" + quantity + ",\"unit_price\":" + price + "}";
    }

    private static void refuses(String json, Class<?> type, String message) {
        refuses(json, Types.codec(type), message);
    }

    private static void refuses(String json, Codec codec, String message) {
        assertThatThrownBy(
                        () -> Json.read(json.getBytes(StandardCharsets.UTF_8), Object.class, codec))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessageContaining(message);
    }

    record Envelope(String type, RawJson data) {}

    @Test
    void raw_json_passes_through_with_its_numbers_and_texts_as_they_are() {
        var json =
                "{\"type\":\"a\",\"data\":{\"n\":1.50,\"e\":1E+2,\"l\":[12345678901234567890,"
                        + "null,true,\"ü\\n\"],\"o\":{}}}";
        var envelope = Json.read(json, Envelope.class);
        assertThat(Json.text(envelope)).isEqualTo(json);
        assertThat(Json.text(Json.read("{\"type\":\"a\",\"data\":7}", Envelope.class)))
                .isEqualTo("{\"type\":\"a\",\"data\":7}");
    }

    @Test
    void raw_json_that_is_none_is_malformed() {
        assertThatThrownBy(() -> Json.read("{\"type\":\"a\",\"data\":{\"n\":}}", Envelope.class))
                .isInstanceOf(Failure.Malformed.class);
        assertThatThrownBy(() -> Json.read("{\"type\":\"a\",\"data\":[1", Envelope.class))
                .isInstanceOf(Failure.Malformed.class);
    }
}
