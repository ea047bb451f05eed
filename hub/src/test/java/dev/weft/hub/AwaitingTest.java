package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Blocked;
import dev.weft.core.Instance;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Trace;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is asked of services and of the bus, in which order; the services are not real. */
@Timeout(60)
class AwaitingTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(30);

    private final MemoryTransport transport = new MemoryTransport(TIME);
    private final InstanceTable table =
            new InstanceTable(Duration.ofSeconds(10), Set.of("cart"), TIME);
    private final Storage storage = Storage.open("memory:", TIME);
    private final Trace trace = Trace.start(TIME, false).child(TIME);

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private BusLog bus;

    @BeforeEach
    void open() throws Exception {
        bus = new BusLog(storage.database(), TIME);
    }

    @AfterEach
    void close() {
        bus.close();
        storage.close();
        table.close();
        transport.close();
    }

    @Test
    void the_trace_of_a_receipt_is_asked_for_once_and_then_three_times_what_is_under_way()
            throws Exception {
        var written = new AtomicInteger();
        var asked = new AtomicInteger();
        serve(
                "cart",
                () -> {
                    written.incrementAndGet();
                    return trace.traceId();
                },
                round -> asked.incrementAndGet());
        var result = await(Receipt.of("cart", 3), LONG);
        assertThat(result.done()).isTrue();
        assertThat(result.traces()).containsExactly(trace.traceId());
        assertThat(written).hasValue(1);
        assertThat(asked).hasValue(3);
    }

    @Test
    void an_event_that_comes_to_the_bus_between_two_looks_at_it_makes_it_begin_anew()
            throws Exception {
        var rounds = new AtomicInteger();
        try (var consumer = bus.subscribe("order.copies", Set.of("added"))) {
            serve(
                    "cart",
                    trace::traceId,
                    round -> {
                        rounds.incrementAndGet();
                        if (round != 2) return;
                        // Handled before the next look, so that no look finds it.
                        bus.publish("cart", 1, List.of(added(1, trace)));
                        consumer.acknowledge(consumer.poll(LONG).events());
                    });
            assertThat(await(Receipt.of("cart", 1), LONG).done()).isTrue();
        }
        assertThat(rounds).hasValue(4);
    }

    @Test
    void events_of_other_traces_that_wait_at_the_bus_are_nothing_to_it() throws Exception {
        try (var consumer = bus.subscribe("order.copies", Set.of("added"))) {
            serve("cart", trace::traceId, round -> {});
            bus.publish("cart", 1, List.of(added(1, Trace.start(TIME, false).child(TIME))));
            assertThat(consumer.poll(LONG).events()).hasSize(1);
            assertThat(await(Receipt.of("cart", 2), LONG).done()).isTrue();
            bus.publish("cart", 2, List.of(added(2, trace)));
            var held = await(Receipt.of("cart", 2), SHORT);
            assertThat(held.done()).isFalse();
            assertThat(held.blocked()).extracting(Blocked::by).containsExactly("listener copies");
            assertThat(held.blocked().getFirst().position()).contains(2L);
        }
    }

    @Test
    void a_service_that_has_answered_and_is_gone_then_is_missed() throws Exception {
        serve("cart", trace::traceId, round -> {});
        serve(
                "order",
                trace::traceId,
                round -> {
                    if (round == 1) table.remove("order-1");
                });
        var result = await(Receipt.of("cart", 3), Duration.ofMillis(100));
        assertThat(result.done()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::by).containsExactly("service order");
    }

    @Test
    void a_service_that_was_expected_and_has_published_is_missed() throws Exception {
        serve("order", trace::traceId, round -> {});
        bus.publish("cart", 1, List.of());
        var result = await(Receipt.of("order", 3), SHORT);
        assertThat(result.blocked())
                .extracting(Blocked::by)
                .containsExactly("registry", "service cart");
        serve("cart", trace::traceId, round -> {});
        assertThat(await(Receipt.of("order", 3), LONG).done()).isTrue();
    }

    @Test
    void a_listener_that_the_bus_does_not_know_yet_is_waited_for() throws Exception {
        serve("cart", trace::traceId, round -> {});
        var told =
                Map.of(
                        "service",
                        "order",
                        "done",
                        true,
                        "head",
                        0,
                        "subscriptions",
                        List.of("order.copies"));
        register(
                "order",
                "order-1",
                Routes.of(Route.get("/_weft/await", request -> Answers.json(told))));
        bus.publish("cart", 1, List.of(added(1, trace)));
        assertThat(await(Receipt.of("cart", 1), SHORT).blocked())
                .extracting(Blocked::by)
                .containsExactly("subscription order.copies");
        try (var consumer = bus.subscribe("order.copies", Set.of("added"))) {
            assertThat(await(Receipt.of("cart", 1), SHORT).blocked())
                    .extracting(Blocked::by)
                    .containsExactly("listener copies");
            consumer.acknowledge(consumer.poll(LONG).events());
            assertThat(await(Receipt.of("cart", 1), LONG).done()).isTrue();
        }
    }

    @Test
    void one_instance_that_has_found_it_done_speaks_for_its_service() throws Exception {
        serve("cart", trace::traceId, round -> {});
        var written = Map.of("service", "cart", "head", 3, "trace_id", trace.traceId());
        var lags = Map.of("service", "cart", "head", 3, "done", false);
        register(
                "cart",
                "cart-2",
                Routes.of(
                        Route.get("/_weft/written", request -> Answers.json(written)),
                        Route.get("/_weft/await", request -> Answers.json(lags))));
        assertThat(await(Receipt.of("cart", 3), LONG).done()).isTrue();
    }

    @Test
    void what_is_known_of_one_command_says_nothing_of_another_that_is_known_later()
            throws Exception {
        var later = Trace.start(TIME, false).child(TIME);
        bus.subscribe("report.totals", Set.of("added")).close();
        bus.publish("cart", 1, List.of(added(1, later)));
        serve(
                "cart",
                trace::traceId,
                round -> {
                    if (round == 1) serve("customer", later::traceId, again -> {});
                });
        var both = Receipt.of("cart", 3).and(Receipt.of("customer", 4));
        var result = await(both, Duration.ofMillis(500));
        assertThat(result.traces()).containsExactlyInAnyOrder(trace.traceId(), later.traceId());
        assertThat(result.done()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::by).containsExactly("listener totals");
    }

    private Awaiting.Result await(Receipt receipt, Duration atMost) throws InterruptedException {
        return new Awaiting(table, bus, new InstanceCalls(transport, Optional.empty(), TIME), TIME)
                .await(List.of(receipt), Set.of(), atMost);
    }

    private static BusEvent added(long position, Trace trace) {
        return new BusEvent(
                "cart",
                position,
                0,
                "added",
                "k",
                TIME.now(),
                "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                new Origin(trace.traceparent(), "", "", "", "", ""));
    }

    /** Which trace wrote whatever is asked about. */
    private interface Written {
        String trace();
    }

    /** What happens before a service says that it is done, by how often it was asked. */
    private interface Asked {
        void in(int round) throws InterruptedException;
    }

    private void serve(String service, Written written, Asked asked) {
        var rounds = new AtomicInteger();
        var routes =
                Routes.of(
                        Route.get(
                                "/_weft/written",
                                request ->
                                        Answers.json(
                                                Map.of(
                                                        "service",
                                                        service,
                                                        "head",
                                                        9,
                                                        "trace_id",
                                                        written.trace()))),
                        Route.get(
                                "/_weft/await",
                                (Request request) -> {
                                    asked.in(rounds.incrementAndGet());
                                    return Answers.json(
                                            Map.of("service", service, "head", 9, "done", true));
                                }));
        register(service, service + "-1", routes);
    }

    private void register(String service, String id, Routes routes) {
        var server = transport.serve(routes, ServerOptions.DEFAULT);
        table.put(
                new Instance(service, id, server.address(), Instance.State.READY, List.of()), LONG);
    }
}
