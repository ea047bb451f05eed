package dev.weft.core.policy;

import dev.weft.core.Meter;
import dev.weft.core.Metric;

/** A tally in a meter: how often which policy decided what about calls to one destination. */
public final class CountedDecisions implements Tally {

    public static final Metric DECISIONS =
            Metric.counter(
                    "weft.policy.decisions",
                    "{decision}",
                    "Decisions of policies that changed what became of a call.",
                    "policy",
                    "decision",
                    "destination");

    private final Meter.Counter decisions;
    private final String destination;

    /**
     * @param destination the service that is called; for policies of a server, its own name
     */
    public CountedDecisions(Meter meter, String destination) {
        this.decisions = meter.counter(DECISIONS);
        this.destination = destination;
    }

    @Override
    public void count(String policy, String decision) {
        decisions.add(1, policy, decision, destination);
    }
}
