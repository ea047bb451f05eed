package dev.weft.core;

import java.util.HexFormat;
import java.util.Optional;

/**
 * A position in a distributed trace (W3C Trace Context, level 2).
 *
 * @param traceId 32 lower-case hexadecimal digits, shared by all spans of the trace
 * @param spanId 16 digits: the span that encloses what happens now
 * @param sampled whether spans of this trace are recorded
 * @param state the {@code tracestate} header, passed on: what other tracing systems want to find again
 * @param random whether the last 56 bits of the trace's id are known to be random, so that others may sample by them
 */
public record Trace(String traceId, String spanId, boolean sampled, String state, boolean random) {

    /** No trace. */
    public static final Trace NONE = new Trace("0".repeat(32), "0".repeat(16), false, "");

    private static final HexFormat HEX = HexFormat.of();
    private static final int SAMPLED = 1;
    private static final int RANDOM = 2;

    /** A position of which nobody said that its id is random. */
    public Trace(String traceId, String spanId, boolean sampled, String state) {
        this(traceId, spanId, sampled, state, false);
    }

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
                "",
                true);
    }

    /** The same trace within a new span. */
    public Trace child(Time time) {
        long id;
        do id = time.random().nextLong();
        while (id == 0);
        return new Trace(traceId, HEX.toHexDigits(id), sampled, state, random);
    }

    public boolean exists() {
        return !traceId.equals(NONE.traceId);
    }

    public boolean hasSpan() {
        return !spanId.equals(NONE.spanId);
    }

    /** The {@code traceparent} header. */
    public String traceparent() {
        int flags = (sampled ? SAMPLED : 0) | (random ? RANDOM : 0);
        return "00-" + traceId + "-" + spanId + "-0" + flags;
    }

    /**
     * Reads {@code traceparent}; empty if it is malformed, so that a new trace begins. Of a version
     * that is not known yet, the fields that are. A malformed {@code tracestate} is none.
     */
    public static Optional<Trace> parse(String traceparent, String tracestate) {
        var text = traceparent.trim();
        if (text.length() < 55
                || text.charAt(2) != '-'
                || text.charAt(35) != '-'
                || text.charAt(52) != '-') return Optional.empty();
        boolean known = text.startsWith("00");
        if (text.startsWith("ff") || !isHex(text, 0, 2)) return Optional.empty();
        if (known ? text.length() != 55 : text.length() > 55 && text.charAt(55) != '-')
            return Optional.empty();
        if (!isHex(text, 3, 35) || !isHex(text, 36, 52) || !isHex(text, 53, 55))
            return Optional.empty();
        var traceId = text.substring(3, 35);
        var spanId = text.substring(36, 52);
        if (traceId.equals(NONE.traceId) || spanId.equals(NONE.spanId)) return Optional.empty();
        int bits = Integer.parseInt(text, 53, 55, 16);
        return Optional.of(
                new Trace(
                        traceId,
                        spanId,
                        (bits & SAMPLED) != 0,
                        TraceState.read(tracestate),
                        known && (bits & RANDOM) != 0));
    }

    /**
     * Reads the header {@code b3} of Zipkin's tracers: {@code TRACE-SPAN}, {@code
     * TRACE-SPAN-SAMPLED} or {@code TRACE-SPAN-SAMPLED-PARENT}, the trace's id with 32 or 16 digits.
     * Without a word on sampling the trace is recorded. A word on sampling alone ({@code 0}) begins a
     * trace that heeds it. Empty if it is malformed.
     */
    public static Optional<Trace> parseB3(String b3, Time time) {
        var text = b3.trim();
        if (text.length() == 1) return isSampling(text) ? sampling(text, time) : Optional.empty();
        var fields = text.split("-", -1);
        if (fields.length < 2 || fields.length > 4) return Optional.empty();
        var traceId = fields[0].length() == 16 ? "0".repeat(16) + fields[0] : fields[0];
        if (!isId(traceId, NONE.traceId) || !isId(fields[1], NONE.spanId)) return Optional.empty();
        if (fields.length > 2 && !isSampling(fields[2])) return Optional.empty();
        if (fields.length > 3 && !isId(fields[3], NONE.spanId)) return Optional.empty();
        boolean sampled = fields.length == 2 || !fields[2].equals("0");
        return Optional.of(new Trace(traceId, fields[1], sampled, ""));
    }

    private static Optional<Trace> sampling(String text, Time time) {
        return Optional.of(start(time, !text.equals("0")));
    }

    /** Accepted, denied, debug. */
    private static boolean isSampling(String text) {
        return text.equals("1") || text.equals("0") || text.equals("d");
    }

    private static boolean isId(String text, String none) {
        return text.length() == none.length()
                && isHex(text, 0, text.length())
                && !text.equals(none);
    }

    private static boolean isHex(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        }
        return true;
    }
}
