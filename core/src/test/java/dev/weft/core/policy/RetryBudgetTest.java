package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RetryBudgetTest {

    private static final Duration WINDOW = Duration.ofSeconds(10);

    private final SteppedTime time = new SteppedTime();

    private RetryBudget budget(double ratio, int perSecond) {
        return new RetryBudget(new RetryBudget.Options(ratio, perSecond, WINDOW), time);
    }

    private static int drain(RetryBudget budget, int attempt) {
        int taken = 0;
        while (budget.take(attempt)) taken++;
        return taken;
    }

    private static void called(RetryBudget budget, int times) {
        for (int i = 0; i < times; i++) budget.called(1);
    }

    @Test
    void a_fresh_budget_holds_what_a_window_allows() {
        var budget = new RetryBudget(RetryBudget.Options.DEFAULT, time);
        assertThat(budget.left()).isEqualTo(100);
        assertThat(drain(budget, 1)).isEqualTo(100);
        assertThat(budget.left()).isZero();
    }

    @Test
    void each_first_attempt_adds_its_share() {
        var budget = budget(0.2, 10);
        called(budget, 1_000);
        assertThat(budget.left()).isEqualTo(200);
        assertThat(drain(budget, 1)).isEqualTo(200);
        called(budget, 4);
        assertThat(budget.take(1)).isFalse();
        called(budget, 1);
        assertThat(drain(budget, 1)).isEqualTo(1);
    }

    @Test
    void few_calls_have_what_is_allowed_per_second_and_many_their_share_alone() {
        var budget = budget(0.2, 10);
        called(budget, 500);
        assertThat(budget.left()).isEqualTo(100);
        called(budget, 5);
        assertThat(budget.left()).as("never the sum of both").isEqualTo(101);
    }

    @Test
    void shares_add_up_exactly() {
        var budget = budget(0.1, 0);
        called(budget, 9);
        assertThat(budget.take(1)).isFalse();
        called(budget, 1);
        assertThat(budget.take(1)).as("ten times 0.1 is one, but not in floating point").isTrue();
        var small = budget(0.000_001, 0);
        called(small, 999_999);
        assertThat(small.take(1)).isFalse();
        called(small, 1);
        assertThat(small.take(1)).isTrue();
    }

    @Test
    void nothing_is_nothing() {
        var budget = new RetryBudget(RetryBudget.Options.NONE, time);
        called(budget, 1_000_000);
        assertThat(budget.take(1)).isFalse();
        assertThat(budget.take(2)).isFalse();
        assertThat(budget.left()).isZero();
    }

    @Test
    void counts_per_second_whatever_the_window() {
        for (var window :
                new Duration[] {
                    Duration.ofMillis(200), Duration.ofSeconds(1), Duration.ofMinutes(10)
                }) {
            var budget = new RetryBudget(new RetryBudget.Options(0, 10, window), time);
            assertThat(budget.left()).as("%s", window).isEqualTo(window.toMillis() / 100);
        }
    }

    @Test
    void what_was_drawn_comes_back_after_the_window_and_not_before() {
        var budget = budget(0, 10);
        drain(budget, 1);
        time.pass(WINDOW);
        assertThat(budget.take(1)).as("in no ten seconds more than a hundred").isFalse();
        time.pass(Duration.ofSeconds(1));
        assertThat(budget.left()).isEqualTo(100);
    }

    @Test
    void deposits_just_before_an_edge_are_not_forgotten_at_it() {
        var budget = budget(0.2, 0);
        time.pass(WINDOW.minusNanos(1));
        called(budget, 50);
        time.pass(Duration.ofNanos(1));
        assertThat(drain(budget, 1)).isEqualTo(10);
    }

    @Test
    void draws_just_before_an_edge_are_not_forgotten_at_it() {
        var budget = budget(0, 10);
        time.pass(WINDOW.minusNanos(1));
        drain(budget, 1);
        time.pass(Duration.ofNanos(1));
        assertThat(budget.take(1)).isFalse();
    }

    @Test
    void a_call_made_for_a_retry_is_itself_extra_load() {
        var budget = budget(0.2, 0);
        called(budget, 100);
        for (int i = 0; i < 15; i++) budget.called(2);
        assertThat(budget.left()).isEqualTo(5);
        assertThat(drain(budget, 1)).isEqualTo(5);
        for (int i = 0; i < 100; i++) budget.called(3);
        assertThat(budget.left()).as("not below zero").isZero();
    }

    @Test
    void as_many_calls_for_retries_are_expected_as_came_in_the_window_before() {
        var budget = budget(0.2, 0);
        for (int i = 0; i < 15; i++) budget.called(2);
        time.pass(WINDOW);
        called(budget, 100);
        assertThat(budget.left()).isEqualTo(5);
        for (int i = 0; i < 15; i++) budget.called(2);
        assertThat(budget.left()).as("the larger of both, not their sum").isEqualTo(5);
        time.pass(WINDOW.multipliedBy(2));
        called(budget, 100);
        assertThat(budget.left()).isEqualTo(20);
    }

    @Test
    void what_is_done_for_a_retry_has_a_fifth_of_the_ratio_and_none_of_the_rest() {
        var budget = budget(0.2, 10);
        assertThat(budget.take(2)).isFalse();
        called(budget, 24);
        assertThat(budget.take(2)).isFalse();
        called(budget, 1);
        assertThat(budget.take(2)).isTrue();
        assertThat(budget.take(2)).isFalse();
        called(budget, 975);
        assertThat(drain(budget, 3)).isEqualTo(39);
        assertThat(drain(budget, 1)).isEqualTo(160);
    }

    @Test
    void refuses_settings_that_make_no_sense() {
        assertThatThrownBy(() -> new RetryBudget.Options(20, 10, WINDOW))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("20 % is 0.2");
        for (double ratio : new double[] {-0.1, Double.NaN})
            assertThatThrownBy(() -> new RetryBudget.Options(ratio, 10, WINDOW))
                    .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RetryBudget.Options(0.2, -1, WINDOW))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RetryBudget.Options(0.2, 10, Duration.ofMillis(9)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void in_every_window_tries_beyond_the_first_stay_within_ratio_or_rate() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(SteppedTime.seed());
        var budget = budget(0.2, 10);
        int seconds = 500;
        var firsts = new long[seconds];
        var extra = new long[seconds];
        var came = new long[seconds];
        for (int now = 0; now < seconds; now++) {
            int most = random.nextInt(1, 400);
            for (int calls = random.nextInt(most); calls > 0; calls--) {
                int attempt = random.nextInt(20) == 0 ? 2 : 1;
                budget.called(attempt);
                (attempt == 1 ? firsts : came)[now]++;
                for (int tries = random.nextInt(3); tries > 0; tries--) {
                    long expected = Math.max(window(came, now), window(came, now - 10));
                    long allowed =
                            Math.max(2 * window(firsts, now) / 10, 100)
                                    - drawn(extra, now)
                                    - expected;
                    boolean taken = budget.take(attempt);
                    if (taken) extra[now]++;
                    if (taken || attempt == 1) assertThat(taken).isEqualTo(allowed >= 1);
                }
            }
            time.pass(Duration.ofSeconds(1));
        }
    }

    /** A second more than the window. */
    private static long drawn(long[] counts, int now) {
        return window(counts, now) + (now < 10 ? 0 : counts[now - 10]);
    }

    private static long window(long[] counts, int now) {
        long sum = 0;
        for (int i = Math.max(0, now - 9); i <= now; i++) sum += counts[i];
        return sum;
    }

    @Test
    void many_threads_draw_no_more_than_there_is() throws Exception {
        var budget =
                new RetryBudget(
                        new RetryBudget.Options(0, 1_000, Duration.ofSeconds(100)),
                        SystemTime.INSTANCE);
        var taken = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 8; i++)
            threads.add(
                    SystemTime.INSTANCE.start("drawer", () -> taken.addAndGet(drain(budget, 1))));
        for (var thread : threads) assertThat(thread.join(Duration.ofSeconds(50))).isTrue();
        assertThat(taken).hasValue(100_000);
    }
}
