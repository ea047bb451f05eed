package dev.weft.events;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TableTest {

    @Test
    void a_name_that_could_be_something_else_is_refused() {
        for (var name : new String[] {"a\" b", "weft_event", "Order", ""})
            assertThatThrownBy(() -> Table.of(name, String.class))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"" + name + "\"");
    }
}
