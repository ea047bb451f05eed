package dev.weft.core.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.weft.core.policy.Mode;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallSettingsTest {

    private static final CallSettings FILE =
            CallSettings.read(
                    Map.of(
                            "*", Map.of("timeout", "3s"),
                            "product",
                                    Map.of(
                                            "timeout",
                                            "2s",
                                            "GET /products/{id}",
                                            Map.of("hedge", "off", "timeout", "500ms"))),
                    "cart/service.yml");

    @Test
    void a_service_has_what_was_said_of_it_then_of_all_then_the_default() {
        var product = FILE.of("product");
        assertEquals(Duration.ofSeconds(2), product.get(Setting.TIMEOUT));
        assertEquals("cart/service.yml", product.source(Setting.TIMEOUT));
        assertEquals(Duration.ofSeconds(3), FILE.of("customer").get(Setting.TIMEOUT));
        assertEquals(3, product.get(Setting.RETRY_ATTEMPTS));
        assertEquals("default", product.source(Setting.RETRY_ATTEMPTS));
    }

    @Test
    void a_try_that_may_take_as_long_as_its_call_is_found_with_who_said_both() {
        var code = ClientOptions.DEFAULT.with(Setting.TRY_TIMEOUT, Duration.ofMillis(600));
        assertEquals(
                java.util.List.of(
                        "a try of product, GET /products/{id} may take 600ms (code) and the whole call 500ms"
                                + " (cart/service.yml), so try.timeout never ends one; make it shorter than timeout"),
                CallSettings.NONE.with("product", code).and(FILE).endless().stream()
                        .map(CallSettings.Endless::toString)
                        .toList());
        assertTrue(FILE.endless().isEmpty());
        var all = Map.of("*", Map.of("try.timeout", "10s"));
        assertEquals(
                CallSettings.EVERY, CallSettings.read(all, "x").endless().getFirst().service());
    }

    @Test
    void an_operation_has_what_was_said_of_it_alone_first() {
        var operation = FILE.operations("product").getFirst();
        assertEquals("GET /products/{id}", operation.name());
        assertEquals(Duration.ofMillis(500), operation.options().get(Setting.TIMEOUT));
        assertEquals(Mode.OFF, operation.options().get(Setting.HEDGE));
        assertEquals(Mode.ON, FILE.of("product").get(Setting.HEDGE));
    }

    @Test
    void what_is_said_later_is_said_over_what_was_said_before() {
        var code =
                CallSettings.NONE
                        .with(
                                "product",
                                ClientOptions.DEFAULT.with(Setting.TIMEOUT, Duration.ofSeconds(1)))
                        .with(
                                "product",
                                "GET /products/{id}",
                                ClientOptions.DEFAULT.with(Setting.RETRY_ATTEMPTS, 2));
        var both = FILE.and(code);
        assertEquals("1s", both.of("product").text(Setting.TIMEOUT));
        assertEquals("code", both.of("product").source(Setting.TIMEOUT));
        var operation = both.operations("product").getFirst().options();
        assertEquals(2, operation.get(Setting.RETRY_ATTEMPTS));
        assertEquals(Duration.ofMillis(500), operation.get(Setting.TIMEOUT));
    }

    @ParameterizedTest
    @CsvSource({
        "timeout, 10, a time such as 250ms",
        "timeout, 0, from 1ms to 1h",
        "timeout, 2h, from 1ms to 1h",
        "retry.attempts, 11, a whole number from 1 to 10",
        "retry.attempts, many, a whole number from 1 to 10",
        "hedge.share, 101%, a share from 0% to 100%",
        "hedge.share, %, a share from 0% to 100%",
        "breaker, maybe, 'on, off or dark'",
        "balancer, random, 'p2c, round-robin'",
        "retries, 3, no setting \"retries\"; there are timeout",
    })
    void what_cannot_be_is_refused_with_what_can(String name, String value, String remedy) {
        var failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ClientOptions.DEFAULT.read(name, value, "cart/service.yml"));
        var message = String.valueOf(failure.getMessage());
        assertTrue(message.startsWith("cart/service.yml: "), message);
        assertTrue(message.contains(remedy), message);
    }

    @Test
    void every_setting_is_read_as_it_is_printed() {
        for (var setting : Setting.ALL) {
            var text = ClientOptions.DEFAULT.text(setting);
            var again = ClientOptions.DEFAULT.read(setting.name(), text, "test");
            assertEquals(text, again.text(setting), setting.name());
            assertEquals(setting.standard(), again.get(setting), setting.name());
        }
    }

    @Test
    void an_operation_is_a_method_and_a_path() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        CallSettings.read(
                                Map.of("product", Map.of("get /x", Map.of("timeout", "1s"))), "f"));
    }

    @ParameterizedTest
    @CsvSource({
        "breaker, off",
        "breaker.failures, 3",
        "balancer, round-robin",
        "eject.share, 20%",
        "panic.share, 20%",
        "budget.ratio, 1%",
        "throttle, off",
        "bulkhead, 4",
    })
    void what_all_operations_share_cannot_be_said_of_one(String name, String value) {
        var failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                CallSettings.read(
                                        Map.of(
                                                "product",
                                                Map.of("GET /products/{id}", Map.of(name, value))),
                                        "cart/service.yml"));
        assertEquals(
                "cart/service.yml: "
                        + name
                        + " cannot be said of GET /products/{id} alone: all operations of a service"
                        + " share its instances, its budget and its throttle; say it of product",
                failure.getMessage());
        var said = CallSettings.read(Map.of("product", Map.of(name, value)), "f");
        assertTrue(said.of("product").values().containsKey(name));
    }

    @Test
    void an_operation_is_one_of_a_service() {
        var failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                CallSettings.read(
                                        Map.of("*", Map.of("GET /x", Map.of("timeout", "1s"))),
                                        "cart/service.yml"));
        var message = String.valueOf(failure.getMessage());
        assertTrue(message.startsWith("cart/service.yml: GET /x cannot be said of all"), message);
    }
}
