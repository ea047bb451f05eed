package dev.weft.hub;

import static dev.weft.core.Route.get;
import static dev.weft.core.Route.post;
import static dev.weft.core.Route.put;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.SubscriptionLedger;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The bus over HTTP for programs in any language: CloudEvents in and out, subscriptions that are declared. */
final class ProgramRoutes {

    /** Under which name the answer to a pull tells its lease. */
    static final String LEASE = "Weft-Lease";

    private static final Duration LEASE_TIME = Duration.ofSeconds(30);
    private static final long SHORTEST_LEASE_MS = 100;
    private static final long LONGEST_LEASE_MS = 600_000;
    private static final int PULLED = 100;
    private static final int MAX_ERROR = 500;
    private static final String PREFIX = "pull-";
    private static final String SUBSCRIPTION = "/bus/subscriptions/{name}";

    /** What became of events that were sent. */
    record Taken(int accepted, int repeated) {}

    record Pull(Optional<Integer> max, Optional<Long> waitMs, Optional<Long> leaseMs) {}

    record Handled(String lease, List<String> ids) {}

    record Rejected(
            String lease, List<String> ids, Optional<String> error, Optional<Long> retryAfterMs) {}

    record Extended(String lease) {}

    record Replay(String from) {}

    record Replayed(long behind) {}

    record Parked(List<BusLog.ParkedKey> parked) {}

    /**
     * Parked keys; without a source and a key, all of them are meant.
     *
     * @param all that they are, where nothing can be taken back
     */
    record Which(Optional<String> source, Optional<String> key, Optional<Boolean> all) {
        static final Which ANY = new Which(Optional.empty(), Optional.empty(), Optional.empty());

        boolean isNamed() {
            return source.isPresent() || key.isPresent() || all.orElse(false);
        }
    }

    record Done(int keys) {}

    private final BusLog bus;
    private final Pushing pushing;
    private final Time time;

    ProgramRoutes(BusLog bus, Pushing pushing, Time time) {
        this.bus = bus;
        this.pushing = pushing;
        this.time = time;
    }

    Routes routes() {
        return Routes.of(
                post("/bus/events", BusRoutes.checked(this::take)),
                put(SUBSCRIPTION, BusRoutes.checked(this::declare)),
                get(SUBSCRIPTION, this::show),
                post(SUBSCRIPTION + "/pull", this::pull),
                post(SUBSCRIPTION + "/acknowledge", this::acknowledge),
                post(SUBSCRIPTION + "/reject", this::reject),
                post(SUBSCRIPTION + "/extend", this::extend),
                post(SUBSCRIPTION + "/replay", BusRoutes.checked(this::replay)),
                get(SUBSCRIPTION + "/parked", this::parked),
                post(SUBSCRIPTION + "/parked/retry", this::retry),
                post(SUBSCRIPTION + "/parked/drop", this::drop));
    }

    private Response take(Request request) throws Exception {
        var now = time.now();
        var offered = CloudEvents.in(request).stream().map(event -> event.offered(now)).toList();
        var accepted = bus.accept(offered);
        return Answers.json(new Taken(accepted.added().size(), accepted.repeated()));
    }

    private Response declare(Request request) throws Exception {
        var name = request.variable("name");
        var declaration = Answers.read(request, Declaration.class);
        boolean isNew = bus.declare(name, declaration);
        pushing.look(name);
        return show(request.variable("name"), isNew ? 201 : 200);
    }

    private Response show(Request request) {
        return show(request.variable("name"), 200);
    }

    private Response show(String name, int status) {
        var progress = bus.subscription(name);
        return new Response(
                status, Answers.json(progress).headers(), Answers.json(progress).body());
    }

    private Response pull(Request request) throws Exception {
        var pull =
                request.body() == Body.EMPTY
                        ? new Pull(Optional.empty(), Optional.empty(), Optional.empty())
                        : Answers.read(request, Pull.class);
        int max = (int) within("max", pull.max.orElse(PULLED), 1, Bus.MAX_BATCH);
        long longestMs = BusRoutes.LONGEST_POLL.toMillis();
        var wait = Duration.ofMillis(within("wait_ms", pull.waitMs.orElse(0L), 0, longestMs));
        var lease =
                Duration.ofMillis(
                        within(
                                "lease_ms",
                                pull.leaseMs.orElse(LEASE_TIME.toMillis()),
                                SHORTEST_LEASE_MS,
                                LONGEST_LEASE_MS));
        var consumer = PREFIX + Long.toString(time.random().nextLong() >>> 1, 36);
        var handed = bus.lease(request.variable("name"), consumer, max, wait, lease);
        var answer = CloudEvents.batch(handed.stream().map(CloudEvent::of).toList());
        return handed.isEmpty()
                ? answer
                : answer.header(LEASE, consumer)
                        .header(LEASE + "-Ms", Long.toString(lease.toMillis()));
    }

    private static long within(String name, long number, long least, long most) {
        if (number >= least && number <= most) return number;
        throw new Failure.Malformed(
                name + " is a number from " + least + " to " + most + ", not " + number);
    }

    private Response acknowledge(Request request) throws Exception {
        var handled = Answers.read(request, Handled.class);
        var name = request.variable("name");
        var refused = bus.acknowledgeHeld(name, lease(handled.lease), bounded(handled.ids));
        bus.end(name, handled.lease);
        return answer(refused);
    }

    private Response reject(Request request) throws Exception {
        var rejected = Answers.read(request, Rejected.class);
        var name = request.variable("name");
        var wait =
                rejected.retryAfterMs.map(
                        ms -> Duration.ofMillis(within("retry_after_ms", ms, 0, LONGEST_LEASE_MS)));
        var error = rejected.error.orElse("rejected without a reason");
        if (error.length() > MAX_ERROR) error = error.substring(0, MAX_ERROR);
        var refused = bus.reject(name, lease(rejected.lease), bounded(rejected.ids), error, wait);
        bus.end(name, rejected.lease);
        return answer(refused);
    }

    /** Only a pull's consumer is named here. */
    private static String lease(String lease) {
        if (lease.startsWith(PREFIX)) return lease;
        throw new Failure.Malformed(
                "lease is what the header " + LEASE + " of a pull said, not \"" + lease + "\"");
    }

    private static List<String> bounded(List<String> ids) {
        if (ids.size() <= Bus.MAX_BATCH) return ids;
        throw new Failure.Malformed(
                "at most " + Bus.MAX_BATCH + " ids are named at once, not " + ids.size());
    }

    private static Response answer(List<String> refused) {
        if (refused.isEmpty()) return Response.of(204);
        throw Problem.of(
                        409,
                        "lease-ended",
                        refused.size()
                                + " of these events are not with this lease any more; another"
                                + " consumer has them or will be handed them. The others count")
                .with("refused", refused)
                .failure();
    }

    private Response extend(Request request) {
        var lease = lease(Answers.read(request, Extended.class).lease);
        if (bus.extend(request.variable("name"), lease)) return Response.of(204);
        throw Problem.of(409, "lease-ended", "the lease " + lease + " has ended").failure();
    }

    private Response replay(Request request) throws Exception {
        var from = Answers.read(request, Replay.class).from();
        return Answers.json(new Replayed(bus.replay(request.variable("name"), from)));
    }

    private Response parked(Request request) {
        return Answers.json(new Parked(bus.parked(request.variable("name"))));
    }

    private Response retry(Request request) throws Exception {
        var name = request.variable("name");
        int keys = 0;
        for (var key : keys(name, which(request))) if (bus.retry(name, key)) keys++;
        return Answers.json(new Done(keys));
    }

    private Response drop(Request request) throws Exception {
        var name = request.variable("name");
        var which = which(request);
        if (!which.isNamed())
            throw new Failure.Malformed(
                    "name the source and key whose first event is to be left out for ever, or say"
                            + " {\"all\": true} for the first one of each key");
        int keys = 0;
        for (var key : keys(name, which)) if (bus.drop(name, key)) keys++;
        return Answers.json(new Done(keys));
    }

    private static Which which(Request request) {
        return request.body() == Body.EMPTY ? Which.ANY : Answers.read(request, Which.class);
    }

    private List<SubscriptionLedger.Key> keys(String name, Which which) {
        return bus.parked(name).stream()
                .filter(key -> which.source.isEmpty() || which.source.get().equals(key.source()))
                .filter(key -> which.key.isEmpty() || which.key.get().equals(key.key()))
                .map(key -> new SubscriptionLedger.Key(key.source(), key.key()))
                .toList();
    }
}
