package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PeakEwmaTest {

    private static final double MS = 1_000_000;

    private final SteppedTime time = new SteppedTime();
    private final PeakEwma load = new PeakEwma(time);

    private void call(PeakEwma load, Duration took, Verdict verdict) {
        long begun = load.begin();
        time.pass(took);
        load.end(begun, verdict);
    }

    private void call(Duration took) {
        call(load, took, Verdict.GOOD);
    }

    @Test
    void assumes_thirty_milliseconds_before_the_first_answer() {
        assertThat(load.latencyNanos()).isEqualTo(30 * MS);
        assertThat(load.measured()).isFalse();
        call(Duration.ofMillis(5));
        assertThat(load.latencyNanos()).isEqualTo(5 * MS);
        assertThat(load.measured()).isTrue();
    }

    @Test
    void a_longer_call_replaces_what_was_remembered_at_once() {
        call(Duration.ofMillis(5));
        call(Duration.ofMillis(700));
        assertThat(load.latencyNanos()).isEqualTo(700 * MS);
    }

    @Test
    void shorter_calls_bring_it_down_by_the_clock_and_not_by_their_number() {
        var often = new PeakEwma(time);
        var seldom = new PeakEwma(time);
        for (var each : new PeakEwma[] {often, seldom})
            each.end(time.nanos() - 1_000_000_000, Verdict.GOOD);
        for (int i = 1; i <= 10_000; i++) {
            time.pass(Duration.ofMillis(1));
            often.end(time.nanos() - 10_000_000, Verdict.GOOD);
            if (i % 1_000 == 0) seldom.end(time.nanos() - 10_000_000, Verdict.GOOD);
        }
        double expected = 1_000 * MS / Math.E;
        assertThat(often.latencyNanos()).isCloseTo(expected, within(1 * MS));
        assertThat(seldom.latencyNanos()).isCloseTo(expected, within(1 * MS));
    }

    @Test
    void a_call_counts_before_it_is_answered() {
        double idle = load.cost();
        long begun = load.begin();
        assertThat(load.pending()).isEqualTo(1);
        assertThat(load.cost()).isEqualTo(2 * idle);
        load.end(begun, Verdict.UNKNOWN);
        assertThat(load.pending()).isZero();
    }

    @Test
    void a_fast_failure_costs_more_than_a_slow_success() {
        for (var failed : new Verdict[] {Verdicts.BAD, Verdicts.BUSY}) {
            var failing = new PeakEwma(time);
            var slow = new PeakEwma(time);
            call(slow, Duration.ofSeconds(4), Verdict.GOOD);
            call(failing, Duration.ofMillis(1), failed);
            assertThat(failing.cost()).isGreaterThan(slow.cost());
        }
    }

    @Test
    void a_peak_is_forgotten_after_ten_seconds_so_that_one_that_was_left_is_tried_again() {
        call(Duration.ofSeconds(1));
        time.pass(Duration.ofSeconds(10));
        assertThat(load.measured()).isTrue();
        time.pass(Duration.ofNanos(1));
        assertThat(load.measured()).isFalse();
        call(Duration.ofMillis(1));
        assertThat(load.latencyNanos()).isEqualTo(1 * MS);
        assertThat(load.measured()).isTrue();
    }

    @Test
    void a_failure_counts_as_long_as_it_took() {
        call(load, Duration.ofSeconds(9), Verdicts.BAD);
        assertThat(load.latencyNanos()).isEqualTo(9_000 * MS);
    }

    @Test
    void a_penalty_lasts_five_seconds_or_as_long_as_the_answer_asked_for_and_is_over_then() {
        call(Duration.ofMillis(1));
        call(load, Duration.ofMillis(1), Verdicts.BAD);
        assertThat(load.latencyNanos()).isEqualTo(5_000 * MS);
        time.pass(Duration.ofMillis(4_990));
        assertThat(load.latencyNanos()).isEqualTo(10 * MS);
        time.pass(Duration.ofMillis(10));
        assertThat(load.latencyNanos()).isLessThan(1 * MS);
        call(load, Duration.ofMillis(1), Verdicts.BAD.retryAfter(Duration.ofSeconds(60)));
        call(load, Duration.ofMillis(1), Verdicts.BAD);
        assertThat(load.latencyNanos())
                .as("a shorter one ends no longer one")
                .isEqualTo(59_999 * MS);
    }

    @Test
    void no_penalty_is_so_large_that_one_more_call_makes_no_difference() {
        call(load, Duration.ZERO, Verdicts.BAD.retryAfter(Duration.ofSeconds(Long.MAX_VALUE)));
        double before = load.cost();
        for (int i = 0; i < 1_000; i++) {
            load.begin();
            assertThat(load.cost()).isGreaterThan(before);
            before = load.cost();
        }
    }

    @Test
    void even_the_longest_penalty_is_over_after_five_minutes() {
        call(Duration.ofMillis(1));
        call(load, Duration.ZERO, Verdicts.BAD.retryAfter(Duration.ofSeconds(Long.MAX_VALUE)));
        time.pass(Duration.ofMinutes(5));
        assertThat(load.latencyNanos()).isLessThan(1 * MS);
    }

    @Test
    void one_that_hangs_costs_more_the_longer_it_says_nothing() {
        call(Duration.ofMillis(1));
        load.begin();
        time.pass(Duration.ofMillis(20));
        assertThat(load.latencyNanos()).isEqualTo(20 * MS);
        long second = load.begin();
        time.pass(Duration.ofMillis(1));
        load.end(second, Verdict.UNKNOWN);
        assertThat(load.latencyNanos()).as("giving up is no answer").isEqualTo(21 * MS);
    }

    @Test
    void one_that_hangs_is_not_well_because_each_call_is_given_up_soon() {
        call(Duration.ofMillis(1));
        for (int i = 1; i <= 10; i++) {
            long begun = load.begin();
            time.pass(Duration.ofMillis(20));
            assertThat(load.latencyNanos()).isEqualTo(i * 20 * MS);
            load.end(begun, Verdict.UNKNOWN);
        }
        time.pass(Duration.ofMinutes(1));
        assertThat(load.latencyNanos()).as("nobody asks").isLessThan(1 * MS);
        load.begin();
        assertThat(load.latencyNanos()).as("it has still to answer").isEqualTo(200 * MS);
        call(Duration.ofMillis(1));
        assertThat(load.latencyNanos()).isLessThan(2 * MS);
    }

    @Test
    void an_answer_ends_the_silence_and_so_does_having_nothing_to_answer() {
        call(Duration.ofMillis(1));
        long slow = load.begin();
        time.pass(Duration.ofSeconds(3));
        call(Duration.ofMillis(1));
        assertThat(load.latencyNanos()).as("another call is under way").isLessThan(2 * MS);
        load.end(slow, Verdict.UNKNOWN);
        var idle = new PeakEwma(time);
        call(idle, Duration.ofMillis(1), Verdict.GOOD);
        time.pass(Duration.ofHours(1));
        idle.begin();
        assertThat(idle.latencyNanos()).isLessThan(1 * MS);
    }

    @Test
    void calls_under_way_still_count_when_nothing_takes_any_time() {
        time.pass(Duration.ofDays(400));
        double idle = load.cost();
        load.begin();
        assertThat(load.cost()).isGreaterThan(idle);
    }

    @Test
    void a_call_that_was_given_up_took_at_least_as_long_as_it_was_waited_for() {
        call(Duration.ofMillis(50));
        call(load, Duration.ofMillis(10), Verdict.UNKNOWN);
        assertThat(load.latencyNanos()).isBetween(49 * MS, 50 * MS);
        call(load, Duration.ofMillis(200), Verdict.UNKNOWN);
        assertThat(load.latencyNanos()).isEqualTo(200 * MS);
        assertThat(load.pending()).isZero();
    }

    @Test
    void a_short_call_that_was_given_up_says_nothing_of_an_unknown_instance() {
        call(load, Duration.ofMillis(1), Verdict.UNKNOWN);
        assertThat(load.measured()).isFalse();
        assertThat(load.latencyNanos()).isCloseTo(30 * MS, within(1 * MS));
    }

    @Test
    void one_that_nobody_calls_any_more_becomes_worth_a_try() {
        var healthy = new PeakEwma(time);
        call(Duration.ofMillis(5));
        call(load, Duration.ofMillis(1), Verdicts.BAD);
        int seconds = 0;
        for (; load.cost() >= healthy.cost() && seconds < 1_000; seconds++) {
            time.pass(Duration.ofSeconds(1));
            call(healthy, Duration.ofMillis(5), Verdict.GOOD);
        }
        assertThat(seconds).isBetween(5, 6);
    }
}
