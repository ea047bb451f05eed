package dev.weft.gateway;

import dev.weft.core.Require;
import java.time.Duration;

/**
 * What bodies of answers may take, which no deadline bounds.
 *
 * @param idle how long nothing may come of one, from 1 s to {@link #LONGEST_IDLE}
 */
public record Streams(Duration idle) {

    /** What the client of services allows to any answer. */
    public static final Duration LONGEST_IDLE = Duration.ofMinutes(5);

    /** Idle for a minute. */
    public static final Streams DEFAULT = new Streams(Duration.ofMinutes(1));

    public Streams {
        Require.that(
                idle.compareTo(Duration.ofSeconds(1)) >= 0 && idle.compareTo(LONGEST_IDLE) <= 0,
                "a body may be silent for 1s to " + LONGEST_IDLE.toMinutes() + "m, not " + idle);
    }

    public Streams idle(Duration idle) {
        return new Streams(idle);
    }
}
