package dev.weft.core.policy;

import dev.weft.core.Require;
import dev.weft.core.Time;
import java.time.Duration;

/**
 * How many tries a client may make at one destination beyond its first ones. Retries and hedges draw from the same
 * budget; one of {@link Options#DEFAULT} that is fresh holds 100. Safe for many threads.
 *
 * <p>After the retry budget of Finagle, which counts in a window too, and adds what this takes the larger of.
 */
public final class RetryBudget {

    /*
     * Over the window, and in whole millionths of a try, so that a ratio of 0 is 0 and one more is one more:
     *
     *   F  calls that were sent from here: the first try, which has ended, of a call made for a first attempt
     *   I  calls that begin here for an attempt > 1; the larger of this window's and the one's before
     *   X  retries and hedges made here, Y those of them that were made for an attempt > 1
     *   R  what is allowed per second, times the window
     *
     *   a retry for a first attempt needs      X + 1 + I ≤ max(ratio · F, R)
     *   one for an attempt > 1 needs as well   Y + 1 ≤ ratio · F / 5
     *
     * Why I: a call made for an attempt > 1 is somebody's retry already. It is no first try, and it is part of the load
     * that retries add. So X + I ≤ max(ratio · F, R) at each hop as long as what comes is what came before: retries add
     * the ratio over all hops, not at each. Were those calls deposited, four hops could come to 1.2⁴ = 2.07 times the
     * load; were they left out, to 1 + 4 · 0.2 = 1.8.
     *
     * Why the larger and not the sum: R is there so that a client of a few calls a second may retry at all. Added to
     * the share, as Finagle does, it is a share of its own wherever many small clients meet: 100 calls a second of each of three
     * clients came to 1.32 tries a call (four hops, simulated), and to 1.2 so.
     *
     * Why the window before: the last hop fails first, and draws before it sees what the hops above it will send. With
     * one window all of that is forgotten at about the same time, and begins anew: 1.44 times the load for as long as
     * the storm lasts (four hops, simulated). With two that is so in the first window, then 1.2. None of it comes to pass
     * among services that say when they gave up.
     *
     * Why the fifth: with little traffic R allows nearly everything, and a request could be tried 3 times at each of
     * four hops, 81 times in all. What is done for an attempt > 1 has no part in R; so at each hop the first try alone
     * brings 3, every other one: t(k) = t(k−1) + 2, which is 9 at four hops. The fifth of the ratio leaves the rest of
     * the budget to first attempts.
     */

    private static final int FIRST = 0;
    private static final int CAME_RETRIED = 1;
    private static final int EXTRA = 0;
    private static final int EXTRA_FOR_RETRIED = 1;
    private static final int PART_FOR_RETRIED = 5;
    private static final int BUCKETS = 10;
    static final long ONE = 1_000_000;

    /** Calls as {@link #called} counts them, over the window or up to a bucket less. */
    private final Ring begun;

    /** What was drawn, over the window or up to a bucket more: in no window does it exceed what is allowed. */
    private final Ring drawn;

    /** Calls for an attempt > 1, over two windows. */
    private final Ring cameRetried;

    private final long ratio;
    private final long reserve;

    /**
     * How large a budget is.
     *
     * @param ratio tries beyond the first for each first one, 0 to 1
     * @param perSecond how many a second there may be even if the ratio allows fewer
     * @param window over how long it counts, 10 ms to an hour
     */
    public record Options(double ratio, int perSecond, Duration window) {

        /** 17 %, at least 10 a second, over 10 s: 1.19 tries a call over four hops in an outage, simulated. */
        public static final Options DEFAULT = new Options(0.17, 10, Duration.ofSeconds(10));

        /** Nothing, so that nothing is retried or hedged but what never left this process. */
        public static final Options NONE = new Options(0, 0, Duration.ofSeconds(10));

        public Options {
            millionths("the budget's ratio", ratio);
            Require.between("the budget's tries per second", perSecond, 0, 1_000_000);
            Require.between("the budget's window in ms", window.toMillis(), 10, 3_600_000);
        }
    }

    public RetryBudget(Options options, Time time) {
        begun = new Ring(options.window(), BUCKETS, 2, time);
        drawn =
                new Ring(
                        options.window().dividedBy(BUCKETS).multipliedBy(BUCKETS + 1),
                        BUCKETS + 1,
                        2,
                        time);
        cameRetried = new Ring(options.window().multipliedBy(2), 2 * BUCKETS, time);
        ratio = millionths("the budget's ratio", options.ratio());
        reserve = options.perSecond() * (options.window().toNanos() / 1_000);
    }

    /**
     * Counts a call, once for all its tries.
     *
     * @param attempt of the context that it is made in: a first attempt deposits, when its first try that left has
     *     ended; any other draws, when it begins, for it is itself a retry
     */
    public void called(int attempt) {
        if (attempt > 1) {
            begun.add(CAME_RETRIED, 1);
            cameRetried.add(0, 1);
        } else begun.add(FIRST, 1);
    }

    /**
     * Draws one retry or hedge, or refuses it.
     *
     * @param attempt of the context that the call is made in
     */
    public synchronized boolean take(int attempt) {
        long earned = begun.sum(FIRST) * ratio;
        if ((beyondFirst() + 1) * ONE > Math.max(earned, reserve)) return false;
        if (attempt > 1) {
            if ((drawn.sum(EXTRA_FOR_RETRIED) + 1) * ONE * PART_FOR_RETRIED > earned) return false;
            drawn.add(EXTRA_FOR_RETRIED, 1);
        }
        drawn.add(EXTRA, 1);
        return true;
    }

    /** How many retries are left for first attempts. */
    public long left() {
        return Math.max(0, Math.max(begun.sum(FIRST) * ratio, reserve) / ONE - beyondFirst());
    }

    private long beyondFirst() {
        long now = begun.sum(CAME_RETRIED);
        return drawn.sum(EXTRA) + Math.max(now, cameRetried.sum(0) - now);
    }

    /** A share of 0 to 1 in whole millionths. */
    static long millionths(String name, double share) {
        Require.that(
                share >= 0 && share <= 1,
                name + " must be from 0 to 1 (20 % is 0.2), not " + share);
        return Math.round(share * ONE);
    }
}
