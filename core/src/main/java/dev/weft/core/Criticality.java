package dev.weft.core;

/** How much an answer matters when not all can be given; it travels with the context. */
public enum Criticality {
    /** Served as long as anything is. */
    CRITICAL,
    NORMAL,
    /** Nobody waits for it: shed first. */
    BACKGROUND;

    /** By its name in any case; what is unknown is {@link #NORMAL}. */
    public static Criticality named(String name) {
        for (var criticality : values())
            if (criticality.name().equalsIgnoreCase(name)) return criticality;
        return NORMAL;
    }
}
