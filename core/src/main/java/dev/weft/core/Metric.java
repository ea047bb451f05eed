package dev.weft.core;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is measured, by OpenTelemetry's rules: a definition, of which each module keeps its own as constants.
 *
 * @param name dotted: {@code http.server.request.duration}
 * @param unit by UCUM: {@code s}, {@code By}, {@code 1}, or what is counted in braces: {@code {request}}
 * @param description one sentence for people
 * @param attributes the names of what tells its series apart, each of few values
 * @param bounds of a histogram, rising: a value belongs to the first bucket whose bound is not below it
 */
public record Metric(
        Kind kind,
        String name,
        String unit,
        String description,
        List<String> attributes,
        List<Double> bounds) {

    /** How values become one. */
    public enum Kind {
        /** A sum that only grows. */
        COUNTER,
        /** A sum that also falls. */
        UP_DOWN_COUNTER,
        /** A value that is read when somebody asks; adding two of them up means nothing. */
        GAUGE,
        /** How often values of which size came. */
        HISTOGRAM
    }

    /** For durations of requests in seconds, as OpenTelemetry's HTTP conventions say. */
    public static final List<Double> DURATIONS =
            List.of(
                    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5,
                    10.0);

    public Metric {
        attributes = List.copyOf(attributes);
        bounds = List.copyOf(bounds);
    }

    public static Metric counter(
            String name, String unit, String description, String... attributes) {
        return new Metric(Kind.COUNTER, name, unit, description, List.of(attributes), List.of());
    }

    public static Metric upDownCounter(
            String name, String unit, String description, String... attributes) {
        return new Metric(
                Kind.UP_DOWN_COUNTER, name, unit, description, List.of(attributes), List.of());
    }

    public static Metric gauge(String name, String unit, String description, String... attributes) {
        return new Metric(Kind.GAUGE, name, unit, description, List.of(attributes), List.of());
    }

    public static Metric histogram(
            String name,
            String unit,
            String description,
            List<Double> bounds,
            String... attributes) {
        return new Metric(Kind.HISTOGRAM, name, unit, description, List.of(attributes), bounds);
    }

    // By hand: mostly it is the same constant, and what a record has costs a start some 20 ms.
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof Metric metric
                        && kind == metric.kind
                        && name.equals(metric.name)
                        && unit.equals(metric.unit)
                        && description.equals(metric.description)
                        && attributes.equals(metric.attributes)
                        && bounds.equals(metric.bounds));
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    /** All series of a metric as they were at one moment. */
    public record Reading(Metric metric, List<Point> points) {}

    /** One series: the values of the metric's attributes, in their order, and what was measured. */
    public sealed interface Point {

        /** Empty for an attribute that is not set; for {@link #OVERFLOW} the list is empty. */
        List<String> values();

        /** The series of all that came when there were too many. */
        List<String> OVERFLOW = List.of();
    }

    /** A sum, or the value of a gauge. */
    public record Value(List<String> values, double value) implements Point {}

    /**
     * What a histogram holds.
     *
     * @param counts one for each bucket, and one more for what is above the last bound; the sum may
     *     be a moment ahead of them
     */
    public record Distribution(List<String> values, List<Long> counts, double sum)
            implements Point {

        public long count() {
            long all = 0;
            for (var count : counts) all += count;
            return all;
        }
    }
}
