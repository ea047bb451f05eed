package dev.weft.sqlite;

import dev.weft.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * Sees to it that all sessions of a storage have one and the same file. SQLite would make a new and
 * empty one where the first was moved or deleted, and the log would begin anew behind its readers'
 * backs.
 */
final class SameFile {

    private final Path path;
    private volatile Optional<Object> key = Optional.empty();

    SameFile(Path path) {
        this.path = path;
    }

    /** The first session is open: this is the file. */
    void remember() {
        if (key.isEmpty()) key = read();
    }

    void check() {
        if (key.isPresent() && !key.equals(read()))
            throw new Failure.Storage(
                    path
                            + " is not the file any more that was opened; put it back, or start the"
                            + " service again",
                    null);
    }

    /** The file system's own name for the file; none where it has no such thing. */
    private Optional<Object> read() {
        try {
            return Optional.ofNullable(
                    Files.readAttributes(path, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
