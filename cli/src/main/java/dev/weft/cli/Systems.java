package dev.weft.cli;

import dev.weft.core.Failure;
import dev.weft.json.Json;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The systems that run on this machine for this user: a {@code system.json} in each one's data
 * folder, and a copy by its admin port in {@code ~/.weft/systems}. Both can be read by their user
 * only. What a killed supervisor left behind is recognised by its process id.
 */
final class Systems {

    static final String FILE = "system.json";

    private final Path copies;

    /**
     * @param copies the folder of the copies
     */
    Systems(Path copies) {
        this.copies = copies;
    }

    static Systems ofThisUser() {
        return new Systems(home().resolve("systems"));
    }

    /** What Weft keeps of this user, apart from any system. */
    static Path home() {
        var home = System.getenv("HOME");
        return Path.of(home == null ? System.getProperty("user.home") : home, ".weft");
    }

    private Path copy(RunningSystem system) {
        return copies.resolve(URI.create(system.admin()).getPort() + ".json");
    }

    void write(Path data, RunningSystem system) {
        var json = Json.write(system);
        try {
            writePrivately(data.resolve(FILE), json);
            writePrivately(copy(system), json);
        } catch (IOException e) {
            throw new CommandFailed("cannot write " + data.resolve(FILE) + ": " + e, e);
        }
    }

    private static void writePrivately(Path file, byte[] content) throws IOException {
        Files.createDirectories(file.getParent());
        var unfinished =
                Files.createTempFile(
                        file.getParent(),
                        "system",
                        ".new",
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        Files.write(unfinished, content);
        Files.move(
                unfinished,
                file,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    void remove(Path data, RunningSystem system) {
        try {
            Files.deleteIfExists(data.resolve(FILE));
            var copy = read(copy(system));
            if (copy.isPresent() && copy.get().pid() == system.pid())
                Files.deleteIfExists(copy(system));
        } catch (IOException e) {
            System.err.println("weft: cannot remove " + data.resolve(FILE) + ": " + e);
        }
    }

    /** What a file says; empty if there is none or it cannot be read. */
    static Optional<RunningSystem> read(Path file) {
        try {
            return Optional.of(Json.read(Files.readAllBytes(file), RunningSystem.class));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | Failure.Malformed e) {
            return Optional.empty();
        }
    }

    /** The system whose data lie here, if it runs. */
    static Optional<RunningSystem> at(Path data) {
        return read(data.resolve(FILE)).filter(RunningSystem::alive);
    }

    /** All that run; forgets those that do not any more. */
    List<RunningSystem> all() {
        var all = new ArrayList<RunningSystem>();
        if (!Files.isDirectory(copies)) return all;
        try (var files = Files.list(copies)) {
            for (var file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                var system = read(file);
                if (system.isEmpty()) continue;
                if (system.get().alive()) all.add(system.get());
                else Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new CommandFailed("cannot read " + copies + ": " + e, e);
        }
        return all;
    }

    /** The system with this admin address, if it runs. */
    Optional<RunningSystem> byAdmin(URI admin) {
        return all().stream()
                .filter(system -> URI.create(system.admin()).getPort() == admin.getPort())
                .findFirst();
    }
}
