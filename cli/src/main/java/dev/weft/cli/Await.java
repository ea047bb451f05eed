package dev.weft.cli;

import dev.weft.core.Awaited;
import dev.weft.core.Deadline;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Waits until everything is done that came of some commands. */
@Command(
        name = "await",
        mixinStandardHelpOptions = true,
        description = {
            "Waits until everything is done, in all services, that came of a command; if that takes too"
                    + " long, says what blocks and exits with 1.",
            "",
            "RECEIPT is what the command's answer has in Weft-Receipt, as cart=17, or in Weft-Trace."
                    + " Name each of several commands by its own."
        })
final class Await implements Callable<Integer> {

    private static final Pattern TRACE = Pattern.compile("[0-9a-f]{32}");

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(arity = "1..*", paramLabel = "RECEIPT", description = "What is waited for.")
    List<String> named = List.of();

    @Option(
            names = "--timeout",
            defaultValue = "30",
            paramLabel = "SECONDS",
            description = "How long it waits, 600 at most (default: ${DEFAULT-VALUE}).")
    double timeoutSeconds = 30;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    @Override
    public Integer call() {
        var time = SystemTime.INSTANCE;
        var deadline = Deadline.after(Duration.ofMillis(Math.round(timeoutSeconds * 1000)), time);
        try (var admin = new Admin(choice.find())) {
            var answer = admin.await("/admin/await", deadline, time, this::wanted);
            var outcome = Json.read(answer, Awaited.class);
            System.out.println(json ? new String(answer, StandardCharsets.UTF_8) : outcome.text());
            if (!json) Settle.advice(outcome.blocked()).ifPresent(System.out::println);
            return outcome.done() ? 0 : 1;
        }
    }

    private Map<String, Object> wanted(long leftMs) {
        Predicate<String> isTrace = TRACE.asMatchPredicate();
        return Map.of(
                "receipts",
                named.stream().filter(isTrace.negate()).toList(),
                "traces",
                named.stream().filter(isTrace).toList(),
                "timeout_ms",
                leftMs);
    }
}
