package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.testkit.MovableClock;
import dev.weft.testkit.VirtualTime;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RetentionTest {

    private static final Duration NOW = Duration.ZERO;
    private static final long MIB = 1 << 20;
    private static final long MUCH = 1L << 40;
    private static final Duration TAKEN_LONG_AGO = BusTables.TAKEN.multipliedBy(2);

    @TempDir private Path folder;

    private VirtualTime time = new VirtualTime();

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Storage storage;

    private long position;

    @BeforeEach
    void open() {
        time = new VirtualTime();
        storage = Storage.open("sqlite:" + folder.resolve("hub.db"), SystemTime.INSTANCE);
        position = 0;
    }

    @AfterEach
    void close() {
        storage.close();
    }

    private BusLog log(Duration keep, long keepBytes, long maxBytes, Retention.Full full)
            throws InterruptedException {
        return new BusLog(storage.database(), new Retention(keep, keepBytes, maxBytes, full), time);
    }

    @Test
    void what_is_older_and_acknowledged_goes_and_a_new_subscription_begins_behind_it()
            throws Exception {
        var log = log(Duration.ofDays(1), MUCH, MUCH, Retention.Full.REFUSE);
        try (var consumer = log.subscribe("log.doors", Set.of("opened"))) {
            publish(log, 10, 10);
            consumer.acknowledge(consumer.poll(NOW).events());
            time.advance(Duration.ofDays(2));
            publish(log, 5, 10);
            publish(log, 5, 10);
            try (var late = log.subscribe("late.doors", Set.of("opened"))) {
                assertThat(late.poll(NOW).events())
                        .extracting(BusEvent::position)
                        .startsWith(11L)
                        .hasSize(10);
            }
            assertThat(consumer.poll(NOW).events()).hasSize(10);
        }
        assertThat(log.end()).isEqualTo(20);
    }

    @Test
    void what_a_subscription_needs_stays_however_old_it_is() throws Exception {
        var log = log(Duration.ofDays(1), 0, MUCH, Retention.Full.REFUSE);
        try (var consumer = log.subscribe("log.doors", Set.of("opened"))) {
            publish(log, 10, 10);
            var events = consumer.poll(NOW).events();
            consumer.acknowledge(events.subList(1, 10));
            time.advance(Duration.ofDays(400));
            publish(log, 1, 10);
            publish(log, 1, 10);
            consumer.acknowledge(events.subList(0, 1));
            assertThat(consumer.poll(NOW).events()).hasSize(2);
        }
        try (var late = log.subscribe("late.doors", Set.of("opened"))) {
            assertThat(late.poll(NOW).events()).hasSize(12);
        }
    }

    @Test
    void the_files_pages_are_used_again() throws Exception {
        var log = log(Duration.ofDays(1000), 2 * MIB, MUCH, Retention.Full.REFUSE);
        try (var consumer = log.subscribe("log.doors", Set.of("opened"))) {
            for (int i = 0; i < 24; i++) {
                publish(log, 10, 50_000);
                for (var events = consumer.poll(NOW).events();
                        !events.isEmpty();
                        events = consumer.poll(NOW).events()) consumer.acknowledge(events);
            }
        }
        assertThat(Files.size(folder.resolve("hub.db"))).isLessThan(6 * MIB);
    }

    @Test
    void a_full_bus_refuses_and_names_who_is_behind_and_goes_on_when_that_has_caught_up()
            throws Exception {
        var log = log(Duration.ofDays(1000), MIB, 2 * MIB, Retention.Full.REFUSE);
        try (var consumer = log.subscribe("slow.doors", Set.of("opened"))) {
            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 100; i++) publish(log, 5, 50_000);
                            })
                    .isInstanceOf(Failure.Refused.class)
                    .hasMessageContaining("slow.doors")
                    .hasMessageContaining(Long.toString(2 * MIB));
            long published = log.published("door");
            var handled = new ArrayList<BusEvent>();
            for (var events = consumer.poll(NOW).events();
                    !events.isEmpty();
                    events = consumer.poll(NOW).events()) {
                consumer.acknowledge(events);
                handled.addAll(events);
            }
            assertThat(handled).hasSize((int) published);
            position = published;
            publish(log, 1, 50_000);
            assertThat(consumer.poll(NOW).events()).hasSize(1);
            assertThat(log.dropped()).isZero();
        }
    }

    @Test
    void told_to_drop_it_takes_everything_and_counts_what_it_lost() throws Exception {
        var log = log(Duration.ofDays(1000), MIB, 2 * MIB, Retention.Full.DROP);
        try (var consumer = log.subscribe("slow.doors", Set.of("opened"))) {
            for (int i = 0; i < 40; i++) publish(log, 5, 50_000);
            assertThat(log.dropped()).isPositive();
            var events = consumer.poll(NOW).events();
            assertThat(events.getFirst().position()).isGreaterThan(1);
            publish(log, 1, 10);
        }
    }

    @Test
    void only_what_a_subscription_has_not_acknowledged_counts_as_dropped() throws Exception {
        var log = log(Duration.ofDays(1000), MIB, 2 * MIB, Retention.Full.DROP);
        log.subscribe("idle.windows", Set.of("broken")).close();
        try (var consumer = log.subscribe("slow.doors", Set.of("opened"))) {
            publish(log, "opened", 2, 10);
            var first = consumer.poll(NOW).events();
            // The second one is acknowledged and the first one still needed.
            consumer.acknowledge(first.subList(1, 2));
            for (int i = 0; i < 20; i++) {
                publish(log, "closed", 5, 50_000);
                publish(log, "opened", 5, 50_000);
            }
            consumer.acknowledge(first.subList(0, 1));
            int handed = 0;
            for (var events = consumer.poll(NOW).events();
                    !events.isEmpty();
                    events = consumer.poll(NOW).events()) {
                consumer.acknowledge(events);
                handed += events.size();
            }
            assertThat(handed).isPositive();
            // Those that were not handed over, and the first one, which was acknowledged too late.
            assertThat(log.dropped()).isEqualTo(100 - handed + 1);
        }
    }

    @Test
    void positions_go_on_behind_a_restart_though_everything_was_deleted() throws Exception {
        var first = log(Duration.ZERO, 0, MUCH, Retention.Full.REFUSE);
        publish(first, 10, 10);
        time.advance(Duration.ofDays(1));
        publish(first, 1, 10);
        var second = log(Duration.ZERO, 0, MUCH, Retention.Full.REFUSE);
        assertThat(second.end()).isEqualTo(11);
        publish(second, 1, 10);
        assertThat(second.end()).isEqualTo(12);
        assertThat(second.published("door")).isEqualTo(12);
    }

    @Test
    void the_environment_names_the_bounds() {
        assertThat(Retention.from(Map.of())).isEqualTo(Retention.DEFAULT);
        var named =
                Map.of(
                        "WEFT_BUS_KEEP", "PT12H",
                        "WEFT_BUS_KEEP_BYTES", "1000",
                        "WEFT_BUS_MAX_BYTES", "2000",
                        "WEFT_BUS_FULL", "drop");
        assertThat(Retention.from(named))
                .isEqualTo(new Retention(Duration.ofHours(12), 1000, 2000, Retention.Full.DROP));
        for (var wrong : List.of("WEFT_BUS_KEEP", "WEFT_BUS_MAX_BYTES", "WEFT_BUS_FULL"))
            assertThatThrownBy(() -> Retention.from(Map.of(wrong, "much")))
                    .hasMessageContaining(wrong)
                    .hasMessageContaining("much");
    }

    @Test
    void ids_of_programs_are_remembered_whatever_the_calendar_does() throws Exception {
        var clock = new MovableClock();
        var log = new BusLog(storage.database(), Retention.DEFAULT, clock);
        assertThat(offer(log, "a").repeated()).isZero();
        clock.move(TAKEN_LONG_AGO);
        assertThat(offer(log, "b").repeated()).isZero();
        assertThat(offer(log, "a").repeated()).isEqualTo(1);
        clock.move(TAKEN_LONG_AGO);
        log = new BusLog(storage.database(), Retention.DEFAULT, clock);
        assertThat(offer(log, "c").repeated()).isZero();
        assertThat(offer(log, "a").repeated()).isEqualTo(1);
        clock.move(TAKEN_LONG_AGO.multipliedBy(-3));
        assertThat(offer(log, "d").repeated()).isZero();
        assertThat(offer(log, "a").repeated()).isEqualTo(1);
    }

    @Test
    void ids_of_programs_are_forgotten_when_the_bus_has_run_for_a_day() throws Exception {
        var log = new BusLog(storage.database(), Retention.DEFAULT, time);
        offer(log, "a");
        time.advance(BusTables.TAKEN.minusSeconds(1));
        offer(log, "b");
        assertThat(offer(log, "a").repeated()).isEqualTo(1);
        time.advance(Duration.ofSeconds(2));
        offer(log, "c");
        assertThat(offer(log, "a").repeated()).isZero();
        assertThat(offer(log, "b").repeated()).isEqualTo(1);
    }

    private static BusTables.Accepted offer(BusLog log, String id) throws InterruptedException {
        var event =
                new BusEvent(
                        "/sensors/7",
                        1,
                        0,
                        "measured",
                        "room-1",
                        Instant.EPOCH,
                        "1".getBytes(StandardCharsets.UTF_8),
                        Origin.NONE);
        return log.accept(List.of(new BusTables.Offered(id, event, "")));
    }

    private void publish(Bus bus, int events, int bytes) throws InterruptedException {
        publish(bus, "opened", events, bytes);
    }

    private void publish(Bus bus, String type, int events, int bytes) throws InterruptedException {
        var data = new byte[bytes];
        Arrays.fill(data, (byte) '1');
        var all = new ArrayList<BusEvent>();
        for (int i = 0; i < events; i++)
            all.add(
                    new BusEvent(
                            "door", ++position, 0, type, "key", Instant.EPOCH, data, Origin.NONE));
        bus.publish("door", position, all);
    }
}
