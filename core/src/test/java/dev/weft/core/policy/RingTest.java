package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RingTest {

    private static final Duration WINDOW = Duration.ofSeconds(10);

    private final SteppedTime time = new SteppedTime();
    private final Ring ring = new Ring(WINDOW, 10, 2, time);

    @Test
    void counts_each_counter_for_itself() {
        ring.add(0, 3);
        ring.add(1, 5);
        ring.add(0, -1);
        assertThat(ring.sum(0)).isEqualTo(2);
        assertThat(ring.sum(1)).isEqualTo(5);
        assertThatThrownBy(() -> ring.sum(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> ring.add(-1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void forgets_bucket_by_bucket_and_never_all_at_once_at_an_edge() {
        for (int i = 0; i < 10; i++) {
            ring.add(0, 1);
            time.pass(Duration.ofSeconds(1));
        }
        for (int left = 9; left >= 0; left--) {
            assertThat(ring.sum(0)).isEqualTo(left);
            time.pass(Duration.ofSeconds(1));
        }
    }

    @Test
    void remembers_what_came_just_before_a_window_is_over() {
        time.pass(WINDOW.minusNanos(1));
        ring.add(0, 100);
        time.pass(Duration.ofNanos(1));
        assertThat(ring.sum(0)).isEqualTo(100);
        time.pass(Duration.ofSeconds(9).minusNanos(1));
        assertThat(ring.sum(0)).isEqualTo(100);
        time.pass(Duration.ofNanos(1));
        assertThat(ring.sum(0)).isZero();
    }

    @Test
    void a_small_number_does_not_vanish_beside_a_large_one() {
        ring.add(0, Long.MAX_VALUE - 1);
        ring.add(0, 1);
        assertThat(ring.sum(0)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void asking_often_changes_nothing() {
        ring.add(0, 7);
        for (int i = 0; i < 9_000; i++) {
            assertThat(ring.sum(0)).isEqualTo(7);
            time.pass(Duration.ofMillis(1));
        }
    }

    @Test
    void is_empty_after_manyidleness_and_counts_on() {
        for (var idle :
                new Duration[] {
                    WINDOW, WINDOW.plusNanos(1), Duration.ofMinutes(61), Duration.ofDays(20_000)
                }) {
            ring.add(0, 1);
            ring.add(1, 1);
            time.pass(idle);
            assertThat(ring.sum(0)).as("%s", idle).isZero();
            ring.add(1, 4);
            assertThat(ring.sum(1)).as("%s", idle).isEqualTo(4);
            time.pass(WINDOW);
        }
    }

    @Test
    void keeps_everything_while_the_clock_stands() {
        for (int i = 0; i < 100_000; i++) ring.add(0, 1);
        assertThat(ring.sum(0)).isEqualTo(100_000);
    }

    @Test
    void works_where_the_clock_overflows() {
        var near = new SteppedTime(1, Long.MAX_VALUE - Duration.ofSeconds(5).toNanos());
        var across = new Ring(WINDOW, 10, near);
        for (int i = 0; i < 10; i++) {
            across.add(0, 1);
            near.pass(Duration.ofSeconds(1));
        }
        assertThat(across.sum(0)).isEqualTo(9);
        near.pass(WINDOW);
        assertThat(across.sum(0)).isZero();
    }

    @Test
    void can_be_cleared() {
        ring.add(0, 1);
        time.pass(Duration.ofSeconds(1));
        ring.add(1, 1);
        ring.clear();
        assertThat(ring.sum(0) + ring.sum(1)).isZero();
        ring.add(1, 2);
        assertThat(ring.sum(1)).isEqualTo(2);
    }

    @Test
    void refuses_a_window_that_cannot_be_divided() {
        assertThatThrownBy(() -> new Ring(Duration.ofNanos(9), 10, time))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10 buckets");
        assertThatThrownBy(() -> new Ring(WINDOW, 10, 0, time))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Ring(WINDOW, 0, time))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void agrees_with_a_list_of_everything_that_was_added() {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(SteppedTime.seed());
        record Added(long bucket, long n) {}
        var all = new ArrayDeque<Added>();
        long millis = 0;
        for (int i = 0; i < 20_000; i++) {
            long step = random.nextInt(20) == 0 ? random.nextLong(15_000) : random.nextLong(300);
            time.pass(Duration.ofMillis(step));
            millis += step;
            long bucket = millis / 1000;
            long n = random.nextLong(-5, 50);
            ring.add(1, n);
            all.add(new Added(bucket, n));
            all.removeIf(added -> added.bucket() <= bucket - 10);
            assertThat(ring.sum(1)).isEqualTo(all.stream().mapToLong(Added::n).sum());
        }
    }

    @Test
    void loses_nothing_of_many_threads_while_buckets_change() throws Exception {
        var many = new Ring(Duration.ofSeconds(400), 400_000, SystemTime.INSTANCE);
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 4; t++)
            threads.add(
                    SystemTime.INSTANCE.start(
                            "adder",
                            () -> {
                                for (int i = 0; i < 50_000; i++) many.add(0, 1);
                            }));
        for (var thread : threads) assertThat(thread.join(Duration.ofSeconds(50))).isTrue();
        assertThat(many.sum(0)).isEqualTo(200_000);
    }
}
