package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Backoff;
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
import dev.weft.core.Work;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class RetryTest {

    private static final Request GET = Request.get("/");
    private static final Request POST = Request.post("/", Body.of("x"));
    private static final Response FAILED = Response.of(500);

    /** What the service does when it is called once. */
    interface Step extends Service<Request, Response> {}

    private final SteppedTime time = new SteppedTime();
    private final Counts counts = new Counts();
    private final RetryBudget budget = new RetryBudget(RetryBudget.Options.DEFAULT, time);
    private final Work work = Work.of("", "");

    /** What the service does, one after the other; then 200. */
    private final Deque<Step> script = new ArrayDeque<>();

    private final List<Integer> attempts = new ArrayList<>();
    private final AtomicInteger open = new AtomicInteger();

    private static Retry.Options options(Mode mode, int attempts) {
        return new Retry.Options(mode, attempts, 3, Backoff.CALLS);
    }

    private Retry<Request, Response> retry(Retry.Options options, RetryBudget budget) {
        return new Retry<>("shop", options, Protocol.http(time), budget, counts, time);
    }

    private Response call(Request request) throws Exception {
        return call(request, Retry.Options.DEFAULT, budget);
    }

    private Response call(Request request, Retry.Options options, RetryBudget budget)
            throws Exception {
        var context = Context.current();
        if (context.work() == Work.NONE) context = context.with(work);
        return context.call(() -> retry(options, budget).then(this::serve).call(request));
    }

    private Response serve(Request request) throws Exception {
        attempts.add(Context.current().attempt());
        return script.isEmpty() ? Response.of(200) : script.poll().call(request);
    }

    private void script(Step... steps) {
        script.addAll(Arrays.asList(steps));
    }

    private static Step answer(Response response) {
        return request -> response;
    }

    private static Step fail(Exception failure) {
        return request -> {
            throw failure;
        };
    }

    private static Failure unreachable(boolean sent) {
        return new Failure.Unreachable("gone", sent, null);
    }

    private static Failure refused(String by, Refusal.Reason reason, boolean begun) {
        return new Failure.Refused(new Refusal(by, reason, begun, Duration.ZERO, "no"));
    }

    private Body counted() {
        open.incrementAndGet();
        return Body.of(
                new ByteArrayInputStream(new byte[9]) {
                    @Override
                    public void close() {
                        open.decrementAndGet();
                    }
                },
                OptionalLong.of(9));
    }

    // The table: which failure, of which call, is tried again.

    private static Response retryable(int status, String again) {
        return Response.of(status).header(ContextHeaders.RETRYABLE, again);
    }

    static Stream<Arguments> table() {
        return Stream.of(
                // Never written, or refused before work.
                Arguments.of("never written", fail(unreachable(false)), true, true),
                Arguments.of(
                        "refused here",
                        fail(refused("shop", Refusal.Reason.UNAVAILABLE, false)),
                        true,
                        true),
                Arguments.of(
                        "throttled here",
                        fail(refused("shop", Refusal.Reason.LIMIT, false)),
                        false,
                        false),
                Arguments.of(
                        "refused there",
                        fail(refused("cart", Refusal.Reason.LIMIT, false)),
                        true,
                        true),
                Arguments.of("503, retry", answer(retryable(503, "yes")), true, true),
                Arguments.of("429, retry", answer(retryable(429, "yes")), true, true),
                // Refused, "do not retry"; 4xx; fatal.
                Arguments.of("503, do not", answer(retryable(503, "no")), false, false),
                Arguments.of("429, do not", answer(retryable(429, "no")), false, false),
                Arguments.of("400", answer(Response.of(400)), false, false),
                Arguments.of("404", answer(Response.of(404)), false, false),
                Arguments.of("501", answer(Response.of(501)), false, false),
                Arguments.of("a defect", fail(new IllegalStateException("bug")), false, false),
                // 5xx, reset after write, per-try timeout.
                Arguments.of("429", answer(Response.of(429)), true, false),
                Arguments.of("500", answer(FAILED), true, false),
                Arguments.of("503", answer(Response.of(503)), true, false),
                Arguments.of("reset", fail(unreachable(true)), true, false),
                Arguments.of(
                        "timeout",
                        fail(refused("shop", Refusal.Reason.DEADLINE, true)),
                        true,
                        false),
                // No failure.
                Arguments.of("200", answer(Response.of(200)), false, false),
                Arguments.of("304", answer(Response.of(304)), false, false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void retries_what_the_table_says(String name, Step first, boolean idempotent, boolean other) {
        for (var method : Method.values()) {
            boolean expected = method.idempotent() ? idempotent : other;
            assertThat(triedAgain(GET.with(method), first)).as("%s", method).isEqualTo(expected);
            assertThat(triedAgain(GET.with(method).header("idempotency-key", "k"), first))
                    .as("%s with a key", method)
                    .isEqualTo(idempotent);
        }
    }

    private boolean triedAgain(Request request, Step first) {
        attempts.clear();
        script.clear();
        script(first);
        try {
            call(request);
        } catch (Exception handedOn) {
            assertThat(attempts).hasSize(1);
        }
        return attempts.size() == 2;
    }

    // Attempts.

    @Test
    void tries_three_times_in_all_and_hands_the_last_answer_on() throws Exception {
        var last = Response.of(502);
        script(answer(FAILED), fail(unreachable(true)), answer(last), answer(Response.of(200)));
        assertThat(call(GET)).isSameAs(last);
        assertThat(attempts).containsExactly(1, 2, 3);
        assertThat(counts.of("retry", "retried")).isEqualTo(2);
        assertThat(counts.of("retry", "attempts-used-up")).isEqualTo(1);
    }

    @Test
    void hands_the_last_failure_on_as_it_is() {
        var last = unreachable(true);
        script(answer(FAILED), answer(FAILED), fail(last));
        assertThatThrownBy(() -> call(GET)).isSameAs(last);
    }

    @Test
    void numbers_tries_from_the_attempt_that_came_in() throws Exception {
        for (int i = 0; i < 30; i++) budget.called(1);
        script(answer(FAILED));
        Context.none().withAttempt(2).call(() -> call(GET));
        assertThat(attempts).containsExactly(2, 3);
    }

    @Test
    void what_never_left_is_no_attempt_but_has_a_bound() throws Exception {
        script(
                fail(unreachable(false)),
                fail(refused("shop", Refusal.Reason.UNAVAILABLE, false)),
                answer(FAILED),
                fail(unreachable(false)),
                answer(FAILED));
        assertThat(call(GET).status()).isEqualTo(200);
        assertThat(attempts).containsExactly(1, 1, 1, 2, 2, 3);
        assertThat(budget.left()).as("only what left draws").isEqualTo(98);

        attempts.clear();
        for (int i = 0; i < 9; i++) script(fail(unreachable(false)));
        assertThatThrownBy(() -> call(GET)).isInstanceOf(Failure.Unreachable.class);
        assertThat(attempts).containsExactly(1, 1, 1, 1);
        assertThat(counts.of("retry", "attempts-used-up")).isEqualTo(1);
    }

    @Test
    void what_another_refused_has_left_and_counts() {
        for (int i = 0; i < 9; i++) script(fail(refused("cart", Refusal.Reason.LIMIT, false)));
        assertThatThrownBy(() -> call(POST)).isInstanceOf(Failure.Refused.class);
        assertThat(attempts).containsExactly(1, 2, 3);
        assertThat(budget.left()).isEqualTo(98);
    }

    // Waiting.

    @Test
    void waits_with_full_jitter_between_tries() throws Exception {
        var patient = new Retry.Options(Mode.ON, 7, 0, Backoff.CALLS);
        for (int run = 0; run < 16; run++) {
            for (int i = 0; i < 6; i++) script(answer(FAILED));
            assertThat(
                            call(GET, patient, new RetryBudget(RetryBudget.Options.DEFAULT, time))
                                    .status())
                    .isEqualTo(200);
        }
        long[] bounds = {25, 50, 100, 200, 250, 250};
        var largest = new long[bounds.length];
        for (int i = 0; i < time.slept().size(); i++)
            largest[i % bounds.length] =
                    Math.max(largest[i % bounds.length], time.slept().get(i).toMillis());
        for (int i = 0; i < bounds.length; i++)
            assertThat(largest[i]).isBetween(bounds[i] / 2, bounds[i]);
    }

    @Test
    void waits_exactly_as_long_as_asked_and_begins_the_backoff_anew() throws Exception {
        var patient = new Retry.Options(Mode.ON, 9, 0, Backoff.CALLS);
        for (int i = 0; i < 5; i++) script(answer(FAILED));
        script(answer(Response.of(503).header("Retry-After", "7")), answer(FAILED));
        assertThat(call(GET, patient, budget).status()).isEqualTo(200);
        assertThat(time.slept()).hasSize(7);
        assertThat(time.slept().get(5)).isEqualTo(Duration.ofSeconds(7));
        assertThat(time.slept().get(6)).isLessThanOrEqualTo(Duration.ofMillis(25));
    }

    @Test
    void waits_until_the_date_that_was_asked_for() throws Exception {
        script(answer(Response.of(503).header("Retry-After", "Thu, 01 Jan 2026 00:00:04 GMT")));
        time.pass(Duration.ofNanos(77));
        assertThat(call(GET).status()).isEqualTo(200);
        assertThat(time.slept()).containsExactly(Duration.ofSeconds(4));
    }

    @Test
    void gives_up_at_once_when_asked_to_come_back_behind_the_deadline() throws Exception {
        var asked = Response.of(503).header("Retry-After", "10").with(counted());
        script(answer(asked));
        var answer =
                Context.none()
                        .with(Deadline.after(Duration.ofSeconds(10), time))
                        .call(() -> call(GET));
        assertThat(answer).isSameAs(asked);
        assertThat(open).as("its body is the caller's").hasValue(1);
        assertThat(time.slept()).isEmpty();
        assertThat(counts.all()).containsOnlyKeys("retry deadline");
        assertThat(budget.left()).as("a try that is not made draws nothing").isEqualTo(100);
    }

    @Test
    void never_waits_to_behind_the_deadline_nor_tries_behind_it() throws Exception {
        for (int ms = 0; ms < 300; ms += 3) {
            attempts.clear();
            script.clear();
            for (int i = 0; i < 9; i++)
                script(request -> {
                    assertThat(attempts.size() == 1 || !Context.current().deadline().expired())
                            .isTrue();
                    time.pass(Duration.ofMillis(20));
                    return FAILED;
                });
            var deadline = Deadline.after(Duration.ofMillis(ms), time);
            long endNanos = time.nanos() + Duration.ofMillis(Math.max(20, ms + 20)).toNanos();
            Context.none().with(deadline).call(() -> call(GET, options(Mode.ON, 9), budget));
            assertThat(time.nanos()).isLessThanOrEqualTo(endNanos);
        }
    }

    @Test
    void does_not_try_when_the_wait_took_too_long() {
        var slow = new SteppedTime();
        var sleepy =
                new Retry<Request, Response>(
                        "shop",
                        Retry.Options.DEFAULT,
                        Protocol.http(slow),
                        budget,
                        counts,
                        new Oversleeping(slow));
        script(answer(FAILED.with(counted())));
        assertThatThrownBy(() ->
                        Context.none()
                                .with(Deadline.after(Duration.ofSeconds(1), slow))
                                .call(() -> sleepy.then(this::serve).call(GET)))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.DEADLINE));
        assertThat(attempts).hasSize(1);
        assertThat(open).hasValue(0);
    }

    // What must not leak, or be swallowed.

    @Test
    void closes_every_answer_but_the_one_it_hands_on() throws Exception {
        script(
                answer(FAILED.with(counted())),
                answer(FAILED.with(counted())),
                answer(Response.of(200).with(counted())));
        var answer = call(GET);
        assertThat(open).hasValue(1);
        answer.body().close();
        assertThat(open).hasValue(0);
    }

    @Test
    void an_answer_is_closed_before_the_wait() throws Exception {
        var openWhileWaiting = new ArrayList<Integer>();
        time.schedule(Duration.ofSeconds(1), () -> openWhileWaiting.add(open.get()));
        script(answer(FAILED.header("Retry-After", "2").with(counted())));
        assertThat(call(GET).status()).isEqualTo(200);
        assertThat(openWhileWaiting).containsExactly(0);
    }

    @Test
    void a_body_that_cannot_be_closed_stops_nobody() throws Exception {
        var broken =
                Body.of(
                        new ByteArrayInputStream(new byte[1]) {
                            @Override
                            public void close() {
                                throw new IllegalStateException("broken");
                            }
                        },
                        OptionalLong.of(1));
        script(answer(FAILED.with(broken)));
        assertThat(call(GET).status()).isEqualTo(200);
    }

    @Test
    void an_interrupt_passes_at_once() {
        script(fail(new InterruptedException("stop")));
        assertThatThrownBy(() -> call(GET)).isInstanceOf(InterruptedException.class);
        assertThat(attempts).hasSize(1);
        assertThat(work.gaveUp()).isFalse();
    }

    @Test
    void a_failure_on_an_interrupted_thread_is_not_tried_again() {
        script(request -> {
            Thread.currentThread().interrupt();
            throw unreachable(false);
        });
        assertThatThrownBy(() -> call(GET)).isInstanceOf(Failure.Unreachable.class);
        assertThat(Thread.interrupted()).as("the interrupt is still there").isTrue();
        assertThat(attempts).hasSize(1);
    }

    @Test
    void an_interrupt_ends_the_wait() throws Exception {
        time.sleepersWait();
        script(answer(FAILED.header("Retry-After", "5").with(counted())));
        var ended = new ArrayList<Throwable>();
        var caller =
                time.start(
                        "caller",
                        () -> {
                            try {
                                call(GET);
                            } catch (Exception e) {
                                ended.add(e);
                            }
                        });
        time.awaitScheduled(1);
        caller.interrupt();
        assertThat(caller.join(Duration.ofSeconds(20))).isTrue();
        assertThat(ended).hasOnlyElementsOfType(InterruptedException.class).hasSize(1);
        assertThat(open).hasValue(0);
        assertThat(time.scheduled()).isZero();
    }

    // The budget.

    @Test
    void an_empty_budget_is_seen_and_the_answer_is_handed_on() throws Exception {
        var first = FAILED.with(counted());
        script(answer(first));
        var none = new RetryBudget(RetryBudget.Options.NONE, time);
        assertThat(call(GET, Retry.Options.DEFAULT, none)).isSameAs(first);
        assertThat(counts.all()).containsOnlyKeys("retry budget-empty");
        assertThat(open).hasValue(1);
        assertThat(work.gaveUp()).isTrue();
    }

    @Test
    void a_storm_of_failures_adds_a_fifth_of_load() throws Exception {
        var options = new RetryBudget.Options(0.2, 0, Duration.ofSeconds(10));
        var storm = new RetryBudget(options, time);
        for (int i = 0; i < 3_000; i++) {
            for (int t = 0; t < 3; t++) script(answer(FAILED));
            call(GET, Retry.Options.DEFAULT, storm);
            script.clear();
        }
        assertThat(attempts.size()).isBetween(3_500, 3_600);
    }

    @Test
    void calls_made_when_it_is_off_still_count_for_the_budget() throws Exception {
        var shared = new RetryBudget(new RetryBudget.Options(0.2, 0, Duration.ofSeconds(10)), time);
        for (int i = 0; i < 10; i++) call(GET, options(Mode.OFF, 3), shared);
        assertThat(shared.left()).isEqualTo(2);
    }

    // Giving up.

    @Test
    void giving_up_is_noted_so_that_nobody_above_begins_anew() throws Exception {
        script(answer(FAILED), answer(FAILED));
        call(GET);
        assertThat(work.gaveUp()).as("the third was good").isFalse();
        script(answer(FAILED), answer(FAILED), answer(FAILED));
        call(GET);
        assertThat(work.gaveUp()).isTrue();
    }

    @Test
    void what_could_not_be_tried_again_is_not_given_up() throws Exception {
        script(answer(FAILED));
        call(POST);
        script(answer(FAILED));
        call(GET, options(Mode.ON, 1), budget);
        script(answer(Response.of(404)));
        call(GET);
        script(fail(new IllegalStateException("bug")));
        assertThatThrownBy(() -> call(GET)).isInstanceOf(IllegalStateException.class);
        assertThat(attempts).hasSize(4);
        assertThat(work.gaveUp()).isFalse();
    }

    @Test
    void that_a_peer_gave_up_is_noted_too() throws Exception {
        script(answer(retryable(503, "no")));
        call(GET, options(Mode.DARK, 3), budget);
        assertThat(work.gaveUp()).isFalse();
        script(answer(retryable(503, "no")));
        call(POST);
        assertThat(work.gaveUp()).isTrue();
        var other = Work.of("", "");
        script(answer(FAILED), answer(retryable(502, "no")));
        Context.none().with(other).call(() -> call(GET));
        assertThat(other.gaveUp()).isTrue();
    }

    // Modes.

    @Test
    void off_lets_the_first_answer_through() throws Exception {
        script(answer(FAILED));
        assertThat(call(GET, options(Mode.OFF, 3), budget)).isSameAs(FAILED);
        assertThat(counts.all()).isEmpty();
    }

    @Test
    void dark_decides_and_counts_and_lets_the_first_answer_through() throws Exception {
        var first = FAILED.with(counted());
        script(answer(first));
        assertThat(call(GET, options(Mode.DARK, 3), budget)).isSameAs(first);
        assertThat(attempts).hasSize(1);
        assertThat(time.slept()).isEmpty();
        assertThat(open).hasValue(1);
        assertThat(counts.all()).containsOnlyKeys("retry retried");
        assertThat(work.gaveUp()).isFalse();
    }

    // Bodies.

    private Body streamed(int size, OptionalLong length) {
        InputStream in =
                new ByteArrayInputStream(new byte[size]) {
                    @Override
                    public void close() {
                        open.decrementAndGet();
                    }
                };
        open.incrementAndGet();
        return Body.of(in, length);
    }

    /** Reads the whole body, then fails before the work. */
    private Response busy(Request request) throws Exception {
        try (var in = request.body().stream()) {
            sizes.add(in.readAllBytes().length);
        }
        return retryable(503, "yes");
    }

    private final List<Integer> sizes = new ArrayList<>();

    private Response replayed(Body body) throws Exception {
        return new Replay().then(this::call).call(POST.with(body));
    }

    @Test
    void small_bodies_are_kept_and_sent_again() throws Exception {
        for (int size : new int[] {0, 1, Replay.MAX_BYTES})
            for (var length : List.of(OptionalLong.of(size), OptionalLong.empty())) {
                sizes.clear();
                script(this::busy, this::busy);
                assertThat(replayed(streamed(size, length)).status()).isEqualTo(200);
                assertThat(sizes).containsExactly(size, size);
                assertThat(open).hasValue(0);
            }
    }

    @Test
    void larger_bodies_are_passed_on_whole_and_not_sent_again() throws Exception {
        int size = Replay.MAX_BYTES + 1;
        for (var length : List.of(OptionalLong.of(size), OptionalLong.empty())) {
            sizes.clear();
            script(this::busy, this::busy);
            assertThat(replayed(streamed(size, length)).status()).isEqualTo(503);
            assertThat(sizes).containsExactly(size);
            assertThat(open).hasValue(0);
            script.clear();
        }
        assertThat(counts.of("retry", "body-gone")).isEqualTo(2);
        assertThat(work.gaveUp()).as("others may be able to").isFalse();
    }

    @Test
    void a_stream_that_nobody_has_taken_can_still_be_sent() throws Exception {
        script(fail(unreachable(false)), answer(retryable(503, "yes")));
        assertThat(replayed(streamed(Replay.MAX_BYTES + 1, OptionalLong.empty())).status())
                .isEqualTo(200);
        assertThat(attempts).containsExactly(1, 1, 2);
    }

    @Test
    void a_known_larger_body_is_not_read_ahead() throws Exception {
        var body = Body.of(unreadable(), OptionalLong.of(Replay.MAX_BYTES + 1));
        assertThat(replayed(body).status()).isEqualTo(200);
    }

    @Test
    void a_body_that_fails_while_it_is_read_ahead_is_closed() {
        open.incrementAndGet();
        assertThatThrownBy(() -> replayed(Body.of(unreadable(), OptionalLong.empty())))
                .isInstanceOf(Failure.TooLarge.class);
        assertThat(open).hasValue(0);
        assertThat(attempts).isEmpty();
    }

    private InputStream unreadable() {
        return new InputStream() {
            @Override
            public int read() {
                throw new Failure.TooLarge("too large");
            }

            @Override
            public int read(byte[] into, int offset, int most) {
                throw new Failure.TooLarge("too large");
            }

            @Override
            public void close() {
                open.decrementAndGet();
            }
        };
    }

    @Test
    void who_waits_for_an_instance_and_asks_again_and_again_earns_no_retries() throws Exception {
        var earned = new RetryBudget(new RetryBudget.Options(1, 0, Duration.ofSeconds(10)), time);
        var once = options(Mode.ON, 1);
        for (int i = 0; i < 50; i++) {
            script(fail(refused("shop", Refusal.Reason.UNAVAILABLE, false)));
            script(fail(unreachable(false)));
            script(fail(Failure.Unreachable.untried("full")));
            script(fail(refused("shop", Refusal.Reason.UNAVAILABLE, false)));
            assertThatThrownBy(() -> call(POST, once, earned)).isInstanceOf(Failure.Refused.class);
            assertThatThrownBy(
                            () -> {
                                script(fail(refused("shop", Refusal.Reason.LIMIT, false)));
                                call(POST, options(Mode.OFF, 1), earned);
                            })
                    .isInstanceOf(Failure.Refused.class);
        }
        assertThat(earned.left()).isZero();
        script(fail(unreachable(false)));
        call(POST, once, earned);
        assertThat(earned.left()).as("the second try has left").isEqualTo(1);
        script(fail(unreachable(true)));
        assertThatThrownBy(() -> call(POST, once, earned)).isInstanceOf(Failure.class);
        call(POST, options(Mode.OFF, 1), earned);
        assertThat(earned.left()).isEqualTo(3);
    }
}
