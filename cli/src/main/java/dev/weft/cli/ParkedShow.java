package dev.weft.cli;

import dev.weft.json.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows a parked event. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Shows a parked event: its data, how it fails, and where it comes from.")
final class ParkedShow implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(paramLabel = "EVENT", description = "The event's id, as product/4711/0.")
    String event = "";

    @Mixin ParkedChoice which = new ParkedChoice();

    @Option(names = "--json", description = "Prints the services' answers.")
    boolean json;

    @Override
    public Integer call() {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var found =
                    ParkedAnswers.get(
                                    admin,
                                    system.admin(),
                                    "/admin/parked/event",
                                    which.query(event))
                            .found();
            if (found.isEmpty()) throw new CommandFailed("nobody has parked " + event);
            if (json) System.out.println(Json.text(found));
            else for (var each : found) lines(each).forEach(System.out::println);
            return 0;
        }
    }

    static List<String> lines(ParkedAnswers.Found found) {
        var it = found.event();
        var lines = new ArrayList<String>();
        lines.add(
                it.type()
                        + " "
                        + it.event()
                        + (it.behind().isEmpty()
                                ? ", parked by "
                                : ", which waits behind " + it.behind() + ", parked by ")
                        + found.service()
                        + " "
                        + it.listener()
                        + (it.retrying() ? ", being tried again" : ""));
        lines.add(
                "  key       " + it.key() + " of " + it.source() + ", " + behind(it.events() - 1));
        lines.add("  written   " + it.at());
        if (!it.cause().isEmpty()) lines.add("  because   of " + it.cause());
        if (!it.traceId().isEmpty())
            lines.add("  trace     " + it.traceId() + "  (weft trace " + it.traceId() + ")");
        if (it.attempts() > 0)
            lines.add(
                    "  attempts  "
                            + it.attempts()
                            + ", the first "
                            + text(it.firstFailed())
                            + ", the last "
                            + text(it.lastFailed()));
        if (it.edited() > 0) lines.add("  edited    " + it.edited() + " times");
        lines.add("  data");
        PrettyJson.of(it.data()).lines().forEach(line -> lines.add("    " + line));
        if (!it.error().isEmpty()) {
            lines.add("  error     " + it.error() + ": " + it.message());
            lines.addAll(stack(it.stack()));
        }
        return lines;
    }

    /** Where it failed, the frames of the platform between those of the service left out. */
    private static List<String> stack(String stack) {
        var lines = new ArrayList<String>();
        int left = 0;
        for (var line : stack.lines().skip(1).map(String::strip).toList()) {
            if (line.startsWith("at dev.weft.") || line.startsWith("at java.base/")) {
                left++;
                continue;
            }
            if (left > 0) lines.add("    … " + left + " of the platform");
            left = 0;
            lines.add("    " + line);
        }
        if (left > 0) lines.add("    … " + left + " of the platform");
        return lines;
    }

    private static String behind(int events) {
        return events == 0
                ? "nothing else of it waits"
                : events + (events == 1 ? " other of it waits" : " others of it wait");
    }

    private static String text(Optional<Instant> at) {
        return at.map(Instant::toString).orElse("never");
    }
}
