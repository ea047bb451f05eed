package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrettyJsonTest {

    @Test
    void json_is_spread_over_lines_and_its_values_stay_as_they_are() {
        assertThat(PrettyJson.of("{\"a\":1.50,\"b\":[true,\"x, {y} \\\" :\"],\"c\":{},\"d\":[ ]}"))
                .isEqualTo(
                        """
                        {
                          "a": 1.50,
                          "b": [
                            true,
                            "x, {y} \\" :"
                          ],
                          "c": {},
                          "d": []
                        }\
                        """);
    }
}
