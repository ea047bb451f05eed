package dev.weft.cli;

import dev.weft.contracts.Contract;
import dev.weft.core.Failure;
import dev.weft.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The contracts that were recorded: a file of JSON for each service, made to be kept and compared with its sources. */
final class RecordedContracts {

    static final String FOLDER = "contracts/recorded";

    private static final String ENDING = ".json";

    private final Path folder;

    /**
     * @param system the folder with {@code weft.yml}
     */
    RecordedContracts(Path system) {
        folder = system.resolve(FOLDER);
    }

    Path folder() {
        return folder;
    }

    /** The names of those that were recorded. */
    List<String> services() {
        return files().stream()
                .map(file -> file.getFileName().toString())
                .map(name -> name.substring(0, name.length() - ENDING.length()))
                .toList();
    }

    /** Empty if nothing was recorded. */
    List<Contract> read() {
        var contracts = new ArrayList<Contract>();
        for (var file : files())
            try {
                contracts.add(Json.read(Files.readAllBytes(file), Contract.class));
            } catch (IOException e) {
                throw failed(file, e);
            } catch (Failure.Malformed e) {
                throw new CommandFailed(
                        file + " is no recorded contract: " + e.getMessage() + "; record it anew",
                        e);
            }
        return contracts;
    }

    /** These and no others. */
    void write(List<Contract> contracts) {
        var old = new ArrayList<>(files());
        try {
            Files.createDirectories(folder);
            for (var contract : contracts) {
                var file = folder.resolve(contract.service() + ENDING);
                Files.writeString(file, PrettyJson.of(Json.text(contract)) + "\n");
                old.remove(file);
            }
            for (var gone : old) Files.deleteIfExists(gone);
        } catch (IOException e) {
            throw failed(folder, e);
        }
    }

    private List<Path> files() {
        if (!Files.isDirectory(folder)) return List.of();
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(ENDING)).sorted().toList();
        } catch (IOException e) {
            throw failed(folder, e);
        }
    }

    private static CommandFailed failed(Path file, IOException e) {
        return new CommandFailed(file + ": " + e, e);
    }
}
