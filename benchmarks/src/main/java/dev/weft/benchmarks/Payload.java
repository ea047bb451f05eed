package dev.weft.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The data of events: JSON of a given size that says who wrote it as which of his events, and whose rest follows from that. So a
 * reader can tell whether it is what was written.
 */
final class Payload {

    private static final byte[] HEAD = "{\"id\":\"".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] MIDDLE = "\",\"rest\":\"".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] TAIL = "\"}".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] LETTERS = letters();

    private Payload() {}

    private static byte[] letters() {
        var random = new SplittableRandom(1);
        var letters = new byte[1 << 20];
        for (int i = 0; i < letters.length; i++) letters[i] = (byte) random.nextInt('a', 'z' + 1);
        return letters;
    }

    /** The data of somebody's n-th event. */
    static byte[] of(String writer, long number, int bytes) {
        var id = (writer + "/" + number).getBytes(StandardCharsets.ISO_8859_1);
        int rest = bytes - HEAD.length - id.length - MIDDLE.length - TAIL.length;
        if (rest < 0)
            throw new IllegalArgumentException("events have 64 bytes or more, not " + bytes);
        int from = (Arrays.hashCode(id) & Integer.MAX_VALUE) % (LETTERS.length - rest);
        var data = new byte[bytes];
        int at = put(HEAD, 0, HEAD.length, data, 0);
        at = put(id, 0, id.length, data, at);
        at = put(MIDDLE, 0, MIDDLE.length, data, at);
        at = put(LETTERS, from, rest, data, at);
        put(TAIL, 0, TAIL.length, data, at);
        return data;
    }

    private static int put(byte[] part, int from, int length, byte[] data, int at) {
        System.arraycopy(part, from, data, at, length);
        return at + length;
    }

    /** Who wrote this. */
    static String writer(byte[] data) {
        var id = id(data);
        return id.substring(0, id.lastIndexOf('/'));
    }

    /** As which of his events. */
    static long number(byte[] data) {
        var id = id(data);
        return Long.parseLong(id.substring(id.lastIndexOf('/') + 1));
    }

    static String id(byte[] data) {
        return text(data, HEAD.length);
    }

    static String rest(byte[] data) {
        return text(data, HEAD.length + id(data).length() + MIDDLE.length);
    }

    private static String text(byte[] data, int from) {
        int to = from;
        while (data[to] != '"') to++;
        return new String(data, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
