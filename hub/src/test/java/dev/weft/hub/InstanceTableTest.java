package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.SystemTime;
import dev.weft.testkit.VirtualTime;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InstanceTableTest {

    private static final Duration LEASE = Duration.ofSeconds(10);

    private final VirtualTime time = new VirtualTime();
    private final InstanceTable table = new InstanceTable(LEASE, Set.of("cart", "order"), time);

    @AfterEach
    void close() {
        table.close();
    }

    @Test
    void an_instance_is_gone_when_its_lease_ends() {
        table.put(cart("cart-1"), LEASE);
        time.advance(LEASE.minusMillis(1));
        assertThat(table.instances()).containsExactly(cart("cart-1"));
        time.advance(Duration.ofMillis(1));
        assertThat(table.instances()).isEmpty();
    }

    @Test
    void a_renewed_lease_goes_on() {
        table.put(cart("cart-1"), LEASE);
        for (int i = 0; i < 5; i++) {
            time.advance(LEASE.dividedBy(2));
            table.put(cart("cart-1"), LEASE);
        }
        assertThat(table.instances()).hasSize(1);
    }

    @Test
    void a_reader_is_woken_by_what_is_new() throws Exception {
        var version = view("").version();
        var waiting = started(version);
        table.put(cart("cart-1"), LEASE);
        assertThat(waiting.get(10, TimeUnit.SECONDS).instances()).hasSize(1);
        waiting = started(waiting.get().version());
        table.put(cart("cart-1").with(Instance.State.DRAINING), LEASE);
        assertThat(waiting.get(10, TimeUnit.SECONDS).instances())
                .extracting(Instance::state)
                .containsExactly(Instance.State.DRAINING);
    }

    @Test
    void a_renewal_wakes_nobody_and_a_wait_ends_in_time() throws Exception {
        table.put(cart("cart-1"), Duration.ofMinutes(1));
        time.advance(LEASE);
        var version = view("").version();
        var waiting = started(version);
        time.awaitWaiting(2, Duration.ofSeconds(10));
        table.put(cart("cart-1"), Duration.ofMinutes(1));
        assertThat(waiting.isDone()).isFalse();
        time.advance(Duration.ofSeconds(20));
        assertThat(waiting.get(10, TimeUnit.SECONDS).version()).isEqualTo(version);
    }

    @Test
    void loads_alone_wake_readers_together_and_seldom() throws Exception {
        var minute = Duration.ofMinutes(1);
        table.put(cart("cart-1"), minute);
        table.put(cart("cart-2"), minute);
        time.advance(LEASE);
        var version = view("").version();
        var waiting = started(version);
        time.awaitWaiting(3, Duration.ofSeconds(10));
        table.put(cart("cart-1").with(Optional.of(new Load(3, 20))), minute);
        table.put(cart("cart-2").with(Optional.of(new Load(5, 20))), minute);
        time.advance(InstanceTable.LOAD_PACE.minusMillis(1));
        assertThat(waiting.isDone()).isFalse();
        time.advance(Duration.ofMillis(1));
        var next = waiting.get(10, TimeUnit.SECONDS);
        assertThat(next.instances())
                .extracting(Instance::load)
                .containsExactly(Optional.of(new Load(3, 20)), Optional.of(new Load(5, 20)));
        time.advance(minute.dividedBy(2));
        assertThat(view("").version()).isEqualTo(next.version());
    }

    @Test
    void it_tells_how_long_ago_an_instance_said_something() {
        table.put(cart("cart-1"), LEASE);
        time.advance(LEASE.dividedBy(2));
        table.put(cart("cart-2"), LEASE);
        time.advance(Duration.ofMillis(7));
        assertThat(table.heard())
                .extracting(InstanceTable.Heard::ago)
                .containsExactly(LEASE.dividedBy(2).plusMillis(7), Duration.ofMillis(7));
    }

    @Test
    void it_is_complete_once_all_expected_services_are_there_or_the_time_is_over() {
        table.put(cart("cart-1"), LEASE);
        table.put(cart("cart-2"), LEASE);
        assertThat(table.complete()).isFalse();
        table.put(
                new Instance(
                        "order",
                        "order-1",
                        URI.create("http://127.0.0.1:1"),
                        Instance.State.STARTING,
                        List.of()),
                LEASE);
        assertThat(table.complete()).isTrue();
        table.remove("order-1");
        assertThat(table.complete()).isFalse();
        time.advance(LEASE);
        assertThat(table.complete()).isTrue();
    }

    @Test
    void while_warming_readers_are_told_who_left() throws Exception {
        table.put(cart("cart-1"), LEASE);
        table.remove("cart-1");
        table.remove("from-before-the-restart");
        assertThat(view("").warming()).isTrue();
        assertThat(view("").gone()).containsExactlyInAnyOrder("cart-1", "from-before-the-restart");
        time.advance(LEASE);
        assertThat(view("").warming()).isFalse();
        assertThat(view("").gone()).isEmpty();
    }

    @Test
    void another_table_has_other_versions() throws Exception {
        try (var other = new InstanceTable(LEASE, Set.of(), new VirtualTime(2))) {
            assertThat(other.await("", Duration.ZERO).version()).isNotEqualTo(view("").version());
        }
    }

    private InstanceTable.View view(String version) throws InterruptedException {
        return table.await(version, Duration.ZERO);
    }

    private FutureTask<InstanceTable.View> started(String version) {
        var task = new FutureTask<>(() -> table.await(version, Duration.ofSeconds(20)));
        SystemTime.INSTANCE.start("reader", task);
        return task;
    }

    private static Instance cart(String id) {
        return new Instance(
                "cart",
                id,
                URI.create("http://127.0.0.1:1"),
                Instance.State.READY,
                List.of("GET /carts/{id}"));
    }
}
