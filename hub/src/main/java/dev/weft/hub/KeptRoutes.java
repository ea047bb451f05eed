package dev.weft.hub;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;

/** What the services have parked, and what their sagas are at: of all, or of the one that {@code service} names in the query. */
final class KeptRoutes {

    private static final String PARKED = "/admin/parked";
    private static final String SAGAS = "/admin/sagas";

    private final EachService services;

    KeptRoutes(EachService services) {
        this.services = services;
    }

    Routes routes() {
        return Routes.of(
                Route.get(PARKED, this::pass),
                Route.get(PARKED + "/event", this::pass),
                Route.post(PARKED + "/retry", this::pass),
                Route.post(PARKED + "/drop", this::pass),
                Route.post(PARKED + "/edit", this::pass),
                Route.get(SAGAS, this::pass),
                Route.get(SAGAS + "/instance", this::pass));
    }

    private Response pass(Request request) throws InterruptedException {
        return services.pass(request, EachService.PATIENCE);
    }
}
