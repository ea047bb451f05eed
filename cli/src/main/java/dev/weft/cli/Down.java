package dev.weft.cli;

import dev.weft.core.Body;
import dev.weft.core.Request;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Stops a running system. */
@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "Stops a system and returns when all of it is gone.")
final class Down implements Callable<Integer> {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Mixin SystemArgument choice = new SystemArgument();

    @Override
    public Integer call() throws InterruptedException {
        var system = choice.findToChange();
        var supervisor =
                ProcessHandle.of(system.pid())
                        .orElseThrow(() ->
                                new CommandFailed(
                                        "the system at "
                                                + system.admin()
                                                + " was not started on this machine"));
        var family = supervisor.descendants().toList();
        if (!asked(system)) supervisor.destroy();
        var time = SystemTime.INSTANCE;
        long end = time.nanos() + LIMIT.toNanos();
        while (supervisor.isAlive() || family.stream().anyMatch(ProcessHandle::isAlive)) {
            if (time.nanos() > end)
                throw new CommandFailed(
                        system.name()
                                + " (process "
                                + system.pid()
                                + ") was not gone within "
                                + LIMIT.toSeconds()
                                + " s of being told to stop");
            time.sleep(Duration.ofMillis(20));
        }
        System.out.println(system.name() + " is stopped");
        return 0;
    }

    /** Asks it to stop, so that whoever looks at it is told who wanted that; a system that does not answer gets a signal. */
    private static boolean asked(RunningSystem system) {
        if (system.control().isEmpty()) return false;
        try (var admin = new Admin(system)) {
            var by =
                    "weft down (process "
                            + ProcessHandle.current().pid()
                            + " of "
                            + System.getProperty("user.name")
                            + ")";
            admin.ask(
                    system.control(),
                    Request.post("/admin/stop", Body.of(Json.write(Map.of("by", by)))));
            return true;
        } catch (CommandFailed noAnswer) {
            return false;
        }
    }
}
