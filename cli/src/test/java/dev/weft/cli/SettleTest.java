package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.json.Json;
import org.junit.jupiter.api.Test;

class SettleTest {

    @Test
    void says_in_words_who_is_stuck_at_what() {
        var answer =
                """
                {"settled":false,"rounds":3,"waited_ms":900,"ends":{"books":9},"blocked":[
                {"service":"loans","by":"listener copies","source":"books","position":9,"applied":8,"attempt":7,"error":"boom"},
                {"service":"loans","by":"projection late","source":"loans","position":5,"applied":2,"attempt":0,"error":""},
                {"service":"cart","by":"instance cart-1","error":"does not answer"},
                {"service":"cart","by":"listener copies","source":"books","position":4,"applied":3,"attempt":15,
                "error":"parked: book-added books/4/0: boom","parked":true}]}
                """;
        assertThat(Json.read(answer, Settle.Settled.class).text())
                .isEqualTo(
                        """
                        not settled after 900 ms
                          loans: listener copies is stuck at books=9, attempt 7: boom
                          loans: projection late is at 2, not yet at books=5
                          cart: instance cart-1: does not answer
                          cart: listener copies has parked: book-added books/4/0: boom (attempt 15)\
                        """
                                .replace("books=5", "loans=5"));
        assertThat(
                        Json.read(
                                        "{\"settled\":true,\"waited_ms\":1,\"blocked\":[]}",
                                        Settle.Settled.class)
                                .text())
                .isEqualTo("settled");
    }
}
