package dev.weft.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Runs another program and waits for it. */
final class Shell {

    /** Of a program's output the last so many bytes are kept. */
    private static final int MAX_BYTES = 64 << 10;

    /**
     * How it ended.
     *
     * @param text what it printed, both streams
     */
    record Output(int code, String text) {}

    private Shell() {}

    /** Ends the program when this thread is interrupted. */
    static Output run(Path folder, String... command) throws IOException {
        var process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(NULL.toFile()))
                        .start();
        try (var out = process.getInputStream()) {
            var last = new byte[MAX_BYTES];
            int length = 0;
            while (true) {
                if (length == last.length) {
                    length = MAX_BYTES / 2;
                    System.arraycopy(last, MAX_BYTES - length, last, 0, length);
                }
                int read = out.read(last, length, last.length - length);
                if (read < 0) break;
                length += read;
            }
            return new Output(
                    process.waitFor(), new String(last, 0, length, StandardCharsets.UTF_8).strip());
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + command[0] + " ran", e);
        }
    }

    static final Path NULL = Path.of("/dev/null");
}
