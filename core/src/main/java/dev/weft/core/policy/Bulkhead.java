package dev.weft.core.policy;

import dev.weft.core.Filter;
import dev.weft.core.Require;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;

/**
 * Lets a fixed number of calls through at once, so that one thing that got slow does not take all there is. Around a
 * service it protects the service, around a client what calls it.
 *
 * <p>Beyond the number a call waits shortly, and is then refused before it was begun, with {@code limit}. Who goes first
 * is the rule of {@link ConcurrencyLimit}, but that background calls may take all places. In the mode {@link Mode#DARK}
 * nothing waits and nothing is refused. Decisions, as {@code bulkhead}: {@code waited} (and was let through), {@code
 * refused}. Safe for many threads.
 */
public final class Bulkhead<I, O> implements Filter<I, O> {

    private static final String POLICY = "bulkhead";

    private final String by;
    private final Options options;
    private final Tally tally;
    private final Gate gate;

    /**
     * Its numbers.
     *
     * @param atOnce how many calls; 0 lets none through
     * @param waiting how many may wait; 0 for none
     * @param longestWait how long at most; zero for not at all
     */
    public record Options(Mode mode, int atOnce, int waiting, Duration longestWait) {

        public Options {
            Require.between("the calls at once of a bulkhead", atOnce, 0, 1_000_000);
            Require.between("the queue of a bulkhead", waiting, 0, 1_000_000);
            Require.that(
                    !longestWait.isNegative(),
                    "a wait must not be negative, but is " + longestWait);
        }

        /** So many at once; as many wait, at most 100 ms. */
        public static Options of(int atOnce) {
            return new Options(Mode.ON, atOnce, atOnce, Duration.ofMillis(100));
        }
    }

    /**
     * @param by who refuses
     */
    public Bulkhead(String by, Options options, Tally tally, Time time) {
        this.by = by;
        this.options = options;
        this.tally = tally;
        this.gate = new Gate(options.atOnce(), options.waiting(), options.longestWait(), 1, time);
    }

    /** How many calls are through now. */
    public int inWork() {
        return gate.taken();
    }

    @Override
    public O apply(I request, Service<I, O> next) throws Exception {
        switch (options.mode()) {
            case OFF -> {
                return next.call(request);
            }
            case DARK -> {
                if (!gate.enterAnyway()) tally.count(POLICY, "refused");
            }
            case ON -> {
                if (!gate.enter(POLICY, tally))
                    throw Gate.full(
                            by, "only " + options.atOnce() + " calls are let through at once");
            }
        }
        try {
            return next.call(request);
        } finally {
            gate.leave();
        }
    }
}
