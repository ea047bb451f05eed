package dev.weft.cli;

import dev.weft.json.Json;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists what happened of late. */
@Command(
        name = "traces",
        mixinStandardHelpOptions = true,
        description = "Lists the latest traces, the newest first.")
final class Traces implements Callable<Integer> {

    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    @Mixin SystemArgument choice = new SystemArgument();

    @Option(
            names = {"-n", "--limit"},
            defaultValue = "20",
            paramLabel = "N",
            description = "How many (default: ${DEFAULT-VALUE}).")
    int limit = 20;

    @Option(
            names = "--service",
            paramLabel = "NAME",
            description = "Only those that this service had a part in.")
    @Nullable String service;

    @Option(
            names = "--min-ms",
            defaultValue = "0",
            paramLabel = "MS",
            description = "Only those that took at least so long.")
    int minMs;

    @Option(names = "--errors", description = "Only those in which something failed.")
    boolean errors;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    @Override
    public Integer call() {
        var path =
                "/admin/traces?limit="
                        + limit
                        + (service == null
                                ? ""
                                : "&service=" + URLEncoder.encode(service, StandardCharsets.UTF_8))
                        + (minMs > 0 ? "&min_ms=" + minMs : "")
                        + (errors ? "&error=true" : "");
        try (var admin = new Admin(choice.find())) {
            var found = admin.read(path, TraceSummary.Latest.class).traces();
            if (json) {
                System.out.println(Json.text(found));
                return 0;
            }
            var table = new Table("TIME", "TRACE", "TOOK", "STEPS", "ERRORS", "ROOT", "SERVICES");
            for (var trace : found)
                table.row(
                        CLOCK.format(trace.start()),
                        trace.traceId().substring(0, Math.min(12, trace.traceId().length())),
                        Waterfall.ms(trace.durationMs()),
                        Integer.toString(trace.spans()),
                        Integer.toString(trace.errors()),
                        trace.service() + " " + trace.name(),
                        String.join(" ", trace.services()));
            table.lines().forEach(System.out::println);
            return 0;
        }
    }
}
