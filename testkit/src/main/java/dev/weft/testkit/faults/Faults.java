package dev.weft.testkit.faults;

import java.time.Duration;

/**
 * What goes wrong in one direction of the connections through a {@link FaultProxy}.
 *
 * @param latency how much later each byte arrives; bytes on their way do not hold up others
 * @param jitter each piece's latency is that much longer at most, at random; the order stays
 * @param bytesPerSecond of each connection; 0 for no limit
 * @param endAfterBytes how many more bytes of a connection pass, from when these faults were set, until its {@code end};
 *     of no meaning with {@link End#NEVER}
 * @param end what becomes of the connection then
 * @param slowClose how much later the other side hears that this one sends no more
 */
public record Faults(
        Duration latency,
        Duration jitter,
        long bytesPerSecond,
        long endAfterBytes,
        End end,
        Duration slowClose) {

    /** How a connection goes bad. */
    public enum End {
        NEVER,

        /** Nothing passes any more, and nobody is told: a black hole. Goes on when the faults are changed. */
        STALL,

        /** Both sides hear that the other sends no more (FIN). */
        CLOSE,

        /** Both sides are reset (RST). */
        RESET
    }

    /** All passes as it comes. */
    public static final Faults NONE =
            new Faults(Duration.ZERO, Duration.ZERO, 0, 0, End.NEVER, Duration.ZERO);

    public Faults {
        notNegative("a latency in ns", latency.toNanos());
        notNegative("a jitter in ns", jitter.toNanos());
        notNegative("a bandwidth in bytes per second", bytesPerSecond);
        notNegative("the bytes until an end", endAfterBytes);
        notNegative("a delay of a close in ns", slowClose.toNanos());
    }

    private static void notNegative(String name, long value) {
        if (value < 0) throw new IllegalArgumentException(name + " is 0 or more, not " + value);
    }

    public Faults latency(Duration latency) {
        return latency(latency, Duration.ZERO);
    }

    public Faults latency(Duration latency, Duration jitter) {
        return new Faults(latency, jitter, bytesPerSecond, endAfterBytes, end, slowClose);
    }

    public Faults bandwidth(long bytesPerSecond) {
        return new Faults(latency, jitter, bytesPerSecond, endAfterBytes, end, slowClose);
    }

    /** So many bytes pass, and then none; 0 for a black hole from the start. */
    public Faults stallAfter(long bytes) {
        return ending(bytes, End.STALL);
    }

    /** So many bytes pass, and then the connection is closed; 0 for at once, open ones too. */
    public Faults closeAfter(long bytes) {
        return ending(bytes, End.CLOSE);
    }

    /** So many bytes pass, and then the connection is reset; 0 for at once, open ones too. */
    public Faults resetAfter(long bytes) {
        return ending(bytes, End.RESET);
    }

    private Faults ending(long bytes, End end) {
        return new Faults(latency, jitter, bytesPerSecond, bytes, end, slowClose);
    }

    public Faults slowClose(Duration slowClose) {
        return new Faults(latency, jitter, bytesPerSecond, endAfterBytes, end, slowClose);
    }
}
