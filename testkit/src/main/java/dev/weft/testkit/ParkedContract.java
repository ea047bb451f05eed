package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Backoff;
import dev.weft.core.Failure;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Metric;
import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.core.Trace;
import dev.weft.core.Tracer;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Event;
import dev.weft.events.EventMetrics;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.Origin;
import dev.weft.events.ParkedEvents;
import dev.weft.events.ParkedEvents.Head;
import dev.weft.events.ParkedEvents.Selection;
import dev.weft.events.Pipeline;
import dev.weft.events.Progress;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What becomes of events that keep failing, on any storage: their keys are parked in order, others go
 * on, and nothing is lost or done twice, whatever is tried again, edited or dropped.
 */
@Timeout(60)
public abstract class ParkedContract {

    /** What the events say. */
    public record Rung(int number) {}

    private static final EventType<Rung> RUNG = EventType.of("rung", Rung.class);
    private static final Backoff SOON = new Backoff(Duration.ofMillis(1), Duration.ofMillis(1));
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final long NO_LIMIT = ParkedEvents.NO_LIMIT;

    /** Steps through all numbers, far apart. */
    private static final long ODD = 0x9e3779b97f4a7c15L;

    private final SystemTime time = SystemTime.INSTANCE;
    private final List<AutoCloseable> open = new ArrayList<>();

    /** The numbers that fail at present. */
    private final Set<Integer> broken = ConcurrentHashMap.newKeySet();

    /** What the effect has done. */
    private final ConcurrentLinkedQueue<String> done = new ConcurrentLinkedQueue<>();

    private final AtomicInteger tries = new AtomicInteger();

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private MemoryBus bus;

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Storage storage;

    /** For subclasses. */
    protected ParkedContract() {}

    /** Opens an empty storage. */
    protected abstract Storage open() throws Exception;

    @BeforeEach
    final void openAll() throws Exception {
        bus = new MemoryBus(time);
        storage = open();
        storage.database()
                .write(sql ->
                        sql.update(
                                "create table seen (id integer primary key, key text, number integer)"));
    }

    @AfterEach
    final void closeAll() throws Exception {
        for (var each : open.reversed()) each.close();
        storage.close();
        bus.close();
    }

    @Test
    final void a_key_that_keeps_failing_is_parked_with_what_comes_behind_it() throws Exception {
        for (var listener : List.of(tables(), effect())) {
            broken.add(2);
            var house = start(listener);
            publish(1, "a1", "b2", "a3", "b4");
            awaitParked(house, "b", 2);
            var head = house.parked().heads(Selection.ALL).getFirst();
            assertThat(head.listener()).isEqualTo("bells");
            assertThat(head.event()).endsWith("/2/0");
            assertThat(head.attempts()).isEqualTo(3);
            assertThat(head.error()).isEqualTo(IllegalStateException.class.getName());
            assertThat(head.message()).isEqualTo("no 2");
            assertThat(head.firstFailed()).isPresent();
            assertThat(head.retrying()).isFalse();
            publish(5, "b5", "a6");
            awaitParked(house, "b", 3);
            awaitHandled("a1", "a3", "a6");
            // Everything is acknowledged: the next process finds nothing at the bus.
            awaitApplied(house, 6);
            assertThat(house.progress().failing()).isEmpty();
            broken.clear();
            house.parked().retry(Selection.ALL, NO_LIMIT);
            awaitHandled("a1", "a3", "a6", "b2", "b4", "b5");
            awaitNothingParked(house);
            publish(7, "b7");
            awaitHandled("a1", "a3", "a6", "b2", "b4", "b5", "b7");
            restart(house);
        }
    }

    @Test
    final void what_was_parked_and_could_not_be_acknowledged_is_neither_lost_nor_doubled()
            throws Exception {
        for (var listener : List.of(tables(), effect())) {
            broken.add(2);
            var house = start(listener, new Deaf(bus));
            publish(1, "b2", "b3", "a4");
            awaitParked(house, "b", 2);
            house.close();
            var next = start(listener);
            awaitApplied(next, 3);
            awaitParked(next, "b", 2);
            broken.clear();
            next.parked().retry(Selection.ALL, NO_LIMIT);
            awaitHandled("a4", "b2", "b3");
            awaitNothingParked(next);
            restart(next);
        }
    }

    @Test
    final void a_retry_that_fails_leaves_the_key_parked_where_it_failed() throws Exception {
        for (var listener : List.of(tables(), effect())) {
            broken.addAll(List.of(1, 3));
            var house = start(listener);
            publish(1, "a1", "a2", "a3", "a4");
            awaitParked(house, "a", 4);
            int before = tries.get();
            retryInVain(house);
            assertThat(tries.get() - before).isEqualTo(1);
            assertThat(only(house).attempts()).isEqualTo(4);
            broken.remove(1);
            retryInVain(house);
            assertThat(only(house).event()).endsWith("/3/0");
            assertThat(only(house).attempts()).isEqualTo(1);
            assertThat(only(house).message()).isEqualTo("no 3");
            awaitHandled("a1", "a2");
            broken.clear();
            house.parked().retry(selected("event", only(house).event()), NO_LIMIT);
            awaitHandled("a1", "a2", "a3", "a4");
            restart(house);
        }
    }

    @Test
    final void what_is_dropped_lets_those_behind_it_go_on() throws Exception {
        broken.addAll(List.of(1, 2));
        var house = start(tables());
        publish(1, "a1", "b2", "a3", "b4");
        awaitParked(house, "a", 2);
        awaitParked(house, "b", 2);
        assertThatThrownBy(() -> house.parked().drop(nothingSaid(), false))
                .hasMessageContaining("say which");
        house.parked().drop(selected("key", "a"), false);
        awaitHandled("a3");
        assertThat(house.parked().drop(selected("cause", "no 2"), true).events()).isEqualTo(2);
        awaitNothingParked(house);
        publish(5, "b5");
        awaitHandled("a3", "b5");
    }

    @Test
    final void an_event_behind_another_is_dropped_alone_and_not_tried_before_it() throws Exception {
        broken.add(1);
        var house = start(effect());
        publish(1, "a1", "a2", "a3");
        awaitParked(house, "a", 3);
        var behind = only(house).event().replace("/1/0", "/2/0");
        assertThat(house.parked().show(Optional.empty(), behind).getFirst().behind())
                .isEqualTo(only(house).event());
        assertThatThrownBy(() -> house.parked().retry(selected("event", behind), NO_LIMIT))
                .hasMessageContaining("waits behind");
        house.parked().drop(selected("event", behind), false);
        awaitParked(house, "a", 2);
        broken.clear();
        house.parked().retry(Selection.ALL, NO_LIMIT);
        awaitHandled("a1", "a3");
    }

    @Test
    final void an_event_that_is_dropped_while_it_is_tried_lets_those_behind_it_go_on()
            throws Exception {
        broken.add(1);
        var house = start(effect());
        publish(1, "a1", "a2");
        awaitParked(house, "a", 2);
        var go = new CountDownLatch(1);
        gate = Optional.of(go);
        int before = tries.get();
        house.parked().retry(Selection.ALL, NO_LIMIT);
        await(() -> tries.get() > before);
        house.parked().drop(Selection.ALL, false);
        go.countDown();
        awaitHandled("a2");
        awaitNothingParked(house);
    }

    @Test
    final void an_edited_event_is_handled_with_its_new_data_and_only_if_they_fit()
            throws Exception {
        for (var listener : List.of(tables(), effect())) {
            broken.add(2);
            var house = start(listener);
            publish(1, "b2", "b3");
            awaitParked(house, "b", 2);
            var event = only(house).event();
            assertThatThrownBy(() -> edit(house, event, "{\"number\":\"x\"}"))
                    .hasMessageContaining("do not fit rung");
            assertThatThrownBy(() -> edit(house, event, "{")).hasMessageContaining("no valid JSON");
            edit(house, event, "{\"number\":20}");
            var shown = house.parked().show(Optional.of("bells"), event).getFirst();
            assertThat(shown.data()).isEqualTo("{\"number\":20}");
            assertThat(shown.edited()).isEqualTo(1);
            assertThat(shown.stack()).contains("ParkedContract");
            assertThat(shown.events()).isEqualTo(2);
            house.parked().retry(Selection.ALL, NO_LIMIT);
            awaitHandled("b20", "b3");
            restart(house);
        }
    }

    @Test
    final void what_one_process_was_told_to_try_another_one_does() throws Exception {
        broken.add(1);
        var house = start(tables());
        publish(1, "a1", "a2");
        awaitParked(house, "a", 2);
        house.close();
        broken.clear();
        pipeline(tables(), bus).parked().retry(Selection.ALL, NO_LIMIT);
        start(tables());
        awaitHandled("a1", "a2");
    }

    @Test
    final void order_is_kept_while_events_come_and_two_processes_try_again() throws Exception {
        long seed = time.random().nextLong();
        var random = new AtomicLong(seed);
        var fickle =
                Listener.transactional("bells")
                        .attempts(1, SOON)
                        .on(
                                RUNG,
                                (event, sql) -> {
                                    see(event, sql);
                                    if (random.addAndGet(ODD) >>> 62 == 0)
                                        throw new IllegalStateException("bad luck");
                                });
        var house = start(fickle);
        var other = start(fickle);
        int last = 60;
        for (int i = 1; i <= last; i++) {
            publish(i, (i % 2 == 0 ? "a" : "b") + i);
            if (i % 10 == 0) {
                house.parked().retry(Selection.ALL, NO_LIMIT);
                other.parked().retry(Selection.ALL, NO_LIMIT);
            }
        }
        await(() -> {
            house.parked().retry(Selection.ALL, NO_LIMIT);
            other.parked().retry(Selection.ALL, NO_LIMIT);
            return handled().size() >= last;
        });
        for (var key : List.of("a", "b")) {
            var expected = new ArrayList<String>();
            for (int i = key.equals("a") ? 2 : 1; i <= last; i += 2) expected.add(key + i);
            assertThat(handled().stream().filter(it -> it.startsWith(key)))
                    .as("seed " + seed)
                    .containsExactlyElementsOf(expected);
        }
    }

    @Test
    final void an_effect_is_worked_at_by_one_process_alone() throws Exception {
        broken.add(1);
        var house = start(effect());
        publish(1, "a1", "a2", "a3");
        awaitParked(house, "a", 3);
        broken.clear();
        var other = start(effect());
        for (int i = 0; i < 5; i++) {
            house.parked().retry(Selection.ALL, NO_LIMIT);
            other.parked().retry(Selection.ALL, NO_LIMIT);
        }
        awaitNothingParked(house);
        assertThat(done).containsExactly("a1", "a2", "a3");
    }

    @Test
    final void a_store_that_is_away_is_no_attempt() throws Exception {
        for (boolean tables : List.of(true, false)) {
            var failures = new AtomicInteger(20);
            Listener listener =
                    tables
                            ? Listener.transactional("bells")
                                    .attempts(2, SOON)
                                    .on(
                                            RUNG,
                                            (event, sql) -> {
                                                if (failures.getAndDecrement() > 0) throw away();
                                                see(event, sql);
                                            })
                            : Listener.effect("bells")
                                    .attempts(2, SOON)
                                    .on(
                                            RUNG,
                                            event -> {
                                                if (failures.getAndDecrement() > 0)
                                                    throw new IllegalStateException(away());
                                                done.add(event.key() + event.data().number());
                                            });
            var house = start(listener);
            publish(1, "a1");
            awaitHandled("a1");
            assertThat(house.parked().heads(Selection.ALL)).isEmpty();
            restart(house);
        }
    }

    @Test
    final void what_is_given_up_in_code_is_not_parked_unless_that_fails_too() throws Exception {
        var house =
                start(
                        Listener.effect("bells")
                                .attempts(2, SOON)
                                .on(
                                        RUNG,
                                        event -> {
                                            throw new IllegalStateException("nobody answers");
                                        },
                                        (event, failure) -> {
                                            if (event.data().number() == 2)
                                                throw new IllegalStateException("not even that");
                                            done.add("gave up " + event.data().number());
                                        }));
        publish(1, "a1", "b2");
        awaitParked(house, "b", 1);
        assertThat(only(house).message()).isEqualTo("not even that");
        await(() -> done.contains("gave up 1"));
        assertThat(house.parked().heads(Selection.ALL)).hasSize(1);
    }

    @Test
    final void without_room_a_key_stays_at_the_bus_and_says_so() throws Exception {
        fill(10_000);
        for (var listener : List.of(tables(), effect())) {
            broken.add(1);
            var house = start(listener);
            publish(1, "a1", "a2");
            await(() ->
                    house.progress().failing().stream()
                            .anyMatch(it -> it.error().contains("cannot be parked")));
            assertThat(house.progress().failing().getFirst().error())
                    .contains("no 1", "10000", "weft parked list");
            assertThat(heads(house, "a")).isEmpty();
            broken.clear();
            awaitHandled("a1", "a2");
            restart(house);
        }
    }

    @Test
    final void a_parked_key_is_told_to_who_waits_for_everything_and_not_waited_for()
            throws Exception {
        broken.add(2);
        var house = start(effect());
        publish(1, "b2", "b3");
        awaitParked(house, "b", 2);
        awaitApplied(house, 2);
        var blocked = house.progress().awaitSettled(0, Receipt.of(source(), 2), LONG);
        assertThat(blocked).hasSize(1);
        assertThat(blocked.getFirst().parked()).isTrue();
        assertThat(blocked.getFirst().by()).isEqualTo("listener bells");
        assertThat(blocked.getFirst().attempt()).isEqualTo(3);
        assertThat(blocked.getFirst().error())
                .contains("parked: rung", "/1/0", "1 behind it", "no 2");
        var go = new CountDownLatch(1);
        broken.clear();
        gate = Optional.of(go);
        house.parked().retry(Selection.ALL, NO_LIMIT);
        assertThat(house.progress().awaitSettled(0, Receipt.NONE, Duration.ofMillis(60)))
                .extracting(Progress.Blocked::parked)
                .containsExactly(false);
        go.countDown();
        assertThat(house.progress().awaitSettled(0, Receipt.NONE, LONG)).isEmpty();
    }

    @Test
    final void what_is_parked_of_one_trace_is_told_to_who_waits_for_that() throws Exception {
        broken.add(1);
        var house = start(effect());
        var first = Trace.start(time, false).child(time);
        var second = Trace.start(time, false).child(time);
        publish(1, first, "a1");
        publish(2, second, "a2");
        awaitParked(house, "a", 2);
        var log = storage.events();
        var one = house.progress().awaitOf(Set.of(first.traceId()), log, LONG);
        assertThat(one).extracting(Progress.Blocked::position).containsExactly(1L);
        assertThat(one.getFirst().parked()).isTrue();
        assertThat(one.getFirst().error()).startsWith("parked: rung");
        var behind = house.progress().awaitOf(Set.of(second.traceId()), log, LONG);
        assertThat(behind).extracting(Progress.Blocked::position).containsExactly(2L);
        assertThat(behind.getFirst().error()).contains("/2/0 waiting behind", "/1/0", "no 1");
        var other = Trace.start(time, false).traceId();
        assertThat(house.progress().awaitOf(Set.of(other), log, LONG)).isEmpty();
        broken.clear();
        house.parked().retry(Selection.ALL, NO_LIMIT);
        assertThat(house.progress().awaitOf(Set.of(second.traceId()), log, LONG)).isEmpty();
        awaitHandled("a1", "a2");
    }

    @Test
    final void what_is_parked_is_measured() throws Exception {
        broken.add(1);
        var house = start(tables());
        publish(1, "a1", "a2", "b3");
        awaitParked(house, "a", 2);
        assertThat(measured(EventMetrics.PARKED_EVENTS, "bells")).isEqualTo(2);
        assertThat(measured(EventMetrics.PARKINGS, "bells")).isEqualTo(1);
        retryInVain(house);
        assertThat(measured(EventMetrics.RETRIED, "bells", "failed")).isEqualTo(1);
        house.parked().drop(Selection.ALL, true);
        assertThat(measured(EventMetrics.DROPPED, "bells")).isEqualTo(2);
        assertThat(measured(EventMetrics.PARKED_EVENTS, "bells")).isZero();
    }

    // Words of the cases above

    private volatile Optional<CountDownLatch> gate = Optional.empty();
    private final MemoryMeter meter = new MemoryMeter();
    private int houses = 1;

    private Listener tables() {
        return Listener.transactional("bells")
                .attempts(3, SOON)
                .on(
                        RUNG,
                        (event, sql) -> {
                            see(event, sql);
                            check(event.data());
                        });
    }

    private Listener effect() {
        return Listener.effect("bells")
                .attempts(3, SOON)
                .on(
                        RUNG,
                        event -> {
                            check(event.data());
                            done.add(event.key() + event.data().number());
                        });
    }

    private void check(Rung rung) {
        tries.incrementAndGet();
        try {
            if (gate.isPresent()) gate.get().await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (broken.contains(rung.number())) throw new IllegalStateException("no " + rung.number());
    }

    private static Failure away() {
        return new Failure.Storage("the store is away", true, null);
    }

    private static void see(Event<Rung> event, Sql sql) {
        sql.update(
                "insert into seen (id, key, number) select coalesce(max(id), 0) + 1, ?, ? from seen",
                event.key(),
                event.data().number());
    }

    private List<String> handled() {
        var all =
                new ArrayList<>(
                        storage.database()
                                .query(
                                        "select key, number from seen order by id",
                                        row -> row.text("key") + row.number("number")));
        all.addAll(done);
        return all;
    }

    private Pipeline pipeline(Listener listener, Bus bus) {
        return new Pipeline(
                "house",
                List.of(),
                List.of(),
                List.of(listener),
                storage,
                bus,
                Tracer.NONE,
                meter,
                time);
    }

    private Pipeline start(Listener listener) {
        return start(listener, bus);
    }

    private Pipeline start(Listener listener, Bus bus) {
        var pipeline = pipeline(listener, bus);
        pipeline.start();
        open.add(pipeline);
        return pipeline;
    }

    /** As if it was the first round again, but for the bus and the storage, which stay. */
    private void restart(Pipeline house) throws Exception {
        house.close();
        houses++;
        broken.clear();
        done.clear();
        storage.database().write(sql -> sql.update("delete from seen"));
    }

    /** Each round has a source of its own. */
    private String source() {
        return "bell" + houses;
    }

    /** One event each: its key and number. */
    private void publish(long from, String... rung) {
        publish(from, Trace.NONE, rung);
    }

    private void publish(long from, Trace trace, String... rung) {
        var origin = new Origin(trace.hasSpan() ? trace.traceparent() : "", "", "", "", "", "");
        var events = new ArrayList<BusEvent>();
        for (var each : rung)
            events.add(
                    new BusEvent(
                            source(),
                            from + events.size(),
                            0,
                            "rung",
                            each.substring(0, 1),
                            Instant.parse("2026-01-01T00:00:00Z"),
                            Json.write(new Rung(Integer.parseInt(each.substring(1)))),
                            origin));
        bus.publish(source(), from + events.size() - 1, events);
    }

    private static List<Head> heads(Pipeline house, String key) {
        return house.parked().heads(selected("key", key));
    }

    private static Head only(Pipeline house) {
        var heads = house.parked().heads(Selection.ALL);
        assertThat(heads).hasSize(1);
        return heads.getFirst();
    }

    private void awaitParked(Pipeline house, String key, int events) throws Exception {
        await(() -> heads(house, key).stream().anyMatch(head -> head.events() == events));
        assertThat(heads(house, key)).extracting(Head::events).containsExactly(events);
    }

    private void awaitNothingParked(Pipeline house) throws Exception {
        await(() -> house.parked().heads(Selection.ALL).isEmpty());
    }

    private void awaitHandled(String... what) throws Exception {
        await(() -> handled().size() >= what.length);
        assertThat(handled()).containsExactly(what);
    }

    private void awaitApplied(Pipeline house, long position) throws Exception {
        await(() ->
                house.progress().states().stream()
                        .filter(state -> state.name().equals("bells"))
                        .allMatch(state ->
                                state.applied().positions().getOrDefault(source(), 0L)
                                        >= position));
    }

    private void retryInVain(Pipeline house) throws Exception {
        house.parked().retry(Selection.ALL, NO_LIMIT);
        await(() -> house.parked().heads(Selection.ALL).stream().noneMatch(Head::retrying));
    }

    private static void edit(Pipeline house, String event, String data) throws Exception {
        house.parked().edit(Optional.empty(), event, data.getBytes(StandardCharsets.UTF_8));
    }

    private static Selection selected(String what, String value) {
        return new Selection(
                Optional.empty(),
                Optional.of(value).filter(it -> what.equals("event")),
                Optional.empty(),
                Optional.of(value).filter(it -> what.equals("key")),
                Optional.of(value).filter(it -> what.equals("cause")),
                Optional.empty());
    }

    private static Selection nothingSaid() {
        return new Selection(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** Parks so many events of another listener. */
    private void fill(int events) throws InterruptedException {
        byte[] data = "{}".getBytes(StandardCharsets.UTF_8);
        storage.database()
                .write(sql ->
                        sql.update(
                                "with recursive n(i) as (select 1 union all select i + 1 from n where"
                                        + " i < ?) insert into weft_parked (listener, source, key,"
                                        + " position, part, type, data, at, traceparent, tracestate,"
                                        + " baggage, criticality, cause, handler, attempts, error,"
                                        + " message, stack, first_failed, last_failed, edited, retry)"
                                        + " select 'other', 'x', 'k', i, 0, 'rung', ?, 0, '', '', '', '',"
                                        + " '', 0, 1, 'E', 'm', 's', 1, 1, 0, 0 from n",
                                events,
                                data));
    }

    private double measured(Metric metric, String... values) {
        return meter.read().stream()
                .filter(reading -> reading.metric().equals(metric))
                .flatMap(reading -> reading.points().stream())
                .filter(point -> point.values().equals(List.of(values)))
                .mapToDouble(point -> point instanceof Metric.Value value ? value.value() : -1)
                .findFirst()
                .orElse(-1);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private void await(Condition condition) throws Exception {
        long endNanos = time.nanos() + LONG.toNanos();
        while (!condition.holds()) {
            assertThat(time.nanos() - endNanos).as("in time").isNegative();
            Thread.onSpinWait();
        }
    }

    /** A bus that hears of no acknowledgement. */
    private static final class Deaf implements Bus {
        private final Bus to;

        Deaf(Bus to) {
            this.to = to;
        }

        @Override
        public void publish(String source, long through, List<BusEvent> events)
                throws InterruptedException {
            to.publish(source, through, events);
        }

        @Override
        public long published(String source) {
            return to.published(source);
        }

        @Override
        public Consumer subscribe(String name, Set<String> types) {
            var consumer = to.subscribe(name, types);
            return new Consumer() {
                @Override
                public Batch poll(Duration atMost) throws InterruptedException {
                    return consumer.poll(atMost);
                }

                @Override
                public List<BusEvent> acknowledge(List<BusEvent> events) {
                    throw new IllegalStateException("the bus went away");
                }

                @Override
                public void close() {
                    consumer.close();
                }
            };
        }

        @Override
        public void close() {}
    }
}
