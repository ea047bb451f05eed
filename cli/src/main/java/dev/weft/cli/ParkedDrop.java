package dev.weft.cli;

import dev.weft.events.ParkedEvents;
import dev.weft.json.Json;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Drops parked events. */
@Command(
        name = "drop",
        mixinStandardHelpOptions = true,
        description = {
            "Drops events that fail, for ever.",
            "What waits behind them is tried then; with --behind it is dropped, too."
        })
final class ParkedDrop implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Mixin ParkedSelection which = new ParkedSelection();

    @Option(names = "--behind", description = "Drops what waits behind them, too.")
    boolean behind;

    @Option(names = "--yes", description = "Does not ask.")
    boolean yes;

    @Option(names = "--json", description = "Prints {keys, events}.")
    boolean json;

    @Override
    public Integer call() {
        var what = Map.<String, Object>of("select", which.required(), "behind", behind);
        var system = choice.findToChange();
        try (var admin = new Admin(system)) {
            if (!yes) confirm(admin, system.admin());
            var changes =
                    ParkedAnswers.post(
                                    admin,
                                    system.admin(),
                                    "/admin/parked/drop",
                                    which.service,
                                    what)
                            .changes();
            int keys = changes.stream().mapToInt(ParkedEvents.Changed::keys).sum();
            int events = changes.stream().mapToInt(ParkedEvents.Changed::events).sum();
            if (json) System.out.println(Json.text(Map.of("keys", keys, "events", events)));
            else
                System.out.println(
                        "dropped "
                                + ParkedAnswers.count(events, "event")
                                + " of "
                                + ParkedAnswers.count(keys, "key"));
            return events == 0 ? 1 : 0;
        }
    }

    private void confirm(Admin admin, String system) {
        var listings =
                ParkedAnswers.get(admin, system, "/admin/parked", which.query(which.event))
                        .listings();
        int keys = 0;
        int events = 0;
        for (var listing : listings)
            for (var group : listing.groups()) {
                keys += group.keys();
                events += group.events();
            }
        var asked =
                "drop "
                        + (keys == 0 && !which.event.isEmpty()
                                ? which.event
                                : ParkedAnswers.count(behind ? events : keys, "event")
                                        + " of "
                                        + ParkedAnswers.count(keys, "key"))
                        + " for ever?";
        Confirmation.ask(asked, "nothing was dropped");
    }
}
