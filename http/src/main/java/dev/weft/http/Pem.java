package dev.weft.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The parts of a PEM file (RFC 7468). What is wrong is an {@link IllegalArgumentException} that names
 * file and line.
 */
final class Pem {

    /** The largest file that is read. */
    static final int MAX_BYTES = 1 << 20;

    private static final String BEGIN = "-----BEGIN ", END = "-----END ", DASHES = "-----";

    private Pem() {}

    /**
     * One part.
     *
     * @param label between BEGIN and the dashes
     * @param line of the file, counted from 1, where it begins
     */
    record Part(String label, byte[] bytes, int line) {}

    /** The bytes of a file that is not too large. */
    static byte[] read(Path file) {
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES)
                throw new IllegalArgumentException(
                        file + ": it is larger than the limit of " + MAX_BYTES + " bytes");
            return bytes;
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": there is no such file", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file + ": it cannot be read by this user: " + e.getMessage(), e);
        }
    }

    /** Its parts in order; what stands between them is no matter. */
    static List<Part> parts(Path file, byte[] bytes) {
        var parts = new ArrayList<Part>();
        var label = "";
        int begun = 0;
        var text = new StringBuilder();
        int number = 0;
        for (var line :
                (Iterable<String>)
                        new String(bytes, StandardCharsets.ISO_8859_1).lines()::iterator) {
            number++;
            var stripped = line.strip();
            if (stripped.startsWith(BEGIN) && stripped.endsWith(DASHES)) {
                if (begun > 0) throw wrong(file, begun, "this " + label + " has no end");
                label = stripped.substring(BEGIN.length(), stripped.length() - DASHES.length());
                begun = number;
                text.setLength(0);
            } else if (stripped.startsWith(END) && begun > 0) {
                parts.add(new Part(label, decoded(file, begun, label, text.toString()), begun));
                begun = 0;
            } else if (begun > 0 && stripped.indexOf(':') < 0) // older keys have headers
            text.append(stripped);
        }
        if (begun > 0) throw wrong(file, begun, "this " + label + " has no end");
        return parts;
    }

    private static byte[] decoded(Path file, int line, String label, String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw wrong(file, line, "this " + label + " is not Base64: " + e.getMessage());
        }
    }

    static IllegalArgumentException wrong(Path file, int line, String what) {
        return new IllegalArgumentException(file + ":" + line + ": " + what);
    }
}
