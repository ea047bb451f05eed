package dev.weft.core.policy;

import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The circuit breaker of one instance: stops calling it after too many failures, then lets one call at a time find out
 * whether it is well again.
 *
 * <p>It opens on a run of failures, or on a success rate over a sliding window that is too low (after Finagle's failure
 * accrual). Open, it refuses with the time until the next probe; that time doubles with each probe that fails, half of it
 * fixed and half random ("equal jitter", AWS architecture blog), so that clients do not probe together. A probe that
 * succeeds closes it. A probe that was cancelled is no verdict, and frees its place. Safe for many threads; takes no lock.
 */
public final class Breaker {

    /*
     * Each phase is an object, and hands out the calls that end on it. So an answer to a call that was sent in an earlier
     * phase can neither close nor open the phase that came behind it.
     */

    /** Ordered from bad to good. */
    public enum State {
        /** Refuses. */
        OPEN,

        /** One call at a time may find out. */
        HALF_OPEN,

        CLOSED
    }

    /**
     * The numbers.
     *
     * @param failures so many in a row open it; 0 for never
     * @param success it opens when fewer of the calls of the window succeeded than this share; 0 for never
     * @param leastCalls how many calls the window must have for a share to mean anything
     * @param open how long it is open the first time
     * @param longestOpen the most to which that doubles
     */
    public record Options(
            Mode mode,
            int failures,
            double success,
            Duration window,
            int leastCalls,
            Duration open,
            Duration longestOpen) {

        public static final Options DEFAULT =
                new Options(
                        Mode.ON,
                        5,
                        0.8,
                        Duration.ofSeconds(30),
                        5,
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(5));

        public Options {
            if (failures < 0 || !(success >= 0 && success <= 1) || leastCalls < 0)
                throw new IllegalArgumentException(
                        "a breaker opens after 0 or more failures in a row and below a share of 0 to 1 of 0 or more"
                                + " calls, not "
                                + failures
                                + ", "
                                + success
                                + ", "
                                + leastCalls);
            if (open.isNegative() || longestOpen.compareTo(open) < 0)
                throw new IllegalArgumentException(
                        "a breaker is open for no less than zero and at most for longer, not "
                                + open
                                + " to "
                                + longestOpen);
        }
    }

    /** The right to send one call. */
    public sealed interface Call {

        /**
         * Says how it went; only the first time counts.
         *
         * @return whether that closed the breaker
         */
        boolean end(Verdict verdict);
    }

    private static final int BUCKETS = 30;
    private static final int GOOD = 0;
    private static final int FAILED = 1;
    private static final Call UNCOUNTED = new Uncounted();

    private final String by;
    private final Options options;
    private final Tally tally;
    private final Time time;
    private final AtomicReference<Phase> phase;

    /**
     * A closed one.
     *
     * @param by who refuses, as refusals name it
     */
    public Breaker(String by, Options options, Tally tally, Time time) {
        this.by = by;
        this.options = options;
        this.tally = tally;
        this.time = time;
        this.phase = new AtomicReference<>(new Closed());
    }

    /** A call that may be sent now, the probe if one is due; fails as refused, not begun, if none may. */
    public Call admit() {
        var call = tryAdmit();
        if (call != null) return call;
        tally.count("breaker", "refused");
        if (options.mode == Mode.DARK) return UNCOUNTED;
        var openFor = openFor();
        throw new Failure.Refused(
                Refusal.notBegun(
                                by,
                                Refusal.Reason.BREAKER,
                                openFor.isZero()
                                        ? "it failed too often, and a probe is under way"
                                        : "it failed too often; the next probe is in "
                                                + openFor.toMillis()
                                                + " ms")
                        .retryAfter(openFor));
    }

    /** As {@link #admit}, or nothing if it refuses. */
    @Nullable Call tryAdmit() {
        if (options.mode == Mode.OFF) return UNCOUNTED;
        return switch (phase.get()) {
            case Closed closed -> closed;
            case Open open -> open.probe();
        };
    }

    /** The probe, if one is due. */
    @Nullable Call tryProbe() {
        return options.mode == Mode.ON && phase.get() instanceof Open open ? open.probe() : null;
    }

    /**
     * A call that is sent in any case, because there is nobody better: the probe if one is due. Its success closes the
     * breaker; its failure changes nothing.
     */
    public Call force() {
        if (options.mode != Mode.ON) return admit();
        var call = tryAdmit();
        return call == null ? phase.get() : call;
    }

    /**
     * Counts what became known of a call behind its end. Only while it is closed: what is open is judged by its probes, whose
     * place this does not take.
     */
    public void late(Verdict verdict) {
        if (options.mode != Mode.OFF && phase.get() instanceof Closed closed) closed.end(verdict);
    }

    /** This breaker around calls of its instance. */
    public <I, O> Filter<I, O> filter(Classifier<O> classifier) {
        return (request, next) -> {
            var call = admit();
            var verdict = Verdict.UNKNOWN;
            try {
                var answer = next.call(request);
                verdict = classifier.answered(answer);
                return answer;
            } catch (Throwable e) {
                verdict = classifier.failed(e);
                throw e;
            } finally {
                call.end(verdict);
            }
        };
    }

    /** Its state, also in the mode {@link Mode#DARK}. */
    public State state() {
        return switch (phase.get()) {
            case Closed closed -> State.CLOSED;
            case Open open -> open.openNanos() > 0 ? State.OPEN : State.HALF_OPEN;
        };
    }

    /** How long until a probe is due; zero if it is, or none is needed. */
    public Duration openFor() {
        return switch (phase.get()) {
            case Closed closed -> Duration.ZERO;
            case Open open -> Duration.ofNanos(Math.max(0, open.openNanos()));
        };
    }

    /** Whether a balancer should look for another instance. */
    boolean bad() {
        return options.mode == Mode.ON && phase.get() instanceof Open;
    }

    /** For how long it has not been closed; zero if it is. */
    long badNanos() {
        return phase.get() instanceof Open open ? time.nanos() - open.sinceNanos : 0;
    }

    @Override
    public String toString() {
        return options.mode == Mode.OFF
                ? "off"
                : state() + (options.mode == Mode.DARK ? " (dark)" : "");
    }

    private boolean close(Open open) {
        if (!phase.compareAndSet(open, new Closed())) return false;
        tally.count("breaker", "closed");
        return true;
    }

    private void open(Phase before, Open open) {
        if (phase.compareAndSet(before, open)) tally.count("breaker", "opened");
    }

    private sealed interface Phase extends Call {}

    private final class Closed implements Phase {

        private final Ring calls = new Ring(options.window, BUCKETS, 2, time);
        private final AtomicInteger run = new AtomicInteger();

        @Override
        public boolean end(Verdict verdict) {
            switch (verdict.health()) {
                case GOOD -> {
                    calls.add(GOOD, 1);
                    if (run.get() != 0) run.set(0);
                }
                case BUSY -> failed(run.get());
                case BAD -> failed(run.incrementAndGet());
                case UNKNOWN -> {}
            }
            return false;
        }

        private void failed(int inARow) {
            calls.add(FAILED, 1);
            if ((options.failures > 0 && inARow >= options.failures) || tooFewSucceed())
                open(this, new Open(0, time.nanos()));
        }

        private boolean tooFewSucceed() {
            long good = calls.sum(GOOD);
            long all = good + calls.sum(FAILED);
            // A share such as 0.55 is a little more than 55 of 100 in floating point.
            return all >= options.leastCalls && good < options.success * all - 1e-9;
        }
    }

    private final class Open implements Phase {

        private final int doublings;
        private final long sinceNanos;
        private final long probeAtNanos;
        private final AtomicReference<@Nullable Probe> probing = new AtomicReference<>();

        Open(int doublings, long sinceNanos) {
            this.doublings = doublings;
            this.sinceNanos = sinceNanos;
            long half = lasts(doublings) / 2;
            this.probeAtNanos = time.nanos() + half + time.random().nextLong(half + 1);
        }

        private long lasts(int doublings) {
            long longest = options.longestOpen.toNanos();
            int shift = Math.min(doublings, 62);
            return options.open.toNanos() > longest >> shift
                    ? longest
                    : options.open.toNanos() << shift;
        }

        long openNanos() {
            return probeAtNanos - time.nanos();
        }

        @Nullable Call probe() {
            if (probing.get() != null || openNanos() > 0) return null;
            var probe = new Probe(this);
            return probing.compareAndSet(null, probe) ? probe : null;
        }

        /** The end of a call that was sent although it is open. */
        @Override
        public boolean end(Verdict verdict) {
            return verdict.good() && close(this);
        }
    }

    private final class Probe implements Call {

        private final Open open;

        Probe(Open open) {
            this.open = open;
        }

        @Override
        public boolean end(Verdict verdict) {
            if (open.probing.get() != this) return false;
            switch (verdict.health()) {
                case GOOD -> {
                    return close(open);
                }
                case BUSY, BAD ->
                        open(open, new Open(Math.min(open.doublings + 1, 62), open.sinceNanos));
                case UNKNOWN -> open.probing.compareAndSet(this, null);
            }
            return false;
        }
    }

    private static final class Uncounted implements Call {
        @Override
        public boolean end(Verdict verdict) {
            return false;
        }
    }
}
