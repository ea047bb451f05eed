package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TimersTest {

    private static final Duration MS = Duration.ofMillis(1);

    /** About to overflow, as it may be on a machine that has just started. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5_000_000);

    private final Timers timers = new Timers(clock::get);
    private final List<String> ran = new ArrayList<>();

    private static final SystemTime TIME = SystemTime.INSTANCE;

    /** With a thread of its own: others' timers would wake it, and hide that ours do not. */
    private final Timers real = new Timers(TIME::nanos);

    private Thread runner = Thread.currentThread();

    @BeforeEach
    void start() {
        runner = TIME.startNative("timers", real);
    }

    @AfterEach
    void stop() throws InterruptedException {
        runner.interrupt();
        runner.join();
    }

    private void pass(Duration duration) {
        clock.addAndGet(duration.toNanos());
        timers.look();
    }

    @Test
    void tasks_run_in_the_order_in_which_they_are_due_and_never_early() {
        timers.schedule(MS.multipliedBy(10), () -> ran.add("10"));
        timers.schedule(MS.multipliedBy(3), () -> ran.add("3"));
        timers.schedule(MS.multipliedBy(7), () -> ran.add("7"));
        pass(MS.multipliedBy(3).minusNanos(1));
        assertThat(ran).isEmpty();
        pass(Duration.ofNanos(1));
        assertThat(ran).containsExactly("3");
        pass(MS.multipliedBy(7));
        assertThat(ran).containsExactly("3", "7", "10");
    }

    @Test
    void a_task_that_was_cancelled_is_not_run_and_one_that_has_run_is_not_run_again() {
        var cancelled = timers.schedule(MS, () -> ran.add("cancelled"));
        timers.schedule(MS, () -> ran.add("kept"));
        var later = timers.schedule(MS.multipliedBy(5), () -> ran.add("cancelled in the heap"));
        cancelled.cancel();
        pass(MS);
        later.cancel();
        later.cancel();
        pass(MS.multipliedBy(10));
        assertThat(ran).containsExactly("kept");
    }

    @Test
    void a_task_that_fails_does_not_keep_the_others() {
        timers.schedule(
                MS,
                () -> {
                    throw new AssertionError("on purpose");
                });
        timers.schedule(MS.multipliedBy(2), () -> ran.add("next"));
        pass(MS.multipliedBy(2));
        assertThat(ran).containsExactly("next");
    }

    @Test
    void no_delay_is_too_long_and_one_that_is_over_runs_at_once() {
        timers.schedule(Duration.ofSeconds(Long.MAX_VALUE), () -> ran.add("never"));
        timers.schedule(Duration.ofSeconds(-1), () -> ran.add("over"));
        timers.schedule(Duration.ZERO, () -> ran.add("now"));
        pass(Duration.ofDays(30));
        assertThat(ran).containsExactly("over", "now");
    }

    @Test
    void cancelled_ones_are_not_kept_until_they_would_be_due() {
        for (int round = 0; round < 100; round++) {
            var set = new ArrayList<Time.Cancel>();
            for (int i = 0; i < 1_000; i++)
                set.add(timers.schedule(Duration.ofMinutes(1), () -> ran.add("cancelled")));
            pass(MS);
            set.forEach(Time.Cancel::cancel);
            assertThat(timers.held()).isLessThan(5_000);
        }
    }

    @Test
    void a_sleeping_thread_wakes_for_what_is_due_sooner() throws Exception {
        var order = new ConcurrentLinkedQueue<String>();
        var done = new CountDownLatch(2);
        for (int i = 0; i < 50; i++) {
            var latch = new CountDownLatch(1);
            long set = TIME.nanos();
            var late = real.schedule(Duration.ofMinutes(1), () -> order.add("late"));
            real.schedule(MS, latch::countDown);
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(TIME.nanos() - set).isGreaterThanOrEqualTo(MS.toNanos());
            late.cancel();
        }
        real.schedule(
                MS.multipliedBy(60),
                () -> {
                    order.add("second");
                    done.countDown();
                });
        real.schedule(
                MS.multipliedBy(30),
                () -> {
                    order.add("first");
                    done.countDown();
                });
        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly("first", "second");
    }

    @Test
    void many_threads_set_and_cancel_at_once_and_none_of_the_others_is_missed() throws Exception {
        int threads = 8;
        int each = 2_000;
        var fired = new CountDownLatch(threads * each / 2);
        var wrong = new AtomicLong();
        for (int t = 0; t < threads; t++) {
            TIME.start(
                    "setter",
                    () -> {
                        for (int i = 0; i < each; i++) {
                            if (i % 2 == 0) {
                                real.schedule(Duration.ofMillis(i % 40), fired::countDown);
                            } else {
                                real.schedule(Duration.ofHours(1), wrong::incrementAndGet).cancel();
                            }
                        }
                    });
        }
        assertThat(fired.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(wrong).hasValue(0);
    }
}
