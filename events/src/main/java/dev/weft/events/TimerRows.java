package dev.weft.events;

import dev.weft.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The table of a service's timers; times are microseconds. */
final class TimerRows {

    /** Whose name a recurring timer has. */
    static final String RECURRING = "every";

    /** How much is kept of an error, in characters. */
    private static final int MAX_ERROR = 1_000;

    /** A wait that is longer than any pause was cut out by a clock that has jumped. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private static final String COLUMNS =
            "owner, name, key, type, due, every, data, origin, attempts";

    private static final String THIS = " where owner = ? and name = ? and key = ?";

    static final List<String> TABLE =
            List.of(
                    "create table if not exists weft_timer (owner text not null, name text not null,"
                            + " key text not null, type text not null, due bigint not null, every bigint not null,"
                            + " data blob not null, origin text not null, trace text not null, attempts integer not null, retry bigint not null,"
                            + " error text not null, primary key (owner, name, key))",
                    "create index if not exists weft_timer_due on weft_timer (due)",
                    "create index if not exists weft_timer_key on weft_timer (key, type)");

    /**
     * A timer that is set.
     *
     * @param owner empty for an event that is told once, {@link #RECURRING}, or {@code saga NAME}
     * @param type of the event that is told; empty for a saga's
     * @param due in microseconds, as {@code every}
     * @param every 0 if it goes off once
     */
    record Timer(
            String owner,
            String name,
            String key,
            String type,
            long due,
            long every,
            byte[] data,
            Origin origin,
            int attempts) {

        /** What it is among those of its owner. */
        String what() {
            return owner + "/" + name;
        }

        /** What it is called in the log and in what is shown. */
        String text() {
            return (owner.isEmpty() ? "" : owner + " ") + name + " of key " + key;
        }
    }

    /**
     * One that is due.
     *
     * @param error of the last attempt; empty if none has failed
     * @param next when it is tried again
     */
    record Due(Timer timer, String error, Instant next) {
        Due because(String error) {
            return new Due(timer, error, next);
        }

        String text() {
            return timer.text() + (error.isEmpty() ? " is due" : ": " + error);
        }
    }

    private TimerRows() {}

    private static Timer timer(Row row) {
        return new Timer(
                row.text("owner"),
                row.text("name"),
                row.text("key"),
                row.text("type"),
                row.number("due"),
                row.number("every"),
                row.bytes("data"),
                Json.read(row.text("origin"), Origin.class),
                (int) row.number("attempts"));
    }

    /** Sets it, in the place of one with the same owner, name and key. */
    static void set(Timer timer, Sql sql) {
        sql.update(
                "insert into weft_timer ("
                        + COLUMNS
                        + ", trace, retry, error) values (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, '')"
                        + " on conflict (owner, name, key) do update set type = excluded.type, due = excluded.due,"
                        + " every = excluded.every, data = excluded.data, origin = excluded.origin, trace = excluded.trace, attempts = 0,"
                        + " retry = 0, error = ''",
                timer.owner,
                timer.name,
                timer.key,
                timer.type,
                timer.due,
                timer.every,
                timer.data,
                Json.text(timer.origin),
                timer.origin.correlation());
    }

    static boolean has(String owner, String name, String key, Sql sql) {
        return sql.first("select due from weft_timer" + THIS, row -> true, owner, name, key)
                .isPresent();
    }

    static boolean remove(String owner, String name, String key, Sql sql) {
        return sql.update("delete from weft_timer" + THIS, owner, name, key) > 0;
    }

    /** Takes it away, or on to its next time, as it is now; empty if it has been moved or taken since it was read. */
    static Optional<Timer> take(Timer read, Instant now, Sql sql) {
        var timer =
                sql.first(
                        "select " + COLUMNS + " from weft_timer" + THIS + " and due = ?",
                        TimerRows::timer,
                        read.owner,
                        read.name,
                        read.key,
                        read.due);
        timer.ifPresent(it -> {
            if (it.every == 0) remove(it.owner, it.name, it.key, sql);
            else goOn(it, now, sql);
        });
        return timer;
    }

    private static void goOn(Timer timer, Instant now, Sql sql) {
        sql.update(
                "update weft_timer set due = ?, attempts = 0, retry = 0, error = ''" + THIS,
                next(timer.due, timer.every, Parked.micros(now)),
                timer.owner,
                timer.name,
                timer.key);
    }

    /** The first time behind now that is whole intervals away from the last one. */
    static long next(long due, long every, long now) {
        return due + (Math.floorDiv(now - due, every) + 1) * every;
    }

    /** Takes all away of one owner and key. */
    static void removeAll(String owner, String key, Sql sql) {
        sql.update("delete from weft_timer where owner = ? and key = ?", owner, key);
    }

    /** How many events of the type wait for the key; counts no further than the most. */
    static long ofKey(String type, String key, int most, Sql sql) {
        return sql.query(
                        "select count(*) as n from (select due from weft_timer where key = ? and type = ? limit ?) as found",
                        row -> row.number("n"),
                        key,
                        type,
                        most)
                .getFirst();
    }

    /**
     * What is due and not put off, in order.
     *
     * @param known the timers that are meant beside those that are events, {@code OWNER/NAME}
     */
    static List<Timer> wanted(Instant now, Set<String> known, int max, Database database) {
        var parameters = new ArrayList<Object>();
        parameters.add(Parked.micros(now));
        parameters.add(Parked.micros(now));
        parameters.add(Parked.micros(now.plus(LONGEST_PAUSE)));
        parameters.addAll(known);
        parameters.add(max);
        var others = known.isEmpty() ? "" : " or owner || '/' || name in (" + marks(known) + ")";
        return database.query(
                "select "
                        + COLUMNS
                        + " from weft_timer where due <= ? and (retry <= ? or retry > ?) and (type <> ''"
                        + others
                        + ") order by due, name, key limit ?",
                TimerRows::timer,
                parameters.toArray());
    }

    /** As many parameters, to stand in a list. */
    static String marks(Set<String> values) {
        return String.join(", ", Collections.nCopies(values.size(), "?"));
    }

    /** When the next one is due that is not yet. */
    static Optional<Instant> next(Instant now, Database database) {
        return database.first(
                "select due from weft_timer where due > ? order by due limit 1",
                row -> Parked.time(row.number("due")),
                Parked.micros(now));
    }

    static long count(Database database) {
        return database.query("select count(*) as n from weft_timer", row -> row.number("n"))
                .getFirst();
    }

    /** Takes away what is said of failures: it may quote somebody. */
    static void forget(Sql sql) {
        TABLE.forEach(sql::update);
        sql.update("update weft_timer set error = '' where error <> ''");
    }

    /** Puts one that failed off. */
    static void failed(Timer timer, String error, Instant retry, Sql sql) {
        sql.update(
                "update weft_timer set attempts = attempts + 1, retry = ?, error = ?"
                        + THIS
                        + " and due = ?",
                Parked.micros(retry),
                Parked.Cause.start(error, MAX_ERROR),
                timer.owner,
                timer.name,
                timer.key,
                timer.due);
    }

    /**
     * Those that are due, those first that have failed.
     *
     * @param correlations only what was set in these traces; all if there are none
     */
    static List<Due> due(Instant now, Set<String> correlations, int max, Database database) {
        var parameters = new ArrayList<Object>();
        parameters.add(Parked.micros(now));
        parameters.addAll(correlations);
        parameters.add(max);
        return database.query(
                "select "
                        + COLUMNS
                        + ", retry, error from weft_timer where due <= ?"
                        + of(correlations)
                        + " order by attempts desc, due, name, key limit ?",
                row -> new Due(timer(row), row.text("error"), Parked.time(row.number("retry"))),
                parameters.toArray());
    }

    /** What confines a query to some traces, if there are any. */
    static String of(Set<String> correlations) {
        return correlations.isEmpty() ? "" : " and trace in (" + marks(correlations) + ")";
    }

    /** What an instance of a saga waits for. */
    static List<Sagas.Waits> of(String owner, String key, Database database) {
        return database.query(
                "select name, due, attempts, error from weft_timer where owner = ? and key = ? order by due",
                row ->
                        new Sagas.Waits(
                                row.text("name"),
                                "",
                                Parked.time(row.number("due")),
                                (int) row.number("attempts"),
                                row.text("error")),
                owner,
                key);
    }

    /** The recurring ones. */
    static List<Timer> recurring(Sql sql) {
        return sql.query(
                "select " + COLUMNS + " from weft_timer where owner = ?",
                TimerRows::timer,
                RECURRING);
    }
}
