package dev.weft.events;

import java.time.Instant;
import java.util.Set;

/**
 * An event as a log keeps it.
 *
 * @param position in the log, from 1, gapless and in commit order
 * @param stream the stream's name, {@code cart-17850}
 * @param version in the stream, from 1, gapless
 * @param typeVersion of the type, from 1
 * @param data JSON
 * @param tags in order
 * @param at when it was appended, to the microsecond
 */
public record StoredEvent(
        long position,
        String stream,
        long version,
        String type,
        int typeVersion,
        byte[] data,
        Set<String> tags,
        Instant at,
        Origin origin) {

    /** What it adds to the bytes of a read: its data, and its tags by their characters. */
    public long sizeBytes() {
        return NewEvent.size(data, tags);
    }
}
