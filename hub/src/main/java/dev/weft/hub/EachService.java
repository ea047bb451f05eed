package dev.weft.hub;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Asks one instance of each service the same, where all instances tell the same. */
final class EachService {

    static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final String OF_SERVICE = "/_weft";
    private static final String ADMIN = "/admin";
    private static final int NOT_FOUND = 404;
    private static final int MAX_ANSWER_BYTES = 16 << 20;

    /** What one service says; a status from 400 on is a refusal, whose answer is the problem. */
    record Answered(String service, int status, RawJson answer) {}

    /** Of this service nobody answers. */
    record Away(String service, String error) {}

    record All(List<Answered> services, List<Away> away) {}

    private final InstanceTable table;
    private final InstanceCalls calls;

    EachService(InstanceTable table, InstanceCalls calls) {
        this.table = table;
        this.calls = calls;
    }

    /**
     * The answers by service; one that knows no such question is left out.
     *
     * @param only the one service to ask; a 404 if there is none of that name
     */
    All ask(Optional<String> only, Request request) throws InterruptedException {
        return ask(only, request, PATIENCE);
    }

    /** The same question under {@code /_weft} as under {@code /admin}, of all or of the one that {@code service} names in the query. */
    Response pass(Request request, Duration patience) throws InterruptedException {
        var asked =
                request.path(OF_SERVICE + request.path().substring(ADMIN.length()))
                        .with(Headers.EMPTY.set("Content-Type", "application/json"))
                        .with(
                                request.body() == Body.EMPTY
                                        ? Body.EMPTY
                                        : Body.of(request.body().bytes()));
        return Answers.json(ask(request.query().get("service"), asked, patience));
    }

    /** As the other, with so much time for one instance. */
    All ask(Optional<String> only, Request request, Duration patience) throws InterruptedException {
        var byService = new TreeMap<String, List<Instance>>();
        for (var instance : table.instances())
            if (only.map(instance.service()::equals).orElse(true))
                byService.computeIfAbsent(instance.service(), s -> new ArrayList<>()).add(instance);
        if (only.isPresent() && byService.isEmpty()) throw Problem.notFound("service", only.get());
        var services = new ArrayList<Answered>();
        var away = new ArrayList<Away>();
        for (var each : byService.entrySet())
            switch (ask(each.getKey(), each.getValue(), request, patience)) {
                case Came(var answered) -> answered.ifPresent(services::add);
                case Missing(var gone) -> away.add(gone);
            }
        return new All(services, away);
    }

    /** What came of asking one service. */
    private sealed interface Outcome {}

    /** It answered; with nothing if it keeps nothing of what was asked for. */
    private record Came(Optional<Answered> answered) implements Outcome {}

    private record Missing(Away away) implements Outcome {}

    /**
     * Asks one that is ready; another one if it does not answer, unless it may have begun what is not only a question: twice would
     * be wrong.
     */
    private Outcome ask(
            String service, List<Instance> instances, Request request, Duration patience)
            throws InterruptedException {
        var why = "no instance is there";
        var readyFirst =
                instances.stream()
                        .sorted(Comparator.comparing(it -> it.state() != Instance.State.READY))
                        .toList();
        for (var instance : readyFirst)
            try {
                return new Came(answered(service, calls.call(instance, request, patience)));
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                why = InstanceCalls.why(e);
                if (request.method() != Method.GET && mayHaveBegun(e))
                    return new Missing(
                            new Away(service, "it is not known whether that was done: " + why));
            }
        return new Missing(new Away(service, why));
    }

    private static boolean mayHaveBegun(Exception failure) {
        return switch (failure) {
            case Failure.Unreachable unreachable -> unreachable.sent();
            case Failure.Refused refused -> refused.refusal().begun();
            default -> true;
        };
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
