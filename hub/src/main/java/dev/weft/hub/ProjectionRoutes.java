package dev.weft.hub;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import java.time.Duration;

/**
 * The projections of the services and their tables, under one path: of all services, or of the one that {@code service} names in the
 * query; what is to be done to one, by its {@code name}.
 */
final class ProjectionRoutes {

    private static final String ADMIN = "/admin/projections";

    /** To compare tables takes as long as to read them. */
    private static final Duration COMPARING = Duration.ofMinutes(4);

    private final EachService services;

    ProjectionRoutes(EachService services) {
        this.services = services;
    }

    Routes routes() {
        return Routes.of(
                Route.get(ADMIN, this::pass),
                Route.get(ADMIN + "/compare", request -> services.pass(request, COMPARING)),
                Route.post(ADMIN + "/rebuild", this::pass),
                Route.post(ADMIN + "/swap", this::pass),
                Route.post(ADMIN + "/undo", this::pass),
                Route.post(ADMIN + "/drop", this::pass));
    }

    private Response pass(Request request) throws InterruptedException {
        return services.pass(request, EachService.PATIENCE);
    }
}
