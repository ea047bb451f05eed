package dev.weft.events;

import java.time.Duration;

/**
 * A public event that is told again and again, at each whole multiple of the interval since 1970-01-01 00:00 UTC: one of an hour
 * on the hour. The next time is reckoned from the last, so nothing drifts. If the service was away, the event is told once for
 * all times that were missed.
 *
 * @param name unique among those of the service; it is stored and stays
 * @param every a second at least
 */
public record Recurring(String name, Duration every, PublicEvent<?> event) {

    /** The shortest interval. */
    public static final Duration SHORTEST = Duration.ofSeconds(1);

    public Recurring {
        Saga.requireName("what recurs", name);
        if (every.compareTo(SHORTEST) < 0)
            throw new IllegalArgumentException(
                    name + " recurs every " + every + "; the shortest interval is " + SHORTEST);
    }
}
