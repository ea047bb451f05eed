package dev.weft.core;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * How busy an instance says it is, at the moment of saying so.
 *
 * @param inFlight the requests that it works on
 * @param limit how many it works on at a time, at most; 0 if it knows no limit
 */
public record Load(int inFlight, int limit) {

    private static final System.Logger LOG = System.getLogger(Load.class.getName());

    public Load {
        Require.between("in_flight", inFlight, 0, Integer.MAX_VALUE);
        Require.between("limit", limit, 0, Integer.MAX_VALUE);
    }

    /** How much of its limit is taken, from 0; 1 is all of it. Nothing without a limit. */
    public Optional<Double> utilization() {
        return limit == 0 ? Optional.empty() : Optional.of((double) inFlight / limit);
    }

    /** What the supplier says now; nothing if it fails, which is no reason to lose the instance. */
    public static Optional<Load> from(Supplier<Optional<Load>> supplier) {
        try {
            return supplier.get();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "an instance cannot tell its load", e);
            return Optional.empty();
        }
    }
}
