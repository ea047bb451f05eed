package dev.weft.cli;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Waits until nothing is under way any more. */
@Command(
        name = "settle",
        mixinStandardHelpOptions = true,
        description =
                "Waits until every event has been handled everywhere; if that takes too long, says"
                        + " what blocks and exits with 1.")
final class Settle implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Option(
            names = "--timeout",
            defaultValue = "30",
            paramLabel = "SECONDS",
            description = "How long it waits (default: ${DEFAULT-VALUE}).")
    double timeoutSeconds = 30;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    @Override
    public Integer call() {
        try (var admin = new Admin(choice.find())) {
            var answer =
                    admin.post(
                            "/admin/settle",
                            Map.of("timeout_ms", Math.round(timeoutSeconds * 1000)));
            var text = new String(answer, StandardCharsets.UTF_8);
            boolean settled =
                    Boolean.TRUE.equals(dev.weft.json.Json.readMap(answer).get("settled"));
            if (json || !settled) System.out.println(text);
            else System.out.println("settled");
            return settled ? 0 : 1;
        }
    }
}
