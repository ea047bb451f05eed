package dev.weft.jdbc;

import dev.weft.events.NewEvent;
import dev.weft.events.Origin;

/**
 * An event that has its place.
 *
 * @param atMicros since 1970
 */
public record NewRow(
        long position, String stream, long version, NewEvent event, long atMicros, Origin origin) {

    /** The tags between line feeds, which none of them has; empty without one. */
    public String tags() {
        var tags = event.tags();
        return tags.isEmpty() ? "" : "\n" + String.join("\n", tags) + "\n";
    }
}
