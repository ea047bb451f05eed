import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

import module dev.weft.app;

/** What was heard of sales in each round, and how long behind the moment at which a sale was due. */
class Heard {
    record Sold(int round, long number, long dueNanos) {}
    record Figures(int round, long heard, long wrong, long p50Us, long p99Us, long p999Us) {}

    static final EventType<Sold> SOLD = EventType.of("sold", Sold.class);

    private final Map<Integer, long[]> tookNanos = new HashMap<>();
    private final Map<Integer, Integer> heard = new HashMap<>();
    private final Map<String, Long> numbers = new HashMap<>();
    private long wrong;

    /** A sale has been handled: each product's have to come once, in order. The clock is that of the machine, one for all processes. */
    synchronized void handled(String product, Sold sold) {
        long took = System.nanoTime() - sold.dueNanos;
        if (numbers.merge(product, 1L, Long::sum) != sold.number) wrong++;
        int before = heard.merge(sold.round, 1, Integer::sum) - 1;
        var all = tookNanos.computeIfAbsent(sold.round, round -> new long[1 << 10]);
        if (before == all.length) tookNanos.put(sold.round, all = Arrays.copyOf(all, 2 * before));
        all[before] = took;
    }

    synchronized Figures figures(int round) {
        int count = heard.getOrDefault(round, 0);
        if (count == 0) return new Figures(round, 0, wrong, 0, 0, 0);
        var sorted = Arrays.copyOf(tookNanos.get(round), count);
        Arrays.sort(sorted);
        return new Figures(round, count, wrong, micros(sorted, 0.5), micros(sorted, 0.99), micros(sorted, 0.999));
    }

    private static long micros(long[] sorted, double part) {
        return sorted[(int) Math.ceil(part * sorted.length) - 1] / 1_000;
    }
}
