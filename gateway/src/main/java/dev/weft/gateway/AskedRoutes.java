package dev.weft.gateway;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.core.Watchers;
import dev.weft.http.Problems;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The instances of another resolver that knows no routes, as a list or DNS, each with the routes that
 * it tells when it is asked: {@code GET /_weft/routes}.
 *
 * <p>Each instance is asked by a thread of its own when it appears, and then every {@link #EVERY},
 * because another process may have taken its address. It is known here once it was asked. One that
 * answers 404 has no routes, one that gives no answer those that it had.
 *
 * <p>The monitor guards what is known and is held for no question.
 */
public final class AskedRoutes implements Resolver {

    /** How often an instance is asked. */
    public static final Duration EVERY = Duration.ofSeconds(10);

    /** How long it has for its answer. */
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private static final Duration AGAIN = Duration.ofSeconds(1);
    private static final long MAX_ANSWER_BYTES = 1 << 20;

    /** What an instance answers. */
    record Told(List<String> routes) {}

    private final Resolver resolver;
    private final Transport transport;
    private final Time time;
    private final Map<String, Asked> asked = new HashMap<>();
    private final Watchers watchers;
    private final Watch watch;
    private List<Instance> bare = List.of();
    private boolean begun;

    /**
     * @param resolver stays the caller's
     * @param transport reaches the instances
     */
    public AskedRoutes(Resolver resolver, Transport transport, Time time) {
        this.resolver = resolver;
        this.transport = transport;
        this.time = time;
        this.watchers = new Watchers(time);
        this.watch = resolver.watch(this::update);
    }

    private synchronized void update(List<Instance> now) {
        bare = now;
        Set<String> gone = new HashSet<>(asked.keySet());
        for (var instance : now) {
            gone.remove(instance.id());
            if (!asked.containsKey(instance.id())) asked.put(instance.id(), new Asked(instance));
        }
        for (var id : gone) {
            var left = asked.remove(id);
            if (left != null) left.thread.interrupt();
        }
        tell();
    }

    /**
     * Not before each of the first ones was asked: else what is served by the slower would be unknown
     * for a moment, and answered with 404.
     */
    private synchronized void tell() {
        begun |=
                !asked.isEmpty()
                        && asked.values().stream().allMatch(each -> each.routes.isPresent());
        if (!begun) return;
        watchers.tell(
                bare.stream()
                        .flatMap(instance ->
                                Optional.ofNullable(asked.get(instance.id()))
                                        .flatMap(each -> each.routes)
                                        .map(instance::with)
                                        .stream())
                        .toList());
    }

    /** One instance that is asked again and again. */
    private final class Asked {
        private final Service<Request, Response> client;
        private final Thread thread;
        private Optional<List<String>> routes = Optional.empty();

        Asked(Instance instance) {
            this.client =
                    Cancellation.ofCalls("gateway", instance.service() + "/" + instance.id(), time)
                            .then(transport.client(instance.address()));
            this.thread =
                    time.start(
                            "routes-" + instance.id(),
                            () -> Context.none().run(this::askAgainAndAgain));
        }

        private void askAgainAndAgain() {
            try {
                while (true) {
                    boolean answered = true;
                    try {
                        learn(ask());
                    } catch (InterruptedException e) {
                        throw e;
                    } catch (Exception e) {
                        answered = false;
                        learn(known());
                    }
                    time.sleep(answered ? EVERY : AGAIN);
                }
            } catch (InterruptedException e) {
                // It is gone, or the gateway.
            }
        }

        private List<String> ask() throws Exception {
            return Context.none()
                    .with(Deadline.after(LIMIT, time))
                    .call(() -> routes(client.call(Request.get("/_weft/routes"))));
        }

        private static List<String> routes(Response response) {
            try (var body = response.body()) {
                if (response.status() == 404) return List.of();
                if (!response.successful()) throw Problems.failure(response);
                return Json.read(body.bytes(MAX_ANSWER_BYTES), Told.class).routes();
            }
        }

        private List<String> known() {
            synchronized (AskedRoutes.this) {
                return routes.orElse(List.of());
            }
        }

        private void learn(List<String> now) {
            synchronized (AskedRoutes.this) {
                if (routes.isPresent() && routes.get().equals(now)) return;
                routes = Optional.of(now);
                tell();
            }
        }
    }

    @Override
    public List<Instance> instances() {
        return watchers.newest();
    }

    @Override
    public Watch watch(Consumer<List<Instance>> listener) {
        return watchers.add(listener);
    }

    @Override
    public Duration age() {
        return resolver.age();
    }

    /** Asks nobody any more. */
    @Override
    public void close() {
        watch.close();
        watchers.close();
        synchronized (this) {
            asked.values().forEach(each -> each.thread.interrupt());
            asked.clear();
        }
    }
}
