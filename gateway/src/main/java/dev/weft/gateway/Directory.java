package dev.weft.gateway;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Meter;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.core.client.Clients;
import dev.weft.http.HttpClientTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * What the gateway knows of the services: their instances, their routes, and a way to each.
 *
 * <p>It follows the resolver and answers from memory. One change is taken in at a time, as the
 * resolver calls its listeners one at a time.
 */
final class Directory implements AutoCloseable {

    /** All that belongs to one service. */
    private record Known(Waiting waiting, Destination destination) {}

    /**
     * The routes at one moment.
     *
     * @param complete whether they are those of all services
     */
    private record Routing(RouteTable table, boolean complete) {

        /** Whether they say where such a request goes, be it nowhere. */
        boolean tells(Request request) {
            return complete || table.find(request.method(), request.path()) != null;
        }
    }

    private final Resolver resolver;
    private final Clients clients;
    private final Time time;
    private final GatewayOptions options;
    private final Semaphore room;
    private final Map<String, Known> services = new ConcurrentHashMap<>();
    private final RouteBook book = new RouteBook(this::destination);
    private final Resolver.Watch watch;
    private final Waiting anything;
    private volatile Routing routing = new Routing(RouteTable.EMPTY, false);

    Directory(
            GatewayOptions options,
            Resolver resolver,
            Transport transport,
            Tracer tracer,
            Meter meter,
            Time time) {
        this.options = options;
        this.resolver = resolver;
        this.clients =
                new Clients(
                                options.name(),
                                options.calls(),
                                resolver,
                                transport,
                                HttpClientTelemetry.ofAttempts(tracer, meter, time),
                                time)
                        .headsOnly();
        this.time = time;
        this.room = new Semaphore(options.maxWaiting());
        this.anything = new Waiting(time);
        this.watch = resolver.watch(this::update);
    }

    private void update(List<Instance> instances) {
        var byService = new HashMap<String, List<Instance>>();
        for (var instance : instances)
            byService.computeIfAbsent(instance.service(), s -> new ArrayList<>()).add(instance);
        byService.remove(options.name());
        byService.forEach((service, now) -> update(known(service), now));
        services.forEach((service, known) -> {
            if (!byService.containsKey(service)) update(known, List.of());
        });
        var table = book.update(byService);
        routing =
                new Routing(
                        table, resolver.complete() && (routing.complete() || !byService.isEmpty()));
        services.keySet()
                .removeIf(service -> {
                    boolean gone = !byService.containsKey(service) && !book.knows(service);
                    if (gone) clients.forget(service);
                    return gone;
                });
        if (!byService.isEmpty()) anything.update(List.copyOf(instances));
    }

    private static void update(Known known, List<Instance> now) {
        known.waiting.update(List.copyOf(now));
    }

    private Known known(String service) {
        return services.computeIfAbsent(
                service,
                name -> {
                    var waiting = new Waiting(time);
                    return new Known(
                            waiting,
                            new Destination(name, waiting, clients.of(name), room, options, time));
                });
    }

    private Service<Request, Response> destination(String service) {
        return known(service).destination;
    }

    /** The routes as they are now. */
    RouteTable table() {
        return routing.table();
    }

    /**
     * The routes, once they say where such a request goes or are known to be all. Before that nobody
     * can tell what is routed and what is not: a gateway that has just started waits, then refuses.
     */
    RouteTable tableFor(Request request) throws InterruptedException {
        var now = routing;
        if (!now.tells(request) && room.tryAcquire()) {
            try {
                now = awaitRoutingOf(request);
            } finally {
                room.release();
            }
        }
        if (now.tells(request)) return now.table();
        throw new Failure.Refused(
                Refusal.notBegun(
                                options.name(),
                                Refusal.Reason.UNAVAILABLE,
                                "not all services are known here yet")
                        .retryAfter(GatewayOptions.RETRY_AFTER));
    }

    private Routing awaitRoutingOf(Request request) throws InterruptedException {
        long endNanos = time.nanos() + options.longestWaitUntilDeadline().toNanos();
        while (true) {
            var seen = anything.instances();
            var now = routing;
            var left = Duration.ofNanos(endNanos - time.nanos());
            if (now.tells(request) || !left.isPositive()) return now;
            anything.awaitOtherThan(seen, left);
        }
    }

    /** Those of the services. */
    Clients clients() {
        return clients;
    }

    /** How many requests wait for an instance. */
    int waiting() {
        return options.maxWaiting() - room.availablePermits();
    }

    /** The names of the services that have a ready instance. */
    List<String> ready() {
        var ready = new TreeSet<String>();
        services.forEach((service, known) -> {
            if (known.waiting.anyReady()) ready.add(service);
        });
        return List.copyOf(ready);
    }

    /** How old what is known here is. */
    Duration age() {
        return resolver.age();
    }

    /** Follows the resolver no longer. */
    @Override
    public void close() {
        watch.close();
        clients.close();
    }
}
