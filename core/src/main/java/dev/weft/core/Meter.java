package dev.weft.core;

import java.util.function.Consumer;

/**
 * Counts and measures what happens.
 *
 * <p>The instrument of a {@link Metric} is asked for once and kept; the same metric gives the same instrument. To record
 * never blocks and costs about 50 ns. Values of attributes are given in the order of the metric's names, the empty text
 * for one that is not set. Each must be one of few: a path's template, not the path. What is recorded with another number
 * of values than the metric has names is an {@link IllegalArgumentException}.
 *
 * <p>Safe for many threads. {@link MemoryMeter} keeps what is recorded.
 */
public interface Meter {

    /** Records nothing. */
    Meter NONE =
            new Meter() {
                @Override
                public Counter counter(Metric metric) {
                    return (amount, values) -> {};
                }

                @Override
                public Histogram histogram(Metric metric) {
                    return (value, values) -> {};
                }

                @Override
                public void observe(Metric metric, Consumer<Observer> reading) {}
            };

    /** Adds up; of a counter, or of an up-down counter. */
    @FunctionalInterface
    interface Counter {

        /** Adds the amount; a counter that only grows leaves out a negative one. */
        void add(long amount, String... values);
    }

    /** Sorts values into buckets. */
    @FunctionalInterface
    interface Histogram {
        void record(double value, String... values);
    }

    /** Takes what a metric is at the moment. */
    interface Observer {

        /** A sum so far, or the value of a gauge. */
        void value(double value, String... values);

        /** Of a histogram without bounds: how many values there were so far, and their sum. */
        void total(long count, double sum, String... values);
    }

    /** The instrument of a counter or an up-down counter. */
    Counter counter(Metric metric);

    /** The instrument of a histogram. */
    Histogram histogram(Metric metric);

    /**
     * Reads the metric each time that somebody asks for it. There may be several readings of one metric. They run one
     * after the other on the asker's thread; one that throws is left out.
     */
    void observe(Metric metric, Consumer<Observer> reading);
}
