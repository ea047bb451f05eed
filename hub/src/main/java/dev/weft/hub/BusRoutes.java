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
import dev.weft.events.BusMessages.Acknowledged;
import dev.weft.events.BusMessages.Acknowledgement;
import dev.weft.events.BusMessages.Handed;
import dev.weft.events.BusMessages.Join;
import dev.weft.events.BusMessages.Poll;
import dev.weft.events.BusMessages.Publication;
import dev.weft.events.BusMessages.PublishedThrough;
import java.time.Duration;
import java.util.List;

/** The bus over HTTP. */
final class BusRoutes {

    /** The longest that a poll waits. */
    static final Duration LONGEST_POLL = Duration.ofSeconds(30);

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
        bus.publish(source, publication.through(), publication.from(source));
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
        return Answers.json(
                new Acknowledged(
                        bus.acknowledge(request.variable("name"), request.variable("id"), ids)));
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
    static Service<Request, Response> checked(Service<Request, Response> route) {
        return request -> {
            try {
                return route.call(request);
            } catch (IllegalArgumentException e) {
                throw new Failure.Malformed(e.getMessage() == null ? e.toString() : e.getMessage());
            }
        };
    }
}
