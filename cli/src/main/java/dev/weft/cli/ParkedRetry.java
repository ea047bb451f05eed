package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.ParkedEvents;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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

    /** As many keys as a service can have parked. */
    private static final String ALL = "10000";

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
            var meant = meant(admin, system.admin());
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
            return finished(admin, system.admin(), meant, keys, events);
        }
    }

    static long perMinute(String rate) {
        var read = RATE.matcher(rate);
        if (!read.matches() || Long.parseLong(read.group(1)) == 0)
            throw new CommandFailed("a rate is 20/s or 30/min, not \"" + rate + "\"");
        long number = Long.parseLong(read.group(1));
        return Math.min(ParkedEvents.NO_LIMIT, "min".equals(read.group(2)) ? number : 60 * number);
    }

    /** A key that is meant, whichever of its events it comes to and whatever that fails on. */
    private record Meant(String service, String listener, String source, String key) {
        static Meant of(String service, ParkedEvents.Head head) {
            return new Meant(service, head.listener(), head.source(), head.key());
        }
    }

    /** All keys that fit, each with its service. */
    private static List<ParkedAnswers.Listing> parked(Admin admin, String system, Query query) {
        return ParkedAnswers.get(admin, system, "/admin/parked", query.and("limit", ALL))
                .listings();
    }

    private Set<Meant> meant(Admin admin, String system) {
        return parked(admin, system, which.query(which.event)).stream()
                .flatMap(of -> of.keys().stream().map(head -> Meant.of(of.service(), head)))
                .collect(Collectors.toSet());
    }

    /** What is still parked of the keys that are meant. */
    private List<ParkedAnswers.Listing> left(Admin admin, String system, Set<Meant> meant) {
        var any = new ParkedChoice();
        any.service = which.service;
        any.listener = which.listener;
        return parked(admin, system, any.query("")).stream()
                .map(of -> of.only(head -> meant.contains(Meant.of(of.service(), head))))
                .toList();
    }

    private int finished(Admin admin, String system, Set<Meant> meant, int keys, int events) {
        if (timeoutSeconds <= 0) {
            if (json) System.out.println(Json.text(new Result(keys, events, keys, false)));
            return 0;
        }
        Time time = SystemTime.INSTANCE;
        long endNanos = time.nanos() + Math.round(timeoutSeconds * 1e9);
        while (true) {
            var left = left(admin, system, meant);
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
