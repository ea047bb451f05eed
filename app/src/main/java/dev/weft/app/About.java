package dev.weft.app;

import dev.weft.core.Body;
import dev.weft.core.Problem;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.client.Clients;
import dev.weft.core.client.Explanation;
import dev.weft.events.EventStore;
import dev.weft.events.Progress;
import dev.weft.http.BearerToken;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What the platform asks a service about itself, below {@value #PREFIX}. */
final class About {

    static final String PREFIX = "/_weft/";

    /** The longest that a caller can wait for progress. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(9);

    /** How far the service has come, and what keeps it. */
    record Report(
            String service,
            long head,
            long published,
            boolean settled,
            List<Progress.Blocked> blocked) {}

    /**
     * What stands around this service's routes, and around its calls by who is called.
     *
     * @param server nothing, if one that is called was named
     */
    record Explanations(String service, List<Explanation.Step> server, List<Explanation> calls) {}

    private final Surroundings in;
    private final Progress progress;
    private final EventStore events;
    private final Clients clients;
    private final ServerStack around;
    private final List<String> routes;

    /**
     * @param routes of the service, as {@code GET /products/{id}}
     */
    About(
            Surroundings in,
            Progress progress,
            EventStore events,
            Clients clients,
            ServerStack around,
            List<String> routes) {
        this.in = in;
        this.progress = progress;
        this.events = events;
        this.clients = clients;
        this.around = around;
        this.routes = List.copyOf(routes);
    }

    Routes routes() {
        return Routes.of(
                Route.get(PREFIX + "health", request -> health()),
                Route.get(PREFIX + "routes", request -> json(Map.of("routes", routes))),
                Route.get(PREFIX + "progress", this::progress),
                Route.get(PREFIX + "explain", this::explain));
    }

    private Response health() {
        return json(Map.of("service", in.service(), "instance", in.instance(), "state", "ready"));
    }

    /** Waits until all that this log holds, and all that is named, has been dealt with. */
    private Response progress(Request request) throws InterruptedException {
        requireToken(request);
        var after = Receipt.parse(request.query().get("after").orElse(""));
        var waitMs = request.query().get("wait_ms").map(About::milliseconds).orElse(0L);
        var blocked = progress.awaitSettled(events.head(), after, Duration.ofMillis(waitMs));
        // Read again: what was waited for may have written more.
        return json(
                new Report(
                        in.service(),
                        events.head(),
                        progress.published(),
                        blocked.isEmpty(),
                        blocked));
    }

    /** What stands around the routes of this service and the calls that it makes. */
    private Response explain(Request request) {
        requireToken(request);
        var one = request.query().get("service");
        var all = one.map(name -> List.of(clients.of(name))).orElseGet(clients::made);
        return json(
                new Explanations(
                        in.service(),
                        one.isPresent() ? List.of() : around.explained(),
                        all.stream().flatMap(each -> Explanation.of(each).stream()).toList()));
    }

    private void requireToken(Request request) {
        if (in.token().isPresent() && !BearerToken.shown(request, in.token().get()))
            throw Problem.of(401, "token-needed", "this is asked with the hub's token").failure();
    }

    private static long milliseconds(String text) {
        try {
            return Math.clamp(Long.parseLong(text), 0, LONGEST_WAIT.toMillis());
        } catch (NumberFormatException e) {
            throw Problem.of(400, "bad-wait", "wait_ms is a number, not \"" + text + "\"")
                    .failure();
        }
    }

    private static Response json(Object value) {
        return Response.of(200)
                .header("Content-Type", "application/json")
                .with(Body.of(Json.write(value)));
    }
}
