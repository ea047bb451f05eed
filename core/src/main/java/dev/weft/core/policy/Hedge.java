package dev.weft.core.policy;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Filter;
import dev.weft.core.Require;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Makes a second try beside one that is slow, and takes the good answer that comes first.
 *
 * <p>One number says how much load it may add: with 1 %, a call that takes longer than 99 % of the calls of the last 30 s,
 * and at least {@link #LEAST_DELAY}, gets a second try, and no more than 1 % of the calls and {@link #SPARE} do. The second draws from the
 * {@link RetryBudget} too, which others fill ({@link Retry} does). Only idempotent calls are hedged of which two tries
 * may be under way at once ({@link Protocol#twice}); not before 1/share of them, and at least {@link #LEAST_SAMPLES}, were good or timed out
 * lately, for before that nobody knows what is slow. A share of 0 hedges nothing.
 *
 * <p>The first try runs on the caller's thread, the second on one of its own, with one more attempt. The loser is
 * interrupted and what it still answers is discarded; what became of it is told to nobody. When the first fails while
 * the second is under way, the second is waited for, and if that fails too the first failure stands. When the caller is
 * interrupted, so is the second.
 *
 * <p>Decisions, as {@code hedge}: {@code hedged}, {@code won} (by the second try), {@code budget-empty}. In the mode
 * {@link Mode#DARK} everything is counted and drawn but no second try made.
 */
public final class Hedge<I, O> implements Filter<I, O> {

    /*
     * Nearly every call ends before its delay, so what it costs until then is what counts. A timer for each call would
     * wake the timer's thread for each. Instead the calls under way are in a list, ordered by when each is due, and one
     * timer is set for the first of them. When it fires, calls that began before are mostly gone, and it is set for the
     * one that is then the first: once per delay, however many calls there are. A call that would be the first in the
     * list sets the timer earlier. This monitor guards the list and the timer; it is never held during a call. What
     * the two tries of one call share is guarded by that call's monitor, and only a call whose delay is over gets there.
     *
     * A call is recorded with the time that it took in all, whichever try answered. The first try of a hedged call that
     * lost would have taken longer; that it is above the delay is all that the percentile asks of it. Were it left out,
     * the percentile would sink with every hedge, and more and more calls be hedged.
     */

    /** The least delay of a second try: 1 ms. */
    public static final Duration LEAST_DELAY = Duration.ofMillis(1);

    /** How many calls have to be remembered at least: 20. */
    public static final int LEAST_SAMPLES = 20;

    /**
     * How many second tries there may be in 30 s beyond the share: 20. In usual times the slowest calls take all of the share, and
     * nothing would be left for those that wait for an instance which begins to hang.
     */
    public static final int SPARE = 20;

    private static final Duration WINDOW = Duration.ofSeconds(30);
    private static final int BUCKETS = 30;
    private static final int CALLS = 0;
    private static final int HEDGES = 1;
    private static final long DELAY_AGE_NANOS = 100_000_000;
    private static final long NEVER = -1;

    private final Options options;
    private final Protocol<I, O> protocol;
    private final RetryBudget budget;
    private final Tally tally;
    private final Time time;
    private final long share;
    private final long leastSamples;
    private final Latencies latencies;
    private final Ring load;

    private volatile Delay delay;

    private @Nullable Race first;
    private @Nullable Race last;
    private Time.Cancel timer = () -> {};
    private boolean timerSet;
    private long timerNanos;

    /** How long to wait with the second try, and when that was found out. */
    private record Delay(long nanos, long sinceNanos) {}

    /**
     * Whether, and how much.
     *
     * @param share second tries for each call, 0 to 1
     */
    public record Options(Mode mode, double share) {

        /** 1 %. */
        public static final Options DEFAULT = new Options(Mode.ON, 0.01);

        public Options {
            Require.that(
                    share >= 0 && share <= 1,
                    "the share of hedged calls must be from 0 to 1 (1 % is 0.01), not " + share);
        }
    }

    public Hedge(
            Options options, Protocol<I, O> protocol, RetryBudget budget, Tally tally, Time time) {
        this.options = options;
        this.protocol = protocol;
        this.budget = budget;
        this.tally = tally;
        this.time = time;
        share = RetryBudget.millionths("the share of hedged calls", options.share());
        leastSamples = share == 0 ? 0 : Math.max(LEAST_SAMPLES, ceilDiv(RetryBudget.ONE, share));
        latencies = new Latencies(time);
        load = new Ring(WINDOW, BUCKETS, 2, time);
        delay = new Delay(NEVER, time.nanos() - DELAY_AGE_NANOS);
    }

    private static long ceilDiv(long a, long b) {
        return (a + b - 1) / b;
    }

    @Override
    public O apply(I request, Service<I, O> next) throws Exception {
        if (options.mode() == Mode.OFF
                || share == 0
                || !protocol.idempotent().test(request)
                || !protocol.twice().test(request)) return next.call(request);
        long startNanos = time.nanos();
        load.add(CALLS, 1);
        long delayNanos = delay(startNanos);
        if (delayNanos == NEVER) return alone(request, next, startNanos);
        return new Race(request, next, startNanos, startNanos + delayNanos).run();
    }

    private long delay(long nowNanos) {
        var known = delay;
        if (nowNanos - known.sinceNanos < DELAY_AGE_NANOS) return known.nanos;
        var slow = latencies.exceededBy(share, leastSamples);
        long nanos = slow.isEmpty() ? NEVER : Math.max(LEAST_DELAY.toNanos(), slow.getAsLong());
        delay = new Delay(nanos, nowNanos);
        return nanos;
    }

    private O alone(I request, Service<I, O> next, long startNanos) throws Exception {
        O answer;
        try {
            answer = next.call(request);
        } catch (Exception e) {
            record(startNanos, e);
            throw e;
        }
        record(startNanos, protocol.classifier().answered(answer));
        return answer;
    }

    private void record(long startNanos, Verdict verdict) {
        if (verdict.good() || timedOut(verdict)) latencies.record(time.nanos() - startNanos);
    }

    private void record(long startNanos, Exception failure) {
        boolean slow =
                failure instanceof InterruptedException
                        ? Context.current().deadline().expired()
                        : timedOut(protocol.classifier().failed(failure));
        if (slow) latencies.record(time.nanos() - startNanos);
    }

    /** A refusal before the work, also for a deadline that had passed, took no time. */
    private static boolean timedOut(Verdict verdict) {
        return verdict.again() != Verdict.Again.ALWAYS
                && (verdict.error().equals("timeout") || verdict.error().equals("deadline"));
    }

    // The list of calls under way, in order of when they are due.

    private synchronized void enter(Race race) {
        var before = last;
        while (before != null && before.dueNanos - race.dueNanos > 0) before = before.before;
        var after = before == null ? first : before.after;
        race.before = before;
        race.after = after;
        race.listed = true;
        if (before == null) first = race;
        else before.after = race;
        if (after == null) last = race;
        else after.before = race;
        if (before == null && (!timerSet || timerNanos - race.dueNanos > 0)) setTimer(race);
    }

    /** False if its delay was over. */
    private synchronized boolean leave(Race race) {
        if (!race.listed) return false;
        race.listed = false;
        var before = race.before;
        var after = race.after;
        if (before == null) first = after;
        else before.after = after;
        if (after == null) last = before;
        else after.before = before;
        race.before = null;
        race.after = null;
        return true;
    }

    private void setTimer(Race race) {
        timer.cancel();
        timerSet = true;
        timerNanos = race.dueNanos;
        timer =
                time.schedule(
                        Duration.ofNanos(race.dueNanos - time.nanos()), () -> due(race.dueNanos));
    }

    private void due(long dueNanos) {
        for (var race : leave(dueNanos)) race.hedge();
    }

    private synchronized List<Race> leave(long dueNanos) {
        if (!timerSet || timerNanos != dueNanos) return List.of();
        timerSet = false;
        long nowNanos = time.nanos();
        var due = new ArrayList<Race>();
        while (first != null && first.dueNanos - nowNanos <= 0) {
            due.add(first);
            leave(first);
        }
        if (first != null) setTimer(first);
        return due;
    }

    private synchronized boolean draw(int attempt) {
        long beyond = load.sum(HEDGES) + 1 - SPARE;
        if (beyond * RetryBudget.ONE > load.sum(CALLS) * share) return false;
        if (!budget.take(attempt)) return false;
        load.add(HEDGES, 1);
        return true;
    }

    /** One call that may get a second try. */
    private final class Race {
        private final I request;
        private final Service<I, O> next;
        private final Context context = Context.current();
        private final Cancellation own = new Cancellation();
        private final long startNanos;
        private final long dueNanos;

        // Guarded by the hedge's monitor.
        private @Nullable Race before;
        private @Nullable Race after;
        private boolean listed;

        // Guarded by this monitor.
        private boolean firstEnded;
        private @Nullable CountDownLatch secondUnderWay;
        private @Nullable Cancellation second;

        /** How the second try ended, if that was before the call was over, and well. */
        private @Nullable Outcome<O> won;

        /** The call has its outcome. */
        private boolean over;

        Race(I request, Service<I, O> next, long startNanos, long dueNanos) {
            this.request = request;
            this.next = next;
            this.startNanos = startNanos;
            this.dueNanos = dueNanos;
        }

        /** The first try, on the caller's thread. */
        O run() throws Exception {
            enter(this);
            O answer;
            try (own) {
                answer = next.call(request);
            } catch (Exception e) {
                if (!leave(this)) return settle(Outcome.failed(e, protocol)).get();
                record(startNanos, e);
                throw e;
            } catch (Error e) {
                if (!leave(this)) abandon();
                throw e;
            }
            if (!leave(this)) return settle(Outcome.answered(answer, protocol)).get();
            record(startNanos, protocol.classifier().answered(answer));
            return answer;
        }

        /** What the call comes to, given how the first try ended. */
        private Outcome<O> settle(Outcome<O> one) throws InterruptedException {
            boolean stopped =
                    Thread.currentThread().isInterrupted()
                            || (one.failure() instanceof InterruptedException
                                    && own.reason().isEmpty());
            Outcome<O> two;
            try {
                two = stopped || one.verdict().good() ? end() : awaitSecond();
            } catch (InterruptedException e) {
                abandon();
                one.discard(protocol);
                throw e;
            }
            if (two != null && !stopped) {
                one.discard(protocol);
                tally.count("hedge", "won");
                record(startNanos, two.verdict());
                return two;
            }
            if (two != null) two.discard(protocol);
            if (one.failure() != null) record(startNanos, one.failure());
            else record(startNanos, one.verdict());
            return one;
        }

        /** Waits for the second try as long as it takes: it has the call's deadline. */
        private @Nullable Outcome<O> awaitSecond() throws InterruptedException {
            CountDownLatch underWay;
            synchronized (this) {
                firstEnded = true;
                underWay = secondUnderWay;
            }
            if (underWay != null) underWay.await();
            return end();
        }

        /** From here on the second try can only lose. */
        private synchronized @Nullable Outcome<O> end() {
            over = true;
            if (second != null) second.cancel("the first try has ended the call");
            return won;
        }

        private void abandon() {
            var two = end();
            if (two != null) two.discard(protocol);
        }

        /** Begins the second try, on the timer's thread. */
        void hedge() {
            synchronized (this) {
                if (over || firstEnded || context.deadline().expired()) return;
                boolean drawn = draw(context.attempt());
                tally.count("hedge", drawn ? "hedged" : "budget-empty");
                if (!drawn || options.mode() == Mode.DARK) return;
                secondUnderWay = new CountDownLatch(1);
            }
            boolean started = false;
            try {
                context.withAttempt(context.attempt() + 1)
                        .run(() -> time.start("hedge", this::second));
                started = true;
            } finally {
                if (!started) secondEnded(null);
            }
        }

        private void second() {
            var cancellation = new Cancellation();
            synchronized (this) {
                if (over) return;
                second = cancellation;
            }
            Outcome<O> two = null;
            try (cancellation) {
                two = Outcome.answered(next.call(request), protocol);
            } catch (Exception e) {
                two = Outcome.failed(e, protocol);
            } finally {
                if (!secondEnded(two) && two != null) two.discard(protocol);
            }
        }

        /** Whether that is how the call ends. */
        private synchronized boolean secondEnded(@Nullable Outcome<O> two) {
            if (secondUnderWay != null) secondUnderWay.countDown();
            if (over || two == null || !two.verdict().good()) return false;
            won = two;
            own.cancel("the second try answered first");
            return true;
        }
    }
}
