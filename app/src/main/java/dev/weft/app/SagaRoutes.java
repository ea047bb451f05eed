package dev.weft.app;

import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.events.Sagas;
import java.util.List;

/** What the sagas of this service are at, below {@value #PATH}. */
final class SagaRoutes {

    static final String PATH = About.PREFIX + "sagas";

    /** How many instances are listed unless another number is asked for. */
    private static final int LISTED = 100;

    /** Instances of the service's sagas. */
    record Listing(String service, List<Sagas.Instance> instances) {}

    private final Surroundings in;
    private final Sagas sagas;

    SagaRoutes(Surroundings in, Sagas sagas) {
        this.in = in;
        this.sagas = sagas;
    }

    Routes routes() {
        return Routes.of(Route.get(PATH, this::list), Route.get(PATH + "/instance", this::show));
    }

    private Response list(Request request) {
        ParkedRoutes.requireToken(in, request);
        var query = request.query();
        int limit =
                query.get("limit")
                        .map(text -> About.number("limit", text, Sagas.MAX_LISTED))
                        .orElse(LISTED);
        boolean ended = query.get("ended").orElse("").equals("true");
        return About.json(new Listing(in.service(), sagas.list(query.get("saga"), ended, limit)));
    }

    private Response show(Request request) {
        ParkedRoutes.requireToken(in, request);
        var saga = request.query().get("saga").orElse("");
        var id = request.query().get("id").orElse("");
        return About.json(
                sagas.show(saga, id).orElseThrow(() -> Problem.notFound("saga", saga + " " + id)));
    }
}
