package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HedgeTest {

    private static final Request GET = Request.get("/");
    private static final Duration USUAL = Duration.ofMillis(10);

    /** The usual time and what a histogram may add to it. */
    private static final Duration SLOW = Duration.ofMillis(11);

    private final SteppedTime time = new SteppedTime();
    private final Counts counts = new Counts();
    private final AtomicInteger open = new AtomicInteger();
    private final Map<Verdict.Health, Integer> tries = new EnumMap<>(Verdict.Health.class);
    private final HttpVerdicts verdicts = new HttpVerdicts(time);
    private volatile Runnable whenFailed = () -> {};
    private final Protocol<Request, Response> http = protocol();
    private RetryBudget budget = new RetryBudget(RetryBudget.Options.DEFAULT, time);
    private Hedge<Request, Response> hedge = hedge(Mode.ON, 0.01);

    /** Tries that have begun and wait to be told what to do. */
    private final LinkedBlockingQueue<Try> begun = new LinkedBlockingQueue<>();

    private Hedge<Request, Response> hedge(Mode mode, double share) {
        return new Hedge<>(new Hedge.Options(mode, share), http, budget, counts, time);
    }

    /** That of HTTP, but for a place to step in before a failure is judged. */
    private Protocol<Request, Response> protocol() {
        var usual = Protocol.http(time);
        var stepIn =
                new Classifier<Response>() {
                    @Override
                    public Verdict answered(Response answer) {
                        return verdicts.answered(answer);
                    }

                    @Override
                    public Verdict failed(Throwable failure) {
                        whenFailed.run();
                        return verdicts.failed(failure);
                    }
                };
        return new Protocol<>(
                stepIn, usual.idempotent(), usual.whole(), usual.twice(), usual.discard());
    }

    /** A try under way; the test says how it ends. */
    private final class Try {
        private final Thread thread = Thread.currentThread();
        private final int attempt = Context.current().attempt();
        private final CountDownLatch told = new CountDownLatch(1);
        private final CountDownLatch interrupted = new CountDownLatch(1);
        private final CountDownLatch left = new CountDownLatch(1);
        private volatile Service<Request, Response> end = request -> Response.of(200);
        private volatile boolean stubborn;

        Response run(Request request) throws Exception {
            begun.add(this);
            while (true)
                try {
                    if (told.await(20, TimeUnit.SECONDS)) return end.call(request);
                    throw new AssertionError("nobody told it to end");
                } catch (InterruptedException e) {
                    interrupted.countDown();
                    if (!stubborn) throw e;
                } finally {
                    if (!stubborn || told.getCount() == 0) left.countDown();
                }
        }

        void ends(Service<Request, Response> how) {
            end = how;
            told.countDown();
        }

        void answers(Response response) {
            ends(request -> response);
        }

        void awaitInterrupt() throws InterruptedException {
            assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** A call on a thread of its own. */
    private final class Caller {
        private volatile @Nullable Response answer;
        private volatile @Nullable Throwable failure;
        private volatile boolean interrupted;
        private final Thread thread;

        Caller(Request request) {
            thread =
                    time.start(
                            "caller",
                            () -> {
                                try {
                                    answer = hedge.then(HedgeTest.this::serve).call(request);
                                } catch (Throwable e) {
                                    failure = e;
                                }
                                interrupted = Thread.currentThread().isInterrupted();
                            });
        }

        Caller ended() throws InterruptedException {
            assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
            return this;
        }

        int status() throws InterruptedException {
            ended();
            assertThat(failure).isNull();
            assertThat(interrupted).as("nobody interrupted the caller").isFalse();
            return Objects.requireNonNull(answer).status();
        }
    }

    /** What lies below the hedge: it judges each try, as a breaker does. */
    private Response serve(Request request) throws Exception {
        try {
            var answer = new Try().run(request);
            judged(verdicts.answered(answer));
            return answer;
        } catch (Exception e) {
            judged(verdicts.failed(e));
            throw e;
        }
    }

    private void judged(Verdict verdict) {
        synchronized (tries) {
            tries.merge(verdict.health(), 1, Integer::sum);
        }
    }

    private Response opened(int status) {
        open.incrementAndGet();
        return Response.of(status)
                .with(
                        Body.of(
                                new ByteArrayInputStream(new byte[1]) {
                                    @Override
                                    public void close() {
                                        closed();
                                    }
                                },
                                OptionalLong.of(1)));
    }

    /** Calls that take the usual time, one after the other. */
    private void warm(int calls) throws Exception {
        usual(calls, USUAL);
    }

    private void usual(int calls, Duration each) throws Exception {
        for (int i = 0; i < calls; i++) {
            budget.called(1);
            latency(each);
        }
        time.pass(Duration.ofMillis(100));
    }

    private Try next() throws InterruptedException {
        var one = begun.poll(20, TimeUnit.SECONDS);
        assertThat(one).as("a try begins").isNotNull();
        return Objects.requireNonNull(one);
    }

    private void noneBegins() {
        assertThat(begun).isEmpty();
        assertThat(counts.of("hedge", "hedged")).isZero();
    }

    // When.

    @Test
    void a_slow_call_gets_a_second_try_and_the_first_good_answer_wins() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(USUAL);
        noneBegins();
        time.pass(SLOW.minus(USUAL));
        var two = next();
        assertThat(List.of(one.attempt, two.attempt)).containsExactly(1, 2);
        two.answers(Response.of(203));
        assertThat(caller.status()).isEqualTo(203);
        one.awaitInterrupt();
        assertThat(counts.all()).isEqualTo(Map.of("hedge hedged", 1, "hedge won", 1));
    }

    @Test
    void the_second_try_is_ended_when_the_first_answers() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(SLOW);
        var two = next();
        one.answers(Response.of(201));
        assertThat(caller.status()).isEqualTo(201);
        two.awaitInterrupt();
        assertThat(counts.of("hedge", "won")).isZero();
    }

    @Test
    void a_call_that_is_not_slow_has_one_try() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        next().answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        time.pass(Duration.ofSeconds(1));
        noneBegins();
        assertThat(time.scheduled()).as("no timer stays").isZero();
    }

    @Test
    void waits_at_least_a_millisecond() throws Exception {
        usual(200, Duration.ofNanos(50_000));
        var caller = new Caller(GET);
        var one = next();
        time.pass(Duration.ofMillis(1).minusNanos(1));
        noneBegins();
        time.pass(Duration.ofNanos(1));
        next().answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        one.awaitInterrupt();
    }

    @Test
    void a_share_of_zero_hedges_nothing() throws Exception {
        hedge = hedge(Mode.ON, 0);
        warm(1_000);
        var caller = new Caller(GET);
        var one = next();
        time.pass(Duration.ofHours(1));
        noneBegins();
        one.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        assertThat(counts.all()).isEmpty();
    }

    @Test
    void nobody_knows_what_is_slow_before_there_were_a_hundred() throws Exception {
        warm(99);
        var early = new Caller(GET);
        var one = next();
        time.pass(Duration.ofSeconds(1));
        noneBegins();
        one.answers(Response.of(200));
        assertThat(early.status()).isEqualTo(200);
        warm(1);
        var caller = new Caller(GET);
        next();
        time.pass(Duration.ofSeconds(2));
        next().answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
    }

    @Test
    void calls_that_are_not_idempotent_or_stream_or_are_to_run_once_have_one_try()
            throws Exception {
        warm(200);
        var streams = GET.with(Method.PUT).with(opened(200).body());
        var post = Request.post("/", Body.of("x"));
        var key = ContextHeaders.IDEMPOTENCY_KEY;
        var put = GET.with(Method.PUT);
        for (var request : List.of(post, streams, post.header(key, "k"), put.header(key, "k"))) {
            var caller = new Caller(request);
            var one = next();
            time.pass(Duration.ofSeconds(1));
            noneBegins();
            one.answers(Response.of(200));
            assertThat(caller.status()).isEqualTo(200);
        }
        var caller = new Caller(GET.header(key, "which a GET has no use for"));
        next();
        time.pass(SLOW);
        next().answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
    }

    @Test
    void nothing_begins_behind_the_deadline() throws Exception {
        warm(200);
        var deadline = Deadline.after(Duration.ofMillis(5), time);
        var context = Context.none().with(deadline);
        var caller = context.call(() -> new Caller(GET));
        var one = next();
        time.pass(SLOW);
        noneBegins();
        one.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
    }

    @Test
    void one_timer_serves_all_calls_in_order_of_when_they_are_due() throws Exception {
        hedge = hedge(Mode.ON, 0.5);
        warm(100);
        var callers = new ArrayList<Caller>();
        var first = new ArrayList<Try>();
        for (int i = 0; i < 5; i++) {
            callers.add(new Caller(GET));
            first.add(next());
            time.pass(Duration.ofMillis(1));
            assertThat(time.scheduled()).isEqualTo(1);
        }
        time.pass(Duration.ofMillis(5));
        for (int i = 0; i < 5; i++) {
            time.pass(Duration.ofMillis(1));
            next().answers(Response.of(200));
            assertThat(begun).isEmpty();
            assertThat(callers.get(i).status()).isEqualTo(200);
            first.get(i).awaitInterrupt();
        }
    }

    @Test
    void a_call_that_is_due_before_those_that_began_before_it_does_not_wait_for_them()
            throws Exception {
        hedge = hedge(Mode.ON, 0.5);
        usual(20, Duration.ofSeconds(1));
        var early = new Caller(GET);
        var earlyTry = next();
        time.pass(Duration.ofMillis(1));
        for (int i = 0; i < 40; i++) latency(Duration.ofMillis(2));
        time.pass(Duration.ofMillis(100));
        var late = new Caller(GET);
        next();
        time.pass(Duration.ofMillis(3));
        next().answers(Response.of(200));
        assertThat(late.status()).isEqualTo(200);
        assertThat(early.thread.isAlive()).isTrue();
        time.pass(Duration.ofSeconds(1));
        next().answers(Response.of(200));
        assertThat(early.status()).isEqualTo(200);
        earlyTry.awaitInterrupt();
    }

    private void latency(Duration each) throws Exception {
        var service =
                hedge.then(
                        (Service<Request, Response>)
                                request -> {
                                    time.pass(each);
                                    return Response.of(200);
                                });
        assertThat(service.call(GET).status()).isEqualTo(200);
    }

    /** A call that takes so long, or as long as its second try is begun behind. */
    private void slowCall(Duration duration) throws Exception {
        int before = counts.of("hedge", "hedged");
        var caller = new Caller(GET);
        var answering = next();
        time.pass(duration);
        if (counts.of("hedge", "hedged") > before) answering = next();
        answering.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
    }

    // How much.

    @Test
    void no_more_than_its_share_and_a_few_are_hedged_when_all_become_slow() throws Exception {
        warm(1_000);
        var callers = new ArrayList<Caller>();
        var first = new ArrayList<Try>();
        for (int i = 0; i < 60; i++) {
            callers.add(new Caller(GET));
            first.add(next());
        }
        time.pass(SLOW);
        assertThat(counts.of("hedge", "hedged")).isEqualTo(10 + Hedge.SPARE);
        assertThat(counts.of("hedge", "budget-empty")).isEqualTo(50 - Hedge.SPARE);
        for (var one : first) one.answers(Response.of(200));
        for (var caller : callers) assertThat(caller.status()).isEqualTo(200);
    }

    @Test
    void hedges_draw_from_the_budget_of_retries() throws Exception {
        budget = new RetryBudget(new RetryBudget.Options(0, 1, Duration.ofSeconds(3)), time);
        hedge = hedge(Mode.ON, 0.1);
        warm(100);
        for (int i = 0; i < 5; i++) slowCall(SLOW);
        assertThat(budget.take(1)).isFalse();
        assertThat(counts.of("hedge", "hedged")).isEqualTo(3);
        assertThat(counts.of("hedge", "budget-empty")).isEqualTo(2);
    }

    @Test
    void the_percentile_does_not_sink_because_slow_calls_are_hedged() throws Exception {
        hedge = hedge(Mode.ON, 0.1);
        for (int round = 0; round < 30; round++) {
            usual(17, USUAL);
            usual(1, Duration.ofMillis(20));
            for (int i = 0; i < 2; i++) slowCall(Duration.ofMillis(40));
        }
        assertThat(counts.of("hedge", "won")).isGreaterThan(30);
        var before = counts.all();
        slowCall(Duration.ofMillis(15));
        assertThat(counts.all()).isEqualTo(before);
    }

    @Test
    void fast_failures_do_not_make_calls_look_slow_but_timeouts_count() throws Exception {
        warm(150);
        var failing = hedge.then((Service<Request, Response>) request -> Response.of(500));
        for (int i = 0; i < 1_000; i++) assertThat(failing.call(GET).status()).isEqualTo(500);
        time.pass(Duration.ofMillis(100));
        var caller = new Caller(GET);
        var one = next();
        time.pass(USUAL);
        noneBegins();
        one.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);

        var late =
                hedge.then(
                        (Service<Request, Response>)
                                request -> {
                                    time.pass(Duration.ofMillis(200));
                                    throw new Failure.Refused(
                                            Refusal.begun("shop", Refusal.Reason.DEADLINE, "late"));
                                });
        for (int i = 0; i < 10; i++)
            assertThatThrownBy(() -> late.call(GET)).isInstanceOf(Failure.Refused.class);
        int before = counts.of("hedge", "hedged");
        var patient = new Caller(GET);
        one = next();
        time.pass(Duration.ofMillis(150));
        assertThat(counts.of("hedge", "hedged")).isEqualTo(before);
        one.answers(Response.of(200));
        assertThat(patient.status()).isEqualTo(200);
    }

    @Test
    void calls_that_the_caller_left_say_nothing_but_those_that_met_its_deadline_were_slow()
            throws Exception {
        warm(150);
        leave(20, Deadline.NEVER);
        var counted = counts.all();
        slowCall(SLOW);
        assertThat(counts.all()).as("10 ms is still the usual").isNotEqualTo(counted);

        leave(20, Deadline.after(Duration.ofMillis(150), time));
        counted = counts.all();
        slowCall(SLOW);
        assertThat(counts.all()).as("200 ms is the usual now").isEqualTo(counted);
    }

    /** Calls side by side that take 200 ms, when their callers are interrupted. */
    private void leave(int calls, Deadline deadline) throws Exception {
        var callers = new ArrayList<Caller>();
        for (int i = 0; i < calls; i++) {
            callers.add(Context.none().with(deadline).call(() -> new Caller(GET)));
            next();
        }
        int hedged = counts.of("hedge", "hedged");
        time.pass(Duration.ofMillis(200));
        for (int i = counts.of("hedge", "hedged"); i > hedged; i--) next();
        for (var caller : callers) {
            caller.thread.interrupt();
            assertThat(caller.ended().failure).isInstanceOf(InterruptedException.class);
        }
    }

    // The loser.

    @Test
    void the_loser_is_neither_a_failure_nor_a_success() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(SLOW);
        next().answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        one.awaitInterrupt();
        assertThat(tries).isEqualTo(Map.of(Verdict.Health.GOOD, 1, Verdict.Health.UNKNOWN, 1));
    }

    @Test
    void what_the_losers_answer_is_closed() throws Exception {
        warm(200);
        for (boolean secondWins : new boolean[] {true, false}) {
            var caller = new Caller(GET);
            var one = next();
            one.stubborn = true;
            time.pass(SLOW);
            var two = next();
            two.stubborn = true;
            var winner = secondWins ? two : one;
            var loser = secondWins ? one : two;
            winner.answers(opened(200));
            if (secondWins) loser.awaitInterrupt();
            loser.answers(opened(200));
            assertThat(caller.status()).isEqualTo(200);
            assertThat(loser.left.await(20, TimeUnit.SECONDS)).isTrue();
            awaitOpen(1);
            Objects.requireNonNull(caller.answer).body().close();
            assertThat(open).hasValue(0);
        }
    }

    private void awaitOpen(int expected) throws InterruptedException {
        synchronized (open) {
            long endNanos = SystemTime.INSTANCE.nanos() + 20_000_000_000L;
            while (open.get() != expected && SystemTime.INSTANCE.nanos() < endNanos)
                open.wait(1_000);
        }
        assertThat(open).hasValue(expected);
    }

    private void closed() {
        synchronized (open) {
            open.decrementAndGet();
            open.notifyAll();
        }
    }

    @Test
    void a_first_try_that_fails_waits_for_the_second() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(SLOW);
        var two = next();
        one.answers(opened(500));
        assertThat(one.left.await(20, TimeUnit.SECONDS)).isTrue();
        two.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        awaitOpen(0);
    }

    @Test
    void when_both_fail_the_first_failure_stands() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(SLOW);
        var two = next();
        one.answers(opened(502));
        two.answers(opened(503));
        assertThat(caller.status()).isEqualTo(502);
        awaitOpen(1);
    }

    @Test
    void a_second_try_that_fails_changes_nothing() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(SLOW);
        var two = next();
        two.ends(request -> {
            throw new Failure.Unreachable("gone", true, null);
        });
        assertThat(two.left.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(caller.thread.isAlive()).isTrue();
        one.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
    }

    @Test
    void a_failure_before_the_second_try_is_the_calls() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var gone = new Failure.Unreachable("gone", true, null);
        next().ends(request -> {
            throw gone;
        });
        assertThat(caller.ended().failure).isSameAs(gone);
        time.pass(SLOW);
        noneBegins();
    }

    // Interrupts.

    @Test
    void an_interrupted_caller_ends_both_tries() throws Exception {
        warm(200);
        for (boolean firstFailed : new boolean[] {false, true}) {
            var caller = new Caller(GET);
            var one = next();
            time.pass(SLOW);
            var two = next();
            if (firstFailed) {
                one.answers(opened(500));
                assertThat(one.left.await(20, TimeUnit.SECONDS)).isTrue();
                while (caller.thread.getState() != Thread.State.WAITING) Thread.onSpinWait();
            }
            caller.thread.interrupt();
            assertThat(caller.ended().failure).isInstanceOf(InterruptedException.class);
            two.awaitInterrupt();
            awaitOpen(0);
        }
    }

    @Test
    void an_interrupted_caller_does_not_take_what_the_second_answers_at_that_moment()
            throws Exception {
        warm(200);
        var caller = new Caller(GET);
        next();
        time.pass(SLOW);
        var two = next();
        whenFailed =
                () -> {
                    two.answers(opened(200));
                    ended(two.thread);
                };
        caller.thread.interrupt();
        assertThat(caller.ended().failure).isInstanceOf(InterruptedException.class);
        awaitOpen(0);
    }

    private static void ended(Thread thread) {
        try {
            assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void an_error_ends_the_second_try() throws Exception {
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(SLOW);
        var two = next();
        var error = new StackOverflowError();
        one.ends(request -> {
            throw error;
        });
        assertThat(caller.ended().failure).isSameAs(error);
        two.awaitInterrupt();
    }

    @Test
    void in_real_time_no_answer_leaks_and_no_interrupt_comes_late() throws Exception {
        long seed = SteppedTime.seed();
        Time real = SystemTime.INSTANCE;
        var free = new RetryBudget(new RetryBudget.Options(1, 1_000_000, USUAL), real);
        var racing =
                new Hedge<Request, Response>(
                        new Hedge.Options(Mode.ON, 0.3), Protocol.http(real), free, counts, real);
        var wrong = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 8; t++) {
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed + t);
            threads.add(
                    real.start(
                            "caller",
                            () -> {
                                for (int i = 0; i < 100 || counts.of("hedge", "won") < 20; i++) {
                                    long firstNanos = random.nextLong(6_000_000);
                                    long secondNanos = random.nextLong(1_500_000);
                                    Service<Request, Response> service =
                                            request -> {
                                                boolean first = Context.current().attempt() == 1;
                                                real.sleep(
                                                        Duration.ofNanos(
                                                                first ? firstNanos : secondNanos));
                                                return opened(200);
                                            };
                                    try {
                                        racing.apply(GET, service).body().close();
                                    } catch (Exception e) {
                                        wrong.incrementAndGet();
                                    }
                                    if (Thread.interrupted()) wrong.incrementAndGet();
                                }
                            }));
        }
        for (var thread : threads) assertThat(thread.join(Duration.ofSeconds(50))).isTrue();
        assertThat(wrong).hasValue(0);
        awaitOpen(0);
    }

    // Modes.

    @Test
    void dark_counts_and_makes_no_second_try() throws Exception {
        hedge = hedge(Mode.DARK, 0.01);
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        int before = time.started();
        time.pass(SLOW);
        assertThat(time.started()).isEqualTo(before);
        one.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        assertThat(counts.all()).isEqualTo(Map.of("hedge hedged", 1));
    }

    @Test
    void off_does_nothing() throws Exception {
        hedge = hedge(Mode.OFF, 0.5);
        warm(200);
        var caller = new Caller(GET);
        var one = next();
        time.pass(Duration.ofSeconds(1));
        noneBegins();
        one.answers(Response.of(200));
        assertThat(caller.status()).isEqualTo(200);
        assertThat(counts.all()).isEmpty();
    }

    @Test
    void refuses_a_share_that_is_none() {
        assertThatThrownBy(() -> new Hedge.Options(Mode.ON, 1.01))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 % is 0.01");
    }
}
