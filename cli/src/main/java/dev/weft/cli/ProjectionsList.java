package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.events.Projections;
import dev.weft.json.Json;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists the projections and the generations of their tables. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "Lists the projections, which tables they have, and how far these are.")
final class ProjectionsList implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Option(names = "--service", paramLabel = "NAME", description = "Those of this service.")
    String service = "";

    @Option(names = "--json", description = "Prints the services' answers.")
    boolean json;

    /** The projections of one service. */
    record Listing(String service, List<Projections.View> projections) {}

    static List<Listing> listings(Admin admin, RunningSystem system, String service) {
        var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
        return ServiceAnswers.get(admin, system.admin(), "/admin/projections", query)
                .as(Listing.class);
    }

    @Override
    public Integer call() {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var listings = listings(admin, system, service);
            if (json) System.out.println(Json.text(listings));
            else lines(listings).forEach(System.out::println);
            return 0;
        }
    }

    static List<String> lines(List<Listing> listings) {
        var table =
                new Table(
                        "SERVICE",
                        "PROJECTION",
                        "GENERATION",
                        "VERSION",
                        "STATE",
                        "POSITION",
                        "PACE",
                        "TABLES");
        for (var listing : listings)
            for (var projection : listing.projections)
                for (var it : projection.generations())
                    table.row(
                            listing.service,
                            projection.name(),
                            Long.toString(it.generation()),
                            Integer.toString(it.version()),
                            state(it),
                            it.position() + "/" + it.head(),
                            pace(it),
                            String.join(", ", it.tables()));
        return table.lines();
    }

    private static String state(Projections.Tables it) {
        return it.state() + (it.swap() ? ", then live" : "") + (it.still() ? ", stands still" : "");
    }

    private static String pace(Projections.Tables it) {
        if (it.perSecond() <= 0) return "";
        return it.perSecond()
                + "/s"
                + it.leftSeconds().map(left -> ", " + left + " s left").orElse("");
    }
}
