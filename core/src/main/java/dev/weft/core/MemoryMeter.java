package dev.weft.core;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps in memory what is recorded, as sums since the start, until somebody reads it.
 *
 * <p>A metric has at most {@link #MAX_SERIES} series. The last of them takes everything that comes with values that were
 * not seen before ({@link Metric.Point#OVERFLOW}), so that sums over all series stay right; a line in the log says so once.
 */
public final class MemoryMeter implements Meter {

    /** The most series of one metric. */
    public static final int MAX_SERIES = 1_000;

    private static final System.Logger LOG = System.getLogger(MemoryMeter.class.getName());

    private final int maxSeries;
    private final Map<String, Family> families = new ConcurrentSkipListMap<>();

    public MemoryMeter() {
        this(MAX_SERIES);
    }

    /**
     * @param maxSeries of one metric, one of them for what is too much
     */
    public MemoryMeter(int maxSeries) {
        this.maxSeries = maxSeries;
    }

    @Override
    public Counter counter(Metric metric) {
        return switch (metric.kind()) {
            case COUNTER, UP_DOWN_COUNTER -> family(metric, Sums.class, it -> new Sums(it));
            case GAUGE, HISTOGRAM -> throw notA("counter", metric);
        };
    }

    @Override
    public Histogram histogram(Metric metric) {
        if (metric.kind() != Metric.Kind.HISTOGRAM) throw notA("histogram", metric);
        return family(metric, Distributions.class, it -> new Distributions(it));
    }

    @Override
    public void observe(Metric metric, Consumer<Observer> reading) {
        family(metric, Observed.class, it -> new Observed(it)).readings.add(reading);
    }

    private static IllegalArgumentException notA(String kind, Metric metric) {
        return new IllegalArgumentException(metric.name() + " is no " + kind + ": " + metric);
    }

    private <F extends Family> F family(Metric metric, Class<F> type, Function<Metric, F> make) {
        var family = families.computeIfAbsent(metric.name(), name -> make.apply(metric));
        if (!family.metric.equals(metric) || !type.isInstance(family))
            throw new IllegalArgumentException(
                    metric.name() + " is measured in another way already: " + family.metric);
        return type.cast(family);
    }

    /** All metrics that have a series, by name. */
    public List<Metric.Reading> read() {
        var all = new ArrayList<Metric.Reading>();
        for (var family : families.values()) {
            var points = family.read();
            if (!points.isEmpty()) all.add(new Metric.Reading(family.metric, points));
        }
        return all;
    }

    /** The values of a series' attributes. */
    private static final class Key {
        private final String[] values;
        private final int hash;

        Key(String[] values) {
            this.values = values;
            this.hash = Arrays.hashCode(values);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key
                    && hash == key.hash
                    && Arrays.equals(values, key.values);
        }
    }

    /** A metric and its series. */
    private abstract static class Family {
        final Metric metric;

        Family(Metric metric) {
            this.metric = metric;
        }

        abstract List<Metric.Point> read();
    }

    /** The series that were recorded. The monitor guards adding to them. */
    private abstract class Recorded<S> extends Family {
        private final Map<Key, S> series = new ConcurrentHashMap<>();
        private volatile @Nullable S overflow;

        Recorded(Metric metric) {
            super(metric);
        }

        abstract S start();

        abstract Metric.Point point(List<String> values, S series);

        final S series(String[] values) {
            var key = new Key(values);
            var known = series.get(key);
            if (known != null) return known;
            var over = overflow;
            return over != null ? over : added(key);
        }

        private synchronized S added(Key key) {
            requireValues(metric, key.values);
            var known = series.get(key);
            if (known != null) return known;
            if (series.size() < maxSeries - 1) {
                var fresh = start();
                series.put(new Key(key.values.clone()), fresh);
                return fresh;
            }
            var over = overflow;
            if (over != null) return over;
            LOG.log(
                    System.Logger.Level.WARNING,
                    metric.name()
                            + " has more than "
                            + maxSeries
                            + " series; what comes with new values of "
                            + metric.attributes()
                            + " is only counted in all, the first of it being "
                            + Arrays.toString(key.values));
            var fresh = start();
            overflow = fresh;
            return fresh;
        }

        @Override
        final List<Metric.Point> read() {
            var points = new ArrayList<Metric.Point>(series.size() + 1);
            series.forEach((key, one) -> points.add(point(List.of(key.values), one)));
            points.sort((one, other) -> compare(one.values(), other.values()));
            var over = overflow;
            if (over != null) points.add(point(Metric.Point.OVERFLOW, over));
            return points;
        }
    }

    private static int compare(List<String> one, List<String> other) {
        for (int i = 0; i < one.size(); i++) {
            int order = one.get(i).compareTo(other.get(i));
            if (order != 0) return order;
        }
        return 0;
    }

    private static void requireValues(Metric metric, String[] values) {
        if (values.length != metric.attributes().size())
            throw new IllegalArgumentException(
                    metric.name()
                            + " wants values of "
                            + metric.attributes()
                            + ", not "
                            + Arrays.toString(values));
    }

    private final class Sums extends Recorded<LongAdder> implements Counter {
        private final boolean falls;

        Sums(Metric metric) {
            super(metric);
            this.falls = metric.kind() == Metric.Kind.UP_DOWN_COUNTER;
        }

        @Override
        public void add(long amount, String... values) {
            if (amount >= 0 || falls) series(values).add(amount);
        }

        @Override
        LongAdder start() {
            return new LongAdder();
        }

        @Override
        Metric.Point point(List<String> values, LongAdder series) {
            return new Metric.Value(values, series.sum());
        }
    }

    /** The buckets of one series. */
    private static final class Buckets {
        private final AtomicLongArray counts;
        private final DoubleAdder sum = new DoubleAdder();

        Buckets(int buckets) {
            counts = new AtomicLongArray(buckets);
        }
    }

    private final class Distributions extends Recorded<Buckets> implements Histogram {
        private final double[] bounds;

        Distributions(Metric metric) {
            super(metric);
            this.bounds = metric.bounds().stream().mapToDouble(Double::doubleValue).toArray();
        }

        @Override
        public void record(double value, String... values) {
            if (Double.isNaN(value)) return;
            var buckets = series(values);
            int bucket = 0;
            while (bucket < bounds.length && value > bounds[bucket]) bucket++;
            buckets.counts.getAndIncrement(bucket);
            buckets.sum.add(value);
        }

        @Override
        Buckets start() {
            return new Buckets(bounds.length + 1);
        }

        @Override
        Metric.Point point(List<String> values, Buckets series) {
            var counts = new ArrayList<Long>(series.counts.length());
            for (int i = 0; i < series.counts.length(); i++) counts.add(series.counts.get(i));
            return new Metric.Distribution(values, List.copyOf(counts), series.sum.sum());
        }
    }

    /** What its readings say; of two that give the same series, the later counts. */
    private final class Observed extends Family {
        private final List<Consumer<Observer>> readings = new CopyOnWriteArrayList<>();

        Observed(Metric metric) {
            super(metric);
        }

        @Override
        List<Metric.Point> read() {
            var points = new LinkedHashMap<List<String>, Metric.Point>();
            for (var reading : readings) {
                var taken = new ArrayList<Metric.Point>();
                try {
                    reading.accept(new Taking(metric, taken));
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.DEBUG, metric.name() + " could not be read", e);
                    continue;
                }
                for (var point : taken) points.put(point.values(), point);
            }
            return points.values().stream().limit(maxSeries).toList();
        }
    }

    private record Taking(Metric metric, List<Metric.Point> points) implements Observer {

        @Override
        public void value(double value, String... values) {
            requireValues(metric, values);
            points.add(new Metric.Value(List.of(values), value));
        }

        @Override
        public void total(long count, double sum, String... values) {
            requireValues(metric, values);
            points.add(new Metric.Distribution(List.of(values), List.of(count), sum));
        }
    }
}
