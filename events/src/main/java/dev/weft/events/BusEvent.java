package dev.weft.events;

import java.time.Instant;

/**
 * A public event on its way.
 *
 * @param source the service whose log it comes from; of an event of another program, the URI that the
 *     program gave
 * @param position in the source's log; of another program's event, its number among those of its source
 * @param part 0, or more where one position of the log says several things in public
 * @param data JSON
 */
public record BusEvent(
        String source,
        long position,
        int part,
        String type,
        String key,
        Instant at,
        byte[] data,
        Origin origin) {

    /** {@code product/4711/0}: unique over all services and the same however often it is sent. */
    public String id() {
        return source + "/" + position + "/" + part;
    }

    /**
     * Whether a source is another program than a service. A service's name has neither a slash nor a
     * colon, and the source of any other program has to have one, so that neither speaks for the other.
     */
    public static boolean isForeign(String source) {
        return source.indexOf('/') >= 0 || source.indexOf(':') >= 0;
    }
}
