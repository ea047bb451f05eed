package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.events.BusEvent;
import dev.weft.events.Database;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.Event;
import dev.weft.events.EventStore;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Pipeline;
import dev.weft.events.Projection;
import dev.weft.events.Projections;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.SteppedPipeline;
import dev.weft.events.Storage;
import dev.weft.events.Table;
import dev.weft.events.Transaction;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The tables of projections are rebuilt beside the live ones, on every storage. A run of it opens storages on the system's time. */
@Timeout(60)
public abstract class RebuildContract extends StorageCases {

    public record Read(int number) {}

    public record Sum(long sum) {}

    public record Rung(int number) {}

    /** What was rung, to those who listen closely. */
    public record Chimed(int number, Optional<Integer> tones) {}

    private static final EventType<Rung> RUNG = EventType.of("rung", Rung.class);

    private static final EventType<Read> READ = EventType.of("read", Read.class);
    private static final Decider<String, Integer, Read> METER =
            Decider.of("meter", 0, (c, s) -> Decision.nothing(), (s, e) -> s, READ);
    private static final Table<Sum> SUMS = Table.of("sums", Sum.class);
    private static final String READING =
            "create table if not exists reading (n bigint primary key, what text not null, number bigint not null)";
    private static final String READING_INDEX =
            "create index if not exists reading_by_what on reading (what)";
    private static final Duration LONG = Duration.ofSeconds(20);

    private final SystemTime time = TIME;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final MemoryBus bus = new MemoryBus(time);

    protected RebuildContract() {}

    @AfterEach
    void closeAll() throws Exception {
        for (var each : open.reversed()) each.close();
        bus.close();
    }

    // Of another version

    @Test
    void tables_of_an_older_version_are_rebuilt_when_the_service_starts() throws Exception {
        append("meter-a", 1, 2);
        append("clock-a", 7);
        var old = start(sums(1, 1));
        awaitApplied(old, 3);
        old.stop(LONG);
        append("meter-b", 4);
        var now = start(sums(2, 10));
        assertThat(now.projections().awaitRebuilt(LONG)).isTrue();
        awaitApplied(now, 4);
        assertThat(sums()).containsExactly(Map.entry("a", 30L), Map.entry("b", 40L));
        var generations = view(now).generations();
        assertThat(generations)
                .extracting(Projections.Tables::state)
                .containsExactly("live", "kept");
        assertThat(generations).extracting(Projections.Tables::version).containsExactly(2, 1);
        append("meter-a", 3);
        awaitApplied(now, 5);
        assertThat(sums()).containsEntry("a", 60L);
    }

    @Test
    void a_view_of_others_is_rebuilt_from_all_that_it_ever_heard() throws Exception {
        var first =
                Listener.view("sums")
                        .on(RUNG, (event, sql) -> add(event.key(), event.data().number(), sql))
                        .tables(SUMS);
        bus.publish(
                "bell",
                2,
                List.of(rung(1, "{\"number\":1,\"tones\":3}"), rung(2, "{\"number\":2}")));
        var old = start(first, bus);
        assertThat(old.progress().awaitViews(Receipt.of("bell", 2), LONG)).isEmpty();
        assertThat(sums()).containsExactly(Map.entry("a", 3L));
        old.stop(LONG);
        var later =
                Listener.view("sums")
                        .on(
                                EventType.of("rung", Chimed.class),
                                (event, sql) ->
                                        add(
                                                event.key(),
                                                event.data().tones().orElse(1)
                                                        * event.data().number(),
                                                sql))
                        .tables(SUMS)
                        .version(2);
        // It has none of what was told before.
        var another = opened(new MemoryBus(time));
        var now = start(later, another);
        assertThat(now.projections().awaitRebuilt(LONG)).isTrue();
        assertThat(sums()).containsExactly(Map.entry("a", 5L));
        another.publish("bell", 3, List.of(rung(3, "{\"number\":7}")));
        assertThat(now.progress().awaitViews(Receipt.of("bell", 3), LONG)).isEmpty();
        assertThat(sums()).containsExactly(Map.entry("a", 12L));
        assertThat(view(now).generations())
                .extracting(Projections.Tables::state)
                .containsExactly("live", "kept");
    }

    private static void add(String id, int number, Sql sql) {
        SUMS.change(sql, id, new Sum(0), before -> new Sum(before.sum() + number));
    }

    private static BusEvent rung(long position, String data) {
        return new BusEvent(
                "bell",
                position,
                0,
                "rung",
                "a",
                Instant.parse("2026-01-01T00:00:00Z"),
                data.getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }

    @Test
    void the_same_version_is_not_rebuilt() throws Exception {
        append("meter-a", 1);
        var first = start(sums(3, 1));
        awaitApplied(first, 1);
        first.stop(LONG);
        var again = start(sums(3, 1));
        awaitApplied(again, 1);
        assertThat(view(again).generations()).hasSize(1);
        assertThat(view(again).generations().getFirst().version()).isEqualTo(3);
    }

    @Test
    void tables_from_before_there_were_versions_are_of_version_1() throws Exception {
        append("meter-a", 1, 2);
        storage().database().write(sql -> sql.update(SUMS.definition()));
        var before = start(Projection.of("sums", METER, summing(1)));
        awaitApplied(before, 2);
        before.stop(LONG);
        var now = start(sums(2, 10));
        assertThat(now.projections().awaitRebuilt(LONG)).isTrue();
        assertThat(sums()).containsExactly(Map.entry("a", 30L));
        assertThat(now.projections().undo("sums").generations().getFirst().version()).isEqualTo(1);
        assertThat(sums()).containsExactly(Map.entry("a", 3L));
    }

    @Test
    void old_code_keeps_the_live_tables_up_until_the_new_ones_take_their_place() throws Exception {
        append("meter-a", 1);
        var old = start(sums(1, 1));
        awaitApplied(old, 1);
        var held = new Held(storage());
        var now = start(held, sums(2, 10));
        append("meter-a", 2);
        awaitApplied(old, 2);
        assertThat(sums()).containsExactly(Map.entry("a", 3L));
        assertThat(ofState(view(now), "building").swap()).isTrue();
        held.open.countDown();
        assertThat(now.projections().awaitRebuilt(LONG)).isTrue();
        assertThat(sums()).containsExactly(Map.entry("a", 30L));
        append("meter-a", 4);
        awaitApplied(now, 3);
        awaitApplied(old, 3);
        assertThat(sums()).containsExactly(Map.entry("a", 70L));
        // The old code goes on with its own tables, so that they can come back.
        await(() -> ofState(view(now), "kept").position() == 3);
        now.projections().undo("sums");
        assertThat(sums()).containsExactly(Map.entry("a", 7L));
        append("meter-a", 1);
        awaitApplied(old, 4);
        assertThat(sums()).containsExactly(Map.entry("a", 8L));
    }

    @Test
    void tables_are_replaced_though_events_never_cease() throws Exception {
        append("meter-a", 1);
        var old = start(sums(1, 1));
        awaitApplied(old, 1);
        old.stop(LONG);
        var busy =
                new SteppedPipeline(
                        "house", List.of(sums(2, 10)), List.of(), List.of(), storage(), bus, time);
        // Whenever it looks there is another event to apply; with its first step it begins.
        for (int i = 0; i < 2; i++) {
            append("meter-a", 1);
            busy.step("rebuild sums");
        }
        assertThat(sums()).containsExactly(Map.entry("a", 30L));
        append("meter-a", 1);
        busy.step("projection sums");
        busy.step("projection sums");
        assertThat(sums()).containsExactly(Map.entry("a", 40L));
    }

    @Test
    void what_was_undone_stays_undone() throws Exception {
        append("meter-a", 1);
        start(sums(1, 1)).stop(LONG);
        var now = start(sums(2, 10));
        assertThat(now.projections().awaitRebuilt(LONG)).isTrue();
        now.projections().undo("sums");
        now.stop(LONG);
        var again = start(sums(2, 10));
        assertThat(again.projections().awaitRebuilt(LONG)).isTrue();
        append("meter-a", 5);
        await(() -> ofState(view(again), "kept").position() == 2);
        assertThat(view(again).generations().getFirst().version()).isEqualTo(1);
        assertThat(view(again).generations().getFirst().still()).isTrue();
        again.projections().swap("sums");
        await(() -> sums().equals(Map.of("a", 60L)));
    }

    @Test
    void a_newer_version_takes_the_place_of_one_that_is_still_being_rebuilt() throws Exception {
        append("meter-a", 1);
        start(sums(1, 1)).stop(LONG);
        var broken =
                start(
                        sums(
                                2,
                                (event, sql) -> {
                                    throw new IllegalArgumentException("never");
                                }));
        await(() ->
                broken.progress().failing().stream()
                        .anyMatch(it ->
                                it.by().equals("rebuild sums") && it.error().contains("never")));
        broken.stop(LONG);
        var now = start(sums(3, 100));
        assertThat(now.projections().awaitRebuilt(LONG)).isTrue();
        assertThat(sums()).containsExactly(Map.entry("a", 100L));
        assertThat(view(now).generations())
                .extracting(Projections.Tables::version)
                .containsExactly(3, 1);
    }

    @Test
    void older_code_leaves_newer_tables_alone() throws Exception {
        append("meter-a", 1);
        var now = start(sums(2, 10));
        awaitApplied(now, 1);
        var old = start(sums(1, 1));
        append("meter-a", 1);
        awaitApplied(now, 2);
        awaitApplied(old, 2);
        assertThat(sums()).containsExactly(Map.entry("a", 20L));
        assertThatThrownBy(() -> old.projections().rebuild("sums", true))
                .hasMessageContaining("version 2");
    }

    // By command

    @Test
    void damage_is_found_by_comparing_and_mended_by_a_swap() throws Exception {
        append("meter-a", 1, 2);
        append("meter-b", 3);
        append("meter-c", 4);
        var now = start(sums(1, 1));
        awaitApplied(now, 4);
        storage()
                .database()
                .write(sql -> {
                    SUMS.put(sql, "a", new Sum(77));
                    SUMS.remove(sql, "b");
                    SUMS.put(sql, "z", new Sum(0));
                    return true;
                });
        assertThatThrownBy(() -> now.projections().compare("sums", 10))
                .hasMessageContaining("no tables beside");
        now.projections().rebuild("sums", false);
        await(() -> beside(view(now)).filter(it -> it.state().equals("ready")).isPresent());
        var compared = now.projections().compare("sums", 2);
        assertThat(compared.same()).isFalse();
        var table = compared.tables().getFirst();
        assertThat(table.liveRows()).isEqualTo(3);
        assertThat(table.rebuiltRows()).isEqualTo(3);
        assertThat(table.differing()).isEqualTo(3);
        assertThat(table.key()).containsExactly("id");
        assertThat(table.rows()).hasSize(2);
        var a = table.rows().get(0);
        assertThat(a.key()).isEqualTo(Map.of("id", "a"));
        assertThat(a.live().get("data")).contains("77");
        assertThat(a.rebuilt().get("data")).contains("3");
        assertThat(table.rows().get(1).live()).isEmpty();
        assertThat(sums()).containsEntry("a", 77L);

        now.projections().swap("sums");
        await(() -> ofState(view(now), "live").generation() == 2);
        assertThat(sums()).isEqualTo(Map.of("a", 3L, "b", 3L, "c", 4L));
        now.projections().undo("sums");
        assertThat(sums()).isEqualTo(Map.of("a", 77L, "c", 4L, "z", 0L));
        now.projections().undo("sums");
        now.projections().drop("sums");
        assertThat(view(now).generations()).hasSize(1);
        assertThat(sums()).isEqualTo(Map.of("a", 3L, "b", 3L, "c", 4L));
    }

    @Test
    void both_generations_follow_the_log_until_one_is_dropped() throws Exception {
        append("meter-a", 1);
        var now = start(sums(1, 1));
        awaitApplied(now, 1);
        now.projections().rebuild("sums", true);
        await(() -> ofState(view(now), "live").generation() == 2);
        for (int i = 0; i < 20; i++) append("meter-a", 1);
        awaitApplied(now, 21);
        var compared = now.projections().compare("sums", 10);
        assertThat(compared.same()).isTrue();
        assertThat(compared.tables().getFirst().liveRows()).isEqualTo(1);
        await(() -> ofState(view(now), "kept").position() == 21);
        now.projections().undo("sums");
        assertThat(sums()).containsExactly(Map.entry("a", 21L));
        append("meter-a", 1);
        awaitApplied(now, 22);
        assertThat(sums()).containsExactly(Map.entry("a", 22L));
    }

    @Test
    void tables_of_columns_with_indexes_are_rebuilt_again_and_again() throws Exception {
        for (int i = 0; i < 30; i++) append("meter-" + i % 3, i);
        var now = start(readings(1));
        awaitApplied(now, 30);
        for (int i = 2; i <= 4; i++) {
            now.projections().rebuild("readings", true);
            long generation = i;
            await(() ->
                    ofState(now.projections().view("readings"), "live").generation() == generation);
            assertThat(now.projections().compare("readings", 10).same()).isTrue();
        }
        now.projections().drop("readings");
        append("meter-0", 100);
        awaitApplied(now, 31);
        assertThat(readings()).isEqualTo(31);
        now.stop(LONG);
        append("meter-0", 1);
        var again = start(readings(1));
        awaitApplied(again, 32);
        assertThat(readings()).isEqualTo(32);
    }

    @Test
    void rows_without_a_key_are_compared_by_how_often_they_are_there() throws Exception {
        append("meter-a", 5, 5, 6);
        var now =
                start(
                        Projection.<Read>of(
                                        "plain",
                                        METER,
                                        (event, sql) ->
                                                sql.update(
                                                        "insert into plain (number) values (?)",
                                                        event.data().number()))
                                .tables("create table if not exists plain (number bigint)"));
        awaitApplied(now, 3);
        storage()
                .database()
                .write(sql -> {
                    sql.update("delete from plain where number = 6");
                    return sql.update("insert into plain (number) values (5)");
                });
        now.projections().rebuild("plain", false);
        await(() -> beside(now.projections().view("plain")).orElseThrow().state().equals("ready"));
        var compared = now.projections().compare("plain", 10).tables().getFirst();
        assertThat(compared.liveRows()).isEqualTo(compared.rebuiltRows());
        assertThat(compared.differing()).isEqualTo(2);
    }

    @Test
    void the_live_tables_answer_at_every_moment_of_a_swap() throws Exception {
        append("meter-a", 1);
        var now = start(sums(1, 1));
        awaitApplied(now, 1);
        var stop = new AtomicBoolean();
        var wrong = new AtomicInteger();
        var answered = new AtomicInteger();
        var first = new CountDownLatch(1);
        var asking =
                time.start(
                        "asks",
                        () -> {
                            while (!stop.get()) {
                                try {
                                    if (SUMS.find(storage().database(), "a")
                                                    .map(Sum::sum)
                                                    .orElse(0L)
                                            != 1) wrong.incrementAndGet();
                                } catch (RuntimeException e) {
                                    wrong.incrementAndGet();
                                }
                                answered.incrementAndGet();
                                first.countDown();
                            }
                        });
        try {
            first.await();
            for (int i = 2; i <= 4; i++) {
                now.projections().rebuild("sums", true);
                long generation = i;
                await(() -> ofState(view(now), "live").generation() == generation);
            }
        } finally {
            stop.set(true);
            asking.join();
        }
        assertThat(answered.get()).isPositive();
        assertThat(wrong.get()).isZero();
    }

    // What can go wrong

    @Test
    void wherever_a_process_dies_the_live_tables_are_right_and_the_next_one_finishes()
            throws Exception {
        append("meter-a", 1, 2, 3);
        boolean finished = false;
        for (int writes = 1; !finished; writes++)
            for (boolean late : new boolean[] {false, true}) {
                var table = Table.of("sums_" + writes + (late ? "_late" : ""), Sum.class);
                var first = start(storage(), sums(table, 1, 1));
                awaitApplied(first, 3);
                first.stop(LONG);
                var mortal = new Mortal(storage(), writes, late);
                var dying = start(mortal, sums(table, 2, 10));
                await(() -> mortal.isDead() || dying.projections().awaitRebuilt(Duration.ZERO));
                finished = !mortal.isDead();
                dying.stop(LONG);
                assertThat(table.find(storage().database(), "a").orElseThrow().sum()).isIn(6L, 60L);
                var next = start(storage(), sums(table, 2, 10));
                assertThat(next.projections().awaitRebuilt(LONG)).isTrue();
                assertThat(table.find(storage().database(), "a").orElseThrow().sum())
                        .isEqualTo(60L);
                next.stop(LONG);
            }
    }

    @Test
    void two_processes_rebuild_as_one() throws Exception {
        for (int i = 0; i < 60; i++) append("meter-a", IntStream.rangeClosed(1, 40).toArray());
        start(sums(1, 1)).stop(LONG);
        var other = isShared() ? opened(reopen()) : storage();
        var one = start(storage(), sums(2, 10));
        var two = start(other, sums(2, 10));
        assertThat(one.projections().awaitRebuilt(LONG)).isTrue();
        assertThat(two.projections().awaitRebuilt(LONG)).isTrue();
        awaitApplied(one, 2400);
        awaitApplied(two, 2400);
        assertThat(sums()).containsExactly(Map.entry("a", 60 * 8200L));
        assertThat(view(one).generations()).hasSize(2);
    }

    @Test
    void a_projection_changes_no_table_that_it_does_not_name() throws Exception {
        storage().database().write(sql -> sql.update("create table other (n bigint)"));
        append("meter-a", 1);
        var now =
                start(
                        sums(
                                1,
                                (event, sql) -> {
                                    SUMS.put(sql, event.key(), new Sum(1));
                                    sql.update("insert into other (n) values (1)");
                                }));
        await(() -> now.progress().failing().stream().anyMatch(it -> it.error().contains("other")));
        assertThat(sums()).isEmpty();
    }

    @Test
    void what_cannot_be_done_is_said() throws Exception {
        var plain = Projection.<Read>of("plain", METER, (event, sql) -> {});
        var now = start(storage(), List.of(plain, sums(1, 1)));
        assertThatThrownBy(() -> now.projections().rebuild("plain", true))
                .hasMessageContaining("Projection.tables");
        assertThatThrownBy(() -> now.projections().swap("sums")).hasMessageContaining("rebuilt");
        assertThatThrownBy(() -> now.projections().undo("sums")).hasMessageContaining("kept");
        assertThatThrownBy(() -> now.projections().drop("sums")).hasMessageContaining("beside");
        assertThatThrownBy(() -> now.projections().view("nobody"))
                .isInstanceOf(Failure.Answered.class);
        assertThatThrownBy(() -> start(plain.version(2))).hasMessageContaining("Projection.tables");
        assertThatThrownBy(() -> start(storage(), List.of(sums(1, 1), sums(SUMS, "again", 1, 1))))
                .hasMessageContaining("cannot be of again");
    }

    // What these use

    private static Projection.Apply<Read> summing(Table<Sum> table, int factor) {
        return (event, sql) ->
                table.change(
                        sql,
                        event.key(),
                        new Sum(0),
                        before -> new Sum(before.sum() + factor * (long) event.data().number()));
    }

    private static Projection.Apply<Read> summing(int factor) {
        return summing(SUMS, factor);
    }

    private static Projection<Read> sums(int version, int factor) {
        return sums(version, summing(factor));
    }

    private static Projection<Read> sums(int version, Projection.Apply<Read> apply) {
        return Projection.of("sums", METER, apply).tables(SUMS).version(version);
    }

    private static Projection<Read> sums(Table<Sum> table, int version, int factor) {
        return sums(table, table.name(), version, factor);
    }

    private static Projection<Read> sums(Table<Sum> table, String name, int version, int factor) {
        return Projection.of(name, METER, summing(table, factor)).tables(table).version(version);
    }

    private static Projection<Read> readings(int version) {
        return Projection.<Read>of("readings", METER, RebuildContract::keep)
                .tables(READING, READING_INDEX)
                .version(version);
    }

    private static void keep(Event<Read> event, Sql sql) {
        sql.update(
                "insert into reading (n, what, number) values (?, ?, ?) -- a reading\n"
                        + " on conflict (n) do update set what = 'reading', number = reading.number + 1",
                event.position(),
                event.key(),
                event.data().number());
        sql.update("update \"reading\" set number = number + 1 where n = ?", event.position());
        sql.update("delete from reading where what = ?", "nobody");
    }

    private long readings() {
        return storage()
                .database()
                .first("select count(*) as found from reading", row -> row.number("found"))
                .orElseThrow();
    }

    private Map<String, Long> sums() {
        return storage()
                .database()
                .query(
                        "select id, data ->> 'sum' as total from sums order by id",
                        row -> Map.entry(row.text("id"), Long.parseLong(row.text("total"))))
                .stream()
                .collect(
                        Collectors.toMap(
                                Map.Entry::getKey,
                                Map.Entry::getValue,
                                (a, b) -> a,
                                LinkedHashMap::new));
    }

    private static Projections.View view(Pipeline pipeline) {
        return pipeline.projections().view("sums");
    }

    private static Optional<Projections.Tables> beside(Projections.View view) {
        return view.generations().stream().filter(it -> !it.state().equals("live")).findFirst();
    }

    private static Projections.Tables ofState(Projections.View view, String state) {
        return view.generations().stream()
                .filter(it -> it.state().equals(state))
                .findFirst()
                .orElseThrow();
    }

    private <T extends AutoCloseable> T opened(T one) {
        open.add(one);
        return one;
    }

    private Pipeline start(Projection<Read> projection) throws InterruptedException {
        return start(storage(), projection);
    }

    private Pipeline start(Storage storage, Projection<Read> projection)
            throws InterruptedException {
        return start(storage, List.of(projection));
    }

    private Pipeline start(Listener.View view, MemoryBus bus) throws InterruptedException {
        var pipeline =
                opened(
                        new Pipeline(
                                "house",
                                List.of(),
                                List.of(),
                                List.of(view),
                                storage(),
                                bus,
                                Tracer.NONE,
                                time));
        pipeline.projections().prepare();
        pipeline.start();
        return pipeline;
    }

    private Pipeline start(Storage storage, List<Projection<Read>> projections)
            throws InterruptedException {
        var pipeline =
                opened(
                        new Pipeline(
                                "house",
                                projections,
                                List.of(),
                                List.of(),
                                storage,
                                bus,
                                Tracer.NONE,
                                time));
        if (!(storage instanceof Mortal)) pipeline.projections().prepare();
        pipeline.start();
        return pipeline;
    }

    private void append(String stream, int... numbers) throws InterruptedException {
        var events =
                IntStream.of(numbers)
                        .mapToObj(n -> new NewEvent("read", Json.write(new Read(n))))
                        .toList();
        storage()
                .events()
                .append(
                        List.of(new EventStore.Append(stream, EventStore.ANY_VERSION, events)),
                        Origin.NONE);
    }

    private static void awaitApplied(Pipeline pipeline, long position) throws InterruptedException {
        assertThat(pipeline.progress().awaitViews(Receipt.of("house", position), LONG)).isEmpty();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private void await(Condition condition) throws Exception {
        long endNanos = time.nanos() + LONG.toNanos();
        while (!condition.holds()) {
            assertThat(time.nanos() - endNanos).isNegative();
            Thread.onSpinWait();
        }
    }

    /** A storage as a process has it, that is in the way of its writes. */
    private abstract static class Relay implements Storage {
        final Storage to;

        Relay(Storage to) {
            this.to = to;
        }

        @Override
        public EventStore events() {
            return to.events();
        }

        @Override
        public Database database() {
            return new Database() {
                @Override
                public <T> T write(Function<Sql, T> work) throws InterruptedException {
                    return Relay.this.write(transaction -> work.apply(transaction.sql()));
                }

                @Override
                public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
                    return to.database().query(sql, row, parameters);
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void close() {}
    }

    /** All its writes but the first wait until it is opened. */
    private static final class Held extends Relay {
        final CountDownLatch open = new CountDownLatch(1);
        private final AtomicInteger writes = new AtomicInteger();

        Held(Storage to) {
            super(to);
        }

        @Override
        public <T> T write(Function<Transaction, T> work) throws InterruptedException {
            if (writes.getAndIncrement() > 0) open.await();
            return to.write(work);
        }
    }

    /** It dies at one of its writes. */
    private static final class Mortal extends Relay {
        private final AtomicInteger left;
        private final boolean late;

        /**
         * @param writes at which of its writes it dies
         * @param late whether it dies behind that commit rather than before
         */
        Mortal(Storage to, int writes, boolean late) {
            super(to);
            this.left = new AtomicInteger(writes);
            this.late = late;
        }

        boolean isDead() {
            return left.get() <= 0;
        }

        @Override
        public <T> T write(Function<Transaction, T> work) throws InterruptedException {
            int now = left.decrementAndGet();
            if (now == 0 && late) to.write(work);
            if (now <= 0) throw new Failure.Storage("the process is dead", null);
            return to.write(work);
        }
    }
}
