package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Starts a system that goes on when this command has ended. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = {
            "Starts a system in the background and returns when it is ready.",
            "",
            "As weft dev, without watching the sources. What it prints goes to logs/system.log in"
                    + " the data folder; weft down stops it."
        })
final class Up implements Callable<Integer> {

    /** How long everything together may take; each service has its own limit within. */
    private static final Duration LIMIT = Duration.ofMinutes(10);

    @Mixin Place place = new Place();

    private final Time time = SystemTime.INSTANCE;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var files = SystemFile.read(place.folder);
        var dataFolder = place.data(files);
        Systems.at(dataFolder)
                .ifPresent(running -> {
                    throw new CommandFailed(
                            running.name()
                                    + " runs already (process "
                                    + running.pid()
                                    + ", gateway "
                                    + running.gateway()
                                    + ")");
                });
        var log = dataFolder.resolve("logs").resolve("system.log");
        Files.createDirectories(log.getParent());
        var process = start(files, dataFolder, log);
        long end = time.nanos() + LIMIT.toNanos();
        while (time.nanos() < end) {
            var running = Systems.at(dataFolder);
            if (running.isPresent()
                    && running.get().pid() == process.pid()
                    && running.get().ready()) {
                running.get().warnings().forEach(it -> System.err.println("weft: " + it));
                System.out.println(
                        running.get().name()
                                + " is ready: gateway "
                                + running.get().gateway()
                                + running.get().secure().map(it -> " and " + it).orElse("")
                                + ", admin "
                                + running.get().admin());
                return 0;
            }
            if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
                System.err.println(Files.readString(log).strip());
                System.err.println("weft: the system did not start (all of this: " + log + ")");
                return 1;
            }
        }
        process.destroy();
        throw new CommandFailed(
                "the system was not ready within " + LIMIT.toMinutes() + " minutes");
    }

    /** In a session of its own, so that it does not end with this terminal. */
    private Process start(SystemFile files, Path dataFolder, Path log) throws IOException {
        var command = new ArrayList<String>();
        for (var setsid : List.of("/usr/bin/setsid", "/bin/setsid"))
            if (command.isEmpty() && Files.isExecutable(Path.of(setsid))) command.add(setsid);
        if (command.isEmpty()) command.addAll(List.of("nohup"));
        command.addAll(Installation.current().self());
        command.addAll(List.of("dev", files.folder().toString(), "--no-watch"));
        command.addAll(List.of("--data", dataFolder.toString()));
        command.addAll(List.of("--profile", place.profile(files).name()));
        if (place.port != null) command.addAll(List.of("--port", place.port.toString()));
        if (place.adminPort != null)
            command.addAll(List.of("--admin-port", place.adminPort.toString()));
        var builder = new ProcessBuilder(command);
        builder.environment().remove(Dev.BUILD_SECONDS);
        return builder.redirectInput(Shell.NULL.toFile())
                .redirectOutput(log.toFile())
                .redirectErrorStream(true)
                .start();
    }
}
