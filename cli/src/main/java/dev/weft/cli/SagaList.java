package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.core.SystemTime;
import dev.weft.events.Sagas;
import dev.weft.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what sagas are at. */
@Command(
        name = "sagas",
        mixinStandardHelpOptions = true,
        description =
                "Shows the instances of sagas that have not ended, the one first that has rested longest,"
                        + " and what each waits for; of one instance all that is kept.")
final class SagaList implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(index = "0", arity = "0..1", paramLabel = "SAGA", description = "Of this saga.")
    String saga = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "ID", description = "This instance.")
    String id = "";

    @Option(names = "--service", paramLabel = "NAME", description = "Those of this service.")
    String service = "";

    @Option(
            names = "--all",
            description = "Those that have ended too, the one first that moved last.")
    boolean all;

    @Option(
            names = "--limit",
            defaultValue = "100",
            paramLabel = "N",
            description = "How many of each service (default: ${DEFAULT-VALUE}, at most 1000).")
    int limit = 100;

    @Option(names = "--json", description = "Prints the services' answers.")
    boolean json;

    /** What one service tells. */
    record Listing(String service, List<Sagas.Instance> instances) {}

    @Override
    public Integer call() {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
            if (!saga.isEmpty()) query = query.and("saga", saga);
            var now = SystemTime.INSTANCE.now();
            if (!id.isEmpty()) {
                var asked = query.and("id", id);
                var found =
                        ServiceAnswers.get(admin, system.admin(), "/admin/sagas/instance", asked)
                                .as(Sagas.Whole.class);
                if (found.isEmpty())
                    throw new CommandFailed("there is no instance " + id + " of " + saga);
                if (json) System.out.println(Json.text(found));
                else for (var each : found) lines(each, now).forEach(System.out::println);
                return 0;
            }
            query = query.and("limit", Integer.toString(limit));
            if (all) query = query.and("ended", "true");
            var listings =
                    ServiceAnswers.get(admin, system.admin(), "/admin/sagas", query)
                            .as(Listing.class);
            if (json) System.out.println(Json.text(listings));
            else lines(listings, now).forEach(System.out::println);
            return 0;
        }
    }

    static List<String> lines(List<Listing> listings, Instant now) {
        var table = new Table("SERVICE", "SAGA", "ID", "STATE", "MOVED", "WAITS FOR", "UNEXPECTED");
        boolean any = false;
        for (var listing : listings)
            for (var each : listing.instances()) {
                any = true;
                table.row(
                        listing.service(),
                        each.saga(),
                        each.id(),
                        state(each),
                        ParkedAnswers.age(each.changed(), now),
                        waits(each, now),
                        Long.toString(each.unexpected()));
            }
        return any ? table.lines() : List.of("no saga is under way");
    }

    private static String state(Sagas.Instance instance) {
        if (instance.ended().isPresent()) return "ended";
        return instance.waits().stream().anyMatch(it -> it.attempts() > 0) ? "failing" : "waits";
    }

    private static String waits(Sagas.Instance instance, Instant now) {
        if (instance.ended().isPresent()) return "";
        if (instance.waits().isEmpty()) return "an event";
        return String.join(", ", instance.waits().stream().map(it -> text(it, now)).toList());
    }

    private static String text(Sagas.Waits waits, Instant now) {
        if (waits.service().isEmpty()) {
            var left = Duration.between(now, waits.since());
            return waits.what()
                    + (left.isPositive()
                            ? " in " + (left.toSeconds() + 1) + " s"
                            : ", which is due")
                    + failed(waits);
        }
        return waits.what() + " of " + waits.service() + failed(waits);
    }

    private static String failed(Sagas.Waits waits) {
        return waits.attempts() == 0
                ? ""
                : " (attempt " + waits.attempts() + ": " + waits.error() + ")";
    }

    static List<String> lines(Sagas.Whole whole, Instant now) {
        var it = whole.instance();
        var lines = new ArrayList<String>();
        lines.add(it.saga() + " " + it.id() + ", " + state(it));
        lines.add("  began     " + it.began());
        lines.add("  moved     " + it.changed());
        it.ended().ifPresent(at -> lines.add("  ended     " + at));
        if (it.ended().isEmpty()) lines.add("  waits for " + waits(it, now));
        if (it.unexpected() > 0)
            lines.add("  unexpected " + it.unexpected() + ", the last: " + it.lastUnexpected());
        lines.add("  state");
        PrettyJson.of(whole.state()).lines().forEach(line -> lines.add("    " + line));
        for (var call : whole.calls())
            lines.add(
                    "  call "
                            + call.number()
                            + "    "
                            + call.call()
                            + " of "
                            + call.service()
                            + ": "
                            + call.state()
                            + (call.attempts() > 0
                                    ? ", " + call.attempts() + " failed attempts"
                                    : "")
                            + (call.input().isEmpty() ? "" : ", with " + call.input()));
        return lines;
    }
}
