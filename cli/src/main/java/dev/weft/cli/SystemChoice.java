package dev.weft.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which running system a command is about; shared by all commands that need one. */
class SystemChoice {

    @Option(
            names = {"-C", "--dir"},
            paramLabel = "DIR",
            description =
                    "The system's folder; else WEFT_ADMIN, else the working folder or one above it."
                            + " What only looks takes the one that runs if that names none.")
    @Nullable Path folder;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The system's data folder, if it is not .weft in its folder.")
    @Nullable Path data;

    private final Systems systems;
    private final Path here;
    private final Map<String, String> environment;

    SystemChoice() {
        this(Systems.ofThisUser(), Path.of("").toAbsolutePath(), System.getenv());
    }

    /**
     * @param here the working folder, absolute
     */
    SystemChoice(Systems systems, Path here, Map<String, String> environment) {
        this.systems = systems;
        this.here = here;
        this.environment = environment;
    }

    /**
     * The system that is meant; {@link CommandFailed} if it does not run. If nothing says which one,
     * the only one that runs, and standard error says so: fit for a command that only looks.
     */
    RunningSystem find() {
        var named = named();
        if (named.isPresent()) return named.get();
        var all = systems.all();
        if (all.size() != 1) throw notNamed(all);
        var only = all.getFirst();
        System.err.println("weft: " + place(only) + ", the only one that runs");
        return only;
    }

    /** The system that is meant; never one that nothing names, because it is to be changed. */
    RunningSystem findToChange() {
        return named().orElseThrow(() -> notNamed(systems.all()));
    }

    /** What the options, the environment or the working folder name, if it runs. */
    Optional<RunningSystem> named() {
        if (data != null)
            return Optional.of(
                    Systems.at(data).orElseThrow(() -> notRunning("with its data in " + data)));
        if (folder != null) {
            var chosen = here.resolve(folder).normalize();
            return Optional.of(in(chosen).orElseThrow(() -> notRunning("in " + chosen)));
        }
        var admin = environment.getOrDefault("WEFT_ADMIN", "").strip();
        if (!admin.isEmpty()) return Optional.of(byAdmin(URI.create(admin)));
        return of(here).flatMap(this::in);
    }

    /** The folder that is meant, if one is, whether its system runs or not. */
    Optional<Path> systemFolder() {
        if (folder != null) return Optional.of(here.resolve(folder).normalize());
        if (data != null || !environment.getOrDefault("WEFT_ADMIN", "").isBlank())
            return Optional.empty();
        return of(here);
    }

    /**
     * The system that a program is to be told of: what the options name, else the one at the address
     * that the environment names, else the one that the file or the working folder belongs to.
     */
    Optional<RunningSystem> around(Path file) {
        if (data != null || folder != null) return named();
        for (var name : List.of("WEFT_ADMIN", "WEFT_GATEWAY"))
            if (environment.containsKey(name))
                return systems.all().stream()
                        .filter(system ->
                                List.of(system.admin(), system.gateway())
                                        .contains(environment.get(name)))
                        .findFirst();
        return of(here.resolve(file)).or(() -> of(here)).flatMap(this::in);
    }

    /** The folder with the {@code weft.yml} that a folder or file belongs to. */
    static Optional<Path> of(Path path) {
        for (var at = path; at != null; at = at.getParent())
            if (Files.exists(at.resolve(SystemFile.NAME))) return Optional.of(at);
        return Optional.empty();
    }

    /** The system of this folder, wherever its data lie. */
    Optional<RunningSystem> in(Path chosen) {
        var usual = Systems.at(chosen.resolve(LocalSystem.DATA));
        if (usual.isPresent()) return usual;
        var all = systems.all().stream().filter(s -> same(Path.of(s.folder()), chosen)).toList();
        if (all.size() > 1)
            throw new CommandFailed(
                    "the system in "
                            + chosen
                            + " runs "
                            + all.size()
                            + " times; say which one with --data, or with WEFT_ADMIN: "
                            + all.stream()
                                    .map(RunningSystem::admin)
                                    .collect(Collectors.joining(", ")));
        return all.stream().findFirst();
    }

    private static boolean same(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            return one.equals(other);
        }
    }

    private CommandFailed notNamed(List<RunningSystem> all) {
        if (all.isEmpty())
            return new CommandFailed(
                    "no system is running; start one with weft dev DIR or weft up DIR");
        var own = of(here).map(folder -> "no system is running in " + folder + "; ").orElse("");
        var said = own.isEmpty() ? "say which system with -C DIR; running: " : "running: ";
        return new CommandFailed(
                own
                        + said
                        + all.stream().map(SystemChoice::place).collect(Collectors.joining(", ")));
    }

    private static String place(RunningSystem system) {
        return system.name() + " in " + system.folder();
    }

    private RunningSystem byAdmin(URI admin) {
        var known = systems.byAdmin(admin);
        if (known.isPresent()) return known.get();
        var token = environment.get("WEFT_TOKEN");
        if (token == null)
            throw notRunning("at WEFT_ADMIN=" + admin + " (and there is no WEFT_TOKEN)");
        return new RunningSystem(
                "",
                "",
                0,
                admin.toString(),
                environment.getOrDefault("WEFT_GATEWAY", ""),
                Optional.empty(),
                "",
                token,
                Instant.EPOCH,
                true,
                List.of());
    }

    private static CommandFailed notRunning(String where) {
        return new CommandFailed("no system is running " + where);
    }
}
