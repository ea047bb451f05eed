package dev.weft.events;

import dev.weft.events.ProjectionTables.Definition;
import dev.weft.events.Projections.Compared;
import dev.weft.events.Projections.Difference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Compares one table with its twin in one statement, for only a statement sees one moment of both; the positions that they have
 * applied are of that moment, too. Columns are compared as text, which every type can be.
 */
final class TableComparison {

    /**
     * What came of it.
     *
     * @param liveAt up to where the live table has applied the log
     */
    record Result(Compared compared, long liveAt, long rebuiltAt) {}

    /** How many rows of a table without a key are alike: then they are compared by that. */
    private static final String COPIES = "(copies)";

    private static final String LIVE = "live";

    /** One line of the answer: the counts, and a row that differs if there is one. */
    private record Line(
            long liveAt,
            long rebuiltAt,
            long liveRows,
            long rebuiltRows,
            long differing,
            String side,
            Map<String, String> row) {}

    private final String projection;
    private final Generation live;
    private final Generation beside;
    private final Definition table;
    private final Definition other;

    /** What both have, the number of copies behind it if there is no key. */
    private final List<String> columns;

    /** Which of the columns are the key. */
    private final List<Integer> key;

    private final boolean keyed;

    TableComparison(
            String projection,
            Generation live,
            Generation beside,
            Definition table,
            Definition other) {
        this.projection = projection;
        this.live = live;
        this.beside = beside;
        this.table = table;
        this.other = other;
        var both = table.columns().stream().filter(other.columns()::contains).toList();
        this.keyed = !table.key().isEmpty() && table.key().equals(other.key());
        this.key =
                IntStream.range(0, both.size())
                        .filter(i -> !keyed || table.key().contains(both.get(i)))
                        .boxed()
                        .toList();
        this.columns = new ArrayList<>(both);
        if (!keyed) columns.add(COPIES);
    }

    /** Asks the database, and shows so many of the keys that differ. */
    Result run(Database database, int rows) {
        var name = "\"" + table.name() + "\"";
        var twin = "\"" + ProjectionTables.beside(beside.number(), table.name()) + "\"";
        var keys = key.stream().map(i -> "c" + i).collect(Collectors.joining(", "));
        var lines =
                database.query(
                        """
                        with live_rows as (%s), rebuilt_rows as (%s), differing as (
                            select cast('live' as text) as side, l.* from (select * from live_rows except select * from rebuilt_rows) l
                            union all
                            select cast('rebuilt' as text) as side, r.* from (select * from rebuilt_rows except select * from live_rows) r)
                        select s.*, d.* from (select
                            (select position from weft_checkpoint where name = ?) as live_at,
                            (select position from weft_checkpoint where name = ?) as rebuilt_at,
                            (select count(*) from %s) as live_count,
                            (select count(*) from %s) as rebuilt_count,
                            (select count(*) from (select distinct %s from differing) k) as differing_count) s
                        left join (select * from differing order by %s, side limit ?) d on 1 = 1
                        order by %s, side
                        """
                                .formatted(
                                        rowsOf(name), rowsOf(twin), name, twin, keys, keys, keys),
                        this::line,
                        live.checkpoint(projection),
                        beside.checkpoint(projection),
                        // A row that is in both comes twice, and the last one may be cut in half.
                        2L * rows + 1);
        var first = lines.getFirst();
        return new Result(
                new Compared(
                        table.name(),
                        first.liveRows,
                        first.rebuiltRows,
                        without(table.columns(), other.columns()),
                        without(other.columns(), table.columns()),
                        key.stream().map(columns::get).toList(),
                        first.differing,
                        differences(lines).stream().limit(rows).toList()),
                first.liveAt,
                first.rebuiltAt);
    }

    private String rowsOf(String from) {
        var wanted = new ArrayList<String>();
        for (int i = 0; i < columns.size(); i++)
            wanted.add(
                    "cast("
                            + (columns.get(i).equals(COPIES)
                                    ? "count(*)"
                                    : "\"" + columns.get(i) + "\"")
                            + " as text) as c"
                            + i);
        return "select "
                + String.join(", ", wanted)
                + " from "
                + from
                + (keyed
                        ? ""
                        : " group by "
                                + key.stream()
                                        .map(i -> Integer.toString(i + 1))
                                        .collect(Collectors.joining(", ")));
    }

    private Line line(Row row) {
        var values = new LinkedHashMap<String, String>();
        for (int i = 0; i < columns.size(); i++) {
            var column = columns.get(i);
            row.optionalText("c" + i).ifPresent(text -> values.put(column, text));
        }
        return new Line(
                row.number("live_at"),
                row.number("rebuilt_at"),
                row.number("live_count"),
                row.number("rebuilt_count"),
                row.number("differing_count"),
                row.optionalText("side").orElse(""),
                values);
    }

    /** The two rows of a key stand behind each other. */
    private List<Difference> differences(List<Line> lines) {
        var byKey = new LinkedHashMap<Map<String, String>, Difference>();
        for (var line : lines) {
            if (line.side.isEmpty()) continue;
            var found = new LinkedHashMap<String, String>();
            for (int i : key) {
                var value = line.row.get(columns.get(i));
                if (value != null) found.put(columns.get(i), value);
            }
            var before = byKey.getOrDefault(found, new Difference(found, Map.of(), Map.of()));
            byKey.put(
                    found,
                    line.side.equals(LIVE)
                            ? new Difference(found, line.row, before.rebuilt())
                            : new Difference(found, before.live(), line.row));
        }
        return List.copyOf(byKey.values());
    }

    private static List<String> without(List<String> some, List<String> others) {
        Set<String> left = new HashSet<>(others);
        return some.stream().filter(it -> !left.contains(it)).toList();
    }
}
