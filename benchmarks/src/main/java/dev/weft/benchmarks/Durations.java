package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/** How long each step of one thread took. */
final class Durations {

    /** So many are kept; later ones are counted only. */
    private static final int MAX = 1 << 20;

    private static final Time TIME = SystemTime.INSTANCE;

    /** One thing done again and again. */
    @FunctionalInterface
    interface Step {
        /**
         * @param count how often it was done before
         */
        void run(long count) throws Exception;
    }

    private long[] nanos = new long[1 << 10];
    private long count;

    /** Does it as long as there is more to do. */
    void fill(Step step, BooleanSupplier more) throws Exception {
        while (more.getAsBoolean()) {
            long startNanos = TIME.nanos();
            step.run(count);
            add(TIME.nanos() - startNanos);
        }
    }

    private void add(long duration) {
        if (count == nanos.length && count < MAX) nanos = Arrays.copyOf(nanos, nanos.length * 2);
        if (count < nanos.length) nanos[(int) count] = duration;
        count++;
    }

    long count() {
        return count;
    }

    /**
     * How many a second, how long they took, and the CPU time of one, of threads that ran side by side.
     *
     * @param serverMicros the CPU time of the processes that this one has started
     */
    record Summary(
            double perSecond,
            long p50Micros,
            long p99Micros,
            double cpuMicros,
            double serverMicros) {

        static Summary of(List<Durations> all, long nanos, Cpu cpu) {
            long count = all.stream().mapToLong(Durations::count).sum();
            var sorted =
                    all.stream()
                            .flatMapToLong(each ->
                                    Arrays.stream(each.nanos)
                                            .limit(Math.min(each.count, each.nanos.length)))
                            .sorted()
                            .toArray();
            return new Summary(
                    count * 1e9 / nanos,
                    percentile(sorted, 0.5),
                    percentile(sorted, 0.99),
                    cpu.millis() * 1e3 / count,
                    cpu.childrenMillis() * 1e3 / count);
        }

        private static long percentile(long[] sorted, double part) {
            return sorted.length == 0 ? 0 : sorted[(int) (part * (sorted.length - 1))] / 1_000;
        }
    }
}
