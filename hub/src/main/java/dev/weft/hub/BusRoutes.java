package dev.weft.hub;

import static dev.weft.core.Route.delete;
import static dev.weft.core.Route.get;
import static dev.weft.core.Route.post;
import static dev.weft.core.Route.put;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.json.RawJson;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The bus over HTTP. */
final class BusRoutes {

    /** The longest that a poll waits. */
    static final Duration LONGEST_POLL = Duration.ofSeconds(30);

    /** An event on the wire; {@code source} is left out in a publication, whose path names it. */
    record Sent(
            Optional<String> source,
            long position,
            int part,
            String type,
            String key,
            Instant at,
            RawJson data,
            Optional<String> traceparent,
            Optional<String> tracestate,
            Optional<String> baggage,
            Optional<String> criticality,
            Optional<String> cause) {

        static Sent of(BusEvent event) {
            return new Sent(
                    Optional.of(event.source()),
                    event.position(),
                    event.part(),
                    event.type(),
                    event.key(),
                    event.at(),
                    new RawJson(event.data()),
                    given(event.origin().traceparent()),
                    given(event.origin().tracestate()),
                    given(event.origin().baggage()),
                    given(event.origin().criticality()),
                    given(event.origin().cause()));
        }

        private static Optional<String> given(String text) {
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        }

        BusEvent from(String source) {
            return new BusEvent(
                    source,
                    position,
                    part,
                    type,
                    key,
                    at,
                    data.utf8(),
                    new Origin(
                            traceparent.orElse(""),
                            tracestate.orElse(""),
                            baggage.orElse(""),
                            criticality.orElse(""),
                            cause.orElse(""),
                            ""));
        }
    }

    record Publication(long through, List<Sent> events) {}

    record PublishedThrough(long published) {}

    record Join(Set<String> types) {}

    record Poll(long waitMs) {}

    record Handed(List<Sent> events, Map<String, Long> applied) {
        static Handed of(Bus.Batch batch) {
            return new Handed(
                    batch.events().stream().map(Sent::of).toList(), batch.applied().positions());
        }
    }

    record Acknowledgement(List<String> ids) {}

    record Subscriptions(long end, List<BusLog.Progress> subscriptions) {}

    private final BusLog bus;

    BusRoutes(BusLog bus) {
        this.bus = bus;
    }

    Routes routes() {
        var consumer = "/bus/subscriptions/{name}/consumers/{id}";
        return Routes.of(
                post("/bus/publications/{source}", checked(this::publish)),
                get(
                        "/bus/publications/{source}",
                        request ->
                                Answers.json(
                                        new PublishedThrough(
                                                bus.published(request.variable("source"))))),
                get(
                        "/bus/subscriptions",
                        request -> Answers.json(new Subscriptions(bus.end(), bus.subscriptions()))),
                delete("/bus/subscriptions/{name}", this::forget),
                put(consumer, checked(this::join)),
                post(consumer + "/poll", this::poll),
                post(consumer + "/acknowledge", this::acknowledge),
                delete(consumer, this::leave));
    }

    private Response publish(Request request) throws Exception {
        var publication = Answers.read(request, Publication.class);
        var source = request.variable("source");
        var events = publication.events().stream().map(event -> event.from(source)).toList();
        bus.publish(source, publication.through(), events);
        return Response.of(204);
    }

    private Response join(Request request) throws Exception {
        var join = Answers.read(request, Join.class);
        bus.join(request.variable("name"), request.variable("id"), join.types());
        return Response.of(204);
    }

    private Response poll(Request request) throws Exception {
        var poll = Answers.read(request, Poll.class);
        var wait = Duration.ofMillis(Math.clamp(poll.waitMs(), 0, LONGEST_POLL.toMillis()));
        var batch = bus.poll(request.variable("name"), request.variable("id"), wait);
        return Answers.json(Handed.of(batch));
    }

    private Response acknowledge(Request request) throws Exception {
        var ids = Answers.read(request, Acknowledgement.class).ids();
        if (ids.size() > Bus.MAX_IN_FLIGHT)
            throw new Failure.Malformed(
                    "at most "
                            + Bus.MAX_IN_FLIGHT
                            + " events are acknowledged at once, not "
                            + ids.size());
        bus.acknowledge(request.variable("name"), request.variable("id"), ids);
        return Response.of(204);
    }

    private Response leave(Request request) {
        bus.leave(request.variable("name"), request.variable("id"));
        return Response.of(204);
    }

    private Response forget(Request request) throws Exception {
        var name = request.variable("name");
        if (bus.delete(name)) return Response.of(204);
        throw Problem.of(
                        409,
                        "subscription-in-use",
                        name + " has consumers; it can be deleted when they have left")
                .failure();
    }

    /** What the bus rejects of its arguments is the caller's mistake. */
    private static Service<Request, Response> checked(Service<Request, Response> route) {
        return request -> {
            try {
                return route.call(request);
            } catch (IllegalArgumentException e) {
                throw new Failure.Malformed(e.getMessage() == null ? e.toString() : e.getMessage());
            }
        };
    }
}
