package dev.weft.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * SQLite's native library, unpacked once.
 *
 * <p>Left to itself, the driver unpacks it into the temporary folder at each start of each process,
 * and processes that start at the same time complain of each other's leftovers.
 */
final class NativeSqlite {

    private static final String FOLDER = "native";
    private static final String FILE = System.mapLibraryName("sqlitejdbc");

    private NativeSqlite() {}

    /** Unpacks it below the home folder; false if the class path has none for this machine. */
    static boolean unpack(Path home) throws IOException, ReflectiveOperationException {
        var platform =
                Class.forName("org.sqlite.util.OSInfo")
                        .getMethod("getNativeLibFolderPathForCurrentOS")
                        .invoke(null);
        var resource = "org/sqlite/native/" + platform + "/" + FILE;
        var folder = Files.createDirectories(home.resolve(FOLDER));
        try (var in = NativeSqlite.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) return false;
            // A process that runs keeps the file that it has opened.
            var unpacked = Files.createTempFile(folder, FILE, ".new");
            Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
            Files.move(unpacked, folder.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
            return true;
        }
    }

    /** The system properties by which the driver finds it; none if it was not unpacked. */
    static Map<String, String> properties(Optional<Path> home) {
        return home.map(folder -> folder.resolve(FOLDER))
                .filter(folder -> Files.exists(folder.resolve(FILE)))
                .map(folder ->
                        Map.of(
                                "org.sqlite.lib.path",
                                folder.toString(),
                                "org.sqlite.lib.name",
                                FILE))
                .orElse(Map.of());
    }
}
