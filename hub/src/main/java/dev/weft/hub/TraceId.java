package dev.weft.hub;

import java.util.HexFormat;
import java.util.Optional;

/** The 16 bytes of a trace's id. */
record TraceId(long high, long low) {

    private static final HexFormat HEX = HexFormat.of();

    /** Reads 32 hexadecimal digits. */
    static Optional<TraceId> parse(String text) {
        if (text.length() != 32) return Optional.empty();
        try {
            return Optional.of(
                    new TraceId(
                            HexFormat.fromHexDigitsToLong(text, 0, 16),
                            HexFormat.fromHexDigitsToLong(text, 16, 32)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return HEX.toHexDigits(high) + HEX.toHexDigits(low);
    }
}
