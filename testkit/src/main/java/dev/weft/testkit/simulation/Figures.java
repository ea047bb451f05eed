package dev.weft.testkit.simulation;

import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * What became of the calls of a simulation, by the time slice in which each began. Used in the simulation only, and by who
 * ran it.
 */
public final class Figures {

    private static final class Slice {
        final Map<String, Long> arrived = new TreeMap<>();
        long[] tookNanos = new long[16];
        int calls;
        int good;

        void add(long nanos, boolean good) {
            if (calls == tookNanos.length) tookNanos = Arrays.copyOf(tookNanos, 2 * calls);
            tookNanos[calls++] = nanos;
            if (good) this.good++;
        }
    }

    /** What happened in some time. */
    public static final class Window {
        private final Map<String, Long> arrived;
        private final long[] sortedNanos;
        private final int good;
        private final double seconds;

        private Window(List<Slice> slices, double seconds) {
            arrived = new TreeMap<>();
            for (var slice : slices)
                slice.arrived.forEach((who, n) -> arrived.merge(who, n, Long::sum));
            sortedNanos = new long[slices.stream().mapToInt(slice -> slice.calls).sum()];
            int at = 0;
            for (var slice : slices) {
                System.arraycopy(slice.tookNanos, 0, sortedNanos, at, slice.calls);
                at += slice.calls;
            }
            Arrays.sort(sortedNanos);
            good = slices.stream().mapToInt(slice -> slice.good).sum();
            this.seconds = seconds;
        }

        /** Calls that were made. */
        public int calls() {
            return sortedNanos.length;
        }

        /** Calls made per second. */
        public double rate() {
            return calls() / seconds;
        }

        /** Calls answered well, per second. */
        public double goodput() {
            return good / seconds;
        }

        /** Calls that failed. */
        public int failed() {
            return calls() - good;
        }

        /** The share of the calls that were answered well, 0 to 1; 1 if there were none. */
        public double success() {
            return calls() == 0 ? 1 : (double) good / calls();
        }

        /** How long the share of the calls took at most, in milliseconds, failed ones included. */
        public double percentileMs(double share) {
            if (sortedNanos.length == 0) return 0;
            int rank = (int) Math.ceil(share * sortedNanos.length);
            return sortedNanos[Math.clamp(rank - 1, 0, sortedNanos.length - 1)] / 1e6;
        }

        /** Tries that arrived at servers whose name begins so. */
        public long arrived(String prefix) {
            return arrived.entrySet().stream()
                    .filter(e -> e.getKey().startsWith(prefix))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }

        /** The part of all tries that arrived at servers whose name begins so, 0 to 1. */
        public double share(String prefix) {
            long all = arrived("");
            return all == 0 ? 0 : (double) arrived(prefix) / all;
        }

        /** Tries that arrived there for each call that was made. */
        public double perCall(String prefix) {
            return calls() == 0 ? 0 : (double) arrived(prefix) / calls();
        }
    }

    private final Simulation simulation;
    private final long sliceNanos;
    private final List<Slice> slices = new ArrayList<>();

    public Figures(Simulation simulation, Duration slice) {
        this.simulation = simulation;
        this.sliceNanos = slice.toNanos();
    }

    private Slice slice(long atNanos) {
        int index = (int) (atNanos / sliceNanos);
        while (slices.size() <= index) slices.add(new Slice());
        return slices.get(index);
    }

    /** Around a whole call: answers below 500 are good. */
    public Filter<Request, Response> calls() {
        return (request, next) -> {
            long begun = simulation.nanos();
            boolean good = false;
            try {
                var answer = next.call(request);
                good = answer.status() < 500;
                return answer;
            } finally {
                slice(begun).add(simulation.nanos() - begun, good);
            }
        };
    }

    /** Around a server: counts what arrives. */
    public Filter<Request, Response> arrivals(String server) {
        return (request, next) -> {
            slice(simulation.nanos()).arrived.merge(server, 1L, Long::sum);
            return next.call(request);
        };
    }

    /** What began between two times of the simulation, which are multiples of the slice. */
    public Window between(Duration from, Duration to) {
        int first = Math.min((int) (from.toNanos() / sliceNanos), slices.size());
        int end = Math.clamp(to.toNanos() / sliceNanos, first, slices.size());
        return new Window(slices.subList(first, end), to.minus(from).toNanos() / 1e9);
    }

    /** One figure of each slice, in order. */
    public double[] series(ToDoubleFunction<Window> figure) {
        return slices.stream()
                .mapToDouble(
                        slice -> figure.applyAsDouble(new Window(List.of(slice), sliceNanos / 1e9)))
                .toArray();
    }

    /** How long a slice is, in seconds. */
    public double sliceSeconds() {
        return sliceNanos / 1e9;
    }
}
