package dev.weft.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.json.PersonalJson.Part;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PersonalTest {

    record Street(String name, int number) {}

    record Customer(
            String id,
            Personal<String> name,
            Optional<Personal<Street>> street,
            List<Personal<BigDecimal>> paid) {}

    record Plain(String name, Optional<Plain> more) {}

    sealed interface Change {}

    record Renamed(Personal<String> name) implements Change {}

    record Left() implements Change {}

    private static final Customer ANN =
            new Customer(
                    "1",
                    Personal.of("ann", "Ann"),
                    Optional.of(Personal.of("ann", new Street("High Street", 7))),
                    List.of(Personal.of("bob", new BigDecimal("1.10")), Personal.erased("eve")));

    private static final String JSON =
            "{\"id\":\"1\",\"name\":{\"personal_of\":\"ann\",\"value\":\"Ann\"},"
                    + "\"street\":{\"personal_of\":\"ann\",\"value\":{\"name\":\"High Street\",\"number\":7}},"
                    + "\"paid\":[{\"personal_of\":\"bob\",\"value\":1.10},{\"personal_of\":\"eve\"}]}";

    private static Customer read(String json) {
        return Json.read(json, Customer.class);
    }

    @Test
    void says_whose_it_is_and_comes_back_as_it_was() {
        assertThat(Json.text(ANN)).isEqualTo(JSON);
        assertThat(read(JSON)).isEqualTo(ANN);
        assertThat(Json.text(Map.of("name", ANN.name())))
                .isEqualTo("{\"name\":{\"personal_of\":\"ann\",\"value\":\"Ann\"}}");
    }

    @Test
    void tells_what_does_not_fit() {
        assertThatThrownBy(() -> read(JSON.replace("\"Ann\"", "7")))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessageContaining("name.value is the number 7");
        assertThatThrownBy(() -> read(JSON.replace("\"personal_of\":\"ann\",", "")))
                .hasMessageContaining("personal_of is missing");
        assertThatThrownBy(() -> read(JSON.replace("\"value\":\"Ann\"", "\"sealed\":\"1abc\"")))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessageContaining("sealed");
        assertThatThrownBy(() -> read(JSON.replace(":\"ann\"", ":\"\"")))
                .hasMessageContaining("a subject is named with 1 to 200 characters");
    }

    @Test
    void does_not_tell_itself() {
        assertThat(ANN.toString()).contains("ann").doesNotContain("Ann").doesNotContain("High");
    }

    @Test
    void a_type_tells_whether_it_may_hold_something_personal() {
        assertThat(Json.holdsPersonal(Customer.class)).isTrue();
        assertThat(Json.holdsPersonal(Change.class)).isTrue();
        assertThat(Json.holdsPersonal(Plain.class)).isFalse();
        assertThat(Json.holdsPersonal(Left.class)).isFalse();
    }

    @Test
    void a_schema_says_that_it_may_be_gone() {
        var schemas = new Schemas("#/");
        schemas.of(Renamed.class);
        assertThat(Json.text(schemas.definitions()))
                .isEqualTo(
                        "{\"Renamed\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"object\","
                                + "\"properties\":{\"personal_of\":{\"type\":\"string\"},\"value\":"
                                + "{\"type\":\"string\"}},\"required\":[\"personal_of\"]}},"
                                + "\"required\":[\"name\"]}}");
    }

    @Test
    void what_is_personal_is_changed_and_all_else_stays() {
        var erased =
                PersonalJson.change(
                        JSON.getBytes(UTF_8),
                        part -> part.subject().equals("ann") ? Part.erased("ann") : part);
        var left = Json.read(erased, Customer.class);
        assertThat(left.name().isErased()).isTrue();
        assertThat(left.street().orElseThrow().isErased()).isTrue();
        assertThat(left.paid()).isEqualTo(ANN.paid());
        var other = "{\"a\":[1.50,1e9,null,true,\"x\"],\"b\":{\"personal_of\":7,\"c\":[{}]}}";
        assertThat(PersonalJson.change(other.getBytes(UTF_8), part -> Part.erased("no")))
                .isEqualTo(other.getBytes(UTF_8));
        var none = "{ \"a\" : 1 }".getBytes(UTF_8);
        assertThat(PersonalJson.change(none, part -> part)).isSameAs(none);
    }

    @Test
    void a_map_with_such_a_key_keeps_what_else_it_has() {
        var map =
                "{\"personal_of\":\"ann\",\"more\":[1],\"name\":{\"personal_of\":\"ann\",\"value\":\"Ann\"}}";
        assertThat(PersonalJson.change(map.getBytes(UTF_8), part -> Part.erased(part.subject())))
                .asString(UTF_8)
                .isEqualTo(map.replace(",\"value\":\"Ann\"", ""));
        var valued = "{\"personal_of\":\"ann\",\"value\":1,\"more\":{\"a\":2}}".getBytes(UTF_8);
        assertThat(PersonalJson.change(valued, part -> part)).isEqualTo(valued);
        assertThat(PersonalJson.change(valued, part -> Part.sealed("ann", "x")))
                .asString(UTF_8)
                .isEqualTo("{\"personal_of\":\"ann\",\"sealed\":\"x\",\"more\":{\"a\":2}}");
    }

    @Test
    void values_within_values_are_sealed_before_and_opened_behind_what_they_are_in() {
        record Inner(Personal<String> of) {}
        record Outer(Personal<Inner> of) {}
        var outer = new Outer(Personal.of("ann", new Inner(Personal.of("bob", "Bob"))));
        var sealed =
                PersonalJson.change(
                        Json.write(outer),
                        part ->
                                Part.sealed(
                                        part.subject(),
                                        new String(part.value().orElseThrow().utf8(), UTF_8)));
        assertThat(new String(sealed, UTF_8)).doesNotContain("\"value\":\"Bob\"");
        var opened =
                PersonalJson.change(
                        sealed,
                        part ->
                                part.sealed()
                                        .map(it -> Part.open(part.subject(), it.getBytes(UTF_8)))
                                        .orElse(part));
        assertThat(Json.read(opened, Outer.class)).isEqualTo(outer);
    }

    @Test
    void what_others_have_sealed_is_not_taken() {
        var theirs = "{\"personal_of\":\"ann\",\"sealed\":\"1abc\"}".getBytes(UTF_8);
        assertThat(PersonalJson.fromOutside(theirs))
                .isEqualTo("{\"personal_of\":\"ann\"}".getBytes(UTF_8));
        var nobody = "{\"personal_of\":\"\",\"value\":1}".getBytes(UTF_8);
        assertThatThrownBy(() -> PersonalJson.fromOutside(nobody))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
