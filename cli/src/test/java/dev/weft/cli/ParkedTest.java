package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.json.Json;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ParkedTest {

    private static final Instant NOW = Instant.parse("2026-01-01T00:10:00Z");

    @Test
    void a_rate_is_of_seconds_or_minutes() {
        assertThat(ParkedRetry.perMinute("20/s")).isEqualTo(1_200);
        assertThat(ParkedRetry.perMinute("20")).isEqualTo(1_200);
        assertThat(ParkedRetry.perMinute("30/min")).isEqualTo(30);
        for (var wrong : new String[] {"", "0/s", "-1", "2/h", "1.5/s", "99999999999999999999"})
            assertThatThrownBy(() -> ParkedRetry.perMinute(wrong))
                    .isInstanceOf(CommandFailed.class)
                    .hasMessageContaining("20/s");
    }

    @Test
    void nothing_is_changed_if_nothing_is_said() {
        var selection = new ParkedSelection();
        assertThatThrownBy(selection::required).hasMessageContaining("--all");
        selection.cause = "Timeout";
        assertThat(selection.required()).containsEntry("cause", "Timeout").doesNotContainKey("key");
    }

    @Test
    void what_fails_alike_is_one_line() {
        var listing =
                """
                [{"service":"loans","groups":[{"listener":"copies","type":"book-added","error":"java.lang.IllegalStateException",
                "message":"boom\\nand more","keys":2,"events":5,"retrying":1,"oldest":"2026-01-01T00:05:00Z"}],"keys":[],"left_out":0}]
                """;
        assertThat(
                        ParkedAnswers.groups(
                                Json.readList(
                                        listing.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                        ParkedAnswers.Listing.class),
                                NOW))
                .containsExactly(
                        "SERVICE  LISTENER  TYPE        KEYS  EVENTS  OLDEST  STATE       CAUSE",
                        "loans    copies    book-added  2     5       5 min   1 retrying "
                                + " IllegalStateException: boom");
    }

    @Test
    void a_subscription_tells_where_it_is_and_what_fails() {
        var answer =
                """
                {"subscriptions":[
                {"service":"loans","instance":"loans-1","kind":"transactional","name":"copies","applied":{"books":7,"users":3},
                "ends":{"books":9,"users":3},"lag":2,"consumers":1,"keys":1,"failing":[{"source":"books","position":8,"key":"k","attempt":4,
                "error":"book-added: boom","next":"2026-01-01T00:10:02.5Z"}],"parked_keys":1,"parked_events":3},
                {"service":"loans","instance":"loans-2","kind":"projection","name":"shelf","applied":{"loans":4},"ends":{"loans":4},
                "lag":0,"consumers":1,"keys":0,"failing":[],"parked_keys":0,"parked_events":0}],"away":[]}
                """;
        assertThat(Json.read(answer, Subscriptions.All.class).lines(NOW))
                .containsExactly(
                        "SERVICE  KIND           NAME    INSTANCE  POSITION   LAG  PARKED           STATE",
                        "loans    transactional  copies  loans-1   books 7/9  2    1 key, 3 events  1 failing",
                        "loans    projection     shelf   loans-2   4/4        0    0",
                        "loans transactional copies fails: books/8 of key k, attempt 4, next in 3 s: book-added: boom");
    }
}
