package dev.weft.app;

import dev.weft.app.hub.HubBus;
import dev.weft.contracts.AsyncApi;
import dev.weft.contracts.Contract;
import dev.weft.contracts.OpenApi;
import dev.weft.core.BearerToken;
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
import dev.weft.events.Pipeline;
import dev.weft.events.Progress;
import dev.weft.events.Projections;
import dev.weft.events.Sagas;
import dev.weft.http.ServerLayers;
import dev.weft.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the platform asks a service about itself, below {@value #PREFIX}. */
final class About {

    static final String PREFIX = "/_weft/";

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1");

    /** The longest that a caller can wait for progress. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(9);

    /** How many traces can be waited for together. */
    private static final int MAX_TRACES = 64;

    /** How much of what fails in one listener is told to who waits for traces. */
    private static final int MAX_FAILING = 200;

    private static final Pattern TRACE_ID = Pattern.compile("[0-9a-f]{32}");

    /** How far the service has come, and what keeps it. */
    record Report(
            String service,
            long head,
            long published,
            boolean settled,
            List<Progress.Blocked> blocked) {}

    /**
     * What is under way of some traces in this instance.
     *
     * @param head the end of the log
     * @param subscriptions of its listeners at the hub
     * @param failing what fails in listeners, whose events are at the bus
     */
    record OfTraces(
            String service,
            long head,
            boolean done,
            List<Progress.Blocked> blocked,
            List<String> subscriptions,
            List<Failing> failing) {}

    /** What fails in a listener; {@code source} and {@code key} are empty if it is no event's fault. */
    record Failing(
            String listener, String source, long position, String key, int attempt, String error) {}

    /**
     * Which trace wrote an event.
     *
     * @param traceId empty if there is no such event, or no trace wrote it
     */
    record Written(String service, long head, String traceId) {}

    /** All of one instance. */
    record Parts(String service, String instance, long head, List<Part> parts) {}

    /**
     * A projection, the publication, a listener or the timers.
     *
     * @param applied up to where of which log
     * @param keys how many keys of events do not go on because one fails
     * @param failing some of these
     * @param waiting how many timers are set
     * @param next when the next one of them is due that is not yet
     */
    record Part(
            String kind,
            String name,
            Map<String, Long> applied,
            int keys,
            List<Progress.Failing> failing,
            int parkedKeys,
            int parkedEvents,
            Optional<Long> waiting,
            Optional<Instant> next) {}

    private final Surroundings in;
    private final Progress progress;
    private final ParkedEvents parked;
    private final Eraser eraser;
    private final Projections projections;
    private final Supplier<Pipeline.Waiting> timers;
    private final Sagas sagas;
    private final EventStore events;
    private final Clients clients;
    private final ServerLayers around;
    private final List<String> routes;
    private final Supplier<Contract> contract;
    private final Supplier<Instance.State> state;

    /**
     * @param routes of the service, as {@code GET /products/{id}}
     * @param contract as far as it is known now
     * @param state as it is now
     */
    About(
            Surroundings in,
            Progress progress,
            ParkedEvents parked,
            Eraser eraser,
            Projections projections,
            Supplier<Pipeline.Waiting> timers,
            Sagas sagas,
            EventStore events,
            Clients clients,
            ServerLayers around,
            List<String> routes,
            Supplier<Contract> contract,
            Supplier<Instance.State> state) {
        this.in = in;
        this.progress = progress;
        this.parked = parked;
        this.eraser = eraser;
        this.projections = projections;
        this.timers = timers;
        this.sagas = sagas;
        this.events = events;
        this.clients = clients;
        this.around = around;
        this.routes = List.copyOf(routes);
        this.contract = contract;
        this.state = state;
    }

    Routes routes() {
        return Routes.of(
                        Route.get(PREFIX + "health", request -> health()),
                        Route.get(PREFIX + "routes", request -> json(Map.of("routes", routes))),
                        Route.get(PREFIX + "progress", this::progress),
                        Route.get(PREFIX + "await", this::await),
                        Route.get(PREFIX + "written", this::written),
                        Route.get(PREFIX + "subscriptions", this::subscriptions),
                        Route.get(PREFIX + "explain", this::explain),
                        Route.get(PREFIX + "contract", this::contract),
                        Route.get(PREFIX + "openapi", this::openApi),
                        Route.get(PREFIX + "asyncapi", this::asyncApi))
                .and(new ParkedRoutes(in, parked).routes())
                .and(new ErasureRoutes(in, eraser).routes())
                .and(new ProjectionRoutes(in, projections).routes())
                .and(new SagaRoutes(in, sagas).routes());
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
        var blocked = progress.awaitSettled(events.head(), after, longest(request));
        // Read again: what was waited for may have written more.
        return json(
                new Report(
                        in.service(),
                        events.head(),
                        progress.published(),
                        blocked.isEmpty(),
                        blocked));
    }

    private static Duration longest(Request request) {
        return Duration.ofMillis(
                request.query()
                        .get("wait_ms")
                        .map(text -> number("wait_ms", text, (int) LONGEST_WAIT.toMillis()))
                        .orElse(0));
    }

    /** Waits until what some traces brought about in this service is dealt with, but for what they have at the bus. */
    private Response await(Request request) throws InterruptedException {
        requireToken(in, request);
        var traces = Set.copyOf(List.of(request.query().get("traces").orElse("").split(",")));
        if (traces.size() > MAX_TRACES
                || !traces.stream().allMatch(id -> TRACE_ID.matcher(id).matches()))
            throw Problem.of(
                            400,
                            "bad-traces",
                            "traces are 1 to "
                                    + MAX_TRACES
                                    + " ids of 32 hexadecimal digits, joined by commas")
                    .failure();
        var blocked = progress.awaitOf(traces, events, longest(request));
        return json(
                new OfTraces(
                        in.service(),
                        events.head(),
                        blocked.isEmpty(),
                        blocked,
                        listeners(),
                        failing()));
    }

    private List<String> listeners() {
        if (!(in.bus() instanceof HubBus)) return List.of();
        return progress.states().stream()
                .filter(About::listens)
                .map(state -> in.service() + "." + state.name())
                .toList();
    }

    private List<Failing> failing() {
        return progress.states(MAX_FAILING).stream()
                .filter(About::listens)
                .flatMap(state ->
                        state.failing().stream()
                                .map(it ->
                                        new Failing(
                                                state.name(),
                                                it.source(),
                                                it.position(),
                                                it.key(),
                                                it.attempt(),
                                                it.error())))
                .toList();
    }

    /** The trace of the event at a position of this service's log. */
    private Response written(Request request) {
        requireToken(in, request);
        long position =
                number("position", request.query().get("position").orElse("0"), Long.MAX_VALUE);
        var traceId =
                position == 0
                        ? ""
                        : events.log(position - 1, 1).stream()
                                .findFirst()
                                .map(event -> event.origin().correlation())
                                .orElse("");
        return json(new Written(in.service(), events.head(), traceId));
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
                        .filter(part -> !isIdle(part))
                        .toList();
        return json(new Parts(in.service(), in.instance(), events.head(), parts));
    }

    private Part part(Progress.State state, List<ParkedEvents.Head> keys) {
        if (state.kind().equals("timers")) return timers(state);
        boolean listens = listens(state);
        return new Part(
                state.kind(),
                state.name(),
                state.applied().positions(),
                state.keys(),
                state.failing(),
                listens ? keys.size() : 0,
                listens ? keys.stream().mapToInt(ParkedEvents.Head::events).sum() : 0,
                Optional.empty(),
                Optional.empty());
    }

    /** Timers of a service that has none, calls that do not fail: nothing to look at. */
    private static boolean isIdle(Part part) {
        boolean listed = !Set.of("timers", "calls").contains(part.kind());
        return !listed && part.failing().isEmpty() && part.waiting().orElse(0L) == 0;
    }

    private Part timers(Progress.State state) {
        var waiting = timers.get();
        var failing = new ArrayList<>(state.failing());
        failing.addAll(waiting.failing());
        return new Part(
                state.kind(),
                state.name(),
                Map.of(),
                failing.size(),
                failing,
                0,
                0,
                Optional.of(waiting.count()),
                waiting.next());
    }

    private static boolean listens(Progress.State state) {
        return Set.of("view", "transactional", "effect").contains(state.kind());
    }

    /** What stands around the routes of this service and the calls that it makes. */
    private Response explain(Request request) {
        requireToken(in, request);
        return json(
                Explanations.of(
                        in.service(), around.explained(), clients, request.query().get("service")));
    }

    /** What the service promises others, and what it needs of them. */
    private Response contract(Request request) {
        requireToken(in, request);
        return json(contract.get());
    }

    private Response openApi(Request request) {
        requireToken(in, request);
        return json(OpenApi.of(in.service(), List.of(contract.get())));
    }

    private Response asyncApi(Request request) {
        requireToken(in, request);
        return json(AsyncApi.of(in.service(), List.of(contract.get())));
    }

    static void requireToken(Surroundings in, Request request) {
        in.token().ifPresent(wanted -> BearerToken.require(request, wanted));
    }

    /**
     * As the other, for what nobody else may do: without a token only this machine may.
     *
     * @param what is done, as {@code look at what is parked here}
     */
    static void requireOwner(Surroundings in, Request request, String what) {
        if (in.token().isEmpty() && !LOOPBACK.contains(in.server().host()))
            throw Problem.of(
                            403,
                            "token-not-set",
                            "set WEFT_TOKEN to "
                                    + what
                                    + ": the service listens on "
                                    + in.server().host())
                    .failure();
        requireToken(in, request);
    }

    /** A number that somebody asks with, from 0 to the most. */
    static int number(String name, String text, int most) {
        return (int) number(name, text, (long) most);
    }

    private static long number(String name, String text, long most) {
        try {
            return Math.clamp(Long.parseLong(text), 0L, most);
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
