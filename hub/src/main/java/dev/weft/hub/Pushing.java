package dev.weft.hub;

import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.RetryAfter;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.events.SubscriptionLedger.Logged;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Delivers the events of subscriptions that have a URL, each by a POST of its own.
 *
 * <p>Of each such subscription {@value #WORKERS} threads are its consumers, with one event each at a time; as keys are shared among
 * consumers, a key's events go out one behind another and up to {@value #WORKERS} keys together. 2xx acknowledges. 429 and 503 with
 * {@code Retry-After} are obeyed and count as no attempt; all else is tried again with full jitter, and parks the key with the last
 * attempt. An event whose delivery was cut off by the hub's end goes out again.
 *
 * <p>The monitor guards the map of workers and is never held while one works.
 */
final class Pushing implements AutoCloseable {

    /** How many deliveries of one subscription are under way together. */
    static final int WORKERS = 8;

    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final Duration MARGIN = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int MAX_ERROR = 500;
    private static final System.Logger LOG = System.getLogger(Pushing.class.getName());

    private final BusLog bus;
    private final InstanceTable table;
    private final Transport transport;
    private final Time time;

    /** Of each subscription the workers by their ids. */
    private final Map<String, Map<String, Thread>> workers = new HashMap<>();

    private boolean closed;

    Pushing(BusLog bus, InstanceTable table, Transport transport, Time time) {
        this.bus = bus;
        this.table = table;
        this.transport = transport;
        this.time = time;
    }

    /** Begins with all subscriptions that have a URL. */
    void start() {
        bus.names().forEach(this::look);
    }

    /** A subscription may have got a URL, or lost it. */
    synchronized void look(String name) {
        if (closed || url(name).isEmpty()) return;
        var threads = workers.computeIfAbsent(name, each -> new HashMap<>());
        for (int worker = 1; worker <= WORKERS; worker++) {
            var id = "push-" + worker;
            // Some of before may still be there: they go on.
            if (threads.containsKey(id)) continue;
            Context.none()
                    .run(() -> threads.put(id, time.start(name + " " + id, () -> work(name, id))));
        }
    }

    private Optional<String> url(String name) {
        try {
            return bus.declaration(name).flatMap(Declaration::url);
        } catch (Failure.Answered gone) {
            return Optional.empty();
        }
    }

    private void work(String name, String id) {
        try {
            while (goesOn(name, id)) {
                try {
                    step(name, id);
                } catch (RuntimeException e) {
                    if (isClosed()) return;
                    LOG.log(System.Logger.Level.WARNING, "delivering for " + name + " fails", e);
                    time.sleep(PAUSE);
                }
            }
        } catch (InterruptedException closed) {
            // It was told to end; what was not acknowledged goes out again.
            bus.leave(name, id);
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** A worker of a subscription without a URL makes room for one of another one. */
    private synchronized boolean goesOn(String name, String id) {
        if (!closed && url(name).isPresent()) return true;
        bus.leave(name, id);
        var threads = workers.get(name);
        if (threads != null) {
            threads.remove(id);
            if (threads.isEmpty()) workers.remove(name);
        }
        return false;
    }

    private void step(String name, String id) throws InterruptedException {
        var declaration = bus.declaration(name);
        if (declaration.isEmpty() || declaration.get().url().isEmpty()) return;
        var to = declaration.get();
        var lease = to.timeout().plus(MARGIN);
        for (var logged : bus.lease(name, id, 1, WAIT, lease)) {
            // It may have been declared anew while this one waited.
            to = bus.declaration(name).filter(it -> it.url().isPresent()).orElse(to);
            var ids = List.of(logged.event().id());
            switch (deliver(name, to, logged)) {
                case Delivery.Done done -> bus.acknowledgeHeld(name, id, ids);
                case Delivery.Later(var error, var pause) -> {
                    bus.reject(name, id, ids, error, Optional.of(pause));
                    bus.leave(name, id);
                    rest(name, to, pause);
                }
                case Delivery.Failed(var error) ->
                        bus.reject(name, id, ids, error, Optional.empty());
            }
        }
    }

    /** Leaves who asked for time alone; not those who take its place. */
    private void rest(String name, Declaration to, Duration pause) throws InterruptedException {
        long endNanos = time.nanos() + pause.toNanos();
        long leftNanos = pause.toNanos();
        while (leftNanos > 0 && url(name).equals(to.url())) {
            time.sleep(Duration.ofNanos(Math.min(leftNanos, PAUSE.toNanos())));
            leftNanos = endNanos - time.nanos();
        }
    }

    /** How a delivery went. */
    private sealed interface Delivery {
        record Done() implements Delivery {}

        record Later(String error, Duration pause) implements Delivery {}

        record Failed(String error) implements Delivery {}
    }

    private Delivery deliver(String name, Declaration to, Logged logged)
            throws InterruptedException {
        var target = Declaration.target(to.url().orElseThrow());
        var base = base(target);
        if (base.isEmpty())
            return new Delivery.Later("no instance of " + target.getHost() + " is ready", PAUSE);
        var client = Cancellation.ofCalls("hub", name, time).then(transport.client(base.get()));
        try {
            return logged.event()
                    .origin()
                    .context()
                    .with(Deadline.after(to.timeout(), time))
                    .call(() -> {
                        var request = request(target, to, CloudEvent.of(logged));
                        return judged(client.call(ContextHeaders.inject(request)));
                    });
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            return new Delivery.Failed(shortened(to.url().orElseThrow() + ": " + e));
        }
    }

    private static Request request(URI target, Declaration to, CloudEvent event) {
        var path = target.getRawPath().isEmpty() ? "/" : target.getRawPath();
        if (target.getRawQuery() != null) path = path + "?" + target.getRawQuery();
        var plain = Request.of(Method.POST, path);
        return to.isStructured()
                ? CloudEvents.structured(plain, event)
                : CloudEvents.binary(plain, event);
    }

    /** The address to call; empty if it is a service of which no instance is ready. */
    private Optional<URI> base(URI target) {
        if (!target.getScheme().equals(Declaration.SERVICE))
            return Optional.of(URI.create(target.getScheme() + "://" + target.getRawAuthority()));
        var ready =
                table.instances().stream()
                        .filter(instance -> instance.service().equals(target.getHost()))
                        .filter(instance -> instance.state() == Instance.State.READY)
                        .toList();
        return ready.isEmpty()
                ? Optional.empty()
                : Optional.of(ready.get(time.random().nextInt(ready.size())).address());
    }

    private Delivery judged(Response response) {
        try (var body = response.body()) {
            int status = response.status();
            if (status >= 200 && status < 300) return new Delivery.Done();
            var wait = RetryAfter.in(response.headers(), time);
            var error = "it answered " + status;
            return (status == 429 || status == 503) && wait.isPositive()
                    ? new Delivery.Later(error, wait)
                    : new Delivery.Failed(shortened(error + said(body)));
        }
    }

    private static String said(Body body) {
        try {
            var text = new String(body.stream().readNBytes(MAX_ERROR), StandardCharsets.UTF_8);
            return text.isBlank() ? "" : ": " + text.strip();
        } catch (IOException e) {
            return "";
        }
    }

    private static String shortened(String text) {
        return text.length() <= MAX_ERROR ? text : text.substring(0, MAX_ERROR);
    }

    /** Ends all workers. */
    @Override
    public void close() {
        List<Thread> all;
        synchronized (this) {
            closed = true;
            all = workers.values().stream().flatMap(each -> each.values().stream()).toList();
        }
        all.forEach(Thread::interrupt);
    }
}
