package dev.weft.hub;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How long the bus keeps events, and how many.
 *
 * <p>What every subscription has acknowledged is kept for subscriptions to come, until it is older than {@code keep} or
 * the file has more than {@code keepBytes} in use; then the oldest go first, a thousand with each look, and their pages are used
 * again. What a subscription still needs stays. With more than {@code maxBytes} in use the bus takes nothing more, or
 * drops the oldest although they are needed.
 *
 * @param keep how long behind its arrival an event is kept
 * @param keepBytes how much of the file is in use before what nobody needs is deleted
 * @param maxBytes how much at most
 * @param full what is done then
 */
public record Retention(Duration keep, long keepBytes, long maxBytes, Full full) {

    /** What a full bus does. */
    public enum Full {
        /** It refuses publications, so that publishers wait. */
        REFUSE,
        /** It drops the oldest events, also those that a subscription has not acknowledged, and logs an error. */
        DROP
    }

    private static final long GIB = 1L << 30;

    /** 30 days or 2 GiB; 8 GiB at most. */
    public static final Retention DEFAULT =
            new Retention(Duration.ofDays(30), 2 * GIB, 8 * GIB, Full.REFUSE);

    public Retention {
        if (keep.isNegative() || keepBytes < 0 || maxBytes < keepBytes)
            throw new IllegalArgumentException(
                    "the bus keeps events for no less than 0 s and bytes, and takes at least as many ("
                            + maxBytes
                            + ") as it keeps ("
                            + keepBytes
                            + ")");
    }

    /** From {@code WEFT_BUS_KEEP}, {@code WEFT_BUS_KEEP_BYTES}, {@code WEFT_BUS_MAX_BYTES}, {@code WEFT_BUS_FULL}. */
    public static Retention from(Map<String, String> environment) {
        long max = bytes(environment, "WEFT_BUS_MAX_BYTES", DEFAULT.maxBytes);
        return new Retention(
                keep(environment),
                bytes(environment, "WEFT_BUS_KEEP_BYTES", Math.min(max, DEFAULT.keepBytes)),
                max,
                full(environment));
    }

    private static Optional<String> given(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    private static Duration keep(Map<String, String> environment) {
        var text = given(environment, "WEFT_BUS_KEEP");
        if (text.isEmpty()) return DEFAULT.keep;
        try {
            return Duration.parse(text.get());
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    "WEFT_BUS_KEEP is a duration such as P30D or PT12H, not \"" + text.get() + "\"",
                    e);
        }
    }

    private static long bytes(Map<String, String> environment, String name, long otherwise) {
        var text = given(environment, name);
        if (text.isEmpty()) return otherwise;
        if (!text.get().matches("[0-9]{1,18}"))
            throw new IllegalArgumentException(
                    name + " is a number of bytes, not \"" + text.get() + "\"");
        return Long.parseLong(text.get());
    }

    private static Full full(Map<String, String> environment) {
        var text = given(environment, "WEFT_BUS_FULL").orElse("refuse");
        for (var full : Full.values())
            if (full.name().toLowerCase(Locale.ROOT).equals(text)) return full;
        throw new IllegalArgumentException("WEFT_BUS_FULL is refuse or drop, not \"" + text + "\"");
    }
}
