package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Baggage;
import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Work;
import dev.weft.events.Database;
import dev.weft.events.Sql;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a service's tables do, in SQL that SQLite and PostgreSQL both know.
 *
 * <p>{@link #survivesErrors} is a promise both ways.
 */
@Timeout(60)
public abstract class TablesContract extends StorageCases {

    /** More than any storage has connections. */
    private static final int MANY = 40;

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Database tables;

    protected TablesContract() {}

    /** Whether a transaction may go on behind a statement that failed. */
    protected abstract boolean survivesErrors();

    @BeforeEach
    void create() throws Exception {
        tables = storage().database();
        tables.write(sql ->
                sql.update(
                        "create table thing (id bigint primary key, name text, price text,"
                                + " here integer, at text, data blob)"));
    }

    @Test
    void values_come_back_as_they_were() throws Exception {
        var at = Instant.parse("2026-02-03T04:05:06.789012345Z");
        insert(
                Long.MAX_VALUE,
                "Zoë's \"thing\" 😀; --",
                new BigDecimal("12345678901234567890.120"),
                true,
                at,
                new byte[] {0, -1, 7});
        var found =
                tables.first(
                        "select * from thing",
                        row -> {
                            assertThat(row.number("id")).isEqualTo(Long.MAX_VALUE);
                            assertThat(row.text("name")).isEqualTo("Zoë's \"thing\" 😀; --");
                            assertThat(row.decimal("price"))
                                    .isEqualTo(new BigDecimal("12345678901234567890.120"));
                            assertThat(row.number("here")).isEqualTo(1);
                            assertThat(Instant.parse(row.text("at"))).isEqualTo(at);
                            assertThat(row.bytes("data")).isEqualTo(new byte[] {0, -1, 7});
                            return true;
                        });
        assertThat(found).isPresent();
    }

    @Test
    void times_sort_as_text() throws Exception {
        for (var at : List.of("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00Z"))
            insert(at.length(), "", BigDecimal.ONE, false, Instant.parse(at), new byte[0]);
        assertThat(tables.query("select at from thing order by at", row -> row.text("at")))
                .containsExactly(
                        "2026-01-01T00:00:00.000000000Z", "2026-01-01T00:00:00.500000000Z");
    }

    @Test
    void nothing_is_null_and_back() throws Exception {
        tables.write(sql ->
                sql.update(
                        "insert into thing (id, name, price) values (?, ?, ?)",
                        1,
                        Optional.empty(),
                        Optional.of(new BigDecimal("1.50"))));
        assertThat(tables.query("select name from thing", row -> row.optionalText("name")))
                .containsExactly(Optional.empty());
        assertThat(tables.query("select price from thing", row -> row.optionalText("price")))
                .containsExactly(Optional.of("1.50"));
        assertThatThrownBy(() -> tables.query("select name from thing", row -> row.text("name")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("column name is null");
    }

    @Test
    void a_column_that_is_not_there_is_named_with_those_that_are() throws Exception {
        insert(1, "a", BigDecimal.ONE, true, Instant.EPOCH, new byte[0]);
        assertThatThrownBy(
                        () -> tables.query("select id, name from thing", row -> row.text("nmae")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("nmae")
                .hasMessageContaining("[id, name]");
    }

    @Test
    void a_value_of_another_kind_is_not_converted() throws Exception {
        insert(1, "a", BigDecimal.ONE, true, Instant.EPOCH, new byte[0]);
        assertThatThrownBy(() -> tables.query("select name from thing", row -> row.number("name")))
                .hasMessageContaining("not a whole number but \"a\"");
        assertThatThrownBy(() ->
                        tables.query(
                                "select cast(0.1 as double precision) + 0.2 as price",
                                row -> row.decimal("price")))
                .hasMessageContaining("not exact");
    }

    @Test
    void wrong_sql_is_named() throws Exception {
        assertThatThrownBy(() -> tables.write(sql -> sql.update("insert into nowhere values (1)")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("in: insert into nowhere");
        assertThatThrownBy(() -> tables.query("selct 1", row -> ""))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("selct 1");
    }

    @Test
    void parameters_are_counted_and_checked() {
        assertThatThrownBy(() -> tables.query("select ?, ?", row -> "", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 parameters, not 1");
        assertThatThrownBy(() -> tables.query("select ?", row -> "", 1.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.Double");
    }

    @Test
    void only_one_statement_runs_at_a_time() throws Exception {
        for (var several :
                List.of(
                        "delete from thing; delete from thing",
                        "select ';' as a; select 1",
                        "/* ; */ select 1 -- ;\n ; select 2"))
            assertThatThrownBy(() -> tables.write(sql -> sql.update(several)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("one statement at a time");
        assertThat(tables.query(" -- one;\n select ';' as \"a;\" ; -- end", row -> row.text("a;")))
                .containsExactly(";");
    }

    @Test
    void the_transaction_is_the_stores() {
        for (var word : List.of("commit", " /* x */ ROLLBACK", "begin", "savepoint a", "END"))
            assertThatThrownBy(() -> tables.write(sql -> sql.update(word)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the store's to say");
    }

    @Test
    void a_query_changes_nothing() {
        assertThatThrownBy(() ->
                        tables.query(
                                "insert into thing (id) values (1) returning id",
                                row -> row.number("id")))
                .isInstanceOf(Failure.Storage.class);
        assertThat(tables.query("select id from thing", row -> row.number("id"))).isEmpty();
    }

    @Test
    void a_transaction_sees_itself_and_others_see_it_when_it_is_done() throws Exception {
        var inside =
                tables.write(sql -> {
                    sql.update("insert into thing (id) values (5)");
                    return sql.first("select id from thing", row -> row.number("id"));
                });
        assertThat(inside).isEqualTo(Optional.of(5L));
        assertThat(tables.query("select id from thing", row -> row.number("id")))
                .containsExactly(5L);
    }

    @Test
    void what_the_work_throws_undoes_it_and_reaches_the_caller() throws Exception {
        var thrown = new IllegalStateException("no");
        assertThatThrownBy(() ->
                        tables.write(sql -> {
                            sql.update("insert into thing (id) values (5)");
                            throw thrown;
                        }))
                .isSameAs(thrown);
        assertThat(tables.query("select id from thing", row -> row.number("id"))).isEmpty();
    }

    @Test
    void a_statement_that_failed_may_be_got_over_or_undoes_all_of_its_transaction()
            throws Exception {
        insert(5, "a", BigDecimal.ONE, true, Instant.EPOCH, new byte[0]);
        if (survivesErrors()) {
            assertThat(tables.write(TablesContract::goOn)).isEqualTo(1);
            assertThat(ids()).containsExactly(4L, 5L, 6L);
            return;
        }
        assertThatThrownBy(() -> tables.write(TablesContract::goOn))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("behind one that failed");
        assertThatThrownBy(() -> tables.write(TablesContract::endWell))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("undid the transaction");
        assertThat(ids()).containsExactly(5L);
    }

    private static int goOn(Sql sql) {
        endWell(sql);
        return sql.update("insert into thing (id) values (6)");
    }

    /** As if nothing had failed. */
    private static int endWell(Sql sql) {
        sql.update("insert into thing (id) values (4)");
        try {
            return sql.update("insert into thing (id) values (5)");
        } catch (Failure.Storage e) {
            return 0;
        }
    }

    private List<Long> ids() {
        return tables.query("select id from thing order by id", row -> row.number("id"));
    }

    private static void add(Sql sql, long id) {
        sql.change("insert into thing (id) values (?)", id);
    }

    @Test
    void changes_that_wait_are_made_in_order_before_anything_else() throws Exception {
        List<Long> inside =
                tables.write(sql -> {
                    for (long id = 1; id <= 3; id++) add(sql, id);
                    sql.change("delete from thing where id = ?", 2);
                    add(sql, 2);
                    sql.change("delete from thing where id = ?", 3);
                    assertThat(sql.update("update thing set id = id + 10")).isEqualTo(2);
                    add(sql, 5);
                    return sql.query("select id from thing order by id", row -> row.number("id"));
                });
        assertThat(inside).containsExactly(5L, 11L, 12L);
        assertThat(ids()).containsExactly(5L, 11L, 12L);
    }

    @Test
    void more_changes_than_wait_together_are_all_made() throws Exception {
        tables.write(sql -> {
            for (long id = 1; id <= 1_200; id++) add(sql, id);
            return true;
        });
        assertThat(ids()).hasSize(1_200);
    }

    @Test
    void a_change_that_fails_undoes_all_of_its_transaction() throws Exception {
        insert(5, "a", BigDecimal.ONE, true, Instant.EPOCH, new byte[0]);
        for (boolean later : List.of(false, true))
            assertThatThrownBy(() ->
                            tables.write(sql -> {
                                add(sql, 4);
                                add(sql, 5);
                                return later && goOnBehindAFailure(sql);
                            }))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("insert into thing (id) values (?)");
        assertThat(ids()).containsExactly(5L);
    }

    /** As if it had not been told. */
    private static boolean goOnBehindAFailure(Sql sql) {
        assertThatThrownBy(() -> sql.query("select 1 as a", row -> ""))
                .isInstanceOf(Failure.Storage.class);
        return true;
    }

    @Test
    void changes_that_wait_are_left_out_with_the_work_that_failed() throws Exception {
        assertThatThrownBy(() ->
                        tables.write(sql -> {
                            add(sql, 4);
                            throw new IllegalStateException("no");
                        }))
                .hasMessage("no");
        tables.write(sql -> {
            add(sql, 7);
            return true;
        });
        assertThat(ids()).containsExactly(7L);
    }

    @Test
    void the_sql_of_a_transaction_ends_with_it() throws Exception {
        var kept = new AtomicReference<Sql>();
        tables.write(sql -> {
            kept.set(sql);
            return 0;
        });
        assertThatThrownBy(() -> kept.get().update("delete from thing"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("by its work only");
    }

    @Test
    void a_transaction_uses_nothing_else_of_the_storage() {
        assertThatThrownBy(() ->
                        tables.write(sql -> tables.query("select 1 as a", row -> row.text("a"))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nothing else of the storage");
        assertThatThrownBy(() -> tables.write(sql -> storage().events().head()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void the_context_goes_with_the_work() throws Exception {
        var context = Context.current().with(Work.of("key", "bell/1/0"));
        var cause = context.call(() -> tables.write(sql -> Context.current().work().cause()));
        assertThat(cause).isEqualTo("bell/1/0");
        assertThat(context.baggage()).isEqualTo(Baggage.EMPTY);
    }

    @Test
    void a_changed_table_is_seen_whole() throws Exception {
        insert(1, "a", BigDecimal.ONE, true, Instant.EPOCH, new byte[0]);
        for (int i = 0; i < MANY; i++) tables.query("select * from thing", row -> row.text("name"));
        tables.write(sql -> sql.update("alter table thing add column colour text default 'red'"));
        for (int i = 0; i < MANY; i++)
            assertThat(tables.query("select * from thing", row -> row.text("colour")))
                    .containsExactly("red");
        List<String> inside =
                tables.write(sql -> sql.query("select * from thing", row -> row.text("colour")));
        assertThat(inside).containsExactly("red");
    }

    @Test
    void a_table_that_another_process_changed_is_seen_whole() throws Exception {
        insert(1, "a", BigDecimal.ONE, true, Instant.EPOCH, new byte[0]);
        for (int i = 0; i < MANY; i++) tables.query("select * from thing", row -> row.text("name"));
        try (var other = reopen()) {
            if (!isShared()) {
                assertThatThrownBy(() -> other.database().query("select * from thing", row -> ""))
                        .isInstanceOf(Failure.Storage.class);
                return;
            }
            other.database()
                    .write(sql ->
                            sql.update("alter table thing add column colour text default 'red'"));
        }
        for (int i = 0; i < MANY; i++)
            assertThat(tables.query("select * from thing", row -> row.text("colour")))
                    .containsExactly("red");
        List<String> inside =
                tables.write(sql -> sql.query("select * from thing", row -> row.text("colour")));
        assertThat(inside).containsExactly("red");
    }

    @Test
    void more_statements_than_are_kept_prepared_all_run() {
        for (int i = 0; i < 300; i++) {
            int number = i;
            assertThat(tables.query("select " + i + " as a", row -> row.number("a")))
                    .containsExactly((long) number);
        }
    }

    @Test
    void a_result_without_end_is_refused() {
        assertThatThrownBy(() ->
                        tables.query(
                                "with recursive n(i) as (select 1 union all select i + 1"
                                        + " from n) select i from n",
                                row -> ""))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("at most 100000 rows")
                .hasMessageContaining("LIMIT");
    }

    @Test
    void a_long_read_ends_when_its_thread_is_interrupted() throws Exception {
        var reading =
                Race.begin(() -> {
                    try {
                        return tables.query(
                                        "with recursive n(i) as (select 1 union all select"
                                                + " i + 1 from n) select count(*) as total from n",
                                        row -> row.text("total"))
                                .toString();
                    } catch (Failure.Storage e) {
                        return Thread.currentThread().isInterrupted() + e.getMessage();
                    }
                });
        reading.thread().interrupt();
        assertThat(reading.result()).startsWith("true").contains("interrupted");
        assertThat(tables.query("select 1 as a", row -> row.number("a"))).containsExactly(1L);
    }

    @Test
    void foreign_keys_hold() throws Exception {
        tables.write(sql -> sql.update("create table part (thing bigint references thing (id))"));
        assertThatThrownBy(() -> tables.write(sql -> sql.update("insert into part values (7)")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageMatching("(?is).*foreign key.*");
    }

    @Test
    void nothing_goes_after_closing() {
        storage().close();
        assertThatThrownBy(() -> tables.query("select 1", row -> ""))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> tables.write(sql -> 1))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("closed");
    }

    private void insert(
            long id, String name, BigDecimal price, boolean here, Instant at, byte[] data)
            throws InterruptedException {
        tables.write(sql ->
                sql.update(
                        "insert into thing values (?, ?, ?, ?, ?, ?)",
                        id,
                        name,
                        price,
                        here,
                        at,
                        data));
    }
}
