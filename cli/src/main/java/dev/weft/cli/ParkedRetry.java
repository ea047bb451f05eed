package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.ParkedEvents;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Has parked keys tried again. */
@Command(
        name = "retry",
        mixinStandardHelpOptions = true,
        description = {
            "Has parked keys tried again.",
            "Each from the event that failed on, in order, until it has no more or one fails. It goes on"
                    + " if this command is ended."
        })
final class ParkedRetry implements Callable<Integer> {

    private static final Pattern RATE = Pattern.compile("([0-9]{1,7})(?:/(s|min))?");
    private static final Duration LOOK = Duration.ofMillis(100);

    @Mixin SystemChoice choice = new SystemChoice();

    @Mixin ParkedSelection which = new ParkedSelection();

    @Option(
            names = "--rate",
            paramLabel = "N/s",
            description =
                    "How many events at most, each listener: 20/s, 30/min (default: no limit).")
    String rate = "";

    @Option(
            names = "--timeout",
            defaultValue = "60",
            paramLabel = "SECONDS",
            description =
                    "How long it waits for the end (default: ${DEFAULT-VALUE}); 0: not at all.")
    double timeoutSeconds = 60;

    @Option(names = "--json", description = "Prints {keys, events, still_parked, done}.")
    boolean json;

    /** What came of it; {@code stillParked} counts keys. */
    record Result(int keys, int events, int stillParked, boolean done) {}

    @Override
    public Integer call() {
        var what = new HashMap<String, Object>();
        what.put("select", which.required());
        if (!rate.isEmpty()) what.put("per_minute", perMinute(rate));
        var system = choice.findToChange();
        try (var admin = new Admin(system)) {
            var watched = watched(admin, system.admin());
            var answers =
                    ParkedAnswers.post(
                            admin, system.admin(), "/admin/parked/retry", which.service, what);
            var changes = answers.changes();
            int keys = changes.stream().mapToInt(ParkedEvents.Changed::keys).sum();
            int events = changes.stream().mapToInt(ParkedEvents.Changed::events).sum();
            changes.stream()
                    .flatMap(change -> change.gone().stream())
                    .forEach(gone ->
                            System.err.println(
                                    "weft: there is no listener "
                                            + gone
                                            + " any more; what it has parked can be dropped"));
            if (keys == 0) throw new CommandFailed("nothing is parked that fits");
            if (!json)
                System.out.println(
                        "tried again: "
                                + ParkedAnswers.count(keys, "key")
                                + " with "
                                + ParkedAnswers.count(events, "event"));
            return finished(admin, system.admin(), watched, keys, events);
        }
    }

    static long perMinute(String rate) {
        var read = RATE.matcher(rate);
        if (!read.matches() || Long.parseLong(read.group(1)) == 0)
            throw new CommandFailed("a rate is 20/s or 30/min, not \"" + rate + "\"");
        long number = Long.parseLong(read.group(1));
        return Math.min(ParkedEvents.NO_LIMIT, "min".equals(read.group(2)) ? number : 60 * number);
    }

    /** The keys whose end is waited for, whichever of their events they come to. */
    private ParkedChoice watched(Admin admin, String system) {
        var watched = new ParkedChoice();
        watched.service = which.service;
        watched.listener = which.listener;
        watched.source = which.source;
        watched.key = which.key;
        if (!which.event.isEmpty())
            ParkedAnswers.get(admin, system, "/admin/parked", which.query(which.event))
                    .listings()
                    .stream()
                    .flatMap(listing -> listing.keys().stream())
                    .findFirst()
                    .ifPresent(head -> {
                        watched.source = head.source();
                        watched.key = head.key();
                    });
        return watched;
    }

    private int finished(Admin admin, String system, ParkedChoice watched, int keys, int events) {
        if (timeoutSeconds <= 0) {
            if (json) System.out.println(Json.text(new Result(keys, events, keys, false)));
            return 0;
        }
        Time time = SystemTime.INSTANCE;
        long endNanos = time.nanos() + Math.round(timeoutSeconds * 1e9);
        while (true) {
            var left =
                    ParkedAnswers.get(admin, system, "/admin/parked", watched.query("")).listings();
            boolean done = sum(left, ParkedEvents.Group::retrying) == 0;
            if (done || time.nanos() - endNanos >= 0) return said(left, keys, events, done);
            try {
                time.sleep(LOOK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandFailed("interrupted; it goes on without this command", e);
            }
        }
    }

    private interface Counted {
        int of(ParkedEvents.Group group);
    }

    private static int sum(List<ParkedAnswers.Listing> listings, Counted count) {
        return listings.stream()
                .flatMap(listing -> listing.groups().stream())
                .mapToInt(count::of)
                .sum();
    }

    private int said(List<ParkedAnswers.Listing> left, int keys, int events, boolean done) {
        int parked = sum(left, ParkedEvents.Group::keys);
        if (json) System.out.println(Json.text(new Result(keys, events, parked, done)));
        else if (!done) System.out.println("not all of them yet; it goes on without this command");
        else if (parked == 0) System.out.println("all of them got through");
        else System.out.println("still parked:");
        if (!json && parked > 0)
            ParkedAnswers.groups(left, SystemTime.INSTANCE.now()).forEach(System.out::println);
        return done && parked == 0 ? 0 : 1;
    }
}
