package dev.weft.gateway;

import dev.weft.core.Backoff;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * One service, as callers from outside reach it.
 *
 * <p>A request of which nothing was sent waits for a ready instance, so that replacing a service
 * looks like a slow answer. What else may be tried again, the client of the service does.
 */
final class Destination implements Service<Request, Response> {

    private static final Logger LOG = System.getLogger(Destination.class.getName());

    private final String service;
    private final Waiting waiting;
    private final Service<Request, Response> instances;
    private final Semaphore room;
    private final GatewayOptions options;
    private final Time time;

    /**
     * @param instances the client of the service; refuses when no instance can be reached
     * @param room bounds how many requests wait, of all services
     */
    Destination(
            String service,
            Waiting waiting,
            Service<Request, Response> instances,
            Semaphore room,
            GatewayOptions options,
            Time time) {
        this.service = service;
        this.waiting = waiting;
        this.instances = instances;
        this.room = room;
        this.options = options;
        this.time = time;
    }

    @Override
    public Response call(Request request) throws Exception {
        if (!request.body().atHand()) return stream(request);
        try {
            return whenReady(request, null);
        } catch (Failure.Unreachable e) {
            throw lost(e);
        }
    }

    private Response stream(Request request) throws Exception {
        var stream = new CallerStream(request.body());
        try {
            return whenReady(request, stream);
        } catch (RuntimeException e) {
            var callers = stream.failure();
            if (callers != null) throw callers;
            throw e instanceof Failure.Unreachable lost ? lost(lost) : e;
        }
    }

    /** Waits for an instance if there is none that anything can be sent to. */
    private Response whenReady(Request request, @Nullable CallerStream stream) throws Exception {
        var seen = waiting.instances();
        var first = once(request, stream);
        if (first.response() != null) return first.response();
        if (!room.tryAcquire())
            throw refused(
                    options.maxWaiting()
                            + " requests wait for an instance already, so no more can; "
                            + first.refusal());
        try {
            return whenReady(request, stream, seen, first.refusal());
        } finally {
            room.release();
        }
    }

    private Response whenReady(
            Request request, @Nullable CallerStream stream, List<Instance> seen, String refusal)
            throws Exception {
        long start = time.nanos();
        var atMost = options.longestWaitUntilDeadline();
        for (int round = 1; ; round++) {
            var left = atMost.minusNanos(time.nanos() - start);
            if (!left.isPositive())
                throw refused(refusal + "; waited " + atMost.toMillis() + " ms for one");
            waiting.awaitOtherThan(seen, Waiting.anyReady(seen) ? shorter(left, round) : left);
            seen = waiting.instances();
            var outcome = once(request, stream);
            if (outcome.response() != null) return outcome.response();
            refusal = outcome.refusal();
        }
    }

    /** What came of one pass over the instances: an answer, or why nothing was sent. */
    private record Outcome(@Nullable Response response, String refusal) {}

    private Outcome once(Request request, @Nullable CallerStream stream) throws Exception {
        try {
            return new Outcome(
                    instances.call(stream == null ? request : request.with(stream.body())), "");
        } catch (Failure.Refused e) {
            var refusal = e.refusal();
            if (refusal.begun() || refusal.reason() != Refusal.Reason.UNAVAILABLE) throw e;
            if (stream != null && !stream.whole()) throw e;
            return new Outcome(null, refusal.detail());
        } catch (Failure.Unreachable e) {
            if (e.sent() || stream == null || !stream.whole()) throw e;
            return new Outcome(null, "no instance of " + service + " can be reached");
        }
    }

    /** An instance that is said to be ready but can't be reached is tried again by and by. */
    private Duration shorter(Duration left, int round) {
        var backoff = Backoff.CALLS.after(round, time);
        return backoff.compareTo(left) < 0 ? backoff : left;
    }

    private Failure.Refused refused(String detail) {
        return new Failure.Refused(
                Refusal.notBegun(options.name(), Refusal.Reason.UNAVAILABLE, detail)
                        .retryAfter(GatewayOptions.RETRY_AFTER));
    }

    /** The log says more than the caller is told: addresses are nothing for outside. */
    private Failure.Refused lost(Failure.Unreachable why) {
        LOG.log(Level.WARNING, service + " gave no answer: " + why.getMessage());
        return new Failure.Refused(
                new Refusal(
                        options.name(),
                        Refusal.Reason.UNAVAILABLE,
                        why.sent(),
                        GatewayOptions.RETRY_AFTER,
                        service + " gave no answer"));
    }
}
