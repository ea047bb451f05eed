package dev.weft.testkit.simulation;

import java.time.Duration;

/**
 * Calls that come whether or not earlier ones have been answered, as from many people who do not know of each other
 * (Poisson): an open loop, in which a slow service gets no rest.
 */
public final class Arrivals {

    private static final double SECOND = 1e9;

    private final Simulation simulation;
    private final double perSecond;
    private final long endNanos;
    private final Runnable call;

    private Arrivals(Simulation simulation, double perSecond, long endNanos, Runnable call) {
        this.simulation = simulation;
        this.perSecond = perSecond;
        this.endNanos = endNanos;
        this.call = call;
    }

    /**
     * Lets calls come between two times of the simulation, each on a thread of its own.
     *
     * @param perSecond how many on average
     */
    public static void poisson(
            Simulation simulation, double perSecond, Duration from, Duration to, Runnable call) {
        var arrivals = new Arrivals(simulation, perSecond, to.toNanos(), call);
        simulation.schedule(from.minusNanos(simulation.nanos()), arrivals::next);
    }

    private void next() {
        double gap = -Math.log(1 - simulation.random().nextDouble()) / perSecond * SECOND;
        simulation.schedule(Duration.ofNanos((long) gap), this::arrive);
    }

    private void arrive() {
        if (simulation.nanos() >= endNanos) return;
        simulation.start("call", call);
        next();
    }
}
