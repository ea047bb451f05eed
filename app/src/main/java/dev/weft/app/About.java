package dev.weft.app;

import dev.weft.core.Body;
import dev.weft.core.Instance;
import dev.weft.core.Problem;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.client.Clients;
import dev.weft.core.client.Explanations;
import dev.weft.events.EventStore;
import dev.weft.events.ParkedEvents;
import dev.weft.events.Progress;
import dev.weft.http.BearerToken;
import dev.weft.http.ServerLayers;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

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

    /** All of one instance. */
    record Parts(String service, String instance, long head, List<Part> parts) {}

    /**
     * A projection, the publication or a listener.
     *
     * @param applied up to where of which log
     * @param keys how many keys of events do not go on because one fails
     * @param failing some of these
     */
    record Part(
            String kind,
            String name,
            Map<String, Long> applied,
            int keys,
            List<Progress.Failing> failing,
            int parkedKeys,
            int parkedEvents) {}

    private final Surroundings in;
    private final Progress progress;
    private final ParkedEvents parked;
    private final EventStore events;
    private final Clients clients;
    private final ServerLayers around;
    private final List<String> routes;
    private final Supplier<Instance.State> state;

    /**
     * @param routes of the service, as {@code GET /products/{id}}
     * @param state as it is now
     */
    About(
            Surroundings in,
            Progress progress,
            ParkedEvents parked,
            EventStore events,
            Clients clients,
            ServerLayers around,
            List<String> routes,
            Supplier<Instance.State> state) {
        this.in = in;
        this.progress = progress;
        this.parked = parked;
        this.events = events;
        this.clients = clients;
        this.around = around;
        this.routes = List.copyOf(routes);
        this.state = state;
    }

    Routes routes() {
        return Routes.of(
                        Route.get(PREFIX + "health", request -> health()),
                        Route.get(PREFIX + "routes", request -> json(Map.of("routes", routes))),
                        Route.get(PREFIX + "progress", this::progress),
                        Route.get(PREFIX + "subscriptions", this::subscriptions),
                        Route.get(PREFIX + "explain", this::explain))
                .and(new ParkedRoutes(in, parked).routes());
    }

    private Response health() {
        return json(
                Map.of(
                        "service",
                        in.service(),
                        "instance",
                        in.instance(),
                        "state",
                        state.get().name().toLowerCase(Locale.ROOT)));
    }

    /** Waits until all that this log holds, and all that is named, has been dealt with. */
    private Response progress(Request request) throws InterruptedException {
        requireToken(in, request);
        var after = Receipt.parse(request.query().get("after").orElse(""));
        var waitMs =
                request.query()
                        .get("wait_ms")
                        .map(text -> number("wait_ms", text, (int) LONGEST_WAIT.toMillis()))
                        .orElse(0);
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

    /** How far each projection, the publication and each listener has come, and what fails. */
    private Response subscriptions(Request request) {
        requireToken(in, request);
        var keys =
                parked.heads(ParkedEvents.Selection.ALL).stream()
                        .collect(Collectors.groupingBy(ParkedEvents.Head::listener));
        var parts =
                progress.states().stream()
                        .map(state -> part(state, keys.getOrDefault(state.name(), List.of())))
                        .toList();
        return json(new Parts(in.service(), in.instance(), events.head(), parts));
    }

    private static Part part(Progress.State state, List<ParkedEvents.Head> keys) {
        boolean listens = Set.of("transactional", "effect").contains(state.kind());
        return new Part(
                state.kind(),
                state.name(),
                state.applied().positions(),
                state.keys(),
                state.failing(),
                listens ? keys.size() : 0,
                listens ? keys.stream().mapToInt(ParkedEvents.Head::events).sum() : 0);
    }

    /** What stands around the routes of this service and the calls that it makes. */
    private Response explain(Request request) {
        requireToken(in, request);
        return json(
                Explanations.of(
                        in.service(), around.explained(), clients, request.query().get("service")));
    }

    static void requireToken(Surroundings in, Request request) {
        if (in.token().isPresent() && !BearerToken.shown(request, in.token().get()))
            throw Problem.of(401, "token-needed", "this is asked with the hub's token").failure();
    }

    /** A number that somebody asks with, from 0 to the most. */
    static int number(String name, String text, int most) {
        try {
            return Math.clamp(Long.parseLong(text), 0, most);
        } catch (NumberFormatException e) {
            throw Problem.of(400, "bad-number", name + " is a number, not \"" + text + "\"")
                    .failure();
        }
    }

    static Response json(Object value) {
        return Response.of(200)
                .header("Content-Type", "application/json")
                .with(Body.of(Json.write(value)));
    }
}
