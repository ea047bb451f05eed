package dev.weft.core.policy;

/** Whether a policy acts. */
public enum Mode {
    ON,

    /** Decides and counts, but lets every call through, as a trial before {@link #ON}. */
    DARK,

    OFF
}
