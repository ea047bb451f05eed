package dev.weft.core;

import java.util.HexFormat;
import java.util.Optional;

/**
 * A position in a distributed trace (W3C Trace Context, level 1).
 *
 * @param traceId 32 lower-case hexadecimal digits, shared by all spans of the trace
 * @param spanId 16 digits: the span that encloses what happens now
 * @param sampled whether spans of this trace are recorded
 * @param state the {@code tracestate} header, passed on unread
 */
public record Trace(String traceId, String spanId, boolean sampled, String state) {

    /** No trace. */
    public static final Trace NONE = new Trace("0".repeat(32), "0".repeat(16), false, "");

    private static final HexFormat HEX = HexFormat.of();

    /** The first position of a new trace: an id, and no span yet. */
    public static Trace start(Time time, boolean sampled) {
        var random = time.random();
        long high;
        do high = random.nextLong();
        while (high == 0);
        return new Trace(
                HEX.toHexDigits(high) + HEX.toHexDigits(random.nextLong()),
                NONE.spanId,
                sampled,
                "");
    }

    /** The same trace within a new span. */
    public Trace child(Time time) {
        long id;
        do id = time.random().nextLong();
        while (id == 0);
        return new Trace(traceId, HEX.toHexDigits(id), sampled, state);
    }

    public boolean exists() {
        return !traceId.equals(NONE.traceId);
    }

    public boolean hasSpan() {
        return !spanId.equals(NONE.spanId);
    }

    /** The {@code traceparent} header. */
    public String traceparent() {
        return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
    }

    /** Reads {@code traceparent}; empty if it is malformed, so that a new trace begins. */
    public static Optional<Trace> parse(String traceparent, String tracestate) {
        var text = traceparent.trim();
        if (text.length() < 55
                || text.charAt(2) != '-'
                || text.charAt(35) != '-'
                || text.charAt(52) != '-') return Optional.empty();
        var version = text.substring(0, 2);
        if (version.equals("ff") || !isHex(version)) return Optional.empty();
        if (version.equals("00")
                ? text.length() != 55
                : text.length() > 55 && text.charAt(55) != '-') return Optional.empty();
        var traceId = text.substring(3, 35);
        var spanId = text.substring(36, 52);
        var flags = text.substring(53, 55);
        if (!isHex(traceId) || !isHex(spanId) || !isHex(flags)) return Optional.empty();
        if (traceId.equals(NONE.traceId) || spanId.equals(NONE.spanId)) return Optional.empty();
        boolean sampled = (Integer.parseInt(flags, 16) & 1) == 1;
        return Optional.of(new Trace(traceId, spanId, sampled, tracestate));
    }

    private static boolean isHex(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        }
        return true;
    }
}
