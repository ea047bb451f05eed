package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists what is parked. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "Lists what is parked, what fails alike together; with --keys each key.")
final class ParkedList implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Mixin ParkedChoice which = new ParkedChoice();

    @Option(names = "--keys", description = "Lists each key too.")
    boolean keys;

    @Option(
            names = "--limit",
            defaultValue = "100",
            paramLabel = "N",
            description =
                    "How many keys of each service (default: ${DEFAULT-VALUE}, at most 10000).")
    int limit = 100;

    @Option(names = "--json", description = "Prints the services' answers.")
    boolean json;

    @Override
    public Integer call() {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var query = which.query("").and("limit", Integer.toString(limit));
            var listings =
                    ParkedAnswers.get(admin, system.admin(), "/admin/parked", query).listings();
            if (json) {
                System.out.println(Json.text(listings));
                return 0;
            }
            if (listings.stream().allMatch(listing -> listing.groups().isEmpty())) {
                System.out.println("nothing is parked");
                return 0;
            }
            ParkedAnswers.groups(listings, SystemTime.INSTANCE.now()).forEach(System.out::println);
            if (keys) printKeys(listings);
            return 0;
        }
    }

    private static void printKeys(List<ParkedAnswers.Listing> listings) {
        System.out.println();
        var table =
                new Table(
                        "SERVICE",
                        "LISTENER",
                        "KEY",
                        "EVENT",
                        "ATTEMPTS",
                        "BEHIND",
                        "LAST",
                        "STATE");
        for (var listing : listings)
            for (var head : listing.keys())
                table.row(
                        listing.service(),
                        head.listener(),
                        head.key(),
                        head.event(),
                        Integer.toString(head.attempts()),
                        Integer.toString(head.events() - 1),
                        head.lastFailed()
                                .map(at -> ParkedAnswers.age(at, SystemTime.INSTANCE.now()))
                                .orElse(""),
                        head.retrying() ? "retrying" : "parked");
        table.lines().forEach(System.out::println);
        for (var listing : listings)
            if (listing.leftOut() > 0)
                System.out.println("and " + listing.leftOut() + " more of " + listing.service());
    }
}
