package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequireTest {

    @ParameterizedTest
    @ValueSource(strings = {"0", "0.001", "2.5500", "999999999.9999", "1E+8", "1.000000"})
    void these_are_amounts_of_money(String text) {
        assertThatCode(() -> Require.money("price", new BigDecimal(text)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.01", "1000000000", "1E+9", "0.00001", "1E+2147483647"})
    void these_are_not(String text) {
        assertThatThrownBy(() -> Require.money("price", new BigDecimal(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("price must not be negative")
                .hasMessageEndingWith(" but is " + text);
    }

    @Test
    void a_number_out_of_range_is_named_with_its_limits() {
        Require.between("quantity", 1, 1, 10);
        Require.between("quantity", 10, 1, 10);
        assertThatThrownBy(() -> Require.between("quantity", 11, 1, 10))
                .hasMessage("quantity must be from 1 to 10, not 11");
        assertThatThrownBy(() -> Require.between("quantity", 0, 1, 10))
                .hasMessage("quantity must be from 1 to 10, not 0");
    }
}
