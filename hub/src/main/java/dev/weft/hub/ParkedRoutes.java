package dev.weft.hub;

import dev.weft.core.Body;
import dev.weft.core.Headers;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;

/** What the services have parked, under one path: of all, or of the one that {@code service} names in the query. */
final class ParkedRoutes {

    private static final String OF_SERVICE = "/_weft/parked";
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
        var asked =
                request.path(OF_SERVICE + request.path().substring(ADMIN.length()))
                        .with(Headers.EMPTY.set("Content-Type", "application/json"))
                        .with(
                                request.body() == Body.EMPTY
                                        ? Body.EMPTY
                                        : Body.of(request.body().bytes()));
        return Answers.json(services.ask(request.query().get("service"), asked));
    }
}
