package dev.weft.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import dev.weft.json.PersonalJson;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A table that holds one record per id, as JSON: the short way to keep a view.
 *
 * <p>It is a table like others, {@code name(id, data)}, so any SQL may read it too: {@code data} is text to SQLite and JSON to
 * PostgreSQL, and {@code data ->> 'price'} is understood by both, as text ({@code cast(… as numeric)} makes a number). Changes are made
 * within a transaction; {@link #find(Database, String)} sees the last commit.
 *
 * @param name of the table and, in problems, of what it holds: {@code customer}
 * @param type what a row holds; members that are added to it later have to be optional
 */
public record Table<T>(String name, Class<T> type) {

    public Table {
        if (!name.matches("[a-z][a-z0-9_]{0,62}") || name.startsWith("weft_"))
            throw new IllegalArgumentException(
                    "a table is named with up to 63 of a-z, 0-9 and \"_\", not beginning with"
                            + " weft_, not \""
                            + name
                            + "\"");
    }

    public static <T> Table<T> of(String name, Class<T> type) {
        return new Table<>(name, type);
    }

    /** The statement that makes the table where it is missing. */
    public String definition() {
        return "create table if not exists \""
                + name
                + "\"(id text primary key, data jsontext not null)";
    }

    /** What the id holds now. */
    public Optional<T> find(Database database, String id) {
        return database.first(select(), this::read, id);
    }

    /** What the id holds now; if it holds nothing, a 404: the path of a request is wrong. */
    public T get(Database database, String id) {
        return find(database, id).orElseThrow(() -> Problem.notFound(name, id));
    }

    /** What the id holds now; if it holds nothing, a 422: a request names what is not there. */
    public T known(Database database, String id) {
        return find(database, id).orElseThrow(() -> Problem.unknown(name, id));
    }

    /** What the table holds as of the last commit, by id, at most so many. */
    public List<T> all(Database database, int max) {
        return query(database, "order by id limit ?", max);
    }

    /**
     * What a query finds as of the last commit.
     *
     * @param behind what stands behind {@code select … from name}: {@code where data ->> 'country' = ?
     *     order by data ->> 'name' limit 10}; names of members are in snake_case
     */
    public List<T> query(Database database, String behind, Object... parameters) {
        return database.query(selectAll() + behind, this::read, parameters);
    }

    /** What a query finds within the transaction; see {@link #query(Database, String, Object...)}. */
    public List<T> query(Sql sql, String behind, Object... parameters) {
        return sql.query(selectAll() + behind, this::read, parameters);
    }

    /** What the id holds within the transaction. */
    public Optional<T> find(Sql sql, String id) {
        return sql.first(select(), this::read, id);
    }

    /** Lets the id hold the value, whatever it held before. */
    public void put(Sql sql, String id, T value) {
        sql.change(
                "insert into \""
                        + name
                        + "\"(id, data) values (?, ?) on conflict(id) do update set data = excluded.data",
                id,
                Json.text(value));
    }

    /** Lets the id hold the value if it holds none; tells what it holds behind that. */
    public T putIfAbsent(Sql sql, String id, T value) {
        var before = find(sql, id);
        if (before.isEmpty()) put(sql, id, value);
        return before.orElse(value);
    }

    /** Changes what the id holds; one that holds nothing is left alone. */
    public void change(Sql sql, String id, UnaryOperator<T> change) {
        find(sql, id).ifPresent(value -> put(sql, id, change.apply(value)));
    }

    /** Changes what the id holds; one that holds nothing begins with {@code first}. */
    public void change(Sql sql, String id, T first, UnaryOperator<T> change) {
        put(sql, id, change.apply(find(sql, id).orElse(first)));
    }

    /** Lets the id hold nothing. */
    public void remove(Sql sql, String id) {
        sql.change("delete from \"" + name + "\" where id = ?", id);
    }

    /**
     * Takes what is {@link dev.weft.json.Personal} of the subject out of all rows: {@code Projection.of(…).onErase(SHELF::forget)}.
     * It looks at every row.
     */
    public void forget(Sql sql, String subject) {
        var erased = Json.text(Personal.erased(subject));
        var like = "%" + escaped(erased.substring(0, erased.lastIndexOf('}'))) + "%";
        for (var id = ""; ; ) {
            var rows =
                    sql.query(
                            "select id, cast(data as text) as data from \""
                                    + name
                                    + "\" where id > ? and cast(data as text) like ? escape '!'"
                                    + " order by id limit ?",
                            row -> new Kept(row.text("id"), row.text("data")),
                            id,
                            like,
                            FORGOTTEN_TOGETHER);
            for (var row : rows) forget(sql, row, subject);
            if (rows.size() < FORGOTTEN_TOGETHER) return;
            id = rows.getLast().id;
        }
    }

    private static final int FORGOTTEN_TOGETHER = 1_000;

    private record Kept(String id, String data) {}

    private void forget(Sql sql, Kept row, String subject) {
        var data =
                PersonalJson.change(
                        row.data.getBytes(UTF_8),
                        part ->
                                part.subject().equals(subject)
                                        ? PersonalJson.Part.erased(subject)
                                        : part);
        sql.change(
                "update \"" + name + "\" set data = ? where id = ?",
                new String(data, UTF_8),
                row.id);
    }

    private static String escaped(String like) {
        return like.replace("!", "!!").replace("%", "!%").replace("_", "!_");
    }

    private String select() {
        return selectAll() + "where id = ?";
    }

    private String selectAll() {
        return "select data from \"" + name + "\" ";
    }

    private T read(Row row) {
        try {
            return Json.read(row.text("data"), type);
        } catch (Failure.Malformed e) {
            throw new Failure.Unreadable(
                    "row",
                    "a row of the table "
                            + name
                            + " does not fit "
                            + type.getName()
                            + ": "
                            + e.getMessage()
                            + "; a component keeps its name and type, and a new one is an"
                            + " Optional",
                    e);
        }
    }
}
