package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.events.Database;
import dev.weft.events.Sql;
import dev.weft.events.Table;
import java.math.BigDecimal;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A {@link Table} of records keeps them on every storage. Its name is a word that SQL knows, too. */
@Timeout(60)
public abstract class RecordTableContract extends StorageCases {

    public record Product(String title, BigDecimal price) {}

    private static final Table<Product> ORDER = Table.of("order", Product.class);
    private static final Product CUP = new Product("Cup \"1\"", new BigDecimal("1.10"));
    private static final Product JAR = new Product("Jar", new BigDecimal("2"));

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Database database;

    protected RecordTableContract() {}

    @BeforeEach
    void create() throws Exception {
        database = storage().database();
        write(sql -> sql.update(ORDER.definition()));
        write(sql -> sql.update(ORDER.definition()));
    }

    private void write(Consumer<Sql> work) throws Exception {
        database.write(sql -> {
            work.accept(sql);
            return true;
        });
    }

    @Test
    void what_was_put_last_is_found() throws Exception {
        write(sql -> ORDER.put(sql, "1", JAR));
        write(sql -> ORDER.put(sql, "1", CUP));
        assertThat(ORDER.find(database, "1")).hasValue(CUP);
        assertThat(ORDER.find(database, "2")).isEmpty();
    }

    @Test
    void what_is_there_is_not_put_over() throws Exception {
        write(sql -> {
            assertThat(ORDER.putIfAbsent(sql, "1", CUP)).isEqualTo(CUP);
            assertThat(ORDER.putIfAbsent(sql, "1", JAR)).isEqualTo(CUP);
            assertThat(ORDER.find(sql, "1")).hasValue(CUP);
        });
        assertThat(ORDER.find(database, "1")).hasValue(CUP);
    }

    @Test
    void a_change_leaves_alone_what_is_not_there() throws Exception {
        write(sql -> {
            ORDER.put(sql, "1", CUP);
            ORDER.change(sql, "1", cup -> new Product(cup.title(), BigDecimal.ONE));
            ORDER.change(sql, "2", cup -> new Product(cup.title(), BigDecimal.ONE));
        });
        assertThat(ORDER.get(database, "1").price()).isEqualTo(BigDecimal.ONE);
        assertThat(ORDER.find(database, "2")).isEmpty();
    }

    @Test
    void a_change_begins_with_what_it_is_given() throws Exception {
        for (int i = 0; i < 2; i++)
            write(sql ->
                    ORDER.change(
                            sql,
                            "1",
                            JAR,
                            it -> new Product(it.title(), it.price().add(BigDecimal.ONE))));
        assertThat(ORDER.get(database, "1").price()).isEqualTo(new BigDecimal("4"));
    }

    @Test
    void a_list_is_one_query_away() throws Exception {
        write(sql -> {
            ORDER.put(sql, "2", CUP);
            ORDER.put(sql, "1", JAR);
            ORDER.put(sql, "3", CUP);
            ORDER.remove(sql, "3");
            assertThat(ORDER.query(sql, "where id = ?", "2")).containsExactly(CUP);
        });
        assertThat(ORDER.all(database, 10)).containsExactly(JAR, CUP);
        assertThat(ORDER.all(database, 1)).containsExactly(JAR);
        assertThat(
                        ORDER.query(
                                database,
                                "where cast(data ->> 'price' as numeric) < ? order by id",
                                2))
                .containsExactly(CUP);
        assertThat(ORDER.query(database, "where data ->> 'title' = ?", "Jar")).containsExactly(JAR);
    }

    public record Renamed(String name, BigDecimal price) {}

    @Test
    void a_row_that_does_not_fit_its_record_any_more_is_nobody_elses_fault() throws Exception {
        write(sql -> ORDER.put(sql, "1", CUP));
        assertThatThrownBy(() -> Table.of("order", Renamed.class).get(database, "1"))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("the table order")
                .hasMessageContaining("name");
    }

    @Test
    void what_is_not_there_is_a_problem_that_names_it() throws Exception {
        write(sql -> ORDER.put(sql, "1", CUP));
        assertThat(ORDER.known(database, "1")).isEqualTo(CUP);
        assertThatThrownBy(() -> ORDER.get(database, "7"))
                .isInstanceOfSatisfying(
                        Failure.Answered.class,
                        e -> {
                            assertThat(e.problem().status()).isEqualTo(404);
                            assertThat(e.problem().type()).isEqualTo("order-not-found");
                        });
        assertThatThrownBy(() -> ORDER.known(database, "7"))
                .isInstanceOfSatisfying(
                        Failure.Answered.class,
                        e -> {
                            assertThat(e.problem().status()).isEqualTo(422);
                            assertThat(e.problem().members()).containsEntry("order_id", "7");
                        });
    }
}
