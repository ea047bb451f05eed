package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancellationTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;

    private static Service<String, String> within(Service<String, String> service) {
        return Cancellation.<String, String>atDeadline("test", TIME).then(service);
    }

    private static String until(Duration limit, Service<String, String> service) throws Exception {
        return Context.none()
                .with(Deadline.after(limit, TIME))
                .call(() -> within(service).call("x"));
    }

    private static void refused(Duration limit, Service<String, String> service, boolean begun) {
        assertThatThrownBy(() -> until(limit, service))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.DEADLINE);
                            assertThat(e.refusal().begun()).isEqualTo(begun);
                            assertThat(e.refusal().by()).isEqualTo("test");
                        });
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    private static String forEver() throws InterruptedException {
        if (new CountDownLatch(1).await(10, TimeUnit.SECONDS)) return "";
        throw new AssertionError("it was not interrupted");
    }

    @Test
    void cancelling_interrupts_the_work_once_and_the_first_reason_stays() {
        try (var cancellation = new Cancellation()) {
            cancellation.cancel("one");
            cancellation.cancel("two");
            assertThat(cancellation.reason()).hasValue("one");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        }
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void cancelling_ended_work_does_nothing() {
        var cancellation = new Cancellation();
        cancellation.close();
        cancellation.close();
        cancellation.cancel("late");
        assertThat(cancellation.reason()).isEmpty();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void an_interrupt_from_elsewhere_is_left_alone() {
        var cancellation = new Cancellation();
        Thread.currentThread().interrupt();
        cancellation.close();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void an_interrupt_that_came_before_ours_is_still_there_behind_the_work() {
        var cancellation = new Cancellation();
        Thread.currentThread().interrupt();
        cancellation.cancel("deadline");
        cancellation.close();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void work_in_time_is_not_touched() throws Exception {
        assertThat(until(Duration.ofSeconds(5), x -> "done")).isEqualTo("done");
        assertThat(within(x -> "no deadline").call("x")).isEqualTo("no deadline");
    }

    @Test
    void what_takes_too_long_is_interrupted_and_refused_as_begun() {
        refused(Duration.ofMillis(30), x -> forEver(), true);
    }

    @Test
    void a_call_that_broke_off_by_the_interrupt_is_refused_too() {
        refused(
                Duration.ofMillis(30),
                x -> {
                    try {
                        return forEver();
                    } catch (InterruptedException e) {
                        throw new Failure.Unreachable("interrupted", true, e);
                    }
                },
                true);
    }

    @Test
    void an_expired_deadline_refuses_before_the_work_begins() {
        var calls = new AtomicInteger();
        refused(Duration.ZERO, x -> "" + calls.incrementAndGet(), false);
        assertThat(calls).hasValue(0);
    }

    @Test
    void other_failures_pass_through() {
        assertThatThrownBy(() ->
                        until(
                                Duration.ofSeconds(5),
                                x -> {
                                    throw new Failure.Unreachable("down", false, null);
                                }))
                .isInstanceOf(Failure.Unreachable.class);
        assertThatThrownBy(() ->
                        until(
                                Duration.ofSeconds(5),
                                x -> {
                                    throw new InterruptedException();
                                }))
                .isInstanceOf(InterruptedException.class);
    }

    @Test
    void the_earlier_of_two_deadlines_counts() {
        var soon = Deadline.after(Duration.ofSeconds(1), TIME);
        var late = Deadline.after(Duration.ofSeconds(9), TIME);
        assertThat(soon.earliest(late)).isSameAs(soon);
        assertThat(late.earliest(soon)).isSameAs(soon);
        assertThat(Deadline.NEVER.earliest(late)).isSameAs(late);
        assertThat(late.earliest(Deadline.NEVER)).isSameAs(late);
        assertThat(Deadline.NEVER.expired()).isFalse();
        assertThat(Deadline.after(Duration.ofSeconds(-1), TIME).expired()).isTrue();
        assertThat(Deadline.after(Duration.ofSeconds(-1), TIME).remaining()).isZero();
    }

    @Test
    void waits_grow_to_the_cap_with_full_jitter() {
        for (int attempt = 1; attempt <= 200; attempt++) {
            long bound = Math.min(250, 25L << Math.min(attempt - 1, 10));
            for (int i = 0; i < 20; i++)
                assertThat(Backoff.CALLS.after(attempt, TIME))
                        .isBetween(Duration.ZERO, Duration.ofMillis(bound));
        }
        long total = 0;
        for (int i = 0; i < 1000; i++) total += Backoff.CALLS.after(9, TIME).toMillis();
        assertThat(total / 1000).isBetween(100L, 150L);
        assertThat(new Backoff(Duration.ZERO, Duration.ofSeconds(1)).after(5, TIME)).isZero();
    }
}
