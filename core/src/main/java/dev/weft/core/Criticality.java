package dev.weft.core;

/** How much an answer matters when not all can be given; it travels with the context. */
public enum Criticality {
    /** Served as long as anything is. */
    CRITICAL,
    NORMAL,
    /** Nobody waits for it: shed first. */
    BACKGROUND
}
