package dev.weft.cli;

import dev.weft.core.Blocked;
import dev.weft.core.Deadline;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    @Mixin SystemArgument choice = new SystemArgument();

    @Option(
            names = "--timeout",
            defaultValue = "30",
            paramLabel = "SECONDS",
            description = "How long it waits, 600 at most (default: ${DEFAULT-VALUE}).")
    double timeoutSeconds = 30;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    /** What the hub answers. */
    record Settled(boolean settled, long waitedMs, List<Blocked> blocked) {

        String text() {
            if (settled) return "settled";
            return "not settled after " + waitedMs + " ms" + Blocked.lines(blocked);
        }
    }

    /** What to do about what blocks, if there is something. */
    static Optional<String> advice(List<Blocked> blocked) {
        return blocked.stream().anyMatch(it -> it.stays() && it.source().isPresent())
                ? Optional.of(
                        "what is parked waits for you: weft parked list, show, edit, retry, drop")
                : Optional.empty();
    }

    @Override
    public Integer call() {
        var time = SystemTime.INSTANCE;
        var deadline = Deadline.after(Duration.ofMillis(Math.round(timeoutSeconds * 1000)), time);
        try (var admin = new Admin(choice.find())) {
            var answer =
                    admin.await(
                            "/admin/settle", deadline, time, left -> Map.of("timeout_ms", left));
            var text = new String(answer, StandardCharsets.UTF_8);
            var outcome = Json.read(answer, Settled.class);
            System.out.println(json ? text : outcome.text());
            if (!json) advice(outcome.blocked()).ifPresent(System.out::println);
            return outcome.settled() ? 0 : 1;
        }
    }
}
