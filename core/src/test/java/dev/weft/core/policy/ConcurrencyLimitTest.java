package dev.weft.core.policy;

import static dev.weft.core.Criticality.BACKGROUND;
import static dev.weft.core.Criticality.CRITICAL;
import static dev.weft.core.Criticality.NORMAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Context;
import dev.weft.core.Criticality;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConcurrencyLimitTest {

    private static final Duration WAIT = Duration.ofMillis(100);

    /** Answers are good but for those that are a number: these are an error of that name. */
    private static final Classifier<String> CLASSIFIER =
            new Classifier<>() {
                @Override
                public Verdict answered(String answer) {
                    return answer.matches("[0-9]+") ? bad(answer) : Verdict.GOOD;
                }

                @Override
                public Verdict failed(Throwable failure) {
                    return switch (failure) {
                        case Failure.Refused it -> bad(it.refusal().reason().wireName());
                        case Failure.Answered it when it.problem().status() < 500 -> Verdict.GOOD;
                        default -> bad("other");
                    };
                }

                private Verdict bad(String error) {
                    return new Verdict(
                            Verdict.Health.BAD, Verdict.Again.NEVER, Duration.ZERO, error);
                }
            };

    private final SteppedTime time = new SteppedTime();
    private final ConcurrentLinkedQueue<String> counted = new ConcurrentLinkedQueue<>();

    private ConcurrencyLimit<String, String> limit(ConcurrencyLimit.Options options) {
        return new ConcurrencyLimit<>(
                "cart/1",
                options,
                CLASSIFIER,
                (policy, decision) -> counted.add(policy + " " + decision),
                time);
    }

    /** One that does not move. */
    private ConcurrencyLimit<String, String> limit(int always, int waiting) {
        return limit(new ConcurrencyLimit.Options(Mode.ON, always, always, always, waiting, WAIT));
    }

    // Who gets in.

    @Test
    void what_comes_beyond_the_limit_waits_shortly_and_is_then_refused_before_it_began()
            throws Exception {
        var limit = limit(ConcurrencyLimit.Options.DEFAULT);
        var crowd = new Crowd(limit);
        crowd.fill(20);
        var late = crowd.comes();
        time.awaitScheduled(1);
        time.pass(WAIT.minusNanos(1));
        assertThat(limit.waiting()).isOne();
        time.pass(Duration.ofNanos(1));
        var refusal = late.refusal();
        assertThat(refusal.reason()).isEqualTo(Refusal.Reason.LIMIT);
        assertThat(refusal.begun()).isFalse();
        assertThat(refusal.by()).isEqualTo("cart/1");
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(1));
        assertThat(late.isInside()).isFalse();
        assertThat(limit.inWork()).isEqualTo(20);
        assertThat(limit.waiting()).isZero();
        assertThat(time.scheduled()).isZero();
        assertThat(counted).containsExactly("limit refused");
    }

    @Test
    void a_free_place_goes_to_the_one_that_came_last() throws Exception {
        var crowd = new Crowd(limit(1, 10));
        var inside = crowd.fill(1)[0];
        var waiting = waiting(crowd, NORMAL, NORMAL, NORMAL);
        time.pass(Duration.ofMillis(10));
        inside.end();
        waiting.get(2).awaitInside();
        assertThat(counted).containsExactly("limit waited");
        assertThat(waiting.get(1).isInside()).isFalse();
        assertThat(waiting.get(0).isInside()).isFalse();
    }

    @Test
    void a_free_place_goes_to_the_most_critical() throws Exception {
        var limit = limit(1, 10);
        var crowd = new Crowd(limit);
        var inside = crowd.fill(1)[0];
        var waiting = waiting(crowd, NORMAL, CRITICAL, BACKGROUND, CRITICAL, NORMAL);
        for (int next : new int[] {3, 1, 4, 0, 2}) {
            inside.end();
            inside = waiting.get(next).awaitInside();
            assertThat(limit.inWork()).isOne();
        }
        inside.end();
        assertThat(limit.inWork()).isZero();
    }

    @Test
    void when_no_more_may_wait_the_oldest_of_the_least_critical_goes() throws Exception {
        record Case(List<Criticality> there, Criticality comes, int goes) {}
        int itself = -1;
        for (var each :
                List.of(
                        new Case(List.of(NORMAL, NORMAL), NORMAL, 0),
                        new Case(List.of(NORMAL, NORMAL), CRITICAL, 0),
                        new Case(List.of(NORMAL, NORMAL), BACKGROUND, itself),
                        new Case(List.of(NORMAL, BACKGROUND), NORMAL, 1),
                        new Case(List.of(BACKGROUND, NORMAL), BACKGROUND, 0),
                        new Case(List.of(CRITICAL, NORMAL), CRITICAL, 1),
                        new Case(List.of(CRITICAL, CRITICAL), NORMAL, itself),
                        new Case(List.of(CRITICAL, CRITICAL), CRITICAL, 0))) {
            var crowd = new Crowd(limit(1, 2));
            crowd.fill(1);
            int before = time.scheduled();
            var waiting = waiting(crowd, each.there().toArray(Criticality[]::new));
            var comes = crowd.comes(each.comes());
            var goes = each.goes() == itself ? comes : waiting.get(each.goes());
            assertThat(goes.refusal().reason()).as("%s", each).isEqualTo(Refusal.Reason.LIMIT);
            time.awaitScheduled(before + 2);
        }
    }

    @Test
    void background_takes_half_of_the_limit_and_leaves_the_rest_to_others() throws Exception {
        var limit = limit(20, 0);
        var crowd = new Crowd(limit);
        for (int i = 0; i < 10; i++) crowd.comes(BACKGROUND).awaitInside();
        assertThat(crowd.comes(BACKGROUND).refusal().begun()).isFalse();
        for (int i = 0; i < 5; i++) crowd.comes(NORMAL).awaitInside();
        for (int i = 0; i < 5; i++) crowd.comes(CRITICAL).awaitInside();
        assertThat(crowd.comes(CRITICAL).refusal().begun()).isFalse();
        assertThat(limit.inWork()).isEqualTo(20);
    }

    @Test
    void background_is_not_let_in_while_more_than_half_is_taken() throws Exception {
        var limit = limit(4, 10);
        var crowd = new Crowd(limit);
        var inside = crowd.fill(4);
        var waiting = waiting(crowd, BACKGROUND).getFirst();
        inside[0].end();
        assertThat(limit.waiting()).isOne();
        inside[1].end();
        inside[2].end();
        waiting.awaitInside();
    }

    @Test
    void a_wait_leaves_half_of_the_time_to_the_work() throws Exception {
        var limit = limit(1, 10);
        var crowd = new Crowd(limit);
        crowd.fill(1);
        var late = crowd.comes(Deadline.after(Duration.ofMillis(60), time));
        time.awaitScheduled(1);
        time.pass(Duration.ofMillis(29));
        assertThat(limit.waiting()).isOne();
        time.pass(Duration.ofMillis(1));
        assertThat(late.refusal().reason()).isEqualTo(Refusal.Reason.LIMIT);
        var expired = crowd.comes(Deadline.after(Duration.ZERO, time));
        assertThat(expired.refusal().begun()).isFalse();
    }

    @Test
    void a_caller_that_goes_while_it_waits_leaves_its_place_to_others() throws Exception {
        var limit = limit(1, 10);
        var crowd = new Crowd(limit);
        var inside = crowd.fill(1)[0];
        var waiting = waiting(crowd, NORMAL, NORMAL);
        waiting.get(1).interrupt();
        assertThat(limit.waiting()).isOne();
        inside.end();
        waiting.get(0).awaitInside().end();
        assertThat(limit.inWork()).isZero();
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void no_place_is_lost_when_callers_go_just_as_they_are_let_in() throws Exception {
        var limit = limit(1, 10);
        for (int i = 0; i < 300; i++) {
            var crowd = new Crowd(limit);
            var inside = crowd.fill(1)[0];
            var waiting = waiting(crowd, NORMAL).getFirst();
            var beside = SystemTime.INSTANCE.start("interrupts", () -> interrupt(waiting));
            inside.end();
            beside.join();
            assertThat(limit.inWork()).isZero();
            assertThat(time.scheduled()).isZero();
        }
    }

    private static void interrupt(Crowd.Member member) {
        try {
            member.interrupt();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void what_waited_runs_on_its_callers_thread_in_its_callers_context() throws Exception {
        var limit = limit(1, 10);
        var inside = new Crowd(limit).fill(1)[0];
        var context = Context.none().with(CRITICAL).withAttempt(3);
        var seen = new ArrayList<Object>();
        var caller =
                SystemTime.INSTANCE.start(
                        "caller",
                        () ->
                                context.run(() ->
                                        quietly(() ->
                                                limit.apply(
                                                        "",
                                                        request -> {
                                                            seen.add(Context.current());
                                                            seen.add(Thread.currentThread());
                                                            return "";
                                                        }))));
        time.awaitScheduled(1);
        inside.end();
        caller.join();
        assertThat(seen).containsExactly(context, caller);
    }

    // How the limit moves.

    @Test
    void grows_by_one_with_each_request_in_time_at_first_if_half_of_it_is_in_use()
            throws Exception {
        record Case(int inWork, int limitAfter) {}
        for (var each :
                List.of(new Case(1, 20), new Case(9, 20), new Case(10, 21), new Case(20, 21))) {
            var limit = limit(ConcurrencyLimit.Options.DEFAULT);
            within(limit, each.inWork() - 1, () -> limit.apply("", request -> "fine"));
            assertThat(limit.limit()).as("%s", each).isEqualTo(each.limitAfter());
        }
    }

    @Test
    void does_not_grow_beyond_its_largest() throws Exception {
        var limit = limit(new ConcurrencyLimit.Options(Mode.ON, 1, 1, 3, 0, Duration.ZERO));
        for (int i = 0; i < 100; i++)
            within(limit, limit.limit() - 1, () -> limit.apply("", request -> "fine"));
        assertThat(limit.limit()).isEqualTo(3);
    }

    @Test
    void takes_one_off_with_each_request_that_is_too_late_down_to_its_least() throws Exception {
        var limit = limit(new ConcurrencyLimit.Options(Mode.ON, 100, 20, 1000, 0, WAIT));
        late(limit, 1);
        assertThat(limit.limit()).isEqualTo(99);
        late(limit, 9);
        assertThat(limit.limit()).isEqualTo(90);
        late(limit, 100);
        assertThat(limit.limit()).isEqualTo(20);
    }

    @Test
    void once_one_was_too_late_as_many_as_the_limit_in_time_let_it_grow_by_ten() throws Exception {
        var limit = limit(new ConcurrencyLimit.Options(Mode.DARK, 201, 20, 1000, 0, WAIT));
        late(limit, 1);
        within(
                limit,
                600,
                () -> {
                    for (int i = 0; i < 205; i++) limit.apply("", request -> "fine");
                    return "";
                });
        assertThat(limit.limit()).isEqualTo(210);
    }

    @Test
    void too_late_is_what_leaves_less_than_a_tenth_of_its_time() throws Exception {
        record Case(int ms, int limitAfter) {}
        for (var each : List.of(new Case(890, 101), new Case(900, 99), new Case(1_000, 99))) {
            var limit = limit(new ConcurrencyLimit.Options(Mode.DARK, 100, 20, 1000, 0, WAIT));
            within(
                    limit,
                    60,
                    () ->
                            inTime(() ->
                                    limit.apply(
                                            "",
                                            request ->
                                                    pass(Duration.ofMillis(each.ms()), "fine"))));
            assertThat(limit.limit()).as("%s", each).isEqualTo(each.limitAfter());
        }
    }

    @Test
    void a_constant_timeout_never_lets_it_grow_however_it_shows() throws Exception {
        List<Callable<String>> ways =
                List.of(
                        () -> pass(Duration.ofSeconds(1), "an answer that nobody waits for"),
                        () -> {
                            time.pass(Duration.ofSeconds(1));
                            throw new InterruptedException();
                        },
                        () -> "504",
                        () -> {
                            throw refused(Refusal.Reason.DEADLINE);
                        });
        for (var way : ways) {
            var limit = limit(new ConcurrencyLimit.Options(Mode.DARK, 50, 20, 1000, 0, WAIT));
            for (int i = 0; i < 500; i++)
                inTime(() -> within(limit, 60, () -> limit.apply("", request -> way.call())));
            assertThat(limit.limit()).isEqualTo(20);
        }
    }

    @Test
    void only_what_tells_of_load_moves_it() throws Exception {
        record Case(Callable<String> request, int limitAfter) {}
        for (var each :
                List.of(
                        new Case(() -> "fine", 101),
                        new Case(() -> throwing(Problem.of(404, "no", "").failure()), 101),
                        new Case(() -> "504", 99),
                        new Case(() -> throwing(refused(Refusal.Reason.LIMIT)), 100),
                        new Case(() -> throwing(refusedFar(Refusal.Reason.LIMIT)), 99),
                        new Case(() -> throwing(refused(Refusal.Reason.DEADLINE)), 99),
                        new Case(() -> "500", 100),
                        new Case(() -> "503", 100),
                        new Case(() -> "429", 100),
                        new Case(() -> throwing(refused(Refusal.Reason.RATE)), 100),
                        new Case(() -> throwing(refused(Refusal.Reason.LAG)), 100),
                        new Case(() -> throwing(new InterruptedException()), 100),
                        new Case(() -> throwing(new IllegalStateException("bug")), 100))) {
            var limit = limit(new ConcurrencyLimit.Options(Mode.DARK, 100, 20, 1000, 0, WAIT));
            within(limit, 60, () -> limit.apply("", request -> each.request().call()));
            assertThat(limit.limit()).isEqualTo(each.limitAfter());
        }
    }

    @Test
    void settles_where_as_much_is_won_as_lost() throws Exception {
        for (var each : List.of(List.of(100, 990), List.of(10, 90), List.of(3, 20))) {
            var limit = limit(new ConcurrencyLimit.Options(Mode.DARK, 20, 20, 1000, 0, WAIT));
            int every = each.get(0);
            within(
                    limit,
                    600,
                    () -> {
                        for (int i = 0; i < 100_000; i++) {
                            var answer = i % every == 0 ? "504" : "fine";
                            limit.apply("", request -> answer);
                        }
                        assertThat(limit.limit())
                                .as("one of %d too late", every)
                                .isBetween(each.get(1) * 8 / 10, each.get(1) * 12 / 10);
                        return "";
                    });
        }
    }

    // Modes and numbers.

    @Test
    void dark_counts_whom_it_would_refuse_and_refuses_nobody() throws Exception {
        var limit = limit(new ConcurrencyLimit.Options(Mode.DARK, 2, 2, 1000, 10, WAIT));
        var crowd = new Crowd(limit);
        for (var member : crowd.fill(5)) assertThat(member.isInside()).isTrue();
        assertThat(counted).hasSize(3).containsOnly("limit refused");
        assertThat(limit.inWork()).isEqualTo(5);
    }

    @Test
    void off_lets_everything_through_and_counts_nothing() throws Exception {
        var limit = limit(ConcurrencyLimit.Options.DEFAULT.mode(Mode.OFF));
        new Crowd(limit).fill(30);
        assertThat(counted).isEmpty();
        assertThat(limit.limit()).isEqualTo(20);
    }

    @Test
    void without_a_queue_or_without_a_wait_nobody_waits() throws Exception {
        for (var options :
                List.of(
                        new ConcurrencyLimit.Options(Mode.ON, 1, 1, 1, 0, WAIT),
                        new ConcurrencyLimit.Options(Mode.ON, 1, 1, 1, 10, Duration.ZERO))) {
            var crowd = new Crowd(limit(options));
            crowd.fill(1);
            assertThat(crowd.comes().refusal().begun()).isFalse();
        }
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void numbers_that_make_no_sense_are_named() {
        assertThatThrownBy(() -> new ConcurrencyLimit.Options(Mode.ON, 0, 0, 10, 0, WAIT))
                .hasMessageContaining("least concurrency limit must be from 1");
        assertThatThrownBy(() -> new ConcurrencyLimit.Options(Mode.ON, 30, 20, 25, 0, WAIT))
                .hasMessageContaining("first concurrency limit must be from 20 to 25, not 30");
        assertThatThrownBy(() -> new ConcurrencyLimit.Options(Mode.ON, 1, 1, 1, 0, WAIT.negated()))
                .hasMessageContaining("must not be negative");
    }

    // Words of the cases above.

    /** Comes one after the other, each waiting before the next one comes. */
    private List<Crowd.Member> waiting(Crowd crowd, Criticality... who)
            throws InterruptedException {
        var waiting = new ArrayList<Crowd.Member>();
        for (var each : who) {
            int before = time.scheduled();
            waiting.add(crowd.comes(each));
            time.awaitScheduled(before + 1);
        }
        return waiting;
    }

    /** Runs something with so many requests in work around it, which say nothing about load. */
    private static String within(
            ConcurrencyLimit<String, String> limit, int deep, Callable<String> inner)
            throws Exception {
        if (deep > 0)
            return limit.apply(
                    "",
                    request -> {
                        within(limit, deep - 1, inner);
                        return "500";
                    });
        quietly(inner);
        return "";
    }

    private void late(ConcurrencyLimit<String, String> limit, int times) throws Exception {
        for (int i = 0; i < times; i++)
            inTime(() -> limit.apply("", request -> pass(Duration.ofSeconds(1), "late")));
    }

    /** With a second to do it in. */
    private String inTime(Callable<String> work) throws Exception {
        return Context.none().with(Deadline.after(Duration.ofSeconds(1), time)).call(work);
    }

    private String pass(Duration duration, String answer) {
        time.pass(duration);
        return answer;
    }

    private static Failure.Refused refused(Refusal.Reason reason) {
        return new Failure.Refused(Refusal.begun("stock/1", reason, "no"));
    }

    private static Failure.Refused refusedFar(Refusal.Reason reason) {
        return new Failure.Refused(Refusal.begun("stock/1", reason, "no").fromAfar());
    }

    private static String throwing(Exception failure) throws Exception {
        throw failure;
    }

    private static void quietly(Callable<String> work) {
        try {
            work.call();
        } catch (AssertionError e) {
            throw e;
        } catch (Exception expected) {
            return;
        }
    }
}
