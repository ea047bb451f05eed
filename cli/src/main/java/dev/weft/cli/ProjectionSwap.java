package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.json.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Has rebuilt tables take the place of the live ones. */
@Command(
        name = "swap",
        mixinStandardHelpOptions = true,
        description = {
            "Has the tables beside the live ones take their place, in one step, as soon as they have caught up.",
            "Those that were live are kept for a day, for undo."
        })
final class ProjectionSwap implements Callable<Integer> {

    @Mixin ProjectionChoice which = new ProjectionChoice();

    @Option(
            names = "--timeout",
            defaultValue = "60",
            paramLabel = "SECONDS",
            description = "How long it waits for them to catch up (default: ${DEFAULT-VALUE}).")
    double timeoutSeconds = 60;

    @Option(names = "--json", description = "Prints how the projection is then.")
    boolean json;

    @Override
    public Integer call() {
        var system = which.system.findToChange();
        try (var admin = new Admin(system)) {
            var wanted = which.change(admin, system, "swap", Query.NONE);
            var swapped =
                    which.await(
                            admin,
                            system,
                            timeoutSeconds,
                            view -> view.generations().stream().noneMatch(it -> it.swap()));
            if (json) System.out.println(Json.text(swapped.orElse(wanted)));
            else
                System.out.println(
                        swapped.isPresent()
                                ? "swapped; weft projections undo "
                                        + which.projection
                                        + " takes it back"
                                : "not caught up yet; it will be swapped without this command");
            return swapped.isPresent() ? 0 : 1;
        }
    }
}
