package dev.weft.testkit;

import static dev.weft.testkit.LogChecker.Outcome.FAILED;
import static dev.weft.testkit.LogChecker.Outcome.OK;
import static dev.weft.testkit.LogChecker.Outcome.UNKNOWN;
import static dev.weft.testkit.LogChecker.Promise.AT_LEAST_ONCE;
import static dev.weft.testkit.LogChecker.Promise.LOG;
import static dev.weft.testkit.LogChecker.Promise.ONCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.testkit.LogChecker.Anomaly;
import dev.weft.testkit.LogChecker.Append;
import dev.weft.testkit.LogChecker.Kind;
import dev.weft.testkit.LogChecker.Outcome;
import dev.weft.testkit.LogChecker.Promise;
import dev.weft.testkit.LogChecker.Sight;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each anomaly is found where it was planted, and none where all is well. */
class LogCheckerTest {

    private final List<Append> appends = new ArrayList<>();
    private final List<Sight> sights = new ArrayList<>();

    /** The value is begun at ten times itself, and acknowledged five later. */
    private void wrote(Outcome outcome, long... values) {
        for (long value : values)
            appends.add(new Append("k", value, outcome, 10 * value, 10 * value + 5));
    }

    private void saw(String reader, Promise promise, long at, long... values) {
        sights.add(sight(reader, promise, at, false, values));
    }

    private void sawLast(String reader, Promise promise, long... values) {
        sights.add(sight(reader, promise, 1_000, true, values));
    }

    private static Sight sight(
            String reader, Promise promise, long at, boolean last, long... values) {
        var seen = java.util.Arrays.stream(values).boxed().toList();
        return new Sight(reader, promise, "k", seen, at, at + 1, last);
    }

    private List<Anomaly> found() {
        return LogChecker.check(appends, sights).found();
    }

    private void assertFound(Kind kind, String reader, String evidence) {
        assertThat(found())
                .extracting(Anomaly::kind, Anomaly::reader)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(kind, reader));
        assertThat(found().getFirst().evidence()).isEqualTo(evidence);
    }

    @Test
    void nothing_is_wrong_with_what_is_right() {
        wrote(OK, 1, 2, 4);
        wrote(UNKNOWN, 3, 5, 6);
        wrote(FAILED, 7);
        saw("log", LOG, 30, 1, 2);
        saw("table", ONCE, 31, 1);
        saw("effect", AT_LEAST_ONCE, 32, 1, 1, 2);
        // What is not known may come late, or never.
        sawLast("log", LOG, 1, 2, 4, 3, 6);
        sawLast("table", ONCE, 1, 2, 4, 3, 6);
        sawLast("effect", AT_LEAST_ONCE, 1, 1, 2, 4, 3, 2, 6, 6);
        var report = LogChecker.check(appends, sights);
        assertThat(report.found()).isEmpty();
        assertThatCode(report::requireNone).doesNotThrowAnyException();
        assertThat(report)
                .hasToString(
                        "3 appends acknowledged, 1 refused, 3 unknown, of 1 keys; seen 6 times; 0 anomalies");
    }

    @Test
    void an_acknowledged_value_that_the_log_lacks_is_lost() {
        wrote(OK, 1, 2, 3);
        sawLast("log", LOG, 1, 3);
        assertFound(Kind.LOST, "log", "2 was acknowledged and is not in the log");
    }

    @Test
    void a_value_that_was_handled_and_is_gone_from_the_log_is_lost() {
        wrote(OK, 1);
        wrote(UNKNOWN, 2);
        sawLast("log", LOG, 1);
        sawLast("table", ONCE, 1, 2);
        assertFound(Kind.LOST, "table", "2 was seen and is not in the log");
    }

    @Test
    void a_value_that_nobody_wrote_is_found() {
        wrote(OK, 1);
        sawLast("log", LOG, 1);
        sawLast("effect", AT_LEAST_ONCE, 1, 9);
        assertFound(Kind.UNWRITTEN, "effect", "9 was written by nobody");
    }

    @Test
    void a_value_that_was_refused_and_is_there_is_found() {
        wrote(OK, 1);
        wrote(FAILED, 2);
        sawLast("log", LOG, 1, 2);
        assertFound(Kind.UNWRITTEN, "log", "2 was refused");
    }

    @Test
    void a_value_that_is_twice_in_the_log_is_a_duplicate() {
        wrote(OK, 1, 2);
        sawLast("log", LOG, 1, 2, 1);
        assertThat(found()).extracting(Anomaly::kind).contains(Kind.DUPLICATE);
    }

    @Test
    void a_value_that_is_twice_in_a_table_is_a_duplicate() {
        wrote(OK, 1, 2);
        sawLast("log", LOG, 1, 2);
        sawLast("table", ONCE, 1, 1, 2);
        assertFound(Kind.DUPLICATE, "table", "1 at places 0 and 1");
    }

    @Test
    void a_log_that_has_a_later_write_first_is_reordered() {
        wrote(OK, 1, 2, 3);
        sawLast("log", LOG, 1, 3, 2);
        assertFound(
                Kind.REORDERED,
                "log",
                "2 was acknowledged before 3 was begun, and is behind it in the log");
    }

    @Test
    void writes_at_the_same_time_may_be_in_either_order() {
        appends.add(new Append("k", 1, OK, 0, 20));
        appends.add(new Append("k", 2, OK, 10, 30));
        sawLast("log", LOG, 2, 1);
        assertThat(found()).isEmpty();
    }

    @Test
    void a_listener_that_handles_in_another_order_is_found() {
        wrote(OK, 1, 2, 3);
        sawLast("log", LOG, 1, 2, 3);
        sawLast("effect", AT_LEAST_ONCE, 1, 3, 2);
        assertFound(Kind.REORDERED, "effect", "2 came behind 3, which is later in the log");
    }

    @Test
    void what_is_never_handled_at_the_end_is_unseen() {
        wrote(OK, 1, 2);
        sawLast("log", LOG, 1, 2);
        sawLast("table", ONCE, 1);
        assertFound(Kind.UNSEEN, "table", "2 is in the log and was not seen");
    }

    @Test
    void what_is_passed_over_is_skipped() {
        wrote(OK, 1, 2, 3);
        sawLast("log", LOG, 1, 2, 3);
        sawLast("table", ONCE, 1, 3);
        assertFound(Kind.SKIPPED, "table", "3 was seen without 2, which is earlier in the log");
    }

    @Test
    void what_is_passed_over_for_a_while_is_skipped_too() {
        wrote(OK, 1, 2, 3);
        sawLast("log", LOG, 1, 2, 3);
        saw("table", ONCE, 40, 2);
        sawLast("table", ONCE, 1, 2, 3);
        assertThat(found())
                .extracting(Anomaly::kind)
                .containsExactly(Kind.SKIPPED, Kind.NON_MONOTONIC);
    }

    @Test
    void a_reader_that_goes_back_is_not_monotonic() {
        wrote(OK, 1, 2);
        sawLast("log", LOG, 1, 2);
        saw("table", ONCE, 40, 1, 2);
        saw("table", ONCE, 50, 1);
        sawLast("table", ONCE, 1, 2);
        assertFound(Kind.NON_MONOTONIC, "table", "saw 2 at place 1 and later nothing");
    }

    @Test
    void sights_at_the_same_time_need_not_agree() {
        wrote(OK, 1, 2);
        sawLast("log", LOG, 1, 2);
        sights.add(new Sight("table", ONCE, "k", List.of(1L, 2L), 40, 60, false));
        sights.add(new Sight("table", ONCE, "k", List.of(1L), 50, 61, false));
        sawLast("table", ONCE, 1, 2);
        assertThat(found()).isEmpty();
    }

    @Test
    void a_log_that_does_not_show_what_was_acknowledged_is_stale() {
        wrote(OK, 1, 2);
        saw("log", LOG, 26, 1);
        sawLast("log", LOG, 1, 2);
        assertFound(
                Kind.STALE, "log", "2 was acknowledged before the log was read, which lacks it");
    }

    @Test
    void keys_have_nothing_to_do_with_each_other() {
        wrote(OK, 1, 2);
        appends.add(new Append("other", 1, OK, 100, 105));
        sawLast("log", LOG, 1, 2);
        sights.add(new Sight("log", LOG, "other", List.of(1L), 1_000, 1_001, true));
        assertThat(found()).isEmpty();
    }

    @Test
    void a_history_that_shows_nothing_is_refused() {
        wrote(UNKNOWN, 1);
        sawLast("log", LOG, 1);
        assertThatThrownBy(this::found).hasMessageContaining("no append was acknowledged");
    }

    @Test
    void a_history_without_an_end_is_refused() {
        wrote(OK, 1);
        saw("log", LOG, 20, 1);
        assertThatThrownBy(this::found).hasMessageContaining("the log's last sight of k");
        sawLast("log", LOG, 1);
        saw("table", ONCE, 20, 1);
        assertThatThrownBy(this::found).hasMessageContaining("that table had of k is missing");
    }

    @Test
    void a_report_names_what_it_found() {
        wrote(OK, 1, 2);
        sawLast("log", LOG, 1);
        assertThatThrownBy(() -> LogChecker.check(appends, sights).requireNone())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 anomalies")
                .hasMessageContaining("LOST k (log): 2 was acknowledged");
    }

    @Test
    void a_random_history_that_is_right_has_no_anomaly_and_any_change_of_it_has_one() {
        for (long seed = 1; seed <= 200; seed++) {
            var random = new VirtualTime(seed).random();
            appends.clear();
            sights.clear();
            int count = random.nextInt(2, 12);
            wrote(OK, java.util.stream.LongStream.rangeClosed(1, count).toArray());
            var right = Stream.iterate(1L, value -> value + 1).limit(count).toList();
            sights.add(new Sight("log", LOG, "k", right, 1_000, 1_001, true));
            var table = new ArrayList<>(right);
            sights.add(new Sight("table", ONCE, "k", table, 1_000, 1_001, true));
            assertThat(found()).as("seed " + seed).isEmpty();
            int at = random.nextInt(count);
            switch (random.nextInt(3)) {
                case 0 -> table.remove(at);
                case 1 -> table.add(random.nextInt(count + 1), table.get(at));
                default -> java.util.Collections.swap(table, at, at == 0 ? 1 : at - 1);
            }
            sights.removeLast();
            sights.add(new Sight("table", ONCE, "k", table, 1_000, 1_001, true));
            assertThat(found()).as("seed " + seed).isNotEmpty();
        }
    }
}
