package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.jdbc.JdbcStorage;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file that cannot grow, and what only SQLite says. */
@Timeout(60)
class FullDiskTest {

    @TempDir Path folder;
    private JdbcStorage storage;

    @BeforeEach
    void open() {
        storage = Sqlite.open(folder.resolve("log.db"), SystemTime.INSTANCE);
    }

    @AfterEach
    void close() {
        storage.close();
    }

    @Test
    void a_full_disk_fails_the_append_and_is_got_over() throws Exception {
        append(0, 2);
        long pages =
                storage.database()
                        .first("PRAGMA page_count", row -> row.number("page_count"))
                        .orElseThrow();
        maxPages(pages + 20);
        assertThatThrownBy(() -> append(1, 1 << 20))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("disk is full")
                .hasMessageContaining("log.db");
        assertThat(storage.events().head()).isEqualTo(1);
        assertThat(append(1, 2).position()).isEqualTo(2);
        maxPages(1 << 20);
        assertThat(append(2, 1 << 20)).isEqualTo(new Appended(3, 3, false));
    }

    @Test
    void a_transaction_that_goes_on_behind_a_full_disk_leaves_nothing() throws Exception {
        var database = storage.database();
        database.write(sql -> sql.update("create table note (text blob)"));
        append(0, 2);
        maxPages(
                database.first("PRAGMA page_count", row -> row.number("page_count")).orElseThrow()
                        + 20);
        assertThatThrownBy(() ->
                        storage.write(transaction -> {
                            transaction.sql().update("insert into note values ('before')");
                            try {
                                transaction
                                        .sql()
                                        .update("insert into note values (zeroblob(1000000))");
                            } catch (Failure.Storage full) {
                                assertThat(full).hasMessageContaining("disk is full");
                            }
                            transaction.sql().update("insert into note values ('behind')");
                            return transaction.append(
                                    List.of(
                                            new Append(
                                                    "a-1",
                                                    1,
                                                    List.of(new NewEvent("a", new byte[2])))),
                                    List.of(),
                                    Origin.NONE);
                        }))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("disk is full");
        assertThat(database.query("select text from note", row -> row.text("text"))).isEmpty();
        assertThat(append(1, 2)).isEqualTo(new Appended(2, 2, false));
    }

    private void maxPages(long pages) throws InterruptedException {
        storage.database().write(sql -> sql.query("PRAGMA max_page_count=" + pages, row -> ""));
    }

    private Appended append(long expectedVersion, int sizeBytes) throws InterruptedException {
        return storage.events()
                .append(
                        List.of(
                                new Append(
                                        "a-1",
                                        expectedVersion,
                                        List.of(new NewEvent("a", new byte[sizeBytes])))),
                        Origin.NONE);
    }

    @Test
    void a_triggers_statements_are_one() throws Exception {
        storage.database().write(sql -> sql.update("create table thing (id integer primary key)"));
        storage.database()
                .write(sql ->
                        sql.update(
                                "create trigger t after insert on thing begin delete from thing"
                                        + " where id = 1; delete from thing where id = 2; end"));
        storage.database().write(sql -> sql.update("insert into thing values (1)"));
        assertThat(storage.database().query("select id from thing", row -> row.number("id")))
                .isEmpty();
    }
}
