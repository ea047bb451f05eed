package dev.weft.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SchemasTest {

    enum Kind {
        LARGE,
        VERY_LARGE
    }

    record Line(String productId, int quantity, Optional<BigDecimal> price) {}

    record Order(Instant at, List<Line> lines, Map<String, Long> counts, Set<Kind> kinds) {}

    record Tree(String name, List<Tree> below) {}

    sealed interface Payment {}

    record Cash() implements Payment {}

    record ByCard(String number) implements Payment {}

    record Paid(Payment payment) {}

    record Page<T>(List<T> data, RawJson links) {}

    record Pages(Page<Line> lines, Page<String> names) {}

    static class Other {
        record Line(boolean dotted) {}
    }

    private final Schemas schemas = new Schemas("#/schemas/");

    private String text(Class<?> type) {
        return Json.text(schemas.of(type));
    }

    private String definition(String name) {
        return Json.text(schemas.definitions().getOrDefault(name, "none"));
    }

    @Test
    void a_record_is_defined_once_and_its_optional_components_are_not_required() {
        assertThat(text(Order.class)).isEqualTo("{\"$ref\":\"#/schemas/Order\"}");
        assertThat(definition("Line"))
                .isEqualTo(
                        "{\"type\":\"object\",\"properties\":{\"product_id\":{\"type\":\"string\"},"
                                + "\"quantity\":{\"type\":\"integer\",\"format\":\"int32\"},"
                                + "\"price\":{\"type\":\"number\",\"format\":\"decimal\"}},"
                                + "\"required\":[\"product_id\",\"quantity\"]}");
        assertThat(definition("Order"))
                .contains("\"at\":{\"type\":\"string\",\"format\":\"date-time\"}")
                .contains("\"lines\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/schemas/Line\"}}")
                .contains(
                        "\"counts\":{\"type\":\"object\",\"additionalProperties\":"
                                + "{\"type\":\"integer\",\"format\":\"int64\"}}")
                .contains("\"items\":{\"type\":\"string\",\"enum\":[\"large\",\"very_large\"]}");
    }

    @Test
    void a_record_may_hold_itself() {
        assertThat(text(Tree.class)).isEqualTo("{\"$ref\":\"#/schemas/Tree\"}");
        assertThat(definition("Tree")).contains("\"items\":{\"$ref\":\"#/schemas/Tree\"}");
    }

    @Test
    void a_sealed_interface_is_one_of_its_records_with_their_names() {
        text(Paid.class);
        assertThat(definition("Payment"))
                .isEqualTo(
                        "{\"oneOf\":[{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"cash\"}},"
                                + "\"required\":[\"type\"]},"
                                + "{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"by-card\"},"
                                + "\"number\":{\"type\":\"string\"}},\"required\":[\"type\",\"number\"]}]}");
    }

    @Test
    void types_of_one_name_are_told_apart() {
        text(Line.class);
        assertThat(text(Other.Line.class)).isEqualTo("{\"$ref\":\"#/schemas/Other.Line\"}");
        text(Pages.class);
        assertThat(schemas.definitions())
                .containsOnlyKeys("Line", "Other.Line", "Pages", "PageOfLine", "PageOfString");
        assertThat(definition("PageOfString"))
                .contains("\"items\":{\"type\":\"string\"}")
                .contains("\"links\":{}");
    }

    @Test
    void every_value_of_one_token_has_a_schema() {
        assertThat(Schemas.SCALARS).containsOnlyKeys(Scalar.ALL.keySet());
        assertThat(text(long.class)).isEqualTo("{\"type\":\"integer\",\"format\":\"int64\"}");
    }

    @Test
    void what_cannot_be_json_has_no_schema() {
        assertThatThrownBy(() -> schemas.of(Thread.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no JSON for java.lang.Thread");
    }
}
