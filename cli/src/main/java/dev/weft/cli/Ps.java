package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import dev.weft.supervisor.ProcessState;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows the processes of a running system. */
@Command(
        name = "ps",
        mixinStandardHelpOptions = true,
        description = "Lists the processes of a running system.")
final class Ps implements Callable<Integer> {

    @Mixin SystemArgument choice = new SystemArgument();

    @Option(
            names = "--json",
            description = "Prints an array of {service, instance, pid, state, address, …}.")
    boolean json;

    @Override
    public Integer call() {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var answer = admin.supervisor("/admin/processes");
            if (json) {
                System.out.println(new String(answer, StandardCharsets.UTF_8));
                return 0;
            }
            var table =
                    new Table(
                            "SERVICE", "INSTANCE", "PID", "STATE", "SINCE", "RESTARTS", "ADDRESS");
            for (var process : Json.readList(answer, ProcessState.class))
                table.row(
                        process.service(),
                        process.instance(),
                        Long.toString(process.pid()),
                        process.state().name().toLowerCase(Locale.ROOT),
                        age(Duration.between(process.since(), SystemTime.INSTANCE.now())),
                        Integer.toString(process.restarts()),
                        process.address().isEmpty()
                                ? process.problem()
                                : system.addresses(process));
            table.lines().forEach(System.out::println);
            return 0;
        }
    }

    static String age(Duration age) {
        if (age.toMinutes() < 2) return Math.max(0, age.toSeconds()) + " s";
        if (age.toHours() < 2) return age.toMinutes() + " min";
        return age.toHours() + " h";
    }
}
