package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.json.Json;
import org.junit.jupiter.api.Test;

class EraseTest {

    private static Erase.Erased read(String json) {
        return Json.read(json, Erase.Erased.class);
    }

    @Test
    void says_who_has_erased_who_may_have_copies_and_who_was_not_reached() {
        var erased =
                read(
                        """
                        {"bus":{"subject":"4711","at":"2026-01-01T00:00:00Z","by":"ann","repeated":true},
                        "services":[
                        {"service":"cart","status":200,"answer":{"subject":"4711","at":"2026-01-01T00:00:00Z","by":"ann",
                        "repeated":false,"copies":["projection shelf","effect mailing"]}},
                        {"service":"order","status":200,"answer":{"subject":"4711","at":"2026-01-01T00:00:00Z","by":"ann",
                        "repeated":true,"copies":[]}}],
                        "away":[{"service":"till","error":"refused"}],"silent":["sensor"]}
                        """);
        assertThat(erased.lines())
                .containsExactly(
                        "cart: erased; may have copies: projection shelf, effect mailing",
                        "order: erased before, at 2026-01-01T00:00:00Z",
                        "bus: erased before",
                        "till: not erased, it does not answer: refused",
                        "sensor: not erased, no instance is there that knows how; run this again when it is,"
                                + " or erase what it keeps in its own way");
        assertThat(erased.complete()).isFalse();
    }

    @Test
    void is_complete_when_all_that_were_asked_have_erased() {
        var one =
                "{\"service\":\"cart\",\"status\":200,\"answer\":{\"subject\":\"a\","
                        + "\"at\":\"2026-01-01T00:00:00Z\",\"by\":\"\",\"repeated\":false,\"copies\":[]}}";
        assertThat(read("{\"services\":[" + one + "],\"away\":[],\"silent\":[]}").complete())
                .isTrue();
        var refused = one.replace("200", "500");
        assertThat(read("{\"services\":[" + refused + "],\"away\":[],\"silent\":[]}").complete())
                .isFalse();
    }
}
