package dev.weft.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProjectionTablesTest {

    private static final String READER =
            "create table if not exists reader (name text primary key, loans integer not null default 0)";
    private static final String LOAN =
            "CREATE TABLE IF NOT EXISTS \"loan\" (reader_name text references reader(name), isbn text,"
                    + " check (isbn <> 'reader'), PRIMARY KEY (isbn, reader_name))";

    private final ProjectionTables tables = new ProjectionTables(List.of(READER, LOAN));

    @Test
    void every_word_that_is_the_name_of_a_table_is_the_table() {
        assertThat(
                        tables.beside(
                                "select r.name, Reader.loans, 'reader' as x -- reader\n from READER r /* reader */, \"reader\""
                                        + " where r.reader = `loan`.isbn",
                                2))
                .isEqualTo(
                        "select r.name, \"weft_2_reader\".loans, 'reader' as x -- reader\n from \"weft_2_reader\" r /* reader */,"
                                + " \"weft_2_reader\" where r.reader = \"weft_2_loan\".isbn");
    }

    @Test
    void a_table_with_the_name_of_a_word_of_sql_is_meant_in_quotes() {
        var order = new ProjectionTables(List.of(Table.of("order", String.class).definition()));
        assertThat(order.beside("select data from \"order\" where id = ? order by id", 3))
                .isEqualTo("select data from \"weft_3_order\" where id = ? order by id");
        assertThatThrownBy(() -> order.requireOwn("select 1 from order", false))
                .hasMessageContaining("quote it");
    }

    @Test
    void columns_and_keys_are_read_from_the_definition() {
        assertThat(tables.tables())
                .containsExactly(
                        new ProjectionTables.Definition(
                                "reader", List.of("name", "loans"), List.of("name")),
                        new ProjectionTables.Definition(
                                "loan",
                                List.of("reader_name", "isbn"),
                                List.of("isbn", "reader_name")));
    }

    @Test
    void a_statement_that_changes_another_table_is_refused() {
        for (var own :
                new String[] {
                    "insert into reader values (?, 1) on conflict (name) do update set loans = loans + 1",
                    "insert or replace into loan values (?, ?)",
                    "replace into \"reader\" (name) select isbn from other",
                    "update or ignore reader set loans = 0",
                    "update only reader set loans = 0",
                    "delete from loan where isbn = ?",
                    "with x as (select 1 as n) update reader set loans = n from x"
                }) tables.requireOwn(own, true);
        for (var other :
                new String[] {
                    "insert into book values (?)",
                    "insert into main.reader values (?)",
                    "update book set reader = 1",
                    "delete from book where reader = 1",
                    "with x as (delete from book returning isbn) insert into loan select isbn from x",
                    "truncate reader",
                    "drop table reader"
                })
            assertThatThrownBy(() -> tables.requireOwn(other, true))
                    .as(other)
                    .isInstanceOf(IllegalArgumentException.class);
        tables.requireOwn("select * from book for update", false);
        assertThatThrownBy(() ->
                        tables.requireOwn("insert into book values (1) returning isbn", false))
                .hasMessageContaining("book");
    }

    @Test
    void what_could_not_be_given_another_name_is_refused() {
        refuse("create table reader (name text)", "if not exists");
        refuse("create table if not exists public.reader (name text)", "parentheses");
        refuse("create table if not exists reader (reader text)", "another name");
        refuse("create table if not exists weft_reader (name text)", "weft_");
        refuse("create table if not exists " + "r".repeat(46) + " (name text)", "45");
        refuse("create view if not exists best as select 1", "create index if not exists");
        refuse("create index if not exists best on book (name)", "on one of its tables");
        refuse("create index best on reader (name)", "if not exists");
        assertThatThrownBy(() -> new ProjectionTables(List.of(READER, READER)))
                .hasMessageContaining("two of the name");
    }

    private static void refuse(String statement, String why) {
        assertThatThrownBy(() -> new ProjectionTables(List.of(statement)))
                .as(statement)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }
}
