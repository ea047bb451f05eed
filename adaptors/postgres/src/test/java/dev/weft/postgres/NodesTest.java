package dev.weft.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Failure;
import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.EventStore;
import dev.weft.events.MemoryBus;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import dev.weft.testkit.Race;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several nodes of one service on one schema: whatever becomes of one, each event counts once, in order. */
@Timeout(60)
class NodesTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final House.Amid NOTHING = (what, number) -> {};

    private final String schema = TestServer.freshSchema();
    private final MemoryBus bus = new MemoryBus(SystemTime.INSTANCE);
    private final List<House> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.reversed().forEach(House::close);
        bus.close();
    }

    private House start(Bus on, House.Amid amid) throws InterruptedException {
        var house = House.start(TestServer.url(schema), on, amid);
        open.add(house);
        return house;
    }

    private static void assertSeen(House house, int events) throws InterruptedException {
        assertThat(house.pipeline().progress().awaitSettled(events, Receipt.NONE, LONG)).isEmpty();
        var once = LongStream.rangeClosed(1, events).boxed().toList();
        assertThat(house.seen("doors")).containsExactlyElementsOf(once);
        assertThat(house.seen("own")).containsExactlyElementsOf(once);
    }

    /** Stops where it is told to, as a process that is paused, until it goes on. */
    private static final class Pause implements House.Amid {
        private final String what;
        private final int number;
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch over = new CountDownLatch(1);

        Pause(String what, int number) {
            this.what = what;
            this.number = number;
        }

        @Override
        public void opened(String what, int number) {
            if (this.number != number || !this.what.equals(what)) return;
            begun.countDown();
            try {
                over.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void pausedAmid(String what) throws Exception {
        var pause = new Pause(what, 2);
        var paused = start(bus, pause);
        paused.append(1, 2, 3);
        pause.begun.await();
        var starting = Race.begin(() -> start(bus, NOTHING));
        Race.await("the other waits for the lock", starting::blocks);
        assertThat(TestServer.cutOff(schema)).isEqualTo(1);
        var other = starting.result();
        other.append(4, 5);
        if (what.equals("doors"))
            Race.await("the other goes on", () -> other.seen("doors").size() == 5);
        pause.over.countDown();
        paused.append(6);
        assertSeen(other, 6);
        assertSeen(paused, 6);
    }

    @Test
    void one_that_is_paused_amid_a_projection_and_comes_back_does_nothing_twice() throws Exception {
        pausedAmid("doors");
    }

    @Test
    void one_that_is_paused_amid_a_listener_and_comes_back_does_nothing_twice() throws Exception {
        pausedAmid("own");
    }

    @Test
    void one_that_is_killed_amid_a_transaction_leaves_nothing_of_it() throws Exception {
        Race<House> starting;
        try (var first = House.start(TestServer.url(schema), bus, NOTHING)) {
            first.append(1);
            assertSeen(first, 1);
        }
        var victim = HouseProcess.start(TestServer.url(schema), 2);
        try {
            try (var storage = Storage.open(TestServer.url(schema), SystemTime.INSTANCE)) {
                // Only the victim projects it.
                storage.events()
                        .append(
                                List.of(
                                        new EventStore.Append(
                                                "door-front",
                                                EventStore.ANY_VERSION,
                                                List.of(
                                                        new NewEvent(
                                                                "opened",
                                                                Json.write(new House.Opened(2)))))),
                                Origin.NONE);
            }
            HouseProcess.await(victim, "hangs");
            starting = Race.begin(() -> start(bus, NOTHING));
            Race.await("the next waits for the lock", starting::blocks);
        } finally {
            victim.destroyForcibly().waitFor();
        }
        var house = starting.result();
        house.append(3);
        assertSeen(house, 3);
    }

    @Test
    void a_publication_that_is_late_changes_nothing_of_what_another_node_has_told()
            throws Exception {
        var told = new ArrayList<String>();
        var late = new Late(bus);
        var slow = start(late, NOTHING);
        slow.append(1, 2, 3);
        late.begun.await();
        var quick = start(bus, NOTHING);
        for (int i = 4; i <= 100; i++) (i % 2 == 0 ? slow : quick).append(i);
        Race.await("all is told", () -> bus.published("house") == 100);
        late.over.countDown();
        assertSeen(quick, 100);
        assertSeen(slow, 100);
        try (var consumer = bus.subscribe("test.all", Set.of("opened"))) {
            while (told.size() < 100) {
                var events = consumer.poll(LONG).events();
                consumer.acknowledge(events);
                events.forEach(event -> told.add(event.id()));
            }
        }
        assertThat(told)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, 100).mapToObj(i -> "house/" + i + "/0").toList());
    }

    /** The first publication hangs until it may go on. */
    private static final class Late implements Bus {
        private final Bus to;
        private final AtomicBoolean first = new AtomicBoolean(true);
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch over = new CountDownLatch(1);

        Late(Bus to) {
            this.to = to;
        }

        @Override
        public void publish(String source, long through, List<BusEvent> events)
                throws InterruptedException {
            if (!events.isEmpty() && first.getAndSet(false)) {
                begun.countDown();
                over.await();
            }
            to.publish(source, through, events);
        }

        @Override
        public long published(String source) {
            return to.published(source);
        }

        @Override
        public Consumer subscribe(String name, Set<String> types) {
            return to.subscribe(name, types);
        }

        /** Does nothing. */
        @Override
        public void close() {}
    }

    @Test
    void nodes_that_replace_each_other_under_load_lose_nothing() throws Exception {
        var house = start(bus, NOTHING);
        var current = new AtomicReference<>(house);
        var stop = new AtomicBoolean();
        var number = new AtomicInteger();
        var customer =
                Race.begin(() -> {
                    while (!stop.get()) {
                        int next = number.get() + 1;
                        try {
                            current.get().append(next);
                            number.set(next);
                        } catch (Failure.Storage closed) {
                            // Refused before it was taken up: its node was just replaced.
                            assertThat(closed).hasMessageContaining("is closed");
                        }
                    }
                    return number.get();
                });
        for (int round = 0; round < 4; round++) {
            int before = number.get();
            Race.await("customers", () -> number.get() > before + 20);
            var next = start(bus, NOTHING);
            var old = current.getAndSet(next);
            Race.await("both run", () -> number.get() > before + 40);
            old.close();
        }
        stop.set(true);
        int events = customer.result();
        assertThat(current.get().storage().events().head()).isEqualTo(events);
        assertSeen(current.get(), events);
    }
}
