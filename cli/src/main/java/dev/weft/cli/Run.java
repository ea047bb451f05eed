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
import picocli.CommandLine.Mixin;
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
                    + " its bus is its own. Exits with the program's exit code.",
            "",
            "If FILE or the working folder belongs to a system that runs, WEFT_GATEWAY, WEFT_ADMIN"
                    + " and WEFT_TOKEN are set to its own, unless they are set already."
        })
final class Run implements Callable<Integer> {

    private static final Duration GRACE = Duration.ofSeconds(20);

    @Option(
            names = "--memory",
            defaultValue = ServiceFile.MEMORY,
            paramLabel = "SIZE",
            description = "The largest heap (default: ${DEFAULT-VALUE}).")
    String memory = ServiceFile.MEMORY;

    @Mixin SystemChoice choice = new SystemChoice();

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
        var service = service();
        var built = new Builder(installation, Systems.home().resolve("build")).build(service);
        var command = new ArrayList<>(installation.jvm(memory, built.classPath(), built.main()));
        command.addAll(arguments);
        try (var watchdog = new Watchdog(GRACE, SystemTime.INSTANCE)) {
            var builder = new ProcessBuilder(command).inheritIO();
            choice.around(file).ifPresent(system -> system.tell(builder.environment()));
            warnOfSharedData(service);
            var process = builder.start();
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

    /** A service of a running system has the same file, if it runs from the same folder. */
    private static void warnOfSharedData(ServiceFile service) {
        var data = Path.of(LocalSystem.DATA);
        var file = data.resolve(service.name() + ".db");
        if (System.getenv("WEFT_STORE") != null || !Files.exists(file)) return;
        Systems.at(data)
                .ifPresent(system ->
                        System.err.println(
                                "weft: "
                                        + file
                                        + " is in use by the system "
                                        + system.name()
                                        + "; both will write to it. WEFT_STORE=sqlite:FILE names"
                                        + " another"));
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
