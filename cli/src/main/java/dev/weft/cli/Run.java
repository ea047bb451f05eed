package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.supervisor.Watchdog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one service alone. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Compiles one source file, or a folder of them, and runs its main method.",
            "",
            "A service that is run this way has everything embedded: its store is a file in .weft,"
                    + " its bus is its own. Exits with the program's exit code."
        })
final class Run implements Callable<Integer> {

    private static final Duration GRACE = Duration.ofSeconds(20);

    @Option(
            names = "--memory",
            defaultValue = ServiceFile.MEMORY,
            paramLabel = "SIZE",
            description = "The largest heap (default: ${DEFAULT-VALUE}).")
    String memory = ServiceFile.MEMORY;

    @Parameters(index = "0", paramLabel = "FILE", description = "A .java file, or a folder.")
    Path file = Path.of(".");

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "ARGS",
            description = "Arguments of the program; --port N takes another port than 8080.")
    List<String> arguments = List.of();

    @Override
    public Integer call() throws IOException, InterruptedException {
        var installation = Installation.current();
        var built = new Builder(installation, Systems.home().resolve("build")).build(service());
        var command = new ArrayList<>(installation.jvm(memory, built.classPath(), built.main()));
        command.addAll(arguments);
        try (var watchdog = new Watchdog(GRACE, SystemTime.INSTANCE)) {
            var process = new ProcessBuilder(command).inheritIO().start();
            watchdog.watch(process.pid());
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process), "weft-shutdown"));
            int code = process.waitFor();
            watchdog.release(process.pid());
            return code;
        }
    }

    private ServiceFile service() {
        if (!Files.exists(file)) throw new CommandFailed(file + ": there is no such file");
        if (Files.exists(file.resolve(ServiceFile.NAME)))
            return ServiceFile.read(file.toAbsolutePath().normalize());
        if (!Files.isDirectory(file) && !file.toString().endsWith(".java"))
            throw new CommandFailed(file + ": wanted a .java file, or a folder with such files");
        var name = String.valueOf(file.toAbsolutePath().normalize().getFileName());
        return ServiceFile.single(
                file,
                name.replace(".java", "").toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "-"));
    }

    private static void end(Process process) {
        process.toHandle().destroy();
        try {
            if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS))
                process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }
}
