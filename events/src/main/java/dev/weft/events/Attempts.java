package dev.weft.events;

import dev.weft.core.Failure;
import java.time.Instant;
import java.util.Optional;

/**
 * The failed attempts at one event so far.
 *
 * @param counted those that the event, or what is done for it, may be to blame for
 * @param tries all of them; the backoff goes by it
 * @param first when the first one that counts failed
 * @param last when the last one that counts failed
 */
record Attempts(int counted, int tries, Optional<Instant> first, Optional<Instant> last) {

    static final Attempts NONE = new Attempts(0, 0, Optional.empty(), Optional.empty());

    /** How deep a failure's causes are looked at. */
    private static final int DEPTH = 20;

    Attempts and(Throwable failure, Instant now) {
        if (!counts(failure)) return new Attempts(counted, tries + 1, first, last);
        return new Attempts(
                counted + 1, tries + 1, first.or(() -> Optional.of(now)), Optional.of(now));
    }

    /**
     * Whether a failure may be the event's fault: not if the service's own store could not be used,
     * or has no room to park it.
     */
    static boolean counts(Throwable failure) {
        var at = failure;
        for (int i = 0; at != null && i < DEPTH; i++) {
            if (at instanceof Failure.Storage storage && storage.away()) return false;
            if (at instanceof Parked.Full) return false;
            at = at.getCause();
        }
        return true;
    }
}
