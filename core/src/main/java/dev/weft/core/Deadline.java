package dev.weft.core;

import java.time.Duration;

/**
 * The moment by which an answer is of use, as a point on this process's monotonic clock.
 *
 * <p>Between processes it travels as the time that remains ({@code weft-deadline-ms}). Work still
 * going on when it passes is interrupted.
 */
public final class Deadline {

    /** No deadline. */
    public static final Deadline NEVER = new Deadline(Long.MAX_VALUE, SystemTime.INSTANCE);

    private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

    private final long atNanos;
    private final Time time;

    private Deadline(long atNanos, Time time) {
        this.atNanos = atNanos;
        this.time = time;
    }

    /** A deadline this long from now. */
    public static Deadline after(Duration duration, Time time) {
        return new Deadline(time.nanos() + duration.toNanos(), time);
    }

    /** What remains; zero, never negative, when it has passed. */
    public Duration remaining() {
        if (this == NEVER) return FOREVER;
        return Duration.ofNanos(Math.max(0, atNanos - time.nanos()));
    }

    public boolean expired() {
        return this != NEVER && atNanos - time.nanos() <= 0;
    }

    /** The earlier of the two. */
    public Deadline earliest(Deadline other) {
        if (this == NEVER) return other;
        if (other == NEVER) return this;
        return atNanos - other.atNanos <= 0 ? this : other;
    }

    @Override
    public String toString() {
        return this == NEVER ? "no deadline" : "in " + remaining().toMillis() + " ms";
    }
}
