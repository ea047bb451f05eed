package dev.weft.testkit.simulation;

import dev.weft.core.Require;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long a piece of work takes, by chance. */
@FunctionalInterface
public interface Latency {

    /** The quantile of the standard normal distribution at 99 %. */
    double NORMAL_99 = 2.3263478740408408;

    /** The next one, in nanoseconds. */
    long nanos(RandomGenerator random);

    /** Always the same. */
    static Latency constant(Duration duration) {
        long nanos = duration.toNanos();
        return random -> nanos;
    }

    /**
     * Log-normal, as latencies of services are: many near the median, few far above.
     *
     * @param median half take longer
     * @param p99 one of 100 takes longer
     */
    static Latency logNormal(Duration median, Duration p99) {
        Require.that(
                median.isPositive() && p99.compareTo(median) >= 0,
                "a latency has a positive median, not above its p99: " + median + ", " + p99);
        double mu = Math.log((double) median.toNanos());
        double sigma = (Math.log((double) p99.toNanos()) - mu) / NORMAL_99;
        return random -> (long) Math.exp(mu + sigma * random.nextGaussian());
    }
}
