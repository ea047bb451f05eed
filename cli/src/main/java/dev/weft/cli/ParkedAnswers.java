package dev.weft.cli;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.events.ParkedEvents;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the hub says about parked events: the answers of all services. */
record ParkedAnswers(List<Answered> services, List<Away> away) {

    private static final int REFUSED = 400;

    /** The answer of one service. */
    record Answered(String service, int status, RawJson answer) {}

    /** A service that does not answer. */
    record Away(String service, String error) {}

    /** What one service has parked. */
    record Listing(
            String service,
            List<ParkedEvents.Group> groups,
            List<ParkedEvents.Head> keys,
            int leftOut) {}

    /** An event and the service that has parked it. */
    record Found(String service, ParkedEvents.Shown event) {}

    static ParkedAnswers get(Admin admin, String system, String path, Query query) {
        return read(admin, system, Request.get(path).with(query));
    }

    static ParkedAnswers post(
            Admin admin, String system, String path, String service, Map<String, Object> what) {
        var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
        return read(admin, system, Request.post(path, Body.of(Json.write(what))).with(query));
    }

    /** Refused by one service is refused; who does not answer is named on standard error. */
    private static ParkedAnswers read(Admin admin, String system, Request request) {
        var bytes = admin.ask(system, request).body().bytes();
        var answers = Json.read(bytes, ParkedAnswers.class);
        for (var each : answers.services)
            if (each.status >= REFUSED)
                throw new CommandFailed(each.service + ": " + detail(each.answer));
        for (var each : answers.away)
            System.err.println("weft: " + each.service + " does not answer: " + each.error);
        return answers;
    }

    private static String detail(RawJson problem) {
        try {
            if (Json.readMap(problem.utf8()).get("detail") instanceof String said) return said;
        } catch (Failure.Malformed e) {
            // Not a problem; shown as it is.
        }
        return new String(problem.utf8(), StandardCharsets.UTF_8);
    }

    List<Listing> listings() {
        return services.stream().map(each -> Json.read(each.answer.utf8(), Listing.class)).toList();
    }

    List<Found> found() {
        var found = new ArrayList<Found>();
        for (var each : services)
            for (var event : Json.readList(each.answer.utf8(), ParkedEvents.Shown.class))
                found.add(new Found(each.service, event));
        return found;
    }

    /** The one event that is meant. */
    static Found only(List<Found> found, String event) {
        if (found.isEmpty()) throw new CommandFailed("nobody has parked " + event);
        if (found.size() > 1)
            throw new CommandFailed(
                    event
                            + " is parked "
                            + found.size()
                            + " times; say with --service and --listener which is meant: "
                            + String.join(
                                    ", ",
                                    found.stream()
                                            .map(it -> it.service + " " + it.event.listener())
                                            .toList()));
        return found.getFirst();
    }

    List<ParkedEvents.Changed> changes() {
        return services.stream()
                .map(each -> Json.read(each.answer.utf8(), ParkedEvents.Changed.class))
                .toList();
    }

    /** What fails alike, in columns; nothing but the titles if nothing is parked. */
    static List<String> groups(List<Listing> listings, Instant now) {
        var table =
                new Table(
                        "SERVICE",
                        "LISTENER",
                        "TYPE",
                        "KEYS",
                        "EVENTS",
                        "OLDEST",
                        "STATE",
                        "CAUSE");
        for (var listing : listings)
            for (var group : listing.groups)
                table.row(
                        listing.service,
                        group.listener(),
                        group.type(),
                        Integer.toString(group.keys()),
                        Integer.toString(group.events()),
                        group.oldest().map(at -> age(at, now)).orElse(""),
                        group.retrying() == 0
                                ? "parked"
                                : group.retrying() == group.keys()
                                        ? "retrying"
                                        : group.retrying() + " retrying",
                        cause(group.error(), group.message()));
        return table.lines();
    }

    /** {@code IllegalStateException: boom}, on one line that is not too long. */
    static String cause(String error, String message) {
        if (error.isEmpty()) return "";
        var text =
                error.substring(error.lastIndexOf('.') + 1)
                        + (message.isEmpty() ? "" : ": " + message.lines().findFirst().orElse(""));
        return text.length() <= 100 ? text : text.substring(0, 99) + "…";
    }

    /** {@code 1 key}, {@code 2 keys}. */
    static String count(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    static String age(Instant at, Instant now) {
        return Ps.age(Duration.between(at, now));
    }
}
