package dev.weft.cli;

import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
            description = "How long it waits (default: ${DEFAULT-VALUE}).")
    double timeoutSeconds = 30;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    /** What the hub answers. */
    record Settled(boolean settled, long waitedMs, List<Blocked> blocked) {

        String text() {
            if (settled) return "settled";
            return "not settled after "
                    + waitedMs
                    + " ms"
                    + blocked.stream()
                            .map(each -> "\n  " + each.text())
                            .collect(Collectors.joining());
        }
    }

    /**
     * Who waits for what; {@code attempt} and {@code error} if it has failed there, {@code parked} if
     * it does not go on by itself.
     */
    record Blocked(
            Optional<String> service,
            String by,
            Optional<String> source,
            Optional<Long> position,
            Optional<Long> applied,
            Optional<Integer> attempt,
            Optional<String> error,
            Optional<Boolean> parked) {

        /**
         * {@code loans: listener copies is stuck at books=9, attempt 9: boom}; {@code loans: listener
         * copies has parked: book-added books/9/0: boom (attempt 15)}.
         */
        String text() {
            var who = service.map(it -> it + ": ").orElse("") + by;
            var failing = error.filter(it -> !it.isEmpty());
            if (source.filter(it -> !it.isEmpty()).isEmpty())
                return who + failing.map(it -> ": " + it).orElse("");
            var at = source.get() + "=" + position.orElse(0L);
            if (parked.orElse(false))
                return who
                        + " has "
                        + failing.orElse("parked " + at)
                        + attempt.map(n -> " (attempt " + n + ")").orElse("");
            return failing.map(it ->
                            who
                                    + " is stuck at "
                                    + at
                                    + attempt.map(n -> ", attempt " + n).orElse("")
                                    + ": "
                                    + it)
                    .orElseGet(() -> who + " is at " + applied.orElse(0L) + ", not yet at " + at);
        }
    }

    @Override
    public Integer call() {
        try (var admin = new Admin(choice.find())) {
            var answer =
                    admin.post(
                            "/admin/settle",
                            Map.of("timeout_ms", Math.round(timeoutSeconds * 1000)));
            var text = new String(answer, StandardCharsets.UTF_8);
            var outcome = Json.read(answer, Settled.class);
            System.out.println(json ? text : outcome.text());
            if (!json && outcome.blocked().stream().anyMatch(it -> it.parked().orElse(false)))
                System.out.println(
                        "what is parked waits for you: weft parked list, show, edit, retry, drop");
            return outcome.settled() ? 0 : 1;
        }
    }
}
