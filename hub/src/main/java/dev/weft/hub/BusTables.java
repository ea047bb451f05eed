package dev.weft.hub;

import dev.weft.core.Problem;
import dev.weft.events.BusEvent;
import dev.weft.events.Database;
import dev.weft.events.Origin;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Subjects;
import dev.weft.events.SubscriptionLedger;
import dev.weft.events.SubscriptionLedger.Logged;
import dev.weft.events.SubscriptionLedger.Parked;
import dev.weft.json.PersonalJson;
import java.time.Duration;
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
 * <p>What is personal in an event's data is sealed here, and left out once its subject is erased.
 *
 * <p>A subscription is one row. Its {@code outstanding} is the set of sequences up to {@code
 * position} that are not acknowledged, {@code ahead} that of those beyond it that are: both small,
 * whatever the log's length, and written together with each acknowledgement.
 */
final class BusTables {

    private static final String EVENT =
            "select position, source, source_position, part, type, key, at, data, traceparent,"
                    + " tracestate, baggage, criticality, cause, attributes from bus_event ";

    /** How many ids of other programs' events are remembered. */
    static final int MAX_TAKEN = 1_000_000;

    /** How long they are remembered, by a clock that only goes while the bus does and never jumps. */
    static final Duration TAKEN = Duration.ofHours(24);

    /** The most programs that publish. */
    static final int MAX_SOURCES = 10_000;

    /** How many rows one step of the retention deletes. */
    static final int SWEEP = 1_000;

    /** How many rows of the log one reading looks at. */
    static final int WINDOW = 2_000;

    /**
     * A subscription as it was kept.
     *
     * @param settings what was declared, as JSON; empty if nothing was
     * @param causes why keys are parked; empty if that is on disk as it is
     * @param version of the causes
     */
    record Kept(
            String name,
            Set<String> types,
            SubscriptionLedger.State state,
            String settings,
            Optional<List<Cause>> causes,
            long version) {}

    /** An event of another program, by its id there; its position is still to be found. */
    record Offered(String id, BusEvent event, String attributes) {
        Offered fromOutside() {
            return new Offered(id, BusTables.fromOutside(event), attributes);
        }
    }

    /** What became of offered events. */
    record Accepted(List<Logged> added, int repeated) {}

    /** Why a key is parked. */
    record Cause(SubscriptionLedger.Key key, int attempts, String error, Instant since) {}

    /** What a publication came to. */
    record Published(long through, List<Logged> added) {}

    private final Database database;
    private final Subjects subjects;

    /** Makes the tables if they are not there. */
    BusTables(Database database, Subjects subjects, Instant now) throws InterruptedException {
        this.database = database;
        this.subjects = subjects;
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
            for (var column : List.of("tracestate", "baggage", "criticality", "attributes"))
                add(sql, "bus_event", column, "text not null default ''");
            add(sql, "bus_event", "arrived", "integer not null default " + now.toEpochMilli());
            for (var column : List.of("parked", "settings"))
                add(sql, "bus_subscription", column, "text not null default ''");
            sql.update(
                    "create table if not exists bus_taken (number integer primary key,"
                            + " source text not null, id text not null, at integer not null,"
                            + " unique (source, id))");
            sql.update("create index if not exists bus_taken_at on bus_taken (at)");
            sql.update(
                    "create table if not exists bus_parked (subscription text not null,"
                            + " source text not null, key text not null, attempts integer not"
                            + " null, error text not null, since text not null,"
                            + " primary key (subscription, source, key))");
            return 0;
        });
    }

    /** To a file of an earlier version. */
    private static void add(Sql sql, String table, String column, String type) {
        if (sql.query(
                        "select name from pragma_table_info(?) where name = ?",
                        row -> row.text("name"),
                        table,
                        column)
                .isEmpty())
            sql.update("alter table " + table + " add column " + column + " " + type);
    }

    long end() {
        return database.first(
                        "select coalesce(max(position), 0) as n from bus_event",
                        row -> row.number("n"))
                .orElse(0L);
    }

    /** The position of the first event that is still there; 1 without one. */
    long first() {
        return database.first(
                        "select coalesce(min(position), 1) as n from bus_event",
                        row -> row.number("n"))
                .orElse(1L);
    }

    /** How far each service has published. */
    Map<String, Long> published() {
        var published = new HashMap<String, Long>();
        database.query(
                "select source, published from bus_source",
                row -> published.put(row.text("source"), row.number("published")));
        published.keySet().removeIf(BusEvent::isForeign);
        return published;
    }

    List<Kept> subscriptions() {
        return database
                .query(
                        "select name, types, position, outstanding, ahead, parked, settings"
                                + " from bus_subscription",
                        row ->
                                new Written(
                                        row.text("name"),
                                        Set.of(row.text("types").split(",")),
                                        row.number("position"),
                                        runs(row.text("outstanding")),
                                        runs(row.text("ahead")),
                                        runs(row.text("parked")),
                                        row.text("settings")))
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
            List<long[]> ahead,
            List<long[]> parked,
            String settings) {}

    private Kept kept(Written row) {
        var outstanding = new ArrayList<Logged>();
        for (long[] run : row.outstanding) outstanding.addAll(between(run[0], run[1], row.types));
        var ahead = new TreeSet<Long>();
        for (long[] run : row.ahead) for (long at = run[0]; at <= run[1]; at++) ahead.add(at);
        var parked = new ArrayList<Parked>();
        for (long[] run : row.parked) parked.addAll(parked(run[0], run[1]));
        var state = new SubscriptionLedger.State(row.position, outstanding, ahead, parked);
        return new Kept(row.name, row.types, state, row.settings, Optional.of(causes(row.name)), 0);
    }

    private List<Parked> parked(long first, long last) {
        return database.query(
                "select position, source, source_position, key from bus_event where position >= ?"
                        + " and position <= ? order by position",
                row ->
                        new Parked(
                                row.number("position"),
                                new SubscriptionLedger.Key(row.text("source"), row.text("key")),
                                row.number("source_position")),
                first,
                last);
    }

    /** Events by their places in the log. */
    List<Logged> read(List<Long> sequences) {
        if (sequences.isEmpty()) return List.of();
        return opened(
                database.query(
                        EVENT
                                + "where position in ("
                                + "?, ".repeat(sequences.size() - 1)
                                + "?) order by position",
                        BusTables::sealed,
                        sequences.toArray()));
    }

    /** Appends what is new of a publication. */
    Published publish(String source, long through, List<BusEvent> events, Instant now)
            throws InterruptedException {
        return database.write(sql -> publish(sql, source, through, events, now));
    }

    private Published publish(
            Sql sql, String source, long through, List<BusEvent> events, Instant now) {
        long before =
                sql.first(
                                "select published from bus_source where source = ?",
                                row -> row.number("published"),
                                source)
                        .orElse(0L);
        if (through <= before) return new Published(before, List.of());
        long position = last(sql);
        var added = new ArrayList<Logged>();
        for (var event : events) {
            if (event.position() <= before) continue;
            var logged = new Logged(++position, event);
            insert(sql, logged, now);
            added.add(logged);
        }
        publishedThrough(sql, source, through);
        return new Published(through, added);
    }

    private static long last(Sql sql) {
        return sql.first(
                        "select coalesce(max(position), 0) as n from bus_event",
                        row -> row.number("n"))
                .orElse(0L);
    }

    private static void publishedThrough(Sql sql, String source, long through) {
        sql.update(
                "insert into bus_source (source, published) values (?, ?)"
                        + " on conflict (source) do update set published = excluded.published",
                source,
                through);
    }

    /**
     * Appends what other programs offer, numbered by source as it comes; leaves out whose source and
     * id are remembered.
     *
     * @param takenAtMs by the clock of what is {@linkplain #lastTakenMs taken}
     */
    Accepted accept(List<Offered> offered, Instant now, long takenAtMs)
            throws InterruptedException {
        return database.write(sql -> accept(sql, offered, now, takenAtMs));
    }

    private Accepted accept(Sql sql, List<Offered> offered, Instant now, long takenAtMs) {
        var added = new ArrayList<Logged>();
        long position = last(sql);
        for (var one : offered) {
            var source = one.event.source();
            if (sql.update(
                            "insert into bus_taken (source, id, at) values (?, ?, ?)"
                                    + " on conflict (source, id) do nothing",
                            source,
                            one.id,
                            takenAtMs)
                    == 0) continue;
            long number = published(sql, source) + 1;
            publishedThrough(sql, source, number);
            var event = one.event;
            var numbered =
                    new BusEvent(
                            source,
                            number,
                            0,
                            event.type(),
                            event.key(),
                            event.at(),
                            event.data(),
                            event.origin());
            var logged = new Logged(++position, numbered, one.attributes);
            insert(sql, logged, now);
            added.add(logged);
        }
        forget(sql, takenAtMs);
        return new Accepted(added, offered.size() - added.size());
    }

    /** When the last id was taken that is remembered; 0 without one. */
    long lastTakenMs() {
        return database.first(
                        "select coalesce(max(at), 0) as n from bus_taken", row -> row.number("n"))
                .orElse(0L);
    }

    private static long published(Sql sql, String source) {
        var published =
                sql.first(
                        "select published from bus_source where source = ?",
                        row -> row.number("published"),
                        source);
        if (published.isPresent()) return published.get();
        long sources =
                sql.first("select count(*) as n from bus_source", row -> row.number("n"))
                        .orElse(0L);
        if (sources >= MAX_SOURCES)
            throw Problem.of(
                            422,
                            "too-many-sources",
                            "events of "
                                    + MAX_SOURCES
                                    + " sources were published; \""
                                    + source
                                    + "\" would be one more. Name the program by its source, and"
                                    + " what the event is about by its subject")
                    .failure();
        return 0;
    }

    /** Ids that are remembered no longer. */
    private static void forget(Sql sql, long nowMs) {
        sql.update(
                "delete from bus_taken where number in"
                        + " (select number from bus_taken where at < ? limit ?)",
                nowMs - TAKEN.toMillis(),
                SWEEP);
        sql.update(
                "delete from bus_taken where number <="
                        + " (select max(number) from bus_taken) - ?",
                MAX_TAKEN);
    }

    /** How much of the file is in use. */
    long usedBytes() {
        return database.first(
                        "select (p.page_count - f.freelist_count) * s.page_size as n from"
                                + " pragma_page_count() p, pragma_freelist_count() f,"
                                + " pragma_page_size() s",
                        row -> row.number("n"))
                .orElse(0L);
    }

    /** An event's place in the log, its type, and when it came there. */
    record Arrived(long position, String type, long at) {}

    /**
     * Deletes the oldest events, at most {@value #SWEEP} and none from a position on, as far as they came before a
     * moment; tells which. The pages are used again.
     */
    List<Arrived> sweep(long before, long cameBeforeMs) throws InterruptedException {
        var oldest =
                database.query(
                        "select position, type, arrived from bus_event where position < ? order by"
                                + " position limit ?",
                        row ->
                                new Arrived(
                                        row.number("position"),
                                        row.text("type"),
                                        row.number("arrived")),
                        before,
                        SWEEP);
        var swept = oldest.stream().takeWhile(one -> one.at < cameBeforeMs).toList();
        if (!swept.isEmpty())
            database.write(sql ->
                    sql.update(
                            "delete from bus_event where position <= ?", swept.getLast().position));
        return swept;
    }

    /** The position of the first event that came at a moment or later; behind the end without one. */
    long position(Instant from) {
        return database.first(
                        "select coalesce((select min(position) from bus_event where arrived >= ?),"
                                + " (select coalesce(max(position), 0) + 1 from bus_event)) as n",
                        row -> row.number("n"),
                        from.toEpochMilli())
                .orElse(1L);
    }

    private void insert(Sql sql, Logged logged, Instant now) {
        var event = logged.event();
        sql.update(
                "insert into bus_event (position, source, source_position, part, type, key, at,"
                        + " data, traceparent, tracestate, baggage, criticality, cause, attributes,"
                        + " arrived) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                logged.sequence(),
                event.source(),
                event.position(),
                event.part(),
                event.type(),
                event.key(),
                event.at().toString(),
                subjects.sealed(place(event.id()), event.data(), sql),
                event.origin().traceparent(),
                event.origin().tracestate(),
                event.origin().baggage(),
                event.origin().criticality(),
                event.origin().cause(),
                logged.attributes(),
                now.toEpochMilli());
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
        return opened(
                database.query(
                        EVENT + between(types.size()),
                        BusTables::sealed,
                        parameters(first, last, max, types)));
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

    private static String place(String event) {
        return "bus\n" + event;
    }

    private List<Logged> opened(List<Logged> sealed) {
        return sealed.stream().map(one -> opened(place(one.event().id()), one, subjects)).toList();
    }

    /** The event with its personal data, without those of erased subjects. */
    static Logged opened(String place, Logged logged, Subjects subjects) {
        var event = opened(place, logged.event(), subjects);
        return new Logged(logged.sequence(), event, logged.attributes());
    }

    static BusEvent opened(String place, BusEvent event, Subjects subjects) {
        return PersonalJson.isIn(event.data())
                ? with(event, subjects.opened(place, event.data()))
                : event;
    }

    /** Without what somebody else has sealed: nobody can open it here. */
    static BusEvent fromOutside(BusEvent event) {
        return PersonalJson.isIn(event.data())
                ? with(event, PersonalJson.fromOutside(event.data()))
                : event;
    }

    private static BusEvent with(BusEvent event, byte[] data) {
        return new BusEvent(
                event.source(),
                event.position(),
                event.part(),
                event.type(),
                event.key(),
                event.at(),
                data,
                event.origin());
    }

    /** As it is read; what is sealed in it is opened behind that. */
    private static Logged sealed(Row row) {
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
                                "")),
                row.text("attributes"));
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

    /** The events of these correlations from one sequence to another, both included, at most so many. */
    List<Logged> traced(Set<String> correlations, long first, long last, int max) {
        var parameters = new ArrayList<Object>(correlations);
        parameters.addFirst(last);
        parameters.addFirst(first);
        parameters.add(max);
        return database.query(
                EVENT
                        + "where position >= ? and position <= ? and substr(traceparent, 4, 32) in ("
                        + "?, ".repeat(correlations.size() - 1)
                        + "?) order by position limit ?",
                BusTables::sealed,
                parameters.toArray());
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
                            + " ahead, parked, settings) values (?, ?, ?, ?, ?, ?, ?) on conflict"
                            + " (name) do update set types = excluded.types, position ="
                            + " excluded.position, outstanding = excluded.outstanding, ahead ="
                            + " excluded.ahead, parked = excluded.parked, settings ="
                            + " excluded.settings",
                    name,
                    String.join(",", new TreeSet<>(now.types())),
                    now.state().through(),
                    text(outstanding.toList()),
                    text(now.state().ahead()),
                    text(now.state().parked().stream().map(Parked::sequence).toList()),
                    now.settings());
            now.causes().ifPresent(causes -> save(sql, name, causes));
            return now;
        });
    }

    void delete(String name) throws InterruptedException {
        database.write(sql -> {
            sql.update("delete from bus_parked where subscription = ?", name);
            return sql.update("delete from bus_subscription where name = ?", name);
        });
    }

    private static void save(Sql sql, String name, List<Cause> causes) {
        sql.update("delete from bus_parked where subscription = ?", name);
        for (var cause : causes)
            sql.update(
                    "insert into bus_parked (subscription, source, key, attempts, error, since)"
                            + " values (?, ?, ?, ?, ?, ?)",
                    name,
                    cause.key.source(),
                    cause.key.key(),
                    cause.attempts,
                    cause.error,
                    cause.since.toString());
    }

    private List<Cause> causes(String name) {
        return database.query(
                "select source, key, attempts, error, since from bus_parked where subscription = ?"
                        + " order by since, source, key",
                row ->
                        new Cause(
                                new SubscriptionLedger.Key(row.text("source"), row.text("key")),
                                (int) row.number("attempts"),
                                row.text("error"),
                                Instant.parse(row.text("since"))),
                name);
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
