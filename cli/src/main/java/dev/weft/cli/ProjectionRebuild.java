package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.events.Projections;
import dev.weft.json.Json;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Has the tables of a projection rebuilt. */
@Command(
        name = "rebuild",
        mixinStandardHelpOptions = true,
        description = {
            "Has the tables of a projection made anew, from the first event on, beside the live ones, which go on.",
            "What is beside them already is dropped. It goes on if this command is ended."
        })
final class ProjectionRebuild implements Callable<Integer> {

    @Mixin ProjectionChoice which = new ProjectionChoice();

    @Option(
            names = "--swap",
            description =
                    "Has them take the place of the live ones as soon as they have caught up.")
    boolean swap;

    @Option(
            names = "--timeout",
            defaultValue = "60",
            paramLabel = "SECONDS",
            description =
                    "How long it waits for the end (default: ${DEFAULT-VALUE}); 0: not at all.")
    double timeoutSeconds = 60;

    @Option(names = "--json", description = "Prints how the projection is then.")
    boolean json;

    @Override
    public Integer call() {
        var system = which.system.findToChange();
        try (var admin = new Admin(system)) {
            var more = swap ? Query.NONE.and("swap", "true") : Query.NONE;
            var begun = which.change(admin, system, "rebuild", more);
            var built =
                    timeoutSeconds <= 0
                            ? Optional.<Projections.View>empty()
                            : which.await(admin, system, timeoutSeconds, this::isDone);
            if (json) System.out.println(Json.text(built.orElse(begun)));
            else System.out.println(said(built));
            return built.isPresent() || timeoutSeconds <= 0 ? 0 : 1;
        }
    }

    private boolean isDone(Projections.View view) {
        var beside = ProjectionChoice.beside(view);
        return beside.isEmpty()
                || (swap
                        ? beside.get().state().equals("kept")
                        : !beside.get().state().equals("building"));
    }

    private String said(Optional<Projections.View> built) {
        if (built.isEmpty()) return "begun; weft projections shows how far it is";
        return swap
                ? "rebuilt and live; weft projections undo " + which.projection + " takes it back"
                : "rebuilt; weft projections compare " + which.projection + ", then swap or drop";
    }
}
