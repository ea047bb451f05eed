package dev.weft.core.policy;

/**
 * Hears of each decision of a policy that changed what became of a call, or would have changed it in the mode {@link
 * Mode#DARK}. It never blocks and never throws.
 */
@FunctionalInterface
public interface Tally {

    Tally NONE = (policy, decision) -> {};

    /**
     * Counts one decision.
     *
     * @param policy {@code retry}, {@code breaker} …
     * @param decision what it did, of few values: {@code retried}, {@code budget-empty} …
     */
    void count(String policy, String decision);
}
