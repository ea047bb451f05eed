package dev.weft.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The folder that holds what a system keeps; held by one supervisor at a time. The lock is the
 * operating system's, so that it goes with the process, however that ends.
 */
final class DataFolder implements AutoCloseable {

    private final Path folder;
    private final FileChannel channel;

    private DataFolder(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /** Makes the folder if it is not there, and holds it. */
    static DataFolder hold(Path folder) {
        try {
            Files.createDirectories(folder);
            var ignore = folder.resolve(".gitignore");
            if (!Files.exists(ignore)) Files.writeString(ignore, "*\n");
            var channel =
                    FileChannel.open(
                            folder.resolve("lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                channel.close();
                throw new CommandFailed(taken(folder));
            }
            return new DataFolder(folder, channel);
        } catch (IOException e) {
            throw new CommandFailed("the data folder " + folder + " cannot be used: " + e, e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String taken(Path folder) {
        var other = Systems.at(folder);
        return "another supervisor "
                + other.map(s -> "(process " + s.pid() + ", gateway " + s.gateway() + ") ")
                        .orElse("")
                + "runs with its data in "
                + folder
                + "; stop it with weft down, or take another folder with --data";
    }

    Path path() {
        return folder;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            System.err.println("weft: " + folder + " could not be released: " + e);
        }
    }
}
