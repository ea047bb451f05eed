package dev.weft.testkit.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What is sent over one connection.
 *
 * @param seed and number make the same case again
 * @param kind what is odd about it
 * @param pieces the bytes, as they are handed to the socket
 * @param ending how the sender leaves
 */
record FuzzCase(long seed, int number, String kind, List<byte[]> pieces, Ending ending) {

    enum Ending {
        /** Sends no more once all is answered that has to be, and reads to the end. */
        HALF_CLOSE,

        /** Reads to the end: where it is the server that has to close, nobody helps it. */
        WAIT,

        /** Goes without reading or a farewell. */
        RESET
    }

    /** All bytes, each as a character. */
    String text() {
        var text = new StringBuilder();
        for (var piece : pieces) text.append(new String(piece, StandardCharsets.ISO_8859_1));
        return text.toString();
    }

    /** Bytes for people: what can't be printed as escapes, each line of HTTP on its own line. */
    static String escaped(String bytes) {
        var text = new StringBuilder();
        int end = Math.min(bytes.length(), 4000);
        for (int i = 0; i < end; i++) {
            char c = bytes.charAt(i);
            switch (c) {
                case '\r' -> text.append("\\r");
                case '\n' -> text.append("\\n\n    ");
                case '\t' -> text.append("\\t");
                case '\\' -> text.append("\\\\");
                default -> {
                    if (c < ' ' || c > '~') text.append("\\x%02x".formatted((int) c));
                    else text.append(c);
                }
            }
        }
        if (end < bytes.length()) text.append("… (").append(bytes.length()).append(" bytes)");
        return text.toString();
    }

    @Override
    public String toString() {
        return "case %d of seed %d (%s, %d pieces, %s)"
                .formatted(number, seed, kind, pieces.size(), ending);
    }
}
