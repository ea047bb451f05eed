package dev.weft.core.policy;

import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.Require;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.Set;

/**
 * Bounds how many requests a service works at, by as many as it can serve in time; what comes beyond waits shortly and is
 * then refused, before it was begun, with {@code limit}.
 *
 * <p><b>Who goes first.</b> {@link dev.weft.core.Criticality} decides. Background requests take at most half of the
 * limit. A place that gets free goes to a critical request that waits, then to a normal one, then to one in the
 * background; among equals to the one that came last. When the queue is full, the oldest of the least critical is refused
 * for the newcomer, unless the newcomer is less critical than all that wait: then it is the newcomer. So background
 * requests are shed first, critical ones last. A wait is at most {@link Options#longestWait}, and at most half of what is left
 * until the request's deadline.
 *
 * <p>It is for requests that are work. Those that only wait for something to happen belong outside of it.
 *
 * <p>In the mode {@link Mode#DARK} nothing waits and nothing is refused; the limit moves as it would. Decisions, as {@code
 * limit}: {@code waited} (and was let in), {@code refused}. Safe for many threads.
 */
public final class ConcurrencyLimit<I, O> implements Filter<I, O> {

    /*
     * A server cannot see how much it could do at once; it sees whether what it does is done in time. Each request that
     * ends tells one of three things:
     *
     *   too late, −1       it used nine tenths of its time or more, waiting for its place included, whatever came of it; or a
     *                      service that it called was too late (504, timeout) or over its limit
     *   in time, +10/limit answered, also by a 404: but only if at least half of the limit was in use, or the limit of an
     *                      idle service would grow without anybody having tried whether it holds. +1 until the
     *                      first one is too late
     *   nothing            anything else: a bug, a caller that left, a bulkhead, a rate limit, a failed disk say nothing
     *                      about load
     *
     * A limit of requests later, all of them in time, the limit is larger by ten; all too late, it is near its least. It is
     * by these rounds that it must move, and not by requests: what comes of a change is seen a round later, and until then
     * whatever moves by each request has gone much too far. With a share p of requests too late the limit settles
     * where (1 − p) · 10 / L = p, at L = 10 · (1 − p) / p: 1 % gives 990, 10 % gives 90, a third or more the least. So a few
     * callers with impossible deadlines do not matter, and if all are late it can only fall: nothing is compared with what
     * was usual, which is why a constant delay, however long, is never taken for the way things are.
     *
     * The limit is a double, guarded by the monitor, which is never held while waiting; the gate has it rounded down.
     */

    private static final String POLICY = "limit";
    private static final double BACKGROUND = 0.5;
    private static final double GROWTH = 10;

    /** Of the time that a request had, so much must be left when it ends. */
    private static final double SPARE = 0.1;

    /** How errors are called that say "too much": see {@link Verdict#error}. */
    private static final Set<String> TOO_MUCH = Set.of("deadline", "timeout", "504", "limit");

    private enum Lesson {
        IN_TIME,
        TOO_LATE,
        NOTHING
    }

    private final String by;
    private final Options options;
    private final Classifier<O> classifier;
    private final Tally tally;
    private final Gate gate;
    private double limit;
    private boolean everTooLate;

    /**
     * Its numbers.
     *
     * @param start the first limit
     * @param min the least limit, 1 or more
     * @param max the largest
     * @param waiting how many may wait; 0 for none
     * @param longestWait how long at most; zero for not at all
     */
    public record Options(
            Mode mode, int start, int min, int max, int waiting, Duration longestWait) {

        /** Starts with 20, from 20 to 1,000; 100 wait, at most 100 ms. */
        public static final Options DEFAULT =
                new Options(Mode.ON, 20, 20, 1000, 100, Duration.ofMillis(100));

        public Options {
            Require.between("the least concurrency limit", min, 1, 1_000_000);
            Require.between("the largest concurrency limit", max, min, 1_000_000);
            Require.between("the first concurrency limit", start, min, max);
            Require.between("the queue of a concurrency limit", waiting, 0, 1_000_000);
            Require.that(
                    !longestWait.isNegative(),
                    "a wait must not be negative, but is " + longestWait);
        }

        public Options mode(Mode mode) {
            return new Options(mode, start, min, max, waiting, longestWait);
        }
    }

    /**
     * @param by who refuses: service/instance
     * @param classifier how a request ended
     */
    public ConcurrencyLimit(
            String by, Options options, Classifier<O> classifier, Tally tally, Time time) {
        this.by = by;
        this.options = options;
        this.classifier = classifier;
        this.tally = tally;
        this.limit = options.start();
        this.gate =
                new Gate(
                        options.start(),
                        options.waiting(),
                        options.longestWait(),
                        BACKGROUND,
                        time);
    }

    /** How many may be worked at now. */
    public synchronized int limit() {
        return (int) limit;
    }

    /** How many are worked at now. */
    public int inWork() {
        return gate.taken();
    }

    /** How many wait now. */
    public int waiting() {
        return gate.waiting();
    }

    @Override
    public O apply(I request, Service<I, O> next) throws Exception {
        var deadline = Context.current().deadline();
        double hadNanos = deadline.remaining().toNanos();
        switch (options.mode()) {
            case OFF -> {
                return next.call(request);
            }
            case DARK -> {
                if (!gate.enterAnyway()) tally.count(POLICY, "refused");
            }
            case ON -> {
                if (!gate.enter(POLICY, tally))
                    throw Gate.full(by, "only " + limit() + " requests are worked at together now");
            }
        }
        var lesson = Lesson.NOTHING;
        try {
            var answer = next.call(request);
            lesson = lesson(classifier.answered(answer), deadline, hadNanos);
            return answer;
        } catch (Exception | Error e) {
            if (!ownLimit(e)) lesson = lesson(classifier.failed(e), deadline, hadNanos);
            throw e;
        } finally {
            learn(lesson, gate.leave());
        }
    }

    /** A bulkhead further in keeps one slow thing apart; it must not make all else small. */
    private static boolean ownLimit(Throwable failure) {
        return failure instanceof Failure.Refused refused
                && refused.refusal().reason() == Refusal.Reason.LIMIT
                && refused.refusal().hop() == 0;
    }

    private static Lesson lesson(Verdict verdict, Deadline deadline, double hadNanos) {
        if (deadline.remaining().toNanos() <= SPARE * hadNanos
                || TOO_MUCH.contains(verdict.error())) return Lesson.TOO_LATE;
        return verdict.good() ? Lesson.IN_TIME : Lesson.NOTHING;
    }

    /**
     * @param inWork how many were worked at when it ended, itself among them
     */
    private void learn(Lesson lesson, int inWork) {
        if (lesson == Lesson.NOTHING) return;
        synchronized (this) {
            int before = (int) limit;
            if (lesson == Lesson.TOO_LATE) {
                everTooLate = true;
                limit = Math.max(options.min(), limit - 1);
            } else if (2L * inWork >= before) {
                double more = everTooLate ? Math.min(1, GROWTH / limit) : 1;
                limit = Math.min(options.max(), limit + more);
            }
            if ((int) limit != before) gate.places((int) limit);
        }
    }
}
