package dev.weft.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A service by its name: calls its ready instances in turn.
 *
 * <p>An instance that nothing could be sent to is passed over for the next one. When none is left,
 * the call is refused as {@code unavailable}, not begun, with a second until the next try. Draining
 * instances are called only when no other is left.
 */
public final class RoundRobin implements Service<Request, Response> {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final String by;
    private final String service;
    private final Resolver resolver;
    private final Transport transport;
    private final AtomicInteger turn = new AtomicInteger();

    /**
     * @param by who calls, as refusals name it
     */
    public RoundRobin(String by, String service, Resolver resolver, Transport transport) {
        this.by = by;
        this.service = service;
        this.resolver = resolver;
        this.transport = transport;
    }

    @Override
    public Response call(Request request) throws Exception {
        var instances = candidates();
        int first = turn.getAndIncrement();
        for (int i = 0; i < instances.size(); i++) {
            var instance = instances.get(Math.floorMod(first + i, instances.size()));
            try {
                return transport.client(instance.address()).call(request);
            } catch (Failure.Unreachable e) {
                if (e.sent() || !request.body().atHand()) throw e;
            }
        }
        throw new Failure.Refused(
                Refusal.notBegun(
                                by,
                                Refusal.Reason.UNAVAILABLE,
                                "no instance of "
                                        + service
                                        + " can be reached; "
                                        + instances.size()
                                        + " known")
                        .retryAfter(RETRY_AFTER));
    }

    private List<Instance> candidates() {
        var all = resolver.instances(service);
        var ready = in(Instance.State.READY, all);
        return ready.isEmpty() ? in(Instance.State.DRAINING, all) : ready;
    }

    private static List<Instance> in(Instance.State state, List<Instance> all) {
        var found = new ArrayList<Instance>(all.size());
        for (var instance : all) if (instance.state() == state) found.add(instance);
        return found;
    }
}
