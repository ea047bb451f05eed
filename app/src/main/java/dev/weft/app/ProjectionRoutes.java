package dev.weft.app;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.events.Projections;
import java.util.List;

/** The tables of the projections, and how to have them rebuilt, below {@value #PATH}. */
final class ProjectionRoutes {

    static final String PATH = About.PREFIX + "projections";

    /** How many rows that differ are shown of each table unless another number is asked for. */
    private static final int ROWS = 10;

    private static final int MAX_ROWS = 1_000;

    private static final String OWNERS = "look after projections here";

    /** All projections of a service. */
    record Listing(String service, List<Projections.View> projections) {}

    /** What a change answers: how it is behind that. */
    private interface Change {
        Projections.View of(String name, Request request) throws InterruptedException;
    }

    private final Surroundings in;
    private final Projections projections;

    ProjectionRoutes(Surroundings in, Projections projections) {
        this.in = in;
        this.projections = projections;
    }

    Routes routes() {
        return Routes.of(
                Route.get(PATH, this::list),
                Route.get(PATH + "/compare", this::compare),
                post(
                        "rebuild",
                        (name, request) ->
                                projections.rebuild(name, request.query().get("swap").isPresent())),
                post("swap", (name, request) -> projections.swap(name)),
                post("undo", (name, request) -> projections.undo(name)),
                post("drop", (name, request) -> projections.drop(name)));
    }

    private Route post(String what, Change change) {
        return Route.post(
                PATH + "/" + what,
                request -> {
                    About.requireOwner(in, request, OWNERS);
                    return About.json(change.of(name(request), request));
                });
    }

    private static String name(Request request) {
        return request.query().get("name").orElse("");
    }

    private Response list(Request request) {
        About.requireOwner(in, request, OWNERS);
        return About.json(new Listing(in.service(), projections.list()));
    }

    private Response compare(Request request) throws InterruptedException {
        About.requireOwner(in, request, OWNERS);
        int rows =
                request.query()
                        .get("rows")
                        .map(it -> About.number("rows", it, MAX_ROWS))
                        .orElse(ROWS);
        return About.json(projections.compare(name(request), rows));
    }
}
