package dev.weft.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How many files, and so connections, this process may still open; known where there is a {@code /proc}. */
final class OpenFiles {

    private static final String LIMIT = "Max open files";

    private OpenFiles() {}

    /** Without end where it is not known. */
    static int left() {
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            return left(Files.readAllLines(Path.of("/proc/self/limits")), open.count());
        } catch (IOException | RuntimeException unknown) {
            return Integer.MAX_VALUE;
        }
    }

    /**
     * @param limits the lines of {@code /proc/self/limits}; the second column, behind the name, is what counts
     */
    static int left(List<String> limits, long open) {
        for (var line : limits) {
            if (!line.startsWith(LIMIT)) continue;
            var columns = line.substring(LIMIT.length()).strip().split(" +");
            if (!columns[0].matches("[0-9]{1,9}")) break;
            return (int) Math.max(0, Integer.parseInt(columns[0]) - open);
        }
        return Integer.MAX_VALUE;
    }
}
