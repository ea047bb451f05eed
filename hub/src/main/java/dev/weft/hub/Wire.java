package dev.weft.hub;

import dev.weft.core.Failure;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads one Protocol Buffers message, field by field; unknown fields are skipped.
 *
 * <p>Whatever is wrong with the bytes is {@link Failure.Malformed}. Lengths are checked against the
 * bytes that there are before anything is copied.
 */
final class Wire {

    private final byte[] bytes;
    private final int end;
    private int at;
    private int wireType;

    Wire(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    private Wire(byte[] bytes, int start, int end) {
        this.bytes = bytes;
        this.at = start;
        this.end = end;
    }

    /** The next field's number, its value to be read or skipped; 0 at the end. */
    int next() {
        if (at == end) return 0;
        long tag = varint();
        wireType = (int) (tag & 7);
        long field = tag >>> 3;
        if (field == 0 || field > 0x1fff_ffff) throw malformed("a field numbered " + field);
        return (int) field;
    }

    /** A number of any of the fixed or variable widths. */
    long number() {
        return switch (wireType) {
            case 0 -> varint();
            case 1 -> fixed(8);
            case 5 -> fixed(4);
            default -> throw malformed("wire type " + wireType + " where a number is due");
        };
    }

    /** A message within this one. */
    Wire message() {
        int length = length();
        var inner = new Wire(bytes, at, at + length);
        at += length;
        return inner;
    }

    byte[] bytes() {
        int length = length();
        at += length;
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    String text() {
        int length = length();
        at += length;
        return new String(bytes, at - length, length, StandardCharsets.UTF_8);
    }

    /** Leaves the field's value out. */
    void skip() {
        switch (wireType) {
            case 0 -> varint();
            case 1 -> fixed(8);
            case 2 -> {
                int length = length();
                at += length;
            }
            case 5 -> fixed(4);
            default -> throw malformed("wire type " + wireType);
        }
    }

    private int length() {
        if (wireType != 2) throw malformed("wire type " + wireType + " where a length is due");
        long length = varint();
        if (length < 0 || length > end - at)
            throw malformed("a length of " + length + " with " + (end - at) + " bytes left");
        return (int) length;
    }

    private long fixed(int width) {
        if (end - at < width) throw malformed("the end within a number");
        long value = 0;
        for (int i = width - 1; i >= 0; i--) value = (value << 8) | (bytes[at + i] & 0xff);
        at += width;
        return value;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (at == end) throw malformed("the end within a number");
            byte b = bytes[at++];
            value |= (long) (b & 0x7f) << Math.min(shift, 63);
            if (b >= 0) return value;
        }
        throw malformed("a number of more than 10 bytes");
    }

    private Failure.Malformed malformed(String what) {
        return new Failure.Malformed(
                "no valid protobuf message: " + what + " at byte " + at + " of " + bytes.length);
    }
}
