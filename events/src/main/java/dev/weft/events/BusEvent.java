package dev.weft.events;

import java.time.Instant;

/**
 * A public event on its way.
 *
 * @param source the service whose log it comes from
 * @param position in the source's log
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
}
