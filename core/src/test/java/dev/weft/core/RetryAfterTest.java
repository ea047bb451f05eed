package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class RetryAfterTest {

    /** A calendar that stands at one second. */
    private static final Time TIME =
            new Time() {
                @Override
                public long nanos() {
                    return 0;
                }

                @Override
                public Instant now() {
                    return Instant.parse("2026-01-01T00:00:00Z");
                }

                @Override
                public void sleep(Duration duration) {}

                @Override
                public Cancel schedule(Duration delay, Runnable task) {
                    return () -> {};
                }

                @Override
                public RandomGenerator random() {
                    return SystemTime.INSTANCE.random();
                }

                @Override
                public Thread start(String name, Runnable task) {
                    return SystemTime.INSTANCE.start(name, task);
                }
            };

    private static Duration in(String text) {
        return RetryAfter.in(Headers.of("retry-after", text), TIME);
    }

    @Test
    void seconds_and_dates_are_understood_up_to_five_minutes() {
        assertThat(in("7")).isEqualTo(Duration.ofSeconds(7));
        assertThat(in(" 7 ")).isEqualTo(Duration.ofSeconds(7));
        assertThat(in("300")).isEqualTo(RetryAfter.LONGEST);
        assertThat(in("301")).isEqualTo(RetryAfter.LONGEST);
        assertThat(in("99999999999999999999")).isEqualTo(RetryAfter.LONGEST);
        assertThat(in("9223372036854775807")).isEqualTo(RetryAfter.LONGEST);
        assertThat(in("Thu, 01 Jan 2026 00:00:09 GMT")).isEqualTo(Duration.ofSeconds(9));
        assertThat(in("Fri, 02 Jan 2026 00:00:00 GMT")).isEqualTo(RetryAfter.LONGEST);
    }

    @Test
    void a_date_comes_in_any_of_the_three_forms_that_there_are() {
        for (var four :
                List.of(
                        "Thu, 01 Jan 2026 06:00:04 GMT",
                        "Thursday, 01-Jan-26 06:00:04 GMT",
                        "Thu Jan  1 06:00:04 2026"))
            assertThat(
                            RetryAfter.in(
                                    Headers.of("Retry-After", four)
                                            .and("Date", "Thu, 01 Jan 2026 06:00:00 GMT"),
                                    TIME))
                    .as(four)
                    .isEqualTo(Duration.ofSeconds(4));
    }

    @Test
    void the_past_and_what_cannot_be_read_are_no_wait() {
        for (var text :
                List.of(
                        "",
                        "0",
                        "-5",
                        "1.5",
                        "soon",
                        "Wed, 31 Dec 2025 23:59:59 GMT",
                        "2026-01-01")) assertThat(in(text)).as(text).isZero();
        assertThat(RetryAfter.in(Headers.EMPTY, TIME)).isZero();
    }

    @Test
    void a_date_counts_from_the_date_of_the_answer_so_that_clocks_may_differ() {
        var headers =
                Headers.of("Retry-After", "Thu, 01 Jan 2026 06:00:04 GMT")
                        .and("Date", "Thu, 01 Jan 2026 06:00:00 GMT");
        assertThat(RetryAfter.in(headers, TIME)).isEqualTo(Duration.ofSeconds(4));
        assertThat(RetryAfter.in(headers.set("Date", "today"), TIME)).isEqualTo(RetryAfter.LONGEST);
    }
}
