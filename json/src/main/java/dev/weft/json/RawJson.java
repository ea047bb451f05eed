package dev.weft.json;

/**
 * A value that passes through as the JSON that it is, such as an event's data within an envelope.
 *
 * <p>Reading checks that it is JSON and keeps numbers and texts exactly, but no blanks; writing
 * trusts that {@code utf8} is one JSON value and does not look at it.
 */
public record RawJson(byte[] utf8) {}
