package dev.weft.events;

import java.time.Instant;

/**
 * Something that happened, as projections and listeners see it.
 *
 * @param id unique over all services: source, log position, and part within it
 * @param source the service whose log holds it
 * @param position in the source's log, from 1, gapless and in commit order
 * @param type its name
 * @param key what it is about; events of one key arrive in order. In a service's own log the id
 *     behind the decider's name in the stream's name
 */
public record Event<T>(
        String id,
        String source,
        long position,
        String type,
        String key,
        Instant at,
        T data,
        Origin origin) {}
