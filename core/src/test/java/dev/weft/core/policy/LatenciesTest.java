package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class LatenciesTest {

    private static final long MS = 1_000_000;

    private final SteppedTime time = new SteppedTime();
    private final Latencies latencies = new Latencies(time);

    private long exceededBy(double share) {
        return latencies.exceededBy(share, 1).orElseThrow();
    }

    @Test
    void says_how_long_all_but_a_share_took() {
        for (int i = 1; i <= 1_000; i++) latencies.record(i * MS);
        assertThat(latencies.count()).isEqualTo(1_000);
        assertThat(exceededBy(0.5)).isBetween(500 * MS, 517 * MS);
        assertThat(exceededBy(0.01)).isBetween(990 * MS, 1_022 * MS);
        assertThat(exceededBy(0)).isBetween(1_000 * MS, 1_033 * MS);
        assertThat(exceededBy(1)).as("all may").isLessThan(2_000);
    }

    @Test
    void one_slow_call_among_a_hundred_is_above_the_99th_percentile_but_two_are_not() {
        for (int i = 0; i < 99; i++) latencies.record(MS);
        latencies.record(1_000 * MS);
        assertThat(exceededBy(0.01)).isLessThan(2 * MS);
        for (int i = 0; i < 99; i++) latencies.record(MS);
        latencies.record(1_000 * MS);
        latencies.record(1_000 * MS);
        assertThat(exceededBy(0.01)).isGreaterThan(999 * MS);
    }

    @Test
    void is_never_too_small_and_at_most_a_little_too_large() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(SteppedTime.seed());
        for (int i = 0; i < 5_000; i++) {
            long nanos = random.nextLong(1L << random.nextInt(1, 37));
            var one = new Latencies(time);
            one.record(nanos);
            assertThat(one.exceededBy(0.01, 1).orElseThrow() - nanos)
                    .as("%s ns", nanos)
                    .isBetween(1L, Math.max(1_024, nanos / 32 + 1_024));
        }
    }

    @Test
    void agrees_with_sorting() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(SteppedTime.seed());
        var all = new long[10_000];
        for (int i = 0; i < all.length; i++) {
            all[i] = (long) (MS * Math.exp(3 * random.nextGaussian()));
            latencies.record(all[i]);
        }
        Arrays.sort(all);
        for (double share : new double[] {0.9, 0.5, 0.1, 0.01, 0.001}) {
            long exact = all[(int) Math.round(all.length * (1 - share)) - 1];
            assertThat(exceededBy(share)).isBetween(exact, exact + exact / 30 + 1_024);
        }
    }

    @Test
    void what_is_out_of_range_counts_at_the_ends() {
        latencies.record(-5);
        assertThat(exceededBy(0)).isEqualTo(1_024);
        latencies.record(Long.MAX_VALUE);
        assertThat(exceededBy(0)).isEqualTo(1L << 37);
    }

    @Test
    void without_enough_of_them_there_is_no_percentile() {
        assertThat(latencies.exceededBy(0.5, 0)).isEmpty();
        for (int i = 0; i < 99; i++) latencies.record(MS);
        assertThat(latencies.exceededBy(0.01, 100)).isEmpty();
        latencies.record(MS);
        assertThat(latencies.exceededBy(0.01, 100)).isPresent();
    }

    @Test
    void forgets_slice_by_slice() {
        for (int slice = 0; slice < 3; slice++) {
            for (int i = 0; i < 10; i++) latencies.record(MS);
            time.pass(Duration.ofSeconds(10));
        }
        assertThat(latencies.count()).isEqualTo(20);
        time.pass(Duration.ofSeconds(10));
        assertThat(latencies.count()).isEqualTo(10);
        time.pass(Duration.ofSeconds(10));
        assertThat(latencies.count()).isZero();
    }
}
