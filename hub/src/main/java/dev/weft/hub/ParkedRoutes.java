package dev.weft.hub;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Instance;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the services have parked, under one path: each question goes to one instance of every service,
 * or of the one that {@code service} names in the query, for all instances tell the same.
 */
final class ParkedRoutes {

    private static final String OF_SERVICE = "/_weft/parked";
    private static final String ADMIN = "/admin/parked";
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int NOT_FOUND = 404;
    private static final int MAX_ANSWER_BYTES = 16 << 20;

    /** What one service says; a status from 400 on is a refusal, whose answer is the problem. */
    record Answered(String service, int status, RawJson answer) {}

    /** Of this service nobody answers. */
    record Away(String service, String error) {}

    record All(List<Answered> services, List<Away> away) {}

    private final InstanceTable table;
    private final InstanceCalls calls;

    ParkedRoutes(InstanceTable table, InstanceCalls calls) {
        this.table = table;
        this.calls = calls;
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
        var only = request.query().get("service");
        var asked =
                request.path(OF_SERVICE + request.path().substring(ADMIN.length()))
                        .with(Headers.EMPTY.set("Content-Type", "application/json"))
                        .with(
                                request.body() == Body.EMPTY
                                        ? Body.EMPTY
                                        : Body.of(request.body().bytes()));
        var byService = new TreeMap<String, List<Instance>>();
        for (var instance : table.instances())
            if (only.map(instance.service()::equals).orElse(true))
                byService.computeIfAbsent(instance.service(), s -> new ArrayList<>()).add(instance);
        if (only.isPresent() && byService.isEmpty()) throw Problem.notFound("service", only.get());
        var services = new ArrayList<Answered>();
        var away = new ArrayList<Away>();
        for (var each : byService.entrySet())
            switch (ask(each.getKey(), each.getValue(), asked)) {
                case Came(var answered) -> answered.ifPresent(services::add);
                case Missing(var gone) -> away.add(gone);
            }
        return Answers.json(new All(services, away));
    }

    /** What came of asking one service. */
    private sealed interface Outcome {}

    /** It answered; with nothing if it keeps nothing of what was asked for. */
    private record Came(Optional<Answered> answered) implements Outcome {}

    private record Missing(Away away) implements Outcome {}

    /** Asks one that is ready; another one if it does not answer. */
    private Outcome ask(String service, List<Instance> instances, Request request)
            throws InterruptedException {
        var why = "no instance is there";
        var readyFirst =
                instances.stream()
                        .sorted(Comparator.comparing(it -> it.state() != Instance.State.READY))
                        .toList();
        for (var instance : readyFirst)
            try {
                return new Came(answered(service, calls.call(instance, request, PATIENCE)));
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                why = InstanceCalls.why(e);
            }
        return new Missing(new Away(service, why));
    }

    private static Optional<Answered> answered(String service, Response response) {
        try (var body = response.body()) {
            if (response.status() == NOT_FOUND) return Optional.empty();
            var answer = Json.read(body.bytes(MAX_ANSWER_BYTES), RawJson.class);
            return Optional.of(new Answered(service, response.status(), answer));
        } catch (Failure.Malformed e) {
            // A program of another kind that answers whatever it is asked.
            return Optional.empty();
        }
    }
}
