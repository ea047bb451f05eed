package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Blocked;
import dev.weft.core.Instance;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Receipt;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SettlingTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final Duration LONG = Duration.ofSeconds(20);

    private final MemoryTransport transport = new MemoryTransport(TIME);
    private final InstanceTable table =
            new InstanceTable(Duration.ofSeconds(10), Set.of("cart"), TIME);
    private final Storage storage = Storage.open("memory:", TIME);

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
    void what_one_writes_behind_its_answer_because_another_still_works_is_waited_for()
            throws Exception {
        var cart = new AtomicLong(1);
        var answered = new Semaphore(0);
        serve(
                "cart",
                after -> {
                    long head = cart.get();
                    if (after.equals(both(1))) answered.release();
                    return head;
                });
        // Its listener has the cart write once more, when the cart has answered already.
        serve(
                "order",
                after -> {
                    if (after.equals(both(1)) && cart.get() == 1) {
                        assertThat(answered.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
                        cart.incrementAndGet();
                    }
                    return 5;
                });
        var result = settle(LONG);
        assertThat(result.settled()).isTrue();
        assertThat(result.ends()).isEqualTo(both(2).positions());
    }

    @Test
    void two_rounds_with_the_same_ends_are_quiet_before_a_system_is_settled() throws Exception {
        var asked = Collections.synchronizedList(new ArrayList<Receipt>());
        serve(
                "cart",
                after -> {
                    asked.add(after);
                    return 3;
                });
        var result = settle(LONG);
        assertThat(result.settled()).isTrue();
        assertThat(asked)
                .containsExactly(Receipt.NONE, Receipt.of("cart", 3), Receipt.of("cart", 3));
    }

    @Test
    void a_system_that_never_rests_is_not_settled() throws Exception {
        var head = new AtomicLong();
        serve("cart", after -> head.incrementAndGet());
        var result = settle(Duration.ofMillis(500));
        assertThat(result.settled()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::by).containsExactly("new events");
    }

    @Test
    void what_is_parked_is_named_and_not_waited_for() throws Exception {
        var blocked =
                Map.of(
                        "by",
                        "listener copies",
                        "source",
                        "cart",
                        "position",
                        3,
                        "applied",
                        2,
                        "attempt",
                        15,
                        "error",
                        "parked: boom",
                        "parked",
                        true);
        serve(
                "cart",
                Map.of(
                        "service",
                        "cart",
                        "head",
                        3,
                        "settled",
                        false,
                        "blocked",
                        List.of(blocked)));
        var result = settle(Duration.ofDays(1));
        assertThat(result.settled()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::stays).containsExactly(true);
    }

    @Test
    void a_program_of_another_kind_that_answers_everything_is_passed_over() throws Exception {
        serve("cart", after -> 3);
        var server = transport.serve(request -> Response.text("welcome"), ServerOptions.DEFAULT);
        table.put(
                new Instance("site", "site-1", server.address(), Instance.State.READY, List.of()),
                LONG);
        var result = settle(LONG);
        assertThat(result.settled()).isTrue();
        assertThat(result.ends()).containsOnlyKeys("cart");
    }

    @Test
    void nothing_is_settled_before_the_services_are_known_again_behind_a_restart()
            throws Exception {
        serve("order", after -> 3);
        var result = settle(Duration.ofMillis(500));
        assertThat(result.settled()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::by).containsExactly("registry");
        serve("cart", after -> 3);
        assertThat(settle(LONG).settled()).isTrue();
    }

    @Test
    void a_service_that_belongs_to_the_system_and_is_gone_is_missed() throws Exception {
        serve("order", after -> 3);
        serve("cart", after -> 3);
        bus.publish("cart", 1, List.of());
        assertThat(settle(LONG).settled()).isTrue();
        table.remove("cart-1");
        var result = settle(Duration.ofMillis(100));
        assertThat(result.settled()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::by).contains("service cart");
        serve("cart", after -> 3);
        assertThat(settle(LONG).settled()).isTrue();
    }

    @Test
    void a_service_is_missed_too_that_only_listens_and_a_program_is_not() throws Exception {
        serve("order", after -> 3);
        serve("cart", after -> 3);
        table.remove("cart-1");
        bus.subscribe("other.copies", Set.of("added")).close();
        assertThat(bus.knows("cart")).isFalse();
        bus.subscribe("cart.copies", Set.of("added")).close();
        assertThat(settle(Duration.ofMillis(100)).blocked())
                .extracting(Blocked::by)
                .contains("service cart");
    }

    @Test
    void a_service_that_goes_while_the_system_settles_is_missed() throws Exception {
        serve("cart", after -> 3);
        serve(
                "order",
                after -> {
                    if (!after.equals(Receipt.NONE)) table.remove("order-1");
                    return 5;
                });
        var result = settle(Duration.ofMillis(500));
        assertThat(result.settled()).isFalse();
        assertThat(result.blocked()).extracting(Blocked::by).containsExactly("service order");
    }

    private static Receipt both(long cart) {
        return Receipt.of("cart", cart).and(Receipt.of("order", 5));
    }

    private Settling.Result settle(Duration atMost) throws InterruptedException {
        return new Settling(table, bus, new InstanceCalls(transport, Optional.empty(), TIME), TIME)
                .settle(atMost);
    }

    /** How a fake service answers that has caught up: the end of its log. */
    private interface Head {
        long behind(Receipt after) throws InterruptedException;
    }

    private void serve(String service, Map<String, Object> progress) {
        serve(service, Routes.of(Route.get("/_weft/progress", request -> Answers.json(progress))));
    }

    private void serve(String service, Routes routes) {
        var server = transport.serve(routes, ServerOptions.DEFAULT);
        table.put(
                new Instance(
                        service, service + "-1", server.address(), Instance.State.READY, List.of()),
                LONG);
    }

    private void serve(String service, Head head) {
        var routes =
                Routes.of(
                        Route.get(
                                "/_weft/progress",
                                request ->
                                        Answers.json(
                                                Map.of(
                                                        "service",
                                                        service,
                                                        "head",
                                                        head.behind(
                                                                Receipt.parse(
                                                                        request.query()
                                                                                .get("after")
                                                                                .orElse(""))),
                                                        "settled",
                                                        true))));
        serve(service, routes);
    }
}
