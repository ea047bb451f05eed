package dev.weft.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Instance;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.http.HttpTransport;
import dev.weft.hub.Hub;
import dev.weft.testkit.FreePort;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a service notices of a hub that goes and comes. */
@Timeout(120)
class HubAbsenceTest {

    private static final Time TIME = SystemTime.INSTANCE;

    @TempDir private Path folder;

    /** The services' connections. */
    private final HttpTransport transport = new HttpTransport(TIME);

    private final int port = FreePort.find();
    private Optional<Running> running = Optional.empty();

    /** A hub with connections of its own, as in a process of its own. */
    private record Running(Hub hub, HttpTransport transport) implements AutoCloseable {
        @Override
        public void close() {
            hub.close();
            transport.close();
        }
    }

    @AfterEach
    void close() {
        stopHub();
        transport.close();
    }

    private void startHub() throws Exception {
        var own = new HttpTransport(TIME);
        var options =
                Hub.Options.of(port, "sqlite:" + folder.resolve("hub.db"))
                        .warming(Duration.ofSeconds(2));
        running = Optional.of(new Running(Hub.start(options, own, TIME), own));
    }

    private void stopHub() {
        running.ifPresent(Running::close);
        running = Optional.empty();
    }

    @Test
    void nothing_is_lost_while_the_hub_is_started_again_and_again() throws Exception {
        int sources = 3;
        int events = 400;
        try (var bus = bus("writer");
                var reader = bus("reader")) {
            var publishers = new ArrayList<FutureTask<Object>>();
            for (int s = 0; s < sources; s++) {
                var source = "source" + s;
                publishers.add(started(() -> publish(bus, source, events)));
            }
            var acknowledged = new ConcurrentSkipListSet<String>();
            var done = new AtomicBoolean();
            var again = Collections.synchronizedList(new ArrayList<String>());
            var consumer =
                    started(() -> consume(reader, sources * events, acknowledged, again, done));
            for (int round = 0; round < 6; round++) {
                startHub();
                int before = acknowledged.size();
                await(() -> acknowledged.size() > before + 100 || consumer.isDone());
                stopHub();
            }
            startHub();
            for (var publisher : publishers) publisher.get(60, TimeUnit.SECONDS);
            consumer.get(60, TimeUnit.SECONDS);
            assertThat(acknowledged).hasSize(sources * events);
            assertThat(again).isEmpty();
        }
    }

    private static Object publish(Bus bus, String source, int events) throws Exception {
        for (int at = 1; at <= events; at += 4) {
            var batch = new ArrayList<BusEvent>();
            for (int i = at; i < at + 4; i++) batch.add(event(source, i));
            bus.publish(source, at + 3, batch);
        }
        assertThat(bus.published(source)).isEqualTo(events);
        return true;
    }

    /** Takes events in order per source, acknowledges, and notes what comes though acknowledged. */
    private static Object consume(
            Bus bus, int wanted, Set<String> acknowledged, List<String> again, AtomicBoolean done)
            throws Exception {
        Map<String, Long> newest = new HashMap<>();
        try (var consumer = bus.subscribe("reader.all", Set.of("happened"))) {
            while (acknowledged.size() < wanted) {
                var batch = consumer.poll(Duration.ofSeconds(2));
                for (var event : batch.events()) {
                    if (acknowledged.contains(event.id())) again.add(event.id());
                    long before = newest.getOrDefault(event.source(), 0L);
                    assertThat(event.position())
                            .as("a gap in " + event.source())
                            .isLessThanOrEqualTo(before + 1);
                    newest.merge(event.source(), event.position(), Math::max);
                }
                consumer.acknowledge(batch.events());
                batch.events().forEach(event -> acknowledged.add(event.id()));
            }
        }
        done.set(true);
        return true;
    }

    @Test
    void a_publication_waits_for_the_hub_and_is_interruptible() throws Exception {
        try (var bus = bus("writer")) {
            var publishing =
                    started(() -> {
                        bus.publish("door", 1, List.of(event("door", 1)));
                        return true;
                    });
            startHub();
            assertThat(publishing.get(20, TimeUnit.SECONDS)).isEqualTo(true);
            stopHub();
            var failure = new FutureTask<>(() -> publishUntilInterrupted(bus));
            var thread = TIME.start("publisher", failure);
            thread.interrupt();
            assertThat(failure.get(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        }
    }

    private static Object publishUntilInterrupted(Bus bus) {
        try {
            bus.publish("door", 2, List.of(event("door", 2)));
            return "published";
        } catch (InterruptedException e) {
            return e;
        }
    }

    @Test
    void a_service_that_came_first_is_known_soon_after_the_hub_comes() throws Exception {
        var client = transport.client(address());
        try (var registry = new HubRegistry(client, Optional.empty(), TIME)) {
            var lease = registry.register(cart("cart-1"));
            startHub();
            long start = TIME.nanos();
            await(() -> registry.instances("cart").size() == 1);
            assertThat(Duration.ofNanos(TIME.nanos() - start)).isLessThan(Duration.ofSeconds(8));
            assertThat(registry.age()).isZero();
            lease.update(Instance.State.DRAINING);
            await(() -> registry.instances("cart").getFirst().state() == Instance.State.DRAINING);
            lease.close();
            await(() -> registry.instances("cart").isEmpty());
        }
    }

    @Test
    void what_a_killed_consumer_had_goes_to_the_next_one_soon() throws Exception {
        startHub();
        var killed = new HttpTransport(TIME);
        try (var first = new HubBus(killed.client(address()), Optional.empty(), "one", TIME);
                var second = bus("two")) {
            first.publish("door", 1, List.of(event("door", 1)));
            var holding = first.subscribe("reader.all", Set.of("happened"));
            assertThat(holding.poll(Duration.ofSeconds(5)).events()).hasSize(1);
            var polling = started(() -> holding.poll(Duration.ofSeconds(60)));
            try (var waiting = second.subscribe("reader.all", Set.of("happened"))) {
                assertThat(waiting.poll(Duration.ZERO).events()).isEmpty();
                long start = TIME.nanos();
                killed.close();
                var events = new ArrayList<BusEvent>();
                while (events.isEmpty()) events.addAll(waiting.poll(Bus.SILENCE).events());
                assertThat(Duration.ofNanos(TIME.nanos() - start))
                        .isLessThan(Bus.SILENCE.minusSeconds(2));
            }
            polling.cancel(true);
        }
    }

    private HubBus bus(String instance) {
        return new HubBus(transport.client(address()), Optional.empty(), instance, TIME);
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + port);
    }

    private static Instance cart(String id) {
        return new Instance(
                "cart",
                id,
                URI.create("http://127.0.0.1:1"),
                Instance.State.READY,
                List.of("GET /carts/{id}"));
    }

    private static BusEvent event(String source, long position) {
        return new BusEvent(
                source,
                position,
                0,
                "happened",
                "key",
                Instant.parse("2026-01-01T00:00:00Z"),
                "{\"n\":1.50}".getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }

    @SuppressWarnings("ThreadPriorityCheck") // It only waits for a condition.
    private static void await(BooleanSupplier condition) {
        long endNanos = TIME.nanos() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            if (TIME.nanos() - endNanos > 0) throw new AssertionError("waited in vain");
            Thread.yield();
        }
    }

    private static <T> FutureTask<T> started(Callable<T> work) {
        var task = new FutureTask<>(work);
        TIME.start("test", task);
        return task;
    }
}
