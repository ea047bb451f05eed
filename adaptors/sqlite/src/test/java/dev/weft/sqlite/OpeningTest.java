package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import dev.weft.jdbc.JdbcStorage;
import dev.weft.testkit.Race;
import dev.weft.testkit.VirtualTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Opening, sharing and losing a file. */
@Timeout(60)
class OpeningTest {

    @TempDir Path folder;

    @Test
    void a_file_is_named_by_its_url() {
        var file = folder.resolve("new folder/log 1.db");
        try (var storage = Storage.open("sqlite:" + file, SystemTime.INSTANCE)) {
            assertThat(storage.events().head()).isZero();
        }
        assertThat(file).exists();
    }

    @Test
    void a_database_in_memory_is_its_openers_own() throws Exception {
        try (var one = Storage.open("memory:", SystemTime.INSTANCE);
                var two = Storage.open("memory:", SystemTime.INSTANCE)) {
            append(one.events(), "a-1");
            assertThat(List.of(one.events().head(), two.events().head())).containsExactly(1L, 0L);
        }
    }

    @Test
    void other_names_are_refused() {
        for (var url : List.of("sqlite:", "memory:x", "postgresql://localhost/cart"))
            assertThatThrownBy(() -> Storage.open(url, SystemTime.INSTANCE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(url);
    }

    @Test
    void commits_are_synced() throws Exception {
        try (var storage = open()) {
            assertThat(pragma(storage, "journal_mode")).isEqualTo("wal");
            assertThat(pragma(storage, "synchronous")).isEqualTo("2");
        }
    }

    private static String pragma(Storage storage, String name) throws InterruptedException {
        return storage.database()
                .write(sql -> sql.query("PRAGMA " + name, row -> row.text(name)).getFirst());
    }

    @Test
    void closing_leaves_one_file_and_no_thread() throws Exception {
        var storage = open();
        append(storage.events(), "a-1");
        storage.events().log(0, 1);
        storage.close();
        storage.close();
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("log.db");
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("weft-storage-writer");
    }

    @Test
    void what_is_no_database_is_left_alone() throws Exception {
        var text = "This is a letter, and a long one, to whom it may concern.\n".repeat(50);
        Files.writeString(file(), text);
        assertThatThrownBy(this::open)
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("log.db")
                .hasMessageContaining("is no SQLite database");
        assertThat(Files.readString(file())).isEqualTo(text);
    }

    @Test
    void a_folder_is_no_file() throws Exception {
        Files.createDirectories(file());
        assertThatThrownBy(this::open)
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("cannot be opened");
    }

    @Test
    void a_folder_that_cannot_be_made_is_named() throws Exception {
        Files.writeString(folder.resolve("a"), "");
        assertThatThrownBy(() -> Sqlite.open(folder.resolve("a/log.db"), SystemTime.INSTANCE))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("cannot be made")
                .hasMessageContaining(folder.resolve("a").toString());
    }

    @Test
    void tables_of_a_newer_program_are_left_alone() throws Exception {
        open().close();
        foreign("update weft_meta set value = 9 where name = 'schema'");
        assertThatThrownBy(this::open)
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("version 9")
                .hasMessageContaining("up to 5");
    }

    @Test
    void a_file_that_parked_nothing_gets_the_tables_for_it() throws Exception {
        open().close();
        foreign("drop table weft_parked");
        foreign("drop table weft_lease");
        foreign("update weft_meta set value = 4 where name = 'schema'");
        try (var storage = open()) {
            for (var table : List.of("weft_parked", "weft_lease"))
                assertThat(
                                storage.database()
                                        .query("select * from " + table, row -> row.text("name")))
                        .isEmpty();
        }
        open().close();
    }

    @Test
    void a_file_of_the_first_version_is_added_to_and_its_events_come_back() throws Exception {
        try (var storage = open()) {
            storage.events()
                    .append(
                            List.of(
                                    new Append(
                                            "cart-1",
                                            0,
                                            List.of(new NewEvent("old", new byte[] {1})))),
                            Origin.NONE);
        }
        takeBack("tags", "type_version", "tracestate", "baggage", "criticality");
        foreign("update weft_meta set value = 1 where name = 'schema'");
        var origin = new Origin("", "", "tenant=north", "background", "", "");
        try (var storage = open()) {
            storage.events()
                    .append(
                            List.of(
                                    new Append(
                                            "cart-1",
                                            1,
                                            List.of(new NewEvent("new", new byte[] {2})))),
                            origin);
            assertThat(storage.events().log(0, 10))
                    .extracting(StoredEvent::type, StoredEvent::origin)
                    .containsExactly(tuple("old", Origin.NONE), tuple("new", origin));
        }
    }

    @Test
    void a_file_of_the_third_version_is_added_to_while_its_programs_go_on_writing()
            throws Exception {
        try (var storage = open()) {
            append(storage.events(), "cart-1");
        }
        takeBack("tags", "type_version");
        foreign("update weft_meta set value = 3 where name = 'schema'");
        var tagged = new NewEvent("new", 2, new byte[] {'1'}, Set.of("t"));
        try (var storage = open()) {
            var events = storage.events();
            assertThat(events.log(EventQuery.ALL.tagged("t"), 0, 10)).isEmpty();
            events.append(List.of(new Append("cart-1", 1, List.of(tagged))), Origin.NONE);
            foreign(
                    "insert into weft_event (position, stream, version, type, data, at, traceparent, tracestate,"
                            + " baggage, criticality, cause, append_key)"
                            + " values (3, 'cart-1', 3, 'old', x'31', 0, '', '', '', '', '', '')");
            assertThat(events.log(0, 10))
                    .extracting(StoredEvent::typeVersion, StoredEvent::tags)
                    .containsExactly(tuple(1, Set.of()), tuple(2, Set.of("t")), tuple(1, Set.of()));
            assertThat(events.log(EventQuery.ALL.tagged("t"), 0, 10)).hasSize(1);
            events.keep(new EventStore.Snapshot("cart-1", 3, "cart", 1, new byte[] {'1'}));
            assertThat(events.snapshot("cart-1")).isPresent();
            assertThat(events.describe("cart-1", 0, new byte[] {'1'})).isEqualTo(1);
        }
    }

    /** As a file was before these columns and what came with them. */
    private void takeBack(String... columns) throws SQLException {
        for (var column : columns) foreign("alter table weft_event drop column " + column);
        for (var table : List.of("weft_tag", "weft_snapshot", "weft_stream"))
            foreign("drop table " + table);
    }

    @Test
    void a_database_with_other_tables_is_added_to() throws Exception {
        foreign("create table mine (a text)");
        try (var storage = open()) {
            append(storage.events(), "a-1");
            assertThat(storage.database().query("select a from mine", row -> row.text("a")))
                    .isEmpty();
        }
    }

    @Test
    void many_open_a_new_file_at_once() throws Exception {
        var opening = new ArrayList<Race<JdbcStorage>>();
        for (int i = 0; i < 8; i++) opening.add(Race.begin(this::open));
        for (var one : opening) {
            var storage = one.result();
            append(storage.events(), "a-1");
            storage.close();
        }
        try (var storage = open()) {
            assertThat(storage.events().head()).isEqualTo(8);
        }
    }

    @Test
    void two_stores_on_one_file_write_one_log() throws Exception {
        try (var one = open();
                var two = open()) {
            var writers = new ArrayList<Race<Boolean>>();
            for (int i = 0; i < 8; i++) {
                var store = i % 2 == 0 ? one.events() : two.events();
                writers.add(
                        Race.begin(() -> {
                            for (int n = 0; n < 50; n++) append(store, "a-" + n % 5);
                            return true;
                        }));
            }
            for (var writer : writers) writer.result();
            assertThat(one.events().head()).isEqualTo(400);
            assertThat(two.events().log(0, 1_000))
                    .extracting(StoredEvent::position)
                    .containsExactlyElementsOf(LongStream.rangeClosed(1, 400).boxed().toList());
        }
    }

    @Test
    void who_waits_notices_what_another_store_appends() throws Exception {
        try (var one = open();
                var two = open()) {
            for (int i = 0; i < 5; i++) {
                long head = i;
                var waiter =
                        Race.begin(() -> one.events().awaitBeyond(head, Duration.ofSeconds(25)));
                Race.await("it waits", waiter::blocks);
                append(two.events(), "a-1");
                assertThat(waiter.result()).isEqualTo(head + 1);
            }
        }
    }

    @Test
    void a_write_waits_while_another_program_writes() throws Exception {
        try (var storage = open();
                var other = connect()) {
            execute(other, "begin immediate");
            var waiting = Race.begin(() -> append(storage.events(), "a-1"));
            Race.await("it waits", waiting::blocks);
            assertThat(storage.events().head()).isZero();
            execute(other, "rollback");
            assertThat(waiting.result().position()).isEqualTo(1);
        }
    }

    @Test
    void a_write_that_waited_too_long_says_for_whom() throws Exception {
        var time = new VirtualTime();
        try (var storage = open(time);
                var other = connect()) {
            execute(other, "begin immediate");
            var waiting = Race.begin(() -> append(storage.events(), "a-1"));
            Race.await(
                    "it gives up",
                    () -> {
                        time.advance(Duration.ofSeconds(1));
                        return waiting.task().isDone();
                    });
            assertThatThrownBy(waiting::result)
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("log.db")
                    .hasMessageContaining("locked by another process for more than 10 s");
            execute(other, "rollback");
            assertThat(append(storage.events(), "a-1").position()).isEqualTo(1);
        }
    }

    @Test
    void a_file_that_was_replaced_is_not_written() throws Exception {
        try (var storage = open()) {
            append(storage.events(), "a-1");
            Files.move(file(), folder.resolve("old.db"));
            assertThatThrownBy(() -> storage.events().log(0, 1))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("not the file any more");
            assertThat(file()).doesNotExist();
            Files.move(folder.resolve("old.db"), file());
            assertThat(storage.events().log(0, 10)).hasSize(1);
        }
    }

    private Path file() {
        return folder.resolve("log.db");
    }

    private JdbcStorage open() {
        return open(SystemTime.INSTANCE);
    }

    private JdbcStorage open(Time time) {
        return Sqlite.open(file(), time);
    }

    private void foreign(String sql) throws SQLException {
        try (var connection = connect()) {
            execute(connection, sql);
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + file());
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static EventStore.Appended append(EventStore store, String stream)
            throws InterruptedException {
        return store.append(
                List.of(
                        new Append(
                                stream,
                                EventStore.ANY_VERSION,
                                List.of(new NewEvent("a", new byte[] {'1'})))),
                Origin.NONE);
    }
}
