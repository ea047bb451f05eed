package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.events.ParkedEvents;
import dev.weft.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** What the services say about parked events. */
final class ParkedAnswers {

    private final ServiceAnswers answers;

    private ParkedAnswers(ServiceAnswers answers) {
        this.answers = answers;
    }

    /** What one service has parked. */
    record Listing(
            String service,
            List<ParkedEvents.Group> groups,
            List<ParkedEvents.Head> keys,
            int leftOut) {

        /** What it says of these keys. */
        Listing only(Predicate<ParkedEvents.Head> meant) {
            var some = keys.stream().filter(meant).toList();
            return new Listing(service, ParkedEvents.groups(some), some, 0);
        }
    }

    /** An event and the service that has parked it. */
    record Found(String service, ParkedEvents.Shown event) {}

    static ParkedAnswers get(Admin admin, String system, String path, Query query) {
        return new ParkedAnswers(ServiceAnswers.get(admin, system, path, query));
    }

    static ParkedAnswers post(
            Admin admin, String system, String path, String service, Map<String, Object> what) {
        return new ParkedAnswers(ServiceAnswers.post(admin, system, path, service, what));
    }

    List<Listing> listings() {
        return answers.as(Listing.class);
    }

    List<Found> found() {
        var found = new ArrayList<Found>();
        for (var each : answers.services())
            for (var event : Json.readList(each.answer().utf8(), ParkedEvents.Shown.class))
                found.add(new Found(each.service(), event));
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
        return answers.as(ParkedEvents.Changed.class);
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
