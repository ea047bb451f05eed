package dev.weft.jdbc;

import dev.weft.events.NewEvent;
import dev.weft.events.Origin;

/**
 * An event that has its place.
 *
 * @param atMicros since 1970
 */
public record NewRow(
        long position, String stream, long version, NewEvent event, long atMicros, Origin origin) {}
