package dev.weft.core.policy;

import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;

/**
 * Refuses here, by chance, what the service called would refuse anyway, so that refusing does not cost it the work that it
 * has left.
 *
 * <p>P = max(0, (requests − 2 · accepted) / (requests + 1)) over ten seconds (client-side throttling, Google's "Site
 * Reliability Engineering", chapter 21, which counts over two minutes; then requests are refused for a quarter of a minute behind an
 * overload, with ten seconds none after eight seconds, and as much is done in between; simulated). Not accepted is what the service refused as too much ({@link
 * Verdict.Health#BUSY}) and what was refused here; a failure is accepted work; a rate that one key has used up counts nowhere. What is
 * refused may come back after a second. At least a part is always sent, or nobody
 * would notice that the service has recovered; and nothing is refused while there are few requests. Safe for many threads;
 * takes no lock.
 */
public final class Throttle<I, O> implements Filter<I, O> {

    /**
     * The numbers.
     *
     * @param window over which requests are counted
     * @param perAccepted how many requests for each accepted one are still sent; 1 or more
     * @param mostRefused what share is refused at most
     * @param leastPerSecond below so many requests a second none is refused
     */
    public record Options(
            Mode mode,
            Duration window,
            double perAccepted,
            double mostRefused,
            double leastPerSecond) {

        public static final Options DEFAULT =
                new Options(Mode.ON, Duration.ofSeconds(10), 2, 0.8, 5);

        public Options {
            if (!(perAccepted >= 1 && mostRefused >= 0 && mostRefused <= 1 && leastPerSecond >= 0))
                throw new IllegalArgumentException(
                        "a throttle sends 1 or more requests for each accepted one, and refuses a share from 0 to 1"
                                + " beyond 0 or more a second, not "
                                + perAccepted
                                + ", "
                                + mostRefused
                                + ", "
                                + leastPerSecond);
        }
    }

    private static final int BUCKETS = 10;
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final int REQUESTS = 0;
    private static final int ACCEPTED = 1;

    private final String by;
    private final String service;
    private final Options options;
    private final Classifier<O> classifier;
    private final Tally tally;
    private final Time time;
    private final Ring counts;

    /**
     * @param by who refuses, as refusals name it
     * @param service who is called
     */
    public Throttle(
            String by,
            String service,
            Options options,
            Classifier<O> classifier,
            Tally tally,
            Time time) {
        this.by = by;
        this.service = service;
        this.options = options;
        this.classifier = classifier;
        this.tally = tally;
        this.time = time;
        this.counts = new Ring(options.window, BUCKETS, 2, time);
    }

    @Override
    public O apply(I request, Service<I, O> next) throws Exception {
        if (options.mode == Mode.OFF) return next.call(request);
        double share = refusedShare();
        if (share > 0 && time.random().nextDouble() < share) {
            tally.count("throttle", "refused");
            if (options.mode == Mode.ON) throw refused(share);
        }
        var verdict = Verdict.UNKNOWN;
        try {
            var answer = next.call(request);
            verdict = classifier.answered(answer);
            return answer;
        } catch (Throwable e) {
            verdict = classifier.failed(e);
            throw e;
        } finally {
            count(verdict.health());
        }
    }

    /** What share of the requests is refused now. */
    public double refusedShare() {
        long requests = counts.sum(REQUESTS);
        double share = (requests - options.perAccepted * counts.sum(ACCEPTED)) / (requests + 1.0);
        if (share <= 0) return 0;
        double perSecond = requests * 1_000.0 / options.window.toMillis();
        return perSecond < options.leastPerSecond ? 0 : Math.min(share, options.mostRefused);
    }

    private Failure.Refused refused(double share) {
        count(Verdict.Health.BUSY);
        return new Failure.Refused(
                Refusal.notBegun(
                                by,
                                Refusal.Reason.LIMIT,
                                service
                                        + " refuses too much; until it accepts more, "
                                        + Math.round(share * 100)
                                        + " % of its requests are refused here")
                        .retryAfter(RETRY_AFTER));
    }

    private void count(Verdict.Health health) {
        switch (health) {
            case GOOD, BAD -> {
                counts.add(REQUESTS, 1);
                counts.add(ACCEPTED, 1);
            }
            case BUSY -> counts.add(REQUESTS, 1);
            case UNKNOWN -> {}
        }
    }
}
