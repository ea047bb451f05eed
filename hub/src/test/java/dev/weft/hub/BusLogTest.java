package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Database;
import dev.weft.events.Origin;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.Subjects;
import dev.weft.events.SubscriptionLedger;
import dev.weft.testkit.BusContract;
import dev.weft.testkit.LoggedLines;
import dev.weft.testkit.VirtualTime;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusLogTest extends BusContract {

    private static final Duration NOW = Duration.ZERO;
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final Duration LEASE = Duration.ofSeconds(30);

    @TempDir private Path folder;

    private Time time = SystemTime.INSTANCE;

    @Override
    protected Bus open(VirtualTime time) {
        this.time = time;
        return open();
    }

    @Override
    protected Bus reopen(Bus bus) {
        bus.close();
        return open();
    }

    private OnFile open() {
        return OnFile.open(folder.resolve("hub.db"), time);
    }

    /** The log with the file that it is in. */
    private record OnFile(BusLog log, Storage storage) implements Bus {

        static OnFile open(Path file, Time time) {
            var storage = Storage.open("sqlite:" + file, SystemTime.INSTANCE);
            try {
                return new OnFile(new BusLog(storage.database(), time), storage);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void publish(String source, long through, List<BusEvent> events)
                throws InterruptedException {
            log.publish(source, through, events);
        }

        @Override
        public long published(String source) {
            return log.published(source);
        }

        @Override
        public Consumer subscribe(String name, Set<String> types) {
            return log.subscribe(name, types);
        }

        @Override
        public void close() {
            log.close();
            storage.close();
        }
    }

    @Test
    void what_is_not_acknowledged_is_handed_out_again_behind_a_restart() throws Exception {
        var all = new ArrayList<BusEvent>();
        for (int i = 1; i <= 40; i++) all.add(event(i, i % 3 == 0 ? "closed" : "opened", 10));
        try (var bus = open()) {
            bus.publish("door", 40, all);
            var consumer = bus.subscribe("log.doors", Set.of("opened"));
            var handed = consumer.poll(NOW).events();
            assertThat(handed).hasSize(27);
            consumer.acknowledge(
                    handed.stream().filter(event -> event.position() % 2 == 0).toList());
        }
        try (var bus = open()) {
            var again = bus.log().poll("log.doors", "another", NOW);
            assertThat(again.events())
                    .extracting(BusEvent::position)
                    .containsExactlyElementsOf(
                            all.stream()
                                    .filter(event -> event.type().equals("opened"))
                                    .map(BusEvent::position)
                                    .filter(position -> position % 2 != 0)
                                    .toList());
        }
    }

    @Test
    void an_acknowledgement_counts_that_comes_behind_a_restart() throws Exception {
        List<BusEvent> handed;
        try (var bus = open()) {
            bus.publish("door", 3, List.of(event(1, "opened", 1), event(2, "opened", 1)));
            handed = bus.subscribe("log.doors", Set.of("opened")).poll(NOW).events();
        }
        try (var bus = open()) {
            var ids = List.of(handed.get(1).id(), "nobody/1/0", "nonsense");
            bus.log().acknowledge("log.doors", "late", ids);
        }
        try (var bus = open()) {
            var again = bus.subscribe("log.doors", Set.of("opened")).poll(NOW).events();
            assertThat(again).extracting(BusEvent::id).containsExactly("door/1/0");
        }
    }

    @Test
    void what_is_acknowledged_before_it_is_read_again_is_not_waited_for() throws Exception {
        List<BusEvent> handed;
        try (var bus = open()) {
            bus.publish(
                    "door",
                    3,
                    List.of(
                            traced(event(1, "opened", 1)),
                            traced(event(2, "opened", 1)),
                            traced(event(3, "opened", 1))));
            handed = bus.subscribe("log.doors", Set.of("opened")).poll(NOW).events();
        }
        try (var bus = open()) {
            var log = bus.log();
            log.acknowledge("log.doors", "late", List.of(handed.get(0).id()));
            log.acknowledge("log.doors", "late", List.of(handed.get(1).id()));
            assertThat(log.waiting("log.doors").orElseThrow().logged().sequence()).isEqualTo(3);
            assertThat(log.undone("log.doors", Set.of(TRACE), 0).orElseThrow().logged().sequence())
                    .isEqualTo(3);
            assertThat(log.subscription("log.doors").pending()).isEqualTo(1);
            log.acknowledge("log.doors", "late", List.of(handed.get(2).id()));
            assertThat(log.waiting("log.doors")).isEmpty();
            assertThat(log.undone("log.doors", Set.of(TRACE), 0)).isEmpty();
            assertThat(log.subscription("log.doors").pending()).isZero();
        }
    }

    @Test
    void what_a_listener_loses_that_is_taken_back_is_told_with_its_number() throws Exception {
        var clock = new VirtualTime();
        time = clock;
        try (var bus = open();
                var told = new LoggedLines(BusLog.class.getName())) {
            try (var newer = bus.subscribe("log.doors", Set.of("opened", "closed"))) {
                bus.publish(
                        "door",
                        3,
                        List.of(
                                event(1, "opened", 1),
                                event(2, "closed", 1),
                                event(3, "closed", 1)));
                assertThat(newer.poll(NOW).events()).hasSize(3);
            }
            bus.publish("door", 4, List.of(event(4, "closed", 1)));
            try (var older = bus.subscribe("log.doors", Set.of("opened"))) {
                clock.advance(Bus.SILENCE);
                assertThat(older.poll(NOW).events()).hasSize(1);
                assertThat(told.lines()).isEmpty();
                clock.advance(Duration.ofSeconds(1));
                older.poll(NOW);
                assertThat(told.lines())
                        .singleElement()
                        .asString()
                        .contains("log.doors takes closed no longer", "3 events");
                older.poll(NOW);
                assertThat(told.lines()).hasSize(1);
            }
        }
    }

    @Test
    void an_acknowledgement_counts_that_races_with_a_poll_behind_a_restart() throws Exception {
        List<BusEvent> handed;
        try (var bus = open()) {
            bus.publish("door", 1, List.of(event(1, "opened", 1)));
            handed = bus.subscribe("log.doors", Set.of("opened")).poll(NOW).events();
        }
        var storage = Storage.open("sqlite:" + folder.resolve("hub.db"), SystemTime.INSTANCE);
        var lookedUp = new AtomicReference<Runnable>(() -> {});
        try (storage;
                var log = new BusLog(lookingUp(storage.database(), lookedUp), time)) {
            lookedUp.set(() -> {
                try {
                    assertThat(log.poll("log.doors", "late", NOW).events()).hasSize(1);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            log.acknowledge("log.doors", "late", List.of(handed.getFirst().id()));
            assertThat(log.subscriptions())
                    .singleElement()
                    .satisfies(progress -> assertThat(progress.pending()).isZero());
        }
    }

    /** The database; once an event's sequence has been looked up, something happens. */
    private static Database lookingUp(Database database, AtomicReference<Runnable> lookedUp) {
        return new Database() {
            @Override
            public <T> T write(Function<Sql, T> work) throws InterruptedException {
                return database.write(work);
            }

            @Override
            public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
                var rows = database.query(sql, row, parameters);
                if (sql.contains("source_position = ?")) lookedUp.getAndSet(() -> {}).run();
                return rows;
            }

            @Override
            public void close() {
                database.close();
            }
        };
    }

    @Test
    void a_consumer_that_joins_anew_is_handed_everything_again() throws Exception {
        try (var bus = open()) {
            bus.publish("door", 2, List.of(event(1, "opened", 1), event(2, "opened", 1)));
            bus.log().join("log.doors", "a", Set.of("opened"));
            assertThat(bus.log().poll("log.doors", "a", NOW).events()).hasSize(2);
            assertThat(bus.log().poll("log.doors", "a", NOW).events()).isEmpty();
            bus.log().join("log.doors", "a", Set.of("opened"));
            assertThat(bus.log().poll("log.doors", "a", NOW).events()).hasSize(2);
        }
    }

    @Test
    void an_old_process_that_joins_first_behind_a_restart_takes_no_type_away() throws Exception {
        try (var bus = open()) {
            bus.subscribe("log.doors", Set.of("opened", "closed"));
        }
        try (var bus = open()) {
            var older = bus.subscribe("log.doors", Set.of("opened"));
            bus.publish("door", 2, List.of(event(1, "opened", 1), event(2, "closed", 1)));
            assertThat(older.poll(NOW).events())
                    .extracting(BusEvent::type)
                    .containsExactly("opened");
            var newer = bus.subscribe("log.doors", Set.of("opened", "closed"));
            older.close();
            assertThat(newer.poll(NOW).events())
                    .extracting(BusEvent::type)
                    .containsExactly("opened", "closed");
        }
    }

    @Test
    void large_events_come_in_small_batches_and_are_all_handed_over() throws Exception {
        try (var bus = open()) {
            for (int i = 1; i <= 30; i++)
                bus.publish("door", i, List.of(event(i, "opened", Bus.MAX_DATA_BYTES - 2)));
            var consumer = bus.subscribe("log.doors", Set.of("opened"));
            var seen = new ArrayList<Long>();
            int most = 0;
            while (seen.size() < 30) {
                var events = consumer.poll(NOW).events();
                assertThat(events).hasSizeBetween(1, 1);
                seen.add(events.getFirst().position());
                if (seen.size() - most >= BusLog.MAX_HELD_BYTES >> 20) {
                    assertThat(consumer.poll(NOW).events()).isEmpty();
                    for (; most < seen.size(); most++)
                        consumer.acknowledge(List.of(event(seen.get(most), "opened", 1)));
                }
            }
            assertThat(seen).isSorted();
        }
    }

    @Test
    void many_subscriptions_that_stand_hold_little_each_and_nobody_is_kept_from_reading()
            throws Exception {
        try (var bus = open()) {
            for (int i = 1; i <= 10; i++)
                bus.publish("door", i, List.of(event(i, "opened", Bus.MAX_DATA_BYTES - 2)));
            for (int i = 1; i <= 12; i++) {
                var consumer = bus.subscribe("log.stands" + i, Set.of("opened"));
                for (int got = 1; got > 0; ) got = consumer.poll(NOW).events().size();
            }
            long held = bus.log().lags().values().stream().mapToLong(BusLog.Lag::outstanding).sum();
            assertThat(held << 20).isLessThanOrEqualTo(BusLog.MAX_ALL_BYTES + (12 << 20));
            var consumer = bus.subscribe("log.goes", Set.of("opened"));
            for (int i = 1; i <= 10; i++) {
                var events = consumer.poll(NOW).events();
                assertThat(events).extracting(BusEvent::position).containsExactly((long) i);
                consumer.acknowledge(events);
            }
        }
    }

    @Test
    void a_late_subscription_reads_a_long_log_to_its_end() throws Exception {
        try (var bus = open()) {
            int last = BusTables.WINDOW * 2 + 100;
            for (int from = 1; from <= last; from += 500) {
                var events = new ArrayList<BusEvent>();
                for (int at = from; at < from + 500 && at <= last; at++)
                    events.add(event(at, at == last || at == 7 ? "rare" : "often", 1));
                bus.publish("door", Math.min(last, from + 499), events);
            }
            var consumer = bus.subscribe("log.doors", Set.of("rare"));
            var seen = new HashSet<Long>();
            while (seen.size() < 2)
                for (var event : consumer.poll(NOW).events()) seen.add(event.position());
            assertThat(seen).containsExactlyInAnyOrder(7L, (long) last);
            assertThat(bus.log().subscriptions())
                    .singleElement()
                    .satisfies(progress -> {
                        assertThat(progress.pending()).isEqualTo(2);
                        assertThat(progress.consumers()).isEqualTo(1);
                    });
        }
    }

    @Test
    void a_subscription_that_nobody_uses_can_be_deleted() throws Exception {
        try (var bus = open()) {
            var consumer = bus.subscribe("log.doors", Set.of("opened"));
            assertThat(bus.log().delete("log.doors")).isFalse();
            consumer.close();
            assertThat(bus.log().delete("log.doors")).isTrue();
        }
        try (var bus = open()) {
            assertThat(bus.log().subscriptions()).isEmpty();
        }
    }

    @Test
    void what_is_parked_stays_so_behind_a_restart_and_so_does_its_retry() throws Exception {
        var declaration =
                new Declaration(
                        Set.of("opened"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(1),
                        Optional.empty());
        var wait = Duration.ofSeconds(30);
        try (var bus = open()) {
            bus.log().declare("log", declaration);
            bus.publish("door", 2, List.of(event(1, "opened", 1), event(2, "opened", 1)));
            assertThat(bus.log().lease("log", "pull-a", 9, NOW, wait)).hasSize(2);
            bus.log().reject("log", "pull-a", List.of("door/1/0"), "no", Optional.empty());
        }
        try (var bus = open()) {
            assertThat(bus.log().lease("log", "pull-b", 9, NOW, wait)).isEmpty();
            assertThat(bus.log().parked("log"))
                    .singleElement()
                    .satisfies(key -> {
                        assertThat(key.error()).isEqualTo("no");
                        assertThat(key.events()).isEqualTo(2);
                    });
            assertThat(bus.log().retry("log", new SubscriptionLedger.Key("door", "key"))).isTrue();
        }
        try (var bus = open()) {
            assertThat(bus.log().parked("log")).isEmpty();
            assertThat(bus.log().lease("log", "pull-c", 9, NOW, wait)).hasSize(2);
        }
    }

    @Test
    void an_acknowledgement_of_what_was_put_aside_is_refused() throws Exception {
        try (var bus = open()) {
            bus.log().declare("log", declared());
            bus.publish("door", 2, List.of(event(1, "opened", 1), event(2, "opened", 1)));
            assertThat(bus.log().lease("log", "pull-a", 9, NOW, LEASE)).hasSize(2);
            bus.log().reject("log", "pull-a", List.of("door/1/0"), "no", Optional.empty());
            var behind = List.of("door/2/0");
            assertThat(bus.log().acknowledgeHeld("log", "pull-a", behind)).isEqualTo(behind);
        }
    }

    @Test
    void the_bus_goes_on_while_personal_data_is_opened() throws Exception {
        try (var storage = Storage.open("memory:", SystemTime.INSTANCE)) {
            var went = new AtomicBoolean();
            var log = new AtomicReference<Optional<BusLog>>(Optional.empty());
            var subjects =
                    opening(
                            storage.subjects(),
                            () -> {
                                var other = log.get().orElseThrow();
                                var thread = Thread.ofVirtual().start(other::end);
                                went.set(thread.join(Duration.ofSeconds(10)));
                            });
            try (var bus = new BusLog(storage.database(), subjects, Retention.DEFAULT, time)) {
                log.set(Optional.of(bus));
                bus.declare("log", declared());
                bus.publish("door", 1, List.of(personal()));
                assertThat(bus.lease("log", "pull-a", 1, NOW, LEASE)).hasSize(1);
                assertThat(went).isTrue();
            }
        }
    }

    @Test
    void what_could_not_be_opened_is_handed_over_again_at_once() throws Exception {
        try (var storage = Storage.open("memory:", SystemTime.INSTANCE)) {
            var broken = new AtomicBoolean(true);
            var subjects =
                    opening(
                            storage.subjects(),
                            () -> {
                                if (broken.get()) throw new IllegalStateException("away");
                            });
            try (var bus = new BusLog(storage.database(), subjects, Retention.DEFAULT, time)) {
                bus.declare("log", declared());
                bus.publish("door", 1, List.of(personal()));
                assertThatThrownBy(() -> bus.lease("log", "pull-a", 1, NOW, LEASE))
                        .hasMessage("away");
                broken.set(false);
                assertThat(bus.lease("log", "pull-b", 1, NOW, LEASE)).hasSize(1);
            }
        }
    }

    private static Declaration declared() {
        return new Declaration(
                Set.of("opened"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static BusEvent personal() {
        return new BusEvent(
                "door",
                1,
                0,
                "opened",
                "key",
                Instant.parse("2026-01-01T00:00:00Z"),
                "{\"by\":{\"personal_of\":\"ann\",\"value\":\"Ann\"}}"
                        .getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }

    private interface Opened {
        void now() throws InterruptedException;
    }

    /** The subjects; before something of theirs is opened, something happens. */
    private static Subjects opening(Subjects subjects, Opened opened) {
        return new Subjects() {
            @Override
            public byte[] sealed(String place, byte[] json, Sql sql) {
                return subjects.sealed(place, json, sql);
            }

            @Override
            public byte[] opened(String place, byte[] json) {
                try {
                    opened.now();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                return subjects.opened(place, json);
            }

            @Override
            public long known() {
                return subjects.known();
            }

            @Override
            public long erasures() {
                return subjects.erasures();
            }

            @Override
            public List<Erased> since(long known, int max) {
                return subjects.since(known, max);
            }

            @Override
            public boolean moved(long known, Sql sql) {
                return subjects.moved(known, sql);
            }

            @Override
            public Erasure erase(String subject, String by, java.util.function.Consumer<Sql> copies)
                    throws InterruptedException {
                return subjects.erase(subject, by, copies);
            }
        };
    }

    @Test
    void sets_of_sequences_are_written_as_runs() {
        var numbers = new TreeSet<>(List.of(3L, 4L, 5L, 9L, 11L, 12L));
        assertThat(BusTables.text(numbers)).isEqualTo("3-5,9,11-12");
        var read = new TreeSet<Long>();
        for (long[] run : BusTables.runs("3-5,9,11-12"))
            for (long at = run[0]; at <= run[1]; at++) read.add(at);
        assertThat(read).isEqualTo(numbers);
        assertThat(BusTables.text(Set.of())).isEmpty();
        assertThat(BusTables.runs("")).isEmpty();
    }

    private static BusEvent traced(BusEvent event) {
        var origin = new Origin("00-" + TRACE + "-00f067aa0ba902b7-01", "", "", "", "", "");
        return new BusEvent(
                event.source(),
                event.position(),
                event.part(),
                event.type(),
                event.key(),
                event.at(),
                event.data(),
                origin);
    }

    private static BusEvent event(long position, String type, int bytes) {
        return new BusEvent(
                "door",
                position,
                0,
                type,
                "key",
                Instant.parse("2026-01-01T00:00:00Z"),
                ("\"" + "x".repeat(bytes) + "\"").getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }
}
