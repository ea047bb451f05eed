package dev.weft.core.policy;

import java.util.Map;
import java.util.TreeMap;

/** A tally for tests: how often each decision came. */
final class Counts implements Tally {

    private final Map<String, Integer> counts = new TreeMap<>();

    @Override
    public synchronized void count(String policy, String decision) {
        counts.merge(policy + " " + decision, 1, Integer::sum);
    }

    synchronized int of(String policy, String decision) {
        return counts.getOrDefault(policy + " " + decision, 0);
    }

    /** All of them: {@code retry retried} to how often. */
    synchronized Map<String, Integer> all() {
        return Map.copyOf(counts);
    }
}
