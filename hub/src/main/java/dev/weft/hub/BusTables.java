package dev.weft.hub;

import dev.weft.events.BusEvent;
import dev.weft.events.Database;
import dev.weft.events.Origin;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.SubscriptionLedger;
import dev.weft.events.SubscriptionLedger.Logged;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The bus's log and its subscriptions' books on disk.
 *
 * <p>A subscription is one row. Its {@code outstanding} is the set of sequences up to {@code
 * position} that are not acknowledged, {@code ahead} that of those beyond it that are: both small,
 * whatever the log's length, and written together with each acknowledgement.
 */
final class BusTables {

    private static final String EVENT =
            "select position, source, source_position, part, type, key, at, data, traceparent,"
                    + " tracestate, baggage, criticality, cause from bus_event ";

    /** How many rows of the log one reading looks at. */
    static final int WINDOW = 2_000;

    /** A subscription as it was kept. */
    record Kept(String name, Set<String> types, SubscriptionLedger.State state) {}

    /** What a publication came to. */
    record Published(long through, List<Logged> added) {}

    private final Database database;

    /** Makes the tables if they are not there. */
    BusTables(Database database) throws InterruptedException {
        this.database = database;
        database.write(sql -> {
            sql.update(
                    "create table if not exists bus_event (position integer primary key,"
                            + " source text not null, source_position integer not null,"
                            + " part integer not null, type text not null, key text not"
                            + " null, at text not null, data blob not null, traceparent"
                            + " text not null, cause text not null, tracestate text not null"
                            + " default '', baggage text not null default '', criticality text"
                            + " not null default '',"
                            + " unique (source, source_position, part))");
            sql.update(
                    "create table if not exists bus_source"
                            + " (source text primary key, published integer not null)");
            sql.update(
                    "create table if not exists bus_subscription (name text primary key,"
                            + " types text not null, position integer not null,"
                            + " outstanding text not null, ahead text not null)");
            addContext(sql);
            return 0;
        });
    }

    /** To a file of an earlier version. */
    private static void addContext(Sql sql) {
        for (var column : List.of("tracestate", "baggage", "criticality"))
            if (sql.query(
                            "select name from pragma_table_info('bus_event') where name = ?",
                            row -> row.text("name"),
                            column)
                    .isEmpty())
                sql.update(
                        "alter table bus_event add column " + column + " text not null default ''");
    }

    long end() {
        return database.first(
                        "select coalesce(max(position), 0) as n from bus_event",
                        row -> row.number("n"))
                .orElse(0L);
    }

    Map<String, Long> published() {
        var published = new HashMap<String, Long>();
        database.query(
                "select source, published from bus_source",
                row -> published.put(row.text("source"), row.number("published")));
        return published;
    }

    List<Kept> subscriptions() {
        return database
                .query(
                        "select name, types, position, outstanding, ahead from bus_subscription",
                        row ->
                                new Written(
                                        row.text("name"),
                                        Set.of(row.text("types").split(",")),
                                        row.number("position"),
                                        runs(row.text("outstanding")),
                                        runs(row.text("ahead"))))
                .stream()
                .map(this::kept)
                .toList();
    }

    /** A subscription's row. */
    private record Written(
            String name,
            Set<String> types,
            long position,
            List<long[]> outstanding,
            List<long[]> ahead) {}

    private Kept kept(Written row) {
        var outstanding = new ArrayList<Logged>();
        for (long[] run : row.outstanding) outstanding.addAll(between(run[0], run[1], row.types));
        var ahead = new TreeSet<Long>();
        for (long[] run : row.ahead) for (long at = run[0]; at <= run[1]; at++) ahead.add(at);
        var state = new SubscriptionLedger.State(row.position, outstanding, ahead);
        return new Kept(row.name, row.types, state);
    }

    /** Appends what is new of a publication. */
    Published publish(String source, long through, List<BusEvent> events)
            throws InterruptedException {
        return database.write(sql -> publish(sql, source, through, events));
    }

    private static Published publish(Sql sql, String source, long through, List<BusEvent> events) {
        long before =
                sql.first(
                                "select published from bus_source where source = ?",
                                row -> row.number("published"),
                                source)
                        .orElse(0L);
        if (through <= before) return new Published(before, List.of());
        long position =
                sql.first(
                                "select coalesce(max(position), 0) as n from bus_event",
                                row -> row.number("n"))
                        .orElse(0L);
        var added = new ArrayList<Logged>();
        for (var event : events) {
            if (event.position() <= before) continue;
            insert(sql, ++position, event);
            added.add(new Logged(position, event));
        }
        sql.update(
                "insert into bus_source (source, published) values (?, ?)"
                        + " on conflict (source) do update set published = excluded.published",
                source,
                through);
        return new Published(through, added);
    }

    private static void insert(Sql sql, long position, BusEvent event) {
        sql.update(
                "insert into bus_event (position, source, source_position, part, type, key, at,"
                        + " data, traceparent, tracestate, baggage, criticality, cause)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                position,
                event.source(),
                event.position(),
                event.part(),
                event.type(),
                event.key(),
                event.at().toString(),
                event.data(),
                event.origin().traceparent(),
                event.origin().tracestate(),
                event.origin().baggage(),
                event.origin().criticality(),
                event.origin().cause());
    }

    /**
     * The events of these types from one sequence to another, both included, at most so many, up to
     * the one that brings their data to so much.
     */
    List<Logged> read(long first, long last, int max, long maxBytes, Set<String> types) {
        var sizes = sizes(first, last, max, types);
        long bytes = 0;
        int count = 0;
        while (count < sizes.size() && bytes < maxBytes) bytes += sizes.get(count++).bytes;
        return count == 0 ? List.of() : read(first, sizes.get(count - 1).position, count, types);
    }

    /** How much data an event has. */
    private record Size(long position, long bytes) {}

    private List<Size> sizes(long first, long last, int max, Set<String> types) {
        return database.query(
                "select position, length(data) as bytes from bus_event " + between(types.size()),
                row -> new Size(row.number("position"), row.number("bytes")),
                parameters(first, last, max, types));
    }

    private List<Logged> read(long first, long last, int max, Set<String> types) {
        return database.query(
                EVENT + between(types.size()),
                BusTables::logged,
                parameters(first, last, max, types));
    }

    private static String between(int types) {
        return "where position >= ? and position <= ? and type in ("
                + "?, ".repeat(types - 1)
                + "?) order by position limit ?";
    }

    private static Object[] parameters(long first, long last, int max, Set<String> types) {
        var parameters = new ArrayList<Object>(types);
        parameters.addFirst(last);
        parameters.addFirst(first);
        parameters.add(max);
        return parameters.toArray();
    }

    private List<Logged> between(long first, long last, Set<String> types) {
        return read(first, last, (int) (last - first + 1), types);
    }

    private static Logged logged(Row row) {
        return new Logged(
                row.number("position"),
                new BusEvent(
                        row.text("source"),
                        row.number("source_position"),
                        (int) row.number("part"),
                        row.text("type"),
                        row.text("key"),
                        Instant.parse(row.text("at")),
                        row.bytes("data"),
                        new Origin(
                                row.text("traceparent"),
                                row.text("tracestate"),
                                row.text("baggage"),
                                row.text("criticality"),
                                row.text("cause"),
                                "")));
    }

    /** Where an event stands in the log, by its id. */
    Optional<Long> sequence(String id) {
        int part = id.lastIndexOf('/');
        int position = part < 0 ? -1 : id.lastIndexOf('/', part - 1);
        if (position < 0) return Optional.empty();
        try {
            return database.first(
                    "select position from bus_event"
                            + " where source = ? and source_position = ? and part = ?",
                    row -> row.number("position"),
                    id.substring(0, position),
                    Long.parseLong(id.substring(position + 1, part)),
                    Long.parseLong(id.substring(part + 1)));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Whether an event of these types is in the log behind a sequence. */
    boolean any(long after, Set<String> types) {
        var parameters = new ArrayList<Object>(types);
        parameters.addFirst(after);
        return database.first(
                        "select position from bus_event where position > ? and type in ("
                                + "?, ".repeat(types.size() - 1)
                                + "?) limit 1",
                        row -> row.number("position"),
                        parameters.toArray())
                .isPresent();
    }

    /** How many events of these types are in the log behind a sequence. */
    long count(long after, Set<String> types) {
        var parameters = new ArrayList<Object>(types);
        parameters.addFirst(after);
        return database.first(
                        "select count(*) as n from bus_event where position > ? and type in ("
                                + "?, ".repeat(types.size() - 1)
                                + "?)",
                        row -> row.number("n"),
                        parameters.toArray())
                .orElse(0L);
    }

    /**
     * Writes a subscription's books, as they are when the transaction runs, so that of two writes
     * the later one never goes back behind the earlier; tells what was written.
     */
    Kept save(String name, Supplier<Kept> kept) throws InterruptedException {
        return database.write(sql -> {
            var now = kept.get();
            var outstanding = now.state().outstanding().stream().map(Logged::sequence);
            sql.update(
                    "insert into bus_subscription (name, types, position, outstanding,"
                            + " ahead) values (?, ?, ?, ?, ?) on conflict (name) do update"
                            + " set types = excluded.types, position = excluded.position,"
                            + " outstanding = excluded.outstanding, ahead = excluded.ahead",
                    name,
                    String.join(",", new TreeSet<>(now.types())),
                    now.state().through(),
                    text(outstanding.toList()),
                    text(now.state().ahead()));
            return now;
        });
    }

    void delete(String name) throws InterruptedException {
        database.write(sql -> sql.update("delete from bus_subscription where name = ?", name));
    }

    /** Numbers as runs: {@code 3-7,9}. */
    static String text(Collection<Long> numbers) {
        var text = new StringBuilder();
        long first = 0;
        long last = -1;
        for (long number : new TreeSet<>(numbers)) {
            if (last >= first && number == last + 1) {
                last = number;
                continue;
            }
            append(text, first, last);
            first = number;
            last = number;
        }
        append(text, first, last);
        return text.toString();
    }

    private static void append(StringBuilder text, long first, long last) {
        if (last < first) return;
        if (!text.isEmpty()) text.append(',');
        text.append(first);
        if (last > first) text.append('-').append(last);
    }

    static List<long[]> runs(String text) {
        var runs = new ArrayList<long[]>();
        if (text.isEmpty()) return runs;
        for (var run : text.split(",")) {
            int dash = run.indexOf('-');
            long first = Long.parseLong(dash < 0 ? run : run.substring(0, dash));
            long last = dash < 0 ? first : Long.parseLong(run.substring(dash + 1));
            runs.add(new long[] {first, last});
        }
        return runs;
    }
}
