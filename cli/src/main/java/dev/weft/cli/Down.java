package dev.weft.cli;

import dev.weft.core.SystemTime;
import java.time.Duration;
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
        supervisor.destroy();
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
}
