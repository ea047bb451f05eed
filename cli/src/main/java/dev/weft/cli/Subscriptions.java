package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows how far events have come everywhere. */
@Command(
        name = "subscriptions",
        mixinStandardHelpOptions = true,
        description =
                "Shows each listener, projection and publication: how far it has come, what fails and"
                        + " when it is tried again, what is parked.")
final class Subscriptions implements Callable<Integer> {

    @Mixin SystemArgument choice = new SystemArgument();

    @Option(names = "--service", paramLabel = "NAME", description = "Those of this service.")
    String service = "";

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    /** What fails; {@code source} and {@code key} are empty if it is no event's fault. */
    record Failing(
            String source, long position, String key, int attempt, String error, Instant next) {

        /** {@code product/12 of key a, attempt 4, next in 3 s: boom}. */
        String text(Instant now) {
            var wait = Duration.between(now, next);
            return (source.isEmpty() ? "" : source + "/" + position)
                    + (key.isEmpty() ? "" : " of key " + key)
                    + (source.isEmpty() ? "" : ", ")
                    + "attempt "
                    + attempt
                    + (wait.isPositive()
                            ? ", next in " + (wait.toMillis() + 999) / 1000 + " s"
                            : "")
                    + ": "
                    + error;
        }
    }

    /** One part of one instance. */
    record Part(
            String service,
            String instance,
            String kind,
            String name,
            Map<String, Long> applied,
            Map<String, Long> ends,
            long lag,
            int consumers,
            int keys,
            List<Failing> failing,
            int parkedKeys,
            int parkedEvents,
            Optional<Long> waiting,
            Optional<Instant> next) {

        /** {@code 12/14}; of several logs those that it is not at the end of, or how many there are; of timers how many are set. */
        String position() {
            if (waiting.isPresent())
                return waiting.get() + " set" + next.map(it -> ", next " + it).orElse("");
            var behind = new ArrayList<String>();
            ends.forEach((source, end) -> {
                long at = applied.getOrDefault(source, 0L);
                if (ends.size() == 1) behind.add(at + "/" + end);
                else if (at < end) behind.add(source + " " + at + "/" + end);
            });
            if (!behind.isEmpty()) return String.join(", ", behind);
            return ends.isEmpty() ? "" : "all of " + ends.size() + " logs";
        }

        String state() {
            if (keys > 0)
                return keys == 1 && failing.stream().allMatch(it -> it.key().isEmpty())
                        ? "failing"
                        : keys + " failing";
            return consumers == 0 ? "nobody is there" : "";
        }
    }

    /** Of this instance nothing is known. */
    record Away(String service, String instance, String error) {}

    record All(List<Part> subscriptions, List<Away> away) {

        List<String> lines(Instant now) {
            var table =
                    new Table(
                            "SERVICE",
                            "KIND",
                            "NAME",
                            "INSTANCE",
                            "POSITION",
                            "LAG",
                            "PARKED",
                            "STATE");
            for (var part : subscriptions)
                table.row(
                        part.service,
                        part.kind,
                        part.name,
                        part.instance,
                        part.position(),
                        Long.toString(part.lag),
                        part.parkedKeys == 0
                                ? Integer.toString(part.parkedEvents)
                                : ParkedAnswers.count(part.parkedKeys, "key")
                                        + ", "
                                        + ParkedAnswers.count(part.parkedEvents, "event"),
                        part.state());
            var lines = new ArrayList<>(table.lines());
            for (var part : subscriptions)
                for (var failing : part.failing)
                    lines.add(
                            part.service
                                    + " "
                                    + part.kind
                                    + (part.name.isEmpty() ? "" : " " + part.name)
                                    + " fails: "
                                    + failing.text(now));
            return lines;
        }
    }

    @Override
    public Integer call() {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
            var answer =
                    admin.ask(system.admin(), Request.get("/admin/subscriptions").with(query))
                            .body()
                            .bytes();
            if (json) {
                System.out.println(new String(answer, StandardCharsets.UTF_8));
                return 0;
            }
            var all = Json.read(answer, All.class);
            all.lines(SystemTime.INSTANCE.now()).forEach(System.out::println);
            for (var each : all.away())
                System.err.println(
                        "weft: " + each.instance() + " does not answer: " + each.error());
            return 0;
        }
    }
}
