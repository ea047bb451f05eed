package dev.weft.app.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Awaited;
import dev.weft.core.Cancellation;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.BusMessages;
import dev.weft.events.PublicationRules;
import dev.weft.json.Json;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The hub's durable bus, as a service sees it.
 *
 * <p>While the hub is away, publishing and acknowledging block until they are done, and a poll goes
 * on trying until its time is over. A consumer that is not sure of what it was handed joins again
 * and is handed everything anew that it has not acknowledged; so it is behind a restart of the hub.
 */
public final class HubBus implements Bus {

    /** How long one request waits at the hub. */
    static final Duration POLL = Duration.ofSeconds(20);

    /** How long joining may hold up who subscribes. */
    static final Duration JOIN = Duration.ofSeconds(2);

    /** How long leaving may take. */
    static final Duration LEAVE = Duration.ofSeconds(1);

    /** About how much data one publication carries; the hub takes 16 MiB. */
    static final long MAX_DATA_BYTES = 4 << 20;

    private final HubClient hub;
    private final String instance;
    private final Time time;
    private final AtomicLong consumers = new AtomicLong();
    private final Set<Cancellation> polling = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * @param client of the hub's address
     * @param token what the hub wants to see, if anything
     * @param instance this service's instance; its consumers are named by it
     */
    public HubBus(
            Service<Request, Response> client, Optional<String> token, String instance, Time time) {
        this.hub = new HubClient(client, token, time);
        this.instance = instance;
        this.time = time;
    }

    @Override
    public void publish(String source, long through, List<BusEvent> events)
            throws InterruptedException {
        PublicationRules.check(source, through, events);
        requireOpen();
        var target = "/bus/publications/" + segment(source);
        int from = 0;
        while (from < events.size()) {
            int to = chunk(events, from);
            // A part of the position that comes next is published with it.
            long upTo = to == events.size() ? through : events.get(to).position() - 1;
            send(target, upTo, events.subList(from, to));
            from = to;
        }
        if (events.isEmpty()) send(target, through, events);
    }

    private void send(String target, long through, List<BusEvent> events)
            throws InterruptedException {
        var publication = BusMessages.Publication.of(through, events);
        hub.persist(Method.POST, target, Optional.of(publication));
    }

    /** Where the publication that begins here ends: between two positions of the log. */
    private static int chunk(List<BusEvent> events, int from) {
        long bytes = 0;
        int to = from;
        while (to < events.size()) {
            int next = to;
            long position = events.get(to).position();
            long more = 0;
            while (next < events.size() && events.get(next).position() == position)
                more += events.get(next++).data().length;
            if (to > from && bytes + more > MAX_DATA_BYTES) return to;
            bytes += more;
            to = next;
        }
        return to;
    }

    @Override
    public long published(String source) {
        requireOpen();
        try {
            var answer =
                    hub.persist(
                            Method.GET, "/bus/publications/" + segment(source), Optional.empty());
            return Json.read(answer, BusMessages.PublishedThrough.class).published();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure.Unreachable(
                    "interrupted while asking the hub how far " + source + " is published",
                    false,
                    e);
        }
    }

    /** Joins at once if the hub answers, else with the first poll. */
    @Override
    public Consumer subscribe(String name, Set<String> types) {
        requireOpen();
        var consumer = new HubConsumer(name, types, instance + "-" + consumers.incrementAndGet());
        consumer.tryToJoin();
        return consumer;
    }

    /**
     * Waits until everything is done, in all services, that came of what the receipts name, at most so long. The hub is asked
     * again while it is away.
     *
     * @param receipts one of each command
     * @throws Failure.Unreachable if the hub was away until the time was over
     */
    public Awaited await(List<Receipt> receipts, Duration atMost) throws InterruptedException {
        var deadline = Deadline.after(atMost, time);
        for (int attempt = 1; ; attempt++) {
            requireOpen();
            var left = deadline.remaining();
            var what =
                    Map.of(
                            "receipts",
                            receipts.stream().map(Receipt::toString).toList(),
                            "timeout_ms",
                            left.toMillis());
            try {
                var answer =
                        hub.call(
                                Method.POST,
                                "/admin/await",
                                Optional.of(what),
                                left.plus(HubClient.LIMIT));
                return Json.read(answer, Awaited.class);
            } catch (RuntimeException e) {
                if (deadline.expired()) throw e;
                hub.pause(e, attempt);
            }
        }
    }

    private void requireOpen() {
        if (closed) throw closed();
    }

    private static Failure closed() {
        return new Failure.Unreachable("this bus is closed", false, null);
    }

    /** Wakes those who poll. Connections are the transport's. */
    @Override
    public void close() {
        closed = true;
        polling.forEach(cancellation -> cancellation.cancel("closed"));
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }

    /** One thread polls, and it alone uses what is not final or volatile. */
    private final class HubConsumer implements Consumer {
        private final String target;
        private final BusMessages.Join join;
        private Receipt applied = Receipt.NONE;
        private boolean joined;
        private volatile boolean left;

        HubConsumer(String name, Set<String> types, String id) {
            this.target = "/bus/subscriptions/" + segment(name) + "/consumers/" + segment(id);
            this.join = new BusMessages.Join(Set.copyOf(types));
        }

        private void tryToJoin() {
            try {
                join(JOIN);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                if (!HubClient.heals(e)) throw e;
            }
        }

        private void join(Duration limit) throws InterruptedException {
            hub.call(Method.PUT, target, Optional.of(join), limit);
            joined = true;
        }

        @Override
        public Batch poll(Duration atMost) throws InterruptedException {
            var cancellation = new Cancellation();
            polling.add(cancellation);
            try (cancellation) {
                return pollUntil(time.nanos() + atMost.toNanos());
            } catch (InterruptedException e) {
                joined = false;
                if (cancellation.reason().isPresent()) throw closed();
                throw e;
            } finally {
                polling.remove(cancellation);
            }
        }

        private Batch pollUntil(long endNanos) throws InterruptedException {
            for (int attempt = 1; ; attempt++) {
                if (left) throw new IllegalStateException("this consumer has left");
                requireOpen();
                long leftNanos = Math.max(0, endNanos - time.nanos());
                try {
                    var batch = pollOnce(Math.min(leftNanos, POLL.toNanos()));
                    attempt = 0;
                    if (batch.isPresent()) return batch.get();
                } catch (RuntimeException e) {
                    joined = false;
                    if (!HubClient.isUnknown(e)) hub.pause(e, attempt);
                }
                if (endNanos - time.nanos() <= 0) return new Batch(List.of(), applied);
            }
        }

        /** One request; empty if it brought nothing new. */
        private Optional<Batch> pollOnce(long waitNanos) throws InterruptedException {
            if (!joined) join(HubClient.LIMIT);
            var poll = new BusMessages.Poll(Math.ceilDiv(waitNanos, 1_000_000));
            var limit = HubClient.LIMIT.plusNanos(waitNanos);
            var answer = hub.call(Method.POST, target + "/poll", Optional.of(poll), limit);
            var batch = Json.read(answer, BusMessages.Handed.class).batch();
            var before = applied;
            applied = applied.and(batch.applied());
            return batch.events().isEmpty() && applied.equals(before)
                    ? Optional.empty()
                    : Optional.of(new Batch(batch.events(), applied));
        }

        @Override
        public List<BusEvent> acknowledge(List<BusEvent> events) throws InterruptedException {
            requireOpen();
            var ids = events.stream().map(BusEvent::id).toList();
            var refused = new HashSet<String>();
            for (int from = 0; from < ids.size(); from += MAX_BATCH)
                refused.addAll(
                        acknowledgeIds(ids.subList(from, Math.min(ids.size(), from + MAX_BATCH))));
            return events.stream().filter(event -> refused.contains(event.id())).toList();
        }

        private List<String> acknowledgeIds(List<String> ids) throws InterruptedException {
            var acknowledgement = Optional.of(new BusMessages.Acknowledgement(ids));
            while (true) {
                try {
                    var answer = hub.persist(Method.POST, target + "/acknowledge", acknowledgement);
                    return Json.read(answer, BusMessages.Acknowledged.class).refused();
                } catch (RuntimeException e) {
                    if (!HubClient.isUnknown(e)) throw e;
                    // The hub lost its data: it learns of the subscription anew.
                    hub.persist(Method.PUT, target, Optional.of(join));
                }
            }
        }

        @Override
        public void close() {
            if (left) return;
            left = true;
            try {
                hub.call(Method.DELETE, target, Optional.empty(), LEAVE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                System.getLogger(HubBus.class.getName())
                        .log(
                                System.Logger.Level.DEBUG,
                                "the hub was not told that a consumer leaves; it will notice",
                                e);
            }
        }
    }
}
