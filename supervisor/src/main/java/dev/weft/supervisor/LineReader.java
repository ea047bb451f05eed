package dev.weft.supervisor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads lines of bounded length; a longer one comes in pieces. Bytes that are no UTF-8 become �. */
final class LineReader {

    private final InputStream in;
    private final byte[] line;
    private boolean cut;

    LineReader(InputStream in, int maxBytes) {
        this.in = in;
        this.line = new byte[maxBytes];
    }

    /** The next line without its end; null behind the last one. */
    @Nullable String next() throws IOException {
        int read = in.read();
        if (cut && read == '\n') read = in.read();
        if (read < 0) return null;
        int length = 0;
        while (read >= 0 && read != '\n') {
            line[length++] = (byte) read;
            if (length == line.length) break;
            read = in.read();
        }
        cut = length == line.length;
        if (length > 0 && line[length - 1] == '\r') length--;
        return new String(line, 0, length, StandardCharsets.UTF_8);
    }
}
