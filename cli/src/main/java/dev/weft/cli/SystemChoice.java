package dev.weft.cli;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which running system a command is about; shared by all commands that need one. */
final class SystemChoice {

    @Option(
            names = {"-C", "--dir"},
            paramLabel = "DIR",
            description = "The system's folder; else WEFT_ADMIN, else the working folder.")
    @Nullable Path folder;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The system's data folder, if it is not .weft in its folder.")
    @Nullable Path data;

    /** The system that is meant; {@link CommandFailed} if it does not run. */
    RunningSystem find() {
        return find(Systems.ofThisUser());
    }

    RunningSystem find(Systems systems) {
        if (data != null)
            return Systems.at(data).orElseThrow(() -> notRunning("with its data in " + data));
        if (folder != null) {
            var chosen = folder;
            return Systems.at(chosen.resolve(LocalSystem.DATA))
                    .orElseThrow(() -> notRunning("in " + chosen));
        }
        var admin = System.getenv("WEFT_ADMIN");
        if (admin != null && !admin.isBlank()) return byAdmin(systems, URI.create(admin.trim()));
        return here().or(() -> only(systems))
                .orElseThrow(() -> {
                    var all =
                            systems.all().stream()
                                    .map(s -> s.name() + " in " + s.folder())
                                    .collect(Collectors.joining(", "));
                    return new CommandFailed(
                            all.isEmpty()
                                    ? "no system is running; start one with weft dev DIR or"
                                            + " weft up DIR"
                                    : "several systems are running, say which one with"
                                            + " --dir: "
                                            + all);
                });
    }

    /** The one that the working folder belongs to. */
    private static Optional<RunningSystem> here() {
        for (var at = Path.of("").toAbsolutePath(); at != null; at = at.getParent())
            if (Files.exists(at.resolve(SystemFile.NAME)))
                return Systems.at(at.resolve(LocalSystem.DATA));
        return Optional.empty();
    }

    private static Optional<RunningSystem> only(Systems systems) {
        var all = systems.all();
        return all.size() == 1 ? Optional.of(all.getFirst()) : Optional.empty();
    }

    private static RunningSystem byAdmin(Systems systems, URI admin) {
        var known = systems.byAdmin(admin);
        if (known.isPresent()) return known.get();
        var token = System.getenv("WEFT_TOKEN");
        if (token == null)
            throw notRunning("at WEFT_ADMIN=" + admin + " (and there is no WEFT_TOKEN)");
        var gateway = System.getenv("WEFT_GATEWAY");
        return new RunningSystem(
                "",
                "",
                0,
                admin.toString(),
                gateway == null ? "" : gateway,
                "",
                token,
                Instant.EPOCH,
                true);
    }

    private static CommandFailed notRunning(String where) {
        return new CommandFailed("no system is running " + where);
    }
}
