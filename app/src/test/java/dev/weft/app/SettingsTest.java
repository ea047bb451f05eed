package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.client.Setting;
import dev.weft.core.policy.Mode;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

    @Test
    void runs_alone_without_any_variable() {
        var settings = Settings.from(Map.of(), "shop", "shop-1");
        assertThat(settings.port()).isEqualTo(8080);
        assertThat(settings.host()).isEqualTo("127.0.0.1");
        assertThat(settings.store()).isEqualTo("sqlite:.weft/shop.db");
        assertThat(settings.registry()).isEmpty();
        assertThat(settings.bus()).isEmpty();
    }

    @Test
    void a_body_may_have_a_megabyte_and_the_limit_is_on_unless_said_otherwise() {
        var otherwise = Settings.from(Map.of(), "shop", "shop-1");
        assertThat(otherwise.maxBodyBytes()).isEqualTo(1 << 20);
        assertThat(otherwise.limit()).isEqualTo(Mode.ON);
        var said = Map.of("WEFT_MAX_BODY_BYTES", "20000000", "WEFT_LIMIT", "dark");
        assertThat(Settings.from(said, "shop", "1").maxBodyBytes()).isEqualTo(20_000_000);
        assertThat(Settings.from(said, "shop", "1").limit()).isEqualTo(Mode.DARK);
        assertThat(Settings.from(Map.of("WEFT_LIMIT", "off"), "shop", "1").limit())
                .isEqualTo(Mode.OFF);
        assertThatThrownBy(() -> Settings.from(Map.of("WEFT_LIMIT", "20"), "shop", "1"))
                .hasMessageContainingAll("WEFT_LIMIT", "\"20\"", "on, dark or off");
        assertThat(otherwise.maxTimeout()).isEqualTo(Duration.ofHours(1));
        assertThat(Settings.from(Map.of("WEFT_MAX_TIMEOUT", "5m"), "shop", "1").maxTimeout())
                .isEqualTo(Duration.ofMinutes(5));
        assertThatThrownBy(() -> Settings.from(Map.of("WEFT_MAX_TIMEOUT", "2h"), "shop", "1"))
                .hasMessageContainingAll("WEFT_MAX_TIMEOUT", "\"2h\"", "to 1h");
        assertThatThrownBy(() -> Settings.from(Map.of("WEFT_MAX_BODY_BYTES", "1m"), "shop", "1"))
                .hasMessageContainingAll("WEFT_MAX_BODY_BYTES", "\"1m\"");
    }

    @Test
    void names_the_variable_the_value_and_what_it_must_be() {
        assertThatThrownBy(() -> Settings.from(Map.of("WEFT_PORT", "http"), "shop", "1"))
                .hasMessageContainingAll("WEFT_PORT", "\"http\"", "0 to 65535");
        assertThatThrownBy(() -> Settings.from(Map.of("WEFT_BUS", "amqp://mq"), "shop", "1"))
                .hasMessageContainingAll("WEFT_BUS", "amqp://mq", "hub+http:");
    }

    @Test
    void reads_the_numbers_of_calls() {
        var calls =
                Settings.from(
                                Map.of("WEFT_CALLS", "{\"product\":{\"timeout\":\"2s\"}}"),
                                "shop",
                                "1")
                        .calls();
        assertThat(calls.of("product").text(Setting.TIMEOUT)).isEqualTo("2s");
        assertThat(calls.of("product").source(Setting.TIMEOUT)).isEqualTo("WEFT_CALLS");
        assertThatThrownBy(() -> Settings.from(Map.of("WEFT_CALLS", "2s"), "shop", "1"))
                .hasMessageContainingAll("WEFT_CALLS", "2s", "JSON such as");
    }
}
