package dev.weft.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes Protocol Buffers messages from their end to their start.
 *
 * <p>Backwards, because a nested message is preceded by its length: written last to first, the
 * length is known when its turn comes, and nothing is written twice. So fields are given in reverse,
 * and a nested message is its fields, then {@link #close} with the mark taken before them.
 */
final class Protobuf {

    private byte[] buffer;
    private int start;

    Protobuf(int initialBytes) {
        buffer = new byte[Math.max(16, initialBytes)];
        start = buffer.length;
    }

    byte[] bytes() {
        return Arrays.copyOfRange(buffer, start, buffer.length);
    }

    /** Where a nested message ends, to be given to {@link #close}. */
    int mark() {
        return buffer.length - start;
    }

    /** Makes what was written since the mark the nested message of that field. */
    void close(int field, int mark) {
        varint(mark() - mark);
        tag(field, 2);
    }

    void text(int field, String value) {
        bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    void bytes(int field, byte[] value) {
        room(value.length);
        start -= value.length;
        System.arraycopy(value, 0, buffer, start, value.length);
        varint(value.length);
        tag(field, 2);
    }

    void number(int field, long value) {
        varint(value);
        tag(field, 0);
    }

    void fixed64(int field, long value) {
        room(8);
        for (int shift = 56; shift >= 0; shift -= 8) buffer[--start] = (byte) (value >>> shift);
        tag(field, 1);
    }

    void fixed32(int field, int value) {
        room(4);
        for (int shift = 24; shift >= 0; shift -= 8) buffer[--start] = (byte) (value >>> shift);
        tag(field, 5);
    }

    private void tag(int field, int wireType) {
        varint((long) field << 3 | wireType);
    }

    private void varint(long value) {
        int length = Math.max(1, (70 - Long.numberOfLeadingZeros(value)) / 7);
        room(length);
        start -= length;
        long rest = value;
        for (int i = 0; i < length - 1; i++) {
            buffer[start + i] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        buffer[start + length - 1] = (byte) rest;
    }

    private void room(int more) {
        if (start >= more) return;
        int used = buffer.length - start;
        var larger = new byte[Math.max(buffer.length * 2, used + more)];
        System.arraycopy(buffer, start, larger, larger.length - used, used);
        start = larger.length - used;
        buffer = larger;
    }
}
