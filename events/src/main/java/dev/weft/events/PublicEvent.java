package dev.weft.events;

/**
 * What a service tells others.
 *
 * @param key events of one key reach each listener in order; mostly the id of what it is about
 */
public record PublicEvent<T>(EventType<T> type, String key, T data) {}
