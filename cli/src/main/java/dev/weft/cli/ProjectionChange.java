package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.events.Projections;
import dev.weft.json.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that changes a projection's tables at once. */
abstract class ProjectionChange implements Callable<Integer> {

    @Mixin ProjectionChoice which = new ProjectionChoice();

    @Option(names = "--json", description = "Prints how the projection is then.")
    boolean json;

    private final String what;

    /**
     * @param what the hub's word for it
     */
    ProjectionChange(String what) {
        this.what = what;
    }

    @Override
    public Integer call() {
        var system = which.system.findToChange();
        try (var admin = new Admin(system)) {
            var view = which.change(admin, system, what, Query.NONE);
            System.out.println(json ? Json.text(view) : said(view));
            return 0;
        }
    }

    private static String said(Projections.View view) {
        var live = view.generations().getFirst();
        return "live is generation " + live.generation() + ", version " + live.version();
    }
}
