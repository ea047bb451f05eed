package dev.weft.events;

import java.time.Instant;

/**
 * An event as a log keeps it.
 *
 * @param position in the log, from 1, gapless and in commit order
 * @param stream the stream's name, {@code cart-17850}
 * @param version in the stream, from 1, gapless
 * @param data JSON
 * @param at when it was appended, to the microsecond
 */
public record StoredEvent(
        long position,
        String stream,
        long version,
        String type,
        byte[] data,
        Instant at,
        Origin origin) {}
