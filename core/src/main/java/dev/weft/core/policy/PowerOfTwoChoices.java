package dev.weft.core.policy;

import dev.weft.core.Request;
import dev.weft.core.Time;
import java.util.List;

/**
 * Draws two at random and takes the one where a call costs less ({@link PeakEwma}).
 *
 * <p>Nearly as good as comparing all of them, at the same price for any number, and clients that know the same do not all
 * choose the same (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). One that ramps up leaves
 * the rest of its share to the other, unless that one hangs or has failed.
 */
public final class PowerOfTwoChoices implements Balancer {

    /** Latencies of idle instances that differ by less than this factor are alike. */
    private static final double ALIKE = 2;

    private final Time time;

    public PowerOfTwoChoices(Time time) {
        this.time = time;
    }

    @Override
    public Node pick(List<Node> candidates, Request request) {
        int size = candidates.size();
        if (size == 1) return candidates.getFirst();
        var random = time.random();
        int one = random.nextInt(size);
        int two = random.nextInt(size - 1);
        if (two >= one) two++;
        var better = candidates.get(one);
        var other = candidates.get(two);
        if (isBetter(other.load(), better.load())) {
            var swapped = better;
            better = other;
            other = swapped;
        }
        boolean otherwise = other.takesPart() && !other.load().overdue();
        return better.takesPart() || !otherwise ? better : other;
    }

    /**
     * Idle ones that are about as fast are left in the order in which they were drawn. Else the fastest would get all
     * calls of a quiet time, and the others be cold when they are needed.
     */
    private static boolean isBetter(PeakEwma one, PeakEwma other) {
        boolean idle = one.pending() == 0 && other.pending() == 0;
        return cost(one, other) * (idle ? ALIKE : 1) < cost(other, one);
    }

    /** A new one is taken to be no slower than the other: a guess would keep it out where calls take 1 ms. */
    private static double cost(PeakEwma one, PeakEwma other) {
        if (one.measured()) return one.cost();
        return Math.min(one.cost(), one.costAt(other.rememberedNanos()));
    }
}
