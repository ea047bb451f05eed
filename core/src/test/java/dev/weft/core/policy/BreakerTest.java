package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.Refusal;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BreakerTest {

    private static final Duration LONGEST_FIRST = Duration.ofSeconds(5);

    private final long seed = SteppedTime.seed();
    private final SteppedTime time = new SteppedTime(seed);
    private final Counts counts = new Counts();
    private final Breaker breaker = breaker(Breaker.Options.DEFAULT);

    private Breaker breaker(Breaker.Options options) {
        return new Breaker("cart/c1", options, counts, time);
    }

    private static Breaker.Options options(Mode mode, int failures, double success) {
        var it = Breaker.Options.DEFAULT;
        return new Breaker.Options(
                mode, failures, success, it.window(), it.leastCalls(), it.open(), it.longestOpen());
    }

    private static void calls(Breaker breaker, Verdict verdict, int times) {
        for (int i = 0; i < times; i++) breaker.admit().end(verdict);
    }

    private void open() {
        calls(breaker, Verdicts.BAD, 5);
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    private void untilProbe() {
        time.pass(breaker.openFor());
        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
    }

    @Test
    void opens_after_five_failures_in_a_row() {
        var runs = breaker(options(Mode.ON, 5, 0));
        calls(runs, Verdicts.BAD, 4);
        calls(runs, Verdict.GOOD, 1);
        calls(runs, Verdicts.BAD, 4);
        assertThat(runs.state()).isEqualTo(Breaker.State.CLOSED);
        calls(runs, Verdicts.BAD, 1);
        assertThat(runs.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void opens_when_fewer_than_eighty_percent_succeed() {
        calls(breaker, Verdict.GOOD, 12);
        calls(breaker, Verdicts.BAD, 3);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        calls(breaker, Verdicts.BAD, 1);
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void judges_no_share_of_fewer_than_five_calls() {
        calls(breaker, Verdicts.BAD, 2);
        calls(breaker, Verdict.GOOD, 1);
        calls(breaker, Verdicts.BAD, 1);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        calls(breaker, Verdicts.BAD, 1);
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void a_share_that_is_just_reached_is_enough_whatever_it_looks_like_in_floating_point() {
        for (int percent = 1; percent < 100; percent++) {
            var exact = breaker(options(Mode.ON, 0, percent / 100.0));
            calls(exact, Verdict.GOOD, percent);
            calls(exact, Verdicts.BAD, 100 - percent);
            assertThat(exact.state()).as("%d %%", percent).isEqualTo(Breaker.State.CLOSED);
            calls(exact, Verdicts.BAD, 1);
            assertThat(exact.state()).as("%d %%", percent).isEqualTo(Breaker.State.OPEN);
        }
    }

    @Test
    void failures_count_for_thirty_seconds() {
        var shares = breaker(options(Mode.ON, 0, 0.8));
        calls(shares, Verdicts.BAD, 4);
        time.pass(Duration.ofSeconds(30));
        calls(shares, Verdicts.BAD, 1);
        assertThat(shares.state()).isEqualTo(Breaker.State.CLOSED);
        time.pass(Duration.ofSeconds(28));
        calls(shares, Verdicts.BAD, 4);
        assertThat(shares.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void a_success_never_opens_it_although_older_ones_are_forgotten() {
        calls(breaker, Verdict.GOOD, 4);
        time.pass(Duration.ofSeconds(15));
        calls(breaker, Verdicts.BAD, 1);
        calls(breaker, Verdict.GOOD, 1);
        calls(breaker, Verdicts.BAD, 0);
        time.pass(Duration.ofSeconds(16));
        calls(breaker, Verdict.GOOD, 3);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void a_busy_answer_counts_for_the_share_and_not_for_the_run() {
        var runs = breaker(options(Mode.ON, 5, 0));
        calls(runs, Verdicts.BUSY, 50);
        calls(runs, Verdicts.BAD, 4);
        calls(runs, Verdicts.BUSY, 50);
        assertThat(runs.state()).isEqualTo(Breaker.State.CLOSED);
        calls(runs, Verdicts.BAD, 1);
        assertThat(runs.state()).isEqualTo(Breaker.State.OPEN);

        var shares = breaker(options(Mode.ON, 0, 0.8));
        calls(shares, Verdict.GOOD, 3);
        calls(shares, Verdicts.BUSY, 2);
        assertThat(shares.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void what_was_cancelled_counts_nowhere() {
        calls(breaker, Verdicts.BAD, 4);
        calls(breaker, Verdict.UNKNOWN, 1_000);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        calls(breaker, Verdicts.BAD, 1);
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void refuses_while_it_is_open_and_says_when_to_come_back() {
        open();
        assertThatThrownBy(breaker::admit)
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().by()).isEqualTo("cart/c1");
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.BREAKER);
                            assertThat(e.refusal().begun()).isFalse();
                            assertThat(e.refusal().retryAfter())
                                    .isEqualTo(breaker.openFor())
                                    .isBetween(LONGEST_FIRST.dividedBy(2), LONGEST_FIRST);
                        });
        time.pass(breaker.openFor().minusNanos(1));
        assertThatThrownBy(breaker::admit).isInstanceOf(Failure.Refused.class);
        time.pass(Duration.ofNanos(1));
        assertThat(breaker.openFor()).isZero();
        breaker.admit().end(Verdict.GOOD);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void is_open_twice_as_long_with_each_failed_probe_up_to_five_minutes_half_of_it_random() {
        for (int run = 0; run < 20; run++) {
            var each = breaker(Breaker.Options.DEFAULT);
            calls(each, Verdicts.BAD, 5);
            var longest = LONGEST_FIRST;
            for (int probe = 0; probe < 80; probe++) {
                assertThat(each.openFor()).isBetween(longest.dividedBy(2), longest);
                time.pass(each.openFor());
                each.admit().end(Verdicts.BAD);
                longest = longest.multipliedBy(2);
                if (longest.compareTo(Duration.ofMinutes(5)) > 0) longest = Duration.ofMinutes(5);
            }
        }
        var waits = new ArrayList<Duration>();
        for (int i = 0; i < 200; i++) {
            var each = breaker(Breaker.Options.DEFAULT);
            calls(each, Verdicts.BAD, 5);
            waits.add(each.openFor());
        }
        assertThat(waits).anyMatch(wait -> wait.compareTo(Duration.ofSeconds(3)) < 0);
        assertThat(waits).anyMatch(wait -> wait.compareTo(Duration.ofMillis(4_500)) > 0);
    }

    @Test
    void a_probe_that_succeeds_closes_it_and_the_next_time_begins_with_five_seconds() {
        open();
        for (int i = 0; i < 4; i++) {
            untilProbe();
            breaker.admit().end(Verdicts.BAD);
        }
        assertThat(breaker.openFor()).isGreaterThan(Duration.ofSeconds(30));
        untilProbe();
        assertThat(breaker.admit().end(Verdict.GOOD)).isTrue();
        calls(breaker, Verdicts.BAD, 4);
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
        calls(breaker, Verdicts.BAD, 1);
        assertThat(breaker.openFor()).isBetween(LONGEST_FIRST.dividedBy(2), LONGEST_FIRST);
    }

    @Test
    void probes_one_at_a_time() {
        open();
        untilProbe();
        var probe = breaker.admit();
        time.pass(Duration.ofMinutes(1));
        assertThatThrownBy(breaker::admit).isInstanceOf(Failure.Refused.class);
        assertThat(breaker.tryProbe()).isNull();
        probe.end(Verdict.GOOD);
        breaker.admit().end(Verdict.GOOD);
    }

    @Test
    void a_cancelled_probe_frees_its_place_and_is_no_verdict() {
        open();
        untilProbe();
        for (int i = 0; i < 10; i++) breaker.admit().end(Verdict.UNKNOWN);
        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
        breaker.admit().end(Verdicts.BAD);
        assertThat(breaker.openFor())
                .as("one failed probe, not eleven")
                .isBetween(LONGEST_FIRST, LONGEST_FIRST.multipliedBy(2));
    }

    @Test
    void a_probe_that_is_ended_twice_frees_the_place_of_no_other() {
        open();
        untilProbe();
        var first = breaker.admit();
        first.end(Verdict.UNKNOWN);
        breaker.admit();
        first.end(Verdict.UNKNOWN);
        first.end(Verdict.GOOD);
        assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
        assertThatThrownBy(breaker::admit).isInstanceOf(Failure.Refused.class);
    }

    @Test
    void a_probe_that_finds_it_busy_does_not_close_it() {
        open();
        untilProbe();
        breaker.admit().end(Verdicts.BUSY);
        assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    }

    @Test
    void answers_to_calls_of_an_earlier_time_change_nothing() {
        var early = new ArrayList<Breaker.Call>();
        for (int i = 0; i < 100; i++) early.add(breaker.admit());
        open();
        var openFor = breaker.openFor();
        early.subList(0, 20).forEach(call -> call.end(Verdict.GOOD));
        early.subList(20, 50).forEach(call -> call.end(Verdicts.BAD));
        assertThat(breaker.openFor()).isEqualTo(openFor);
        untilProbe();
        breaker.admit().end(Verdict.GOOD);
        early.subList(50, 100).forEach(call -> call.end(Verdicts.BAD));
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void a_call_that_is_sent_although_it_is_open_can_only_do_good() {
        open();
        var openFor = breaker.openFor();
        for (int i = 0; i < 100; i++) breaker.force().end(Verdicts.BAD);
        assertThat(breaker.openFor()).isEqualTo(openFor);
        assertThat(breaker.force().end(Verdict.GOOD)).isTrue();
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void a_dark_one_lets_all_calls_through_and_counts_what_it_would_refuse() {
        var dark = breaker(options(Mode.DARK, 5, 0.8));
        calls(dark, Verdicts.BAD, 12);
        assertThat(dark.state()).isEqualTo(Breaker.State.OPEN);
        assertThat(dark.bad()).as("to a balancer").isFalse();
        assertThat(counts.all())
                .isEqualTo(java.util.Map.of("breaker opened", 1, "breaker refused", 7));
        var openFor = dark.openFor();
        dark.force().end(Verdict.GOOD);
        assertThat(dark.openFor()).as("as if it had been refused").isEqualTo(openFor);
        time.pass(openFor);
        dark.admit().end(Verdict.GOOD);
        assertThat(dark.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void one_that_is_off_does_nothing() {
        var off = breaker(options(Mode.OFF, 1, 1));
        calls(off, Verdicts.BAD, 100);
        off.force().end(Verdicts.BAD);
        assertThat(off.state()).isEqualTo(Breaker.State.CLOSED);
        assertThat(counts.all()).isEmpty();
    }

    @Test
    void never_opens_for_what_is_set_to_zero() {
        var never = breaker(options(Mode.ON, 0, 0));
        calls(never, Verdicts.BAD, 1_000);
        calls(never, Verdicts.BUSY, 1_000);
        assertThat(never.state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void many_threads_get_one_probe() throws InterruptedException {
        open();
        untilProbe();
        var go = new CountDownLatch(1);
        var admitted = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 16; i++)
            threads.add(
                    SystemTime.INSTANCE.start(
                            "caller",
                            () -> {
                                try {
                                    go.await();
                                    breaker.admit();
                                    admitted.incrementAndGet();
                                } catch (Failure.Refused | InterruptedException e) {
                                    return;
                                }
                            }));
        go.countDown();
        for (var thread : threads) thread.join();
        assertThat(admitted.get()).isEqualTo(1);
    }

    @Test
    void stands_alone_around_a_service() throws Exception {
        Service<String, String> service =
                request -> {
                    return switch (request) {
                        case "down" -> throw new Failure.Unreachable("down", true, null);
                        case "cancel" -> throw new InterruptedException();
                        case "boom" -> throw new AssertionError("boom");
                        default -> request;
                    };
                };
        var guarded =
                breaker.<String, String>filter(
                                new Classifier<>() {
                                    @Override
                                    public Verdict answered(String answer) {
                                        return Verdict.GOOD;
                                    }

                                    @Override
                                    public Verdict failed(Throwable failure) {
                                        return failure instanceof Failure
                                                ? Verdicts.BAD
                                                : Verdict.UNKNOWN;
                                    }
                                })
                        .then(service);
        for (int i = 0; i < 5; i++)
            assertThatThrownBy(() -> guarded.call("down")).isInstanceOf(Failure.Unreachable.class);
        assertThatThrownBy(() -> guarded.call("down")).isInstanceOf(Failure.Refused.class);
        untilProbe();
        assertThatThrownBy(() -> guarded.call("cancel")).isInstanceOf(InterruptedException.class);
        assertThatThrownBy(() -> guarded.call("boom")).isInstanceOf(AssertionError.class);
        assertThat(guarded.call("well")).isEqualTo("well");
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    }
}
