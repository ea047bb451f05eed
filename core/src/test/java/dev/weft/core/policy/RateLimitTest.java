package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.Refusal;
import dev.weft.core.RetryAfter;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class RateLimitTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final SteppedTime time = new SteppedTime();
    private final List<String> counted = new ArrayList<>();

    private RateLimit limit(RateLimit.Options options) {
        return new RateLimit(options, (policy, what) -> counted.add(policy + " " + what), time);
    }

    private RateLimit limit(int quota, Duration window) {
        return limit(RateLimit.Options.of(quota, window));
    }

    private static int allowed(RateLimit limit, String key, int tries) {
        int allowed = 0;
        for (int i = 0; i < tries; i++) if (limit.take(key).allowed()) allowed++;
        return allowed;
    }

    @Test
    void the_quota_can_be_used_at_once_and_comes_back_evenly() {
        var limit = limit(60, MINUTE);
        assertThat(allowed(limit, "ann", 100)).isEqualTo(60);
        time.pass(SECOND.minusNanos(1));
        assertThat(limit.take("ann").allowed()).isFalse();
        time.pass(Duration.ofNanos(1));
        assertThat(allowed(limit, "ann", 100)).isOne();
        time.pass(Duration.ofSeconds(30));
        assertThat(allowed(limit, "ann", 100)).isEqualTo(30);
    }

    @Test
    void says_what_is_left_and_when_there_is_one_more() {
        var limit = limit(2, MINUTE);
        assertThat(limit.take("ann"))
                .isEqualTo(new RateLimit.Taken(true, 1, Duration.ofSeconds(30)));
        time.pass(Duration.ofSeconds(10));
        assertThat(limit.take("ann"))
                .isEqualTo(new RateLimit.Taken(true, 0, Duration.ofSeconds(20)));
        assertThat(limit.take("ann"))
                .isEqualTo(new RateLimit.Taken(false, 0, Duration.ofSeconds(20)));
        time.pass(Duration.ofSeconds(20));
        assertThat(limit.take("ann").allowed()).isTrue();
    }

    @Test
    void each_key_has_its_own() {
        var limit = limit(1, SECOND);
        assertThat(limit.take("ann").allowed()).isTrue();
        assertThat(limit.take("ann").allowed()).isFalse();
        assertThat(limit.take("bob").allowed()).isTrue();
    }

    @Test
    void counts_exactly_however_often_it_is_asked() {
        long seed = SteppedTime.seed();
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int round = 0; round < 200; round++) {
            int quota = 1 + random.nextInt(1000);
            var window = Duration.ofSeconds(1 + random.nextInt(100_000));
            var limit = limit(quota, window);
            // In units of one window's nanoseconds for a token, as large as they get.
            var token = BigInteger.valueOf(window.toNanos());
            var full = token.multiply(BigInteger.valueOf(quota));
            var level = full;
            for (int i = 0; i < 200; i++) {
                long passed = random.nextLong(1 + 3 * window.toNanos() / quota);
                time.pass(Duration.ofNanos(passed));
                var come = BigInteger.valueOf(passed).multiply(BigInteger.valueOf(quota));
                level = level.add(come).min(full);
                boolean there = level.compareTo(token) >= 0;
                if (there) level = level.subtract(token);
                var taken = limit.take("ann");
                assertThat(taken.allowed()).isEqualTo(there);
                assertThat(taken.remaining()).isEqualTo(level.divide(token).intValue());
            }
        }
    }

    @Test
    void is_full_and_no_more_behind_long_idleness() {
        for (var idle : List.of(MINUTE, Duration.ofDays(1), Duration.ofDays(365 * 80))) {
            var limit = limit(100_000, Duration.ofDays(1));
            assertThat(allowed(limit, "ann", 100_001)).isEqualTo(100_000);
            time.pass(idle);
            int wanted = (int) Math.min(100_000, 100_000 * idle.toSeconds() / 86_400);
            assertThat(allowed(limit, "ann", 100_001)).isEqualTo(wanted);
        }
    }

    @Test
    void it_does_not_matter_where_the_clock_begins() {
        var late = new SteppedTime(1, Long.MAX_VALUE - 10);
        var limit = new RateLimit(RateLimit.Options.of(10, SECOND), Tally.NONE, late);
        assertThat(allowed(limit, "ann", 20)).isEqualTo(10);
        late.pass(Duration.ofMillis(500));
        assertThat(allowed(limit, "ann", 20)).isEqualTo(5);
    }

    @Test
    void remembers_the_keys_that_were_used_last() {
        var limit = limit(new RateLimit.Options(Mode.ON, "default", 1, MINUTE, 2));
        for (var key : List.of("ann", "bob", "ann", "eve")) limit.take(key);
        assertThat(limit.keys()).isEqualTo(2);
        assertThat(limit.take("ann").allowed()).isFalse();
        assertThat(limit.take("bob").allowed()).isTrue();
        assertThat(limit.keys()).isEqualTo(2);
    }

    @Test
    void a_quota_of_none_refuses_all_and_still_says_when_to_ask_again() {
        var limit = limit(0, SECOND);
        assertThat(limit.take("ann")).isEqualTo(new RateLimit.Taken(false, 0, RetryAfter.LONGEST));
        time.pass(Duration.ofDays(1));
        assertThat(limit.take("ann").allowed()).isFalse();
    }

    @Test
    void as_a_filter_it_refuses_before_the_work_begins_and_says_for_how_long() throws Exception {
        var filter =
                limit(1, MINUTE)
                        .<String, String>filter("cart/1", name -> name.toLowerCase(Locale.ROOT));
        assertThat(filter.apply("Ann", request -> "done")).isEqualTo("done");
        assertThatThrownBy(() -> filter.apply("ann", request -> "done"))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.RATE);
                            assertThat(e.refusal().begun()).isFalse();
                            assertThat(e.refusal().retryAfter()).isEqualTo(MINUTE);
                            assertThat(e.refusal().by()).isEqualTo("cart/1");
                        });
        assertThat(counted).containsExactly("rate refused");
    }

    @Test
    void dark_counts_and_off_does_nothing() {
        var dark = limit(new RateLimit.Options(Mode.DARK, "default", 1, MINUTE, 2));
        assertThat(allowed(dark, "ann", 3)).isEqualTo(3);
        assertThat(counted).containsExactly("rate refused", "rate refused");
        var off = limit(new RateLimit.Options(Mode.OFF, "default", 1, MINUTE, 2));
        assertThat(allowed(off, "ann", 3)).isEqualTo(3);
        assertThat(counted).hasSize(2);
        assertThat(off.keys()).isZero();
    }

    @Test
    void numbers_that_cannot_be_kept_are_named() {
        assertThatThrownBy(() -> RateLimit.Options.of(1, Duration.ofMillis(1500)))
                .hasMessageContaining("whole seconds");
        assertThatThrownBy(() -> RateLimit.Options.of(1, Duration.ZERO))
                .hasMessageContaining("1 s to 31 days");
        assertThatThrownBy(() -> RateLimit.Options.of(-1, SECOND)).hasMessageContaining("-1");
        assertThatThrownBy(() -> RateLimit.Options.of(1_000_003, Duration.ofDays(1)))
                .hasMessageContaining("take a rounder one");
        assertThat(RateLimit.Options.of(1_000_000, Duration.ofDays(1)).quota()).isPositive();
        assertThatThrownBy(() -> new RateLimit.Options(Mode.ON, "my \"limit\"", 1, SECOND, 1))
                .hasMessageContaining("named with");
        assertThatThrownBy(() -> new RateLimit.Options(Mode.ON, "x", 1, SECOND, 0))
                .hasMessageContaining("keys");
    }
}
