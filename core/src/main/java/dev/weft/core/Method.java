package dev.weft.core;

/** The HTTP methods that Weft serves; any other is answered with 501. */
public enum Method {
    GET,
    HEAD,
    POST,
    PUT,
    PATCH,
    DELETE,
    OPTIONS;

    /** Whether doing it twice is by definition the same as doing it once. */
    public boolean idempotent() {
        return this != POST && this != PATCH;
    }
}
