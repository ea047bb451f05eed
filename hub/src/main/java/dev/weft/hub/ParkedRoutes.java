package dev.weft.hub;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;

/** What the services have parked, under one path: of all, or of the one that {@code service} names in the query. */
final class ParkedRoutes {

    private static final String ADMIN = "/admin/parked";

    private final EachService services;

    ParkedRoutes(EachService services) {
        this.services = services;
    }

    Routes routes() {
        return Routes.of(
                Route.get(ADMIN, this::pass),
                Route.get(ADMIN + "/event", this::pass),
                Route.post(ADMIN + "/retry", this::pass),
                Route.post(ADMIN + "/drop", this::pass),
                Route.post(ADMIN + "/edit", this::pass));
    }

    private Response pass(Request request) throws InterruptedException {
        return services.pass(request, EachService.PATIENCE);
    }
}
