package dev.weft.app;

import dev.weft.core.Body;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.events.ParkedEvents;
import dev.weft.events.ParkedEvents.Selection;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** What the listeners have parked, to look at and to change, below {@value #PATH}. */
final class ParkedRoutes {

    static final String PATH = About.PREFIX + "parked";

    /** How many keys are listed unless another number is asked for. */
    private static final int KEYS = 100;

    /** As many as there can be. */
    private static final int MAX_KEYS = 10_000;

    /**
     * What is parked.
     *
     * @param groups all keys that are meant, those that fail alike together
     * @param keys the first of them
     * @param leftOut how many more there are
     */
    record Listing(
            String service,
            List<ParkedEvents.Group> groups,
            List<ParkedEvents.Head> keys,
            int leftOut) {}

    record Retry(Selection select, Optional<Long> perMinute) {}

    record Drop(Selection select, Optional<Boolean> behind) {}

    /**
     * An edit.
     *
     * @param data JSON as text
     */
    record Edit(Optional<String> listener, String event, String data) {}

    private final Surroundings in;
    private final ParkedEvents parked;

    ParkedRoutes(Surroundings in, ParkedEvents parked) {
        this.in = in;
        this.parked = parked;
    }

    Routes routes() {
        return Routes.of(
                Route.get(PATH, this::list),
                Route.get(PATH + "/event", this::show),
                Route.post(PATH + "/retry", this::retry),
                Route.post(PATH + "/drop", this::drop),
                Route.post(PATH + "/edit", this::edit));
    }

    private Response list(Request request) {
        requireToken(in, request);
        var query = request.query();
        var heads =
                parked.heads(
                        new Selection(
                                query.get("listener"),
                                query.get("event"),
                                query.get("source"),
                                query.get("key"),
                                query.get("cause"),
                                Optional.of(true)));
        int limit =
                query.get("limit").map(text -> About.number("limit", text, MAX_KEYS)).orElse(KEYS);
        var some = heads.stream().limit(limit).toList();
        return About.json(
                new Listing(
                        in.service(),
                        ParkedEvents.groups(heads),
                        some,
                        heads.size() - some.size()));
    }

    private Response show(Request request) {
        requireToken(in, request);
        var event = request.query().get("event").orElse("");
        var shown = parked.show(request.query().get("listener"), event);
        if (shown.isEmpty()) throw Problem.notFound("parked-event", event);
        return About.json(shown);
    }

    private Response retry(Request request) throws InterruptedException {
        requireToken(in, request);
        var wanted = read(request, Retry.class);
        return About.json(
                parked.retry(wanted.select(), wanted.perMinute().orElse(ParkedEvents.NO_LIMIT)));
    }

    private Response drop(Request request) throws InterruptedException {
        requireToken(in, request);
        var wanted = read(request, Drop.class);
        return About.json(parked.drop(wanted.select(), wanted.behind().orElse(false)));
    }

    private Response edit(Request request) throws InterruptedException {
        requireToken(in, request);
        var wanted = read(request, Edit.class);
        return About.json(
                parked.edit(
                        wanted.listener(),
                        wanted.event(),
                        wanted.data().getBytes(StandardCharsets.UTF_8)));
    }

    /** Events are data of users, and dropping them is for ever: without a token only this machine may. */
    static void requireToken(Surroundings in, Request request) {
        About.requireOwner(in, request, "look at what is kept here");
    }

    private static <T> T read(Request request, Class<T> type) {
        return request.body() == Body.EMPTY
                ? Json.read("{}", type)
                : Json.read(request.body().bytes(), type);
    }
}
