package dev.weft.hub;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Every projection, publication, listener and timer of the system, of every instance: how far it has come,
 * what fails, what is parked.
 */
final class SubscriptionRoutes {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long MAX_ANSWER_BYTES = 4 << 20;
    private static final Set<String> LISTENERS = Set.of("view", "transactional", "effect");

    /** Why something does not go on; {@code source} and {@code key} are empty if it is no event's fault. */
    record Failing(
            String source, long position, String key, int attempt, String error, Instant next) {}

    /** What an instance tells of one of its parts. */
    record Part(
            String kind,
            String name,
            Map<String, Long> applied,
            int keys,
            List<Failing> failing,
            int parkedKeys,
            int parkedEvents,
            Optional<Long> waiting,
            Optional<Instant> next) {}

    /** What an instance tells. */
    record Parts(String service, String instance, long head, List<Part> parts) {}

    /**
     * A part of an instance.
     *
     * @param instance empty if no instance of a service tells of the subscription
     * @param applied up to where of which log
     * @param ends of these logs, as far as they are published
     * @param lag events that it has still to deal with; for a listener those of its types
     * @param consumers how many share the subscription; 1 for a projection, a publication or timers
     * @param waiting how many timers are set
     * @param next when the next one of them is due that is not yet
     */
    record View(
            String service,
            String instance,
            String kind,
            String name,
            Map<String, Long> applied,
            Map<String, Long> ends,
            long lag,
            int consumers,
            int keys,
            List<Failing> failing,
            int parkedKeys,
            int parkedEvents,
            Optional<Long> waiting,
            Optional<Instant> next) {}

    /** Of this instance nothing is known. */
    record Away(String service, String instance, String error) {}

    record All(List<View> subscriptions, List<Away> away) {}

    private final InstanceTable table;
    private final BusLog bus;
    private final InstanceCalls calls;
    private final Time time;

    SubscriptionRoutes(InstanceTable table, BusLog bus, InstanceCalls calls, Time time) {
        this.table = table;
        this.bus = bus;
        this.calls = calls;
        this.time = time;
    }

    Routes routes() {
        return Routes.of(Route.get("/admin/subscriptions", this::all));
    }

    private Response all(Request request) throws InterruptedException {
        var only = request.query().get("service");
        var told = new ArrayList<Parts>();
        var away = new ArrayList<Away>();
        var threads = new ArrayList<Thread>();
        try {
            for (var instance : table.instances())
                if (only.map(instance.service()::equals).orElse(true))
                    threads.add(
                            time.start(
                                    "subscriptions-" + instance.id(),
                                    () -> ask(instance, told, away)));
            for (var thread : threads) thread.join();
        } finally {
            threads.forEach(Thread::interrupt);
        }
        synchronized (told) {
            return Answers.json(new All(views(told, only), List.copyOf(away)));
        }
    }

    /** Both lists are guarded by the first. */
    private void ask(Instance instance, List<Parts> told, List<Away> away) {
        try {
            var parts = parts(calls.call(instance, Request.get("/_weft/subscriptions"), PATIENCE));
            synchronized (told) {
                parts.ifPresent(told::add);
            }
        } catch (Exception e) {
            if (e instanceof InterruptedException) Thread.currentThread().interrupt();
            synchronized (told) {
                away.add(new Away(instance.service(), instance.id(), InstanceCalls.why(e)));
            }
        }
    }

    private static Optional<Parts> parts(Response response) {
        try (var body = response.body()) {
            if (response.status() != 200) return Optional.empty();
            return Optional.of(Json.read(body.bytes(MAX_ANSWER_BYTES), Parts.class));
        } catch (Failure.Malformed e) {
            // A program of another kind that answers whatever it is asked.
            return Optional.empty();
        }
    }

    private List<View> views(List<Parts> told, Optional<String> only) {
        var subscriptions =
                bus.subscriptions().stream()
                        .collect(Collectors.toMap(BusLog.Progress::name, it -> it));
        var views = new ArrayList<View>();
        var seen = new HashSet<String>();
        for (var parts : told)
            for (var part : parts.parts()) {
                var name = parts.service() + "." + part.name();
                seen.add(name);
                views.add(
                        LISTENERS.contains(part.kind())
                                ? listener(
                                        parts, part, Optional.ofNullable(subscriptions.get(name)))
                                : own(parts, part));
            }
        subscriptions.forEach((name, progress) -> {
            var service = Settling.service(name);
            if (!seen.contains(name) && only.map(service::equals).orElse(true))
                views.add(nobodys(service, progress));
        });
        views.sort(
                Comparator.comparing(View::service)
                        .thenComparing(View::kind)
                        .thenComparing(View::name)
                        .thenComparing(View::instance));
        return views;
    }

    /** One that works on its own service's log, or on its timers. */
    private static View own(Parts parts, Part part) {
        boolean reads = part.waiting().isEmpty();
        long at = part.applied().getOrDefault(parts.service(), 0L);
        return new View(
                parts.service(),
                parts.instance(),
                part.kind(),
                part.name(),
                part.applied(),
                reads ? Map.of(parts.service(), parts.head()) : Map.of(),
                reads ? Math.max(0, parts.head() - at) : 0,
                1,
                part.keys(),
                part.failing(),
                0,
                0,
                part.waiting(),
                part.next());
    }

    private View listener(Parts parts, Part part, Optional<BusLog.Progress> subscription) {
        return new View(
                parts.service(),
                parts.instance(),
                part.kind(),
                part.name(),
                part.applied(),
                ends(part.applied()),
                subscription.map(BusLog.Progress::pending).orElse(0L),
                subscription.map(BusLog.Progress::consumers).orElse(0),
                part.keys(),
                part.failing(),
                part.parkedKeys(),
                part.parkedEvents(),
                Optional.empty(),
                Optional.empty());
    }

    /** A subscription that no instance tells of. */
    private static View nobodys(String service, BusLog.Progress subscription) {
        return new View(
                service,
                "",
                "subscription",
                subscription
                        .name()
                        .substring(Math.min(service.length() + 1, subscription.name().length())),
                Map.of(),
                Map.of(),
                subscription.pending(),
                subscription.consumers(),
                0,
                List.of(),
                0,
                subscription.parked(),
                Optional.empty(),
                Optional.empty());
    }

    private Map<String, Long> ends(Map<String, Long> applied) {
        return applied.keySet().stream().collect(Collectors.toMap(it -> it, bus::published));
    }
}
