package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class HeadersTest {

    private final Headers headers = Headers.of("A", "1").and("b", "2").and("a", "3");

    @Test
    void names_are_compared_without_regard_to_case() {
        assertThat(headers.get("a")).hasValue("1");
        assertThat(headers.all("A")).containsExactly("1", "3");
        assertThat(headers.get("c")).isEmpty();
        assertThat(headers.size()).isEqualTo(3);
    }

    @Test
    void setting_replaces_all_of_a_name_and_leaves_the_original_alone() {
        var set = headers.set("A", "9");
        assertThat(set.all("a")).containsExactly("9");
        assertThat(set.get("B")).hasValue("2");
        assertThat(headers.all("a")).containsExactly("1", "3");
        assertThat(headers.without("a").size()).isEqualTo(1);
        assertThat(headers.without("c")).isSameAs(headers);
        assertThat(headers.only(name -> name.equals("a")).size()).isEqualTo(1);
    }

    @Test
    void fields_keep_their_order() {
        var seen = new ArrayList<String>();
        headers.forEach((name, value) -> seen.add(name + value));
        assertThat(seen).containsExactly("A1", "b2", "a3");
        var built = new Headers.Builder().add("A", "1").add("b", "2").add("a", "3").build();
        assertThat(built).hasToString(headers.toString());
        assertThat(new Headers.Builder().build()).isSameAs(Headers.EMPTY);
    }

    @Test
    void nobody_smuggles_a_header_within_another() {
        for (var evil : new String[] {"x\r\nEvil: 1", "x\n", "\r", "\0"}) {
            assertThatThrownBy(() -> headers.and("C", evil)).isInstanceOf(Failure.Malformed.class);
            assertThatThrownBy(() -> headers.set(evil, "1")).isInstanceOf(Failure.Malformed.class);
            assertThatThrownBy(() -> new Headers.Builder().add("C", evil))
                    .isInstanceOf(Failure.Malformed.class);
        }
    }

    @Test
    void a_media_type_is_told_without_its_parameters_and_case() {
        assertThat(Headers.of("content-type", "Text/HTML ; charset=UTF-8").mediaType())
                .isEqualTo("text/html");
        assertThat(Headers.EMPTY.mediaType()).isEmpty();
    }

    @Test
    void a_query_is_read_when_asked() {
        var query = new Query("a=1&b=%26+x&a=2&c&=d&&e=f=g");
        assertThat(query.get("a")).hasValue("1");
        assertThat(query.all().get("a")).containsExactly("1", "2");
        assertThat(query.get("b")).hasValue("& x");
        assertThat(query.get("c")).hasValue("");
        assertThat(query.get("e")).hasValue("f=g");
        assertThat(query.get("z")).isEmpty();
        assertThat(Query.NONE.and("a b", "c&d").and("e", "ä").raw())
                .isEqualTo("a+b=c%26d&e=%C3%A4");
        assertThatThrownBy(() -> new Query("a=%zz").get("a")).isInstanceOf(Failure.Malformed.class);
    }
}
