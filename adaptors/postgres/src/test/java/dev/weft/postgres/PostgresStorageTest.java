package dev.weft.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a storage on PostgreSQL does beyond the contract of its log. */
@Timeout(120)
class PostgresStorageTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;

    private static Storage open(String schema) {
        return Storage.open(TestServer.url(schema), TIME);
    }

    private static Appended append(EventStore store, String stream, String data)
            throws InterruptedException {
        return store.append(
                List.of(
                        new Append(
                                stream,
                                EventStore.ANY_VERSION,
                                List.of(new NewEvent("a", data.getBytes(StandardCharsets.UTF_8))))),
                Origin.NONE);
    }

    private static List<StoredEvent> all(EventStore store) {
        var log = new ArrayList<StoredEvent>();
        for (var part = store.log(0, 1_000); !part.isEmpty(); part = store.log(log.size(), 1_000))
            log.addAll(part);
        assertThat(log)
                .extracting(StoredEvent::position)
                .containsExactlyElementsOf(LongStream.rangeClosed(1, log.size()).boxed().toList());
        return log;
    }

    @Test
    void two_nodes_write_one_log_and_wake_each_other() throws Exception {
        var schema = TestServer.freshSchema();
        try (var one = open(schema);
                var other = open(schema)) {
            var writers = new ArrayList<Thread>();
            for (var storage : List.of(one, other))
                for (int t = 0; t < 4; t++) {
                    int number = t;
                    writers.add(
                            TIME.start(
                                    "writer",
                                    () -> {
                                        try {
                                            for (int i = 0; i < 100; i++)
                                                append(storage.events(), "s-" + number, "{}");
                                        } catch (InterruptedException e) {
                                            Thread.currentThread().interrupt();
                                        }
                                    }));
                }
            for (var writer : writers) writer.join();
            assertThat(all(one.events())).hasSize(800);
            assertThat(other.events().stream("s-2", 0, 1_000))
                    .extracting(StoredEvent::version)
                    .containsExactlyElementsOf(LongStream.rangeClosed(1, 200).boxed().toList());
            var woken = new CountDownLatch(1);
            TIME.start(
                    "waits",
                    () -> {
                        try {
                            if (other.events().awaitBeyond(800, Duration.ofSeconds(60)) == 801)
                                woken.countDown();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    });
            append(one.events(), "s-1", "{}");
            woken.await();
        }
    }

    @Test
    void tables_of_the_first_version_are_added_to_while_its_programs_go_on_writing()
            throws Exception {
        var schema = TestServer.freshSchema();
        try (var storage = open(schema)) {
            append(storage.events(), "cart-1", "{}");
            for (var change :
                    List.of(
                            "alter table weft_event drop column tags, drop column type_version",
                            "drop table weft_tag",
                            "drop table weft_snapshot",
                            "drop table weft_stream",
                            "drop table weft_subject",
                            "drop domain blob",
                            "drop domain jsontext",
                            "update weft_meta set value = 1 where name = 'schema'"))
                storage.database().write(sql -> sql.update(change));
        }
        try (var storage = open(schema)) {
            var tagged = new NewEvent("new", 2, new byte[] {'1'}, Set.of("t"));
            var events = storage.events();
            events.append(List.of(new Append("cart-1", 1, List.of(tagged))), Origin.NONE);
            storage.database()
                    .write(sql ->
                            sql.update(
                                    "insert into weft_event (position, stream, version, type, data, at, traceparent,"
                                            + " tracestate, baggage, criticality, cause, append_key)"
                                            + " values (3, 'cart-1', 3, 'old', 'x', 0, '', '', '', '', '', '')"));
            storage.database().write(sql -> sql.update("update weft_head set position = 3"));
            assertThat(events.log(0, 10))
                    .extracting(StoredEvent::typeVersion, StoredEvent::tags)
                    .containsExactly(tuple(1, Set.of()), tuple(2, Set.of("t")), tuple(1, Set.of()));
            assertThat(events.log(EventQuery.ALL.tagged("t"), 0, 10)).hasSize(1);
            events.keep(new EventStore.Snapshot("cart-1", 3, "cart", 1, new byte[] {'1'}));
            assertThat(events.snapshot("cart-1")).isPresent();
            storage.database().write(sql -> sql.update("create table note (text blob)"));
        }
    }

    @Test
    void what_was_acknowledged_is_there_when_the_server_was_killed_and_writing_goes_on()
            throws Exception {
        var folder = TestServer.folder().resolve("killed");
        // What is left when the first start was killed.
        Files.createDirectories(folder.resolve("data.new"));
        Files.writeString(folder.resolve("data.new").resolve("PG_VERSION"), "15\n");
        var server = PostgresServer.start(folder, TIME);
        var url = server.database().schema("shop");
        try (var storage = Storage.open(url, TIME)) {
            var acknowledged = new ConcurrentHashMap<Long, String>();
            var failed = new CountDownLatch(1);
            var stop = new AtomicBoolean();
            var writers = new ArrayList<Thread>();
            for (int t = 0; t < 8; t++) {
                var stream = "s-" + t;
                writers.add(
                        TIME.start(
                                stream,
                                () -> {
                                    try {
                                        for (int i = 0; !stop.get(); i++)
                                            acknowledged.put(
                                                    append(storage.events(), stream, stream + i)
                                                            .position(),
                                                    stream + i);
                                    } catch (Failure.Storage e) {
                                        failed.countDown();
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                }));
            }
            storage.events().awaitBeyond(200, Duration.ofSeconds(60));
            server.kill();
            failed.await();
            stop.set(true);
            for (var writer : writers) writer.join();
            assertThat(acknowledged.size()).isGreaterThanOrEqualTo(192);
            server = PostgresServer.start(folder, server.port(), TIME);
            var log = all(storage.events());
            acknowledged.forEach((position, data) ->
                    assertThat(
                                    new String(
                                            log.get((int) (position - 1)).data(),
                                            StandardCharsets.UTF_8))
                            .isEqualTo(data));
            assertThat(append(storage.events(), "s-0", "again").position())
                    .isEqualTo(log.size() + 1);
        } finally {
            server.close();
        }
    }

    @Test
    void tables_hold_what_is_put_into_them_also_in_the_databases_own_types() throws Exception {
        try (var storage = open(TestServer.freshSchema())) {
            var database = storage.database();
            var at = Instant.parse("2026-02-03T04:05:06.789012Z");
            database.write(sql ->
                    sql.update(
                            "create table thing (id bigint primary key, name text, price numeric,"
                                    + " here integer, at timestamptz, data bytea, extra jsonb)"));
            database.write(sql ->
                    sql.update(
                            "insert into thing values (?, ?, ?, ?, ?, ?, ?)",
                            1,
                            "Zoë's",
                            new BigDecimal("12345678901234567890.120"),
                            true,
                            at,
                            new byte[] {0, -1},
                            "{\"a\": 1}"));
            var found =
                    database.first(
                            "select *, (select sum(id) from thing) as total from thing",
                            row ->
                                    Map.of(
                                            "name", row.text("name"),
                                            "price", row.decimal("price"),
                                            "here", row.number("here"),
                                            "at", Instant.parse(row.text("at")),
                                            "bytes", row.bytes("data").length,
                                            "extra", row.text("extra"),
                                            "total", row.number("total")));
            assertThat(found)
                    .contains(
                            Map.of(
                                    "name",
                                    "Zoë's",
                                    "price",
                                    new BigDecimal("12345678901234567890.120"),
                                    "here",
                                    1L,
                                    "at",
                                    at,
                                    "bytes",
                                    2,
                                    "extra",
                                    "{\"a\": 1}",
                                    "total",
                                    1L));
        }
    }

    @Test
    void a_transaction_whose_statement_failed_is_undone_even_if_its_work_goes_on()
            throws Exception {
        try (var storage = open(TestServer.freshSchema())) {
            var database = storage.database();
            database.write(sql -> sql.update("create table note (text text unique)"));
            database.write(sql -> sql.update("insert into note values ('one')"));
            assertThatThrownBy(() ->
                            database.write(sql -> {
                                sql.update("insert into note values ('two')");
                                try {
                                    sql.update("insert into note values ('one')");
                                } catch (Failure.Storage ignored) {
                                    return "went on";
                                }
                                return "fine";
                            }))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("insert into note values ('one')");
            assertThat(database.query("select text from note", row -> row.text("text")))
                    .containsExactly("one");
            assertThat(append(storage.events(), "s-1", "{}").position()).isEqualTo(1);
        }
    }

    @Test
    void a_schema_that_parked_nothing_gets_the_tables_for_it() throws Exception {
        var schema = TestServer.freshSchema();
        try (var storage = open(schema)) {
            var database = storage.database();
            for (var old :
                    List.of(
                            "drop table weft_parked",
                            "drop table weft_lease",
                            "drop table weft_subject",
                            "drop domain blob",
                            "drop domain jsontext",
                            "update weft_meta set value = 2 where name = 'schema'"))
                database.write(sql -> sql.update(old));
        }
        for (int i = 0; i < 2; i++)
            try (var storage = open(schema)) {
                for (var table : List.of("weft_parked", "weft_lease"))
                    assertThat(storage.database().query("select * from " + table, row -> true))
                            .isEmpty();
            }
    }

    @Test
    void a_statement_that_takes_too_long_is_ended_and_holds_nobody_up() throws Exception {
        try (var storage =
                Storage.open(TestServer.url(TestServer.freshSchema()) + "&socketTimeout=2", TIME)) {
            var database = storage.database();
            assertThatThrownBy(() ->
                            database.write(sql -> sql.query("select pg_sleep(3600)", row -> true)))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("socketTimeout");
            assertThat(append(storage.events(), "s-1", "{}").position()).isEqualTo(1);
            assertThatThrownBy(() -> database.query("select pg_sleep(3600)", row -> true))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("socketTimeout");
        }
    }

    @Test
    void nodes_append_in_turn_whatever_isolation_is_their_users_default() throws Exception {
        var url =
                TestServer.url(TestServer.freshSchema())
                        + "&options=-c%20default_transaction_isolation=serializable";
        try (var one = Storage.open(url, TIME);
                var other = Storage.open(url, TIME)) {
            var failures = new ConcurrentHashMap<String, Exception>();
            var writers = new ArrayList<Thread>();
            for (var storage : List.of(one, other))
                writers.add(
                        TIME.start(
                                "writer",
                                () -> {
                                    try {
                                        for (int i = 0; i < 100; i++)
                                            append(storage.events(), "s-1", "{}");
                                    } catch (Failure.Storage | InterruptedException e) {
                                        failures.put(storage.toString(), e);
                                    }
                                }));
            for (var writer : writers) writer.join();
            assertThat(failures).isEmpty();
            assertThat(all(one.events())).hasSize(200);
        }
    }

    @Test
    void a_reader_that_is_interrupted_costs_its_own_connection_only() throws Exception {
        var schema = TestServer.freshSchema();
        try (var storage = open(schema);
                var gate = open(TestServer.freshSchema())) {
            var database = storage.database();
            var kept = ConcurrentHashMap.<Long>newKeySet();
            var readers = new ArrayList<Thread>();
            gate.database()
                    .write(sql -> {
                        sql.query("select pg_advisory_xact_lock(20)", row -> true);
                        for (int i = 0; i < 3; i++)
                            readers.add(
                                    TIME.start(
                                            "reader",
                                            () ->
                                                    kept.addAll(
                                                            database.query(
                                                                    BACKEND_BEHIND_GATE,
                                                                    row -> row.number("pid")))));
                        awaitAtGate(sql, 3);
                        return true;
                    });
            for (var reader : readers) reader.join();
            assertThat(kept).hasSize(3);
            gate.database()
                    .write(sql -> {
                        sql.query("select pg_advisory_xact_lock(20)", row -> true);
                        var reader =
                                TIME.start(
                                        "interrupted",
                                        () ->
                                                assertThatThrownBy(() ->
                                                                database.query(
                                                                        BACKEND_BEHIND_GATE,
                                                                        row -> true))
                                                        .isInstanceOf(Failure.Storage.class));
                        awaitAtGate(sql, 1);
                        reader.interrupt();
                        return join(reader);
                    });
            assertThat(kept)
                    .containsAll(
                            database.query(
                                    "select pg_backend_pid() as pid", row -> row.number("pid")));
        }
    }

    /** Tells its connection once nobody holds the gate. */
    private static final String BACKEND_BEHIND_GATE =
            "select pg_backend_pid() as pid from pg_advisory_xact_lock_shared(20)";

    /** Asks until so many wait at the gate. */
    private static void awaitAtGate(Sql sql, int wanted) {
        var waiting =
                "select count(*) as waiting from pg_locks where locktype = 'advisory' and objid = 20 and not granted";
        while (sql.first(waiting, row -> row.number("waiting")).orElseThrow() < wanted)
            Thread.onSpinWait();
    }

    private static boolean join(Thread thread) {
        try {
            return thread.join(Duration.ofSeconds(60));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_query_changes_nothing() throws Exception {
        try (var storage = open(TestServer.freshSchema())) {
            storage.database().write(sql -> sql.update("create table note (text text)"));
            assertThatThrownBy(() ->
                            storage.database()
                                    .query(
                                            "insert into note values ('x') returning text",
                                            row -> row.text("text")))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("takes no changes here");
        }
    }

    @Test
    void what_keeps_it_from_opening_is_named_with_its_remedy() {
        var url = TestServer.url("any");
        assertThatThrownBy(
                        () -> Storage.open(url.replaceFirst("//[^@]*@", "//stranger:wrong@"), TIME))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("PGPASSWORD");
        assertThatThrownBy(() -> Storage.open(url.replace("/postgres?", "/none?"), TIME))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("createdb");
        assertThatThrownBy(() -> Storage.open("postgresql://weft@127.0.0.1:1/x", TIME))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("cannot be reached");
        assertThatThrownBy(() -> Storage.open(url.replace("any", "No;"), TIME))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("No;")
                .hasMessageNotContaining(url.replaceAll(".*weft:([^@]*)@.*", "$1"));
    }
}
