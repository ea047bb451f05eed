package dev.weft.events;

import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The tables of a service's sagas and of the calls that they make; times are microseconds, 0 for never. */
final class SagaRows {

    static final List<String> TABLES =
            List.of(
                    "create table if not exists weft_saga (saga text not null, id text not null, state blob not null,"
                            + " began bigint not null, changed bigint not null, ended bigint not null, calls bigint not null,"
                            + " unexpected bigint not null, last_unexpected text not null, primary key (saga, id))",
                    "create index if not exists weft_saga_open on weft_saga (saga, changed) where ended = 0",
                    "create index if not exists weft_saga_ended on weft_saga (saga, ended) where ended > 0",
                    "create table if not exists weft_saga_early (saga text not null, id text not null, number bigint not null,"
                            + " type text not null, data blob not null, origin text not null, at bigint not null,"
                            + " primary key (saga, id, number))",
                    "create index if not exists weft_saga_early_at on weft_saga_early (saga, at)",
                    "create table if not exists weft_call (saga text not null, id text not null, number bigint not null,"
                            + " name text not null, service text not null, input blob not null, state text not null,"
                            + " attempts integer not null, retry bigint not null, error text not null, began bigint not null,"
                            + " ended bigint not null, origin text not null, trace text not null, primary key (saga, id, number))",
                    "create index if not exists weft_call_open on weft_call (service, retry) where state = 'open'",
                    "create table if not exists weft_call_answer (saga text not null, id text not null, number bigint not null,"
                            + " refused integer not null, data blob not null, primary key (saga, id, number))");

    /** A call that nobody has answered yet. */
    static final String OPEN = "open";

    static final String ANSWERED = "answered";
    static final String REFUSED = "refused";
    static final String GIVEN_UP = "given-up";

    /** How many events are kept at most for an instance that has not begun. */
    static final int MAX_EARLY = 100;

    /** What is kept where there is no data: some databases do not tell empty data from none. */
    static final byte[] NOTHING = "null".getBytes(StandardCharsets.UTF_8);

    private static final int MAX_ERROR = 1_000;

    /** A wait that is longer than any pause was cut out by a clock that has jumped. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private static final String CALL =
            "saga, id, number, name, service, input, state, attempts, retry, error, began, ended, origin";

    private static final String THIS_CALL = " where saga = ? and id = ? and number = ?";

    /**
     * An instance as it is kept.
     *
     * @param calls how many it has made so far
     * @param unexpected how many inputs it had no use for
     */
    record Kept(
            String saga,
            String id,
            byte[] state,
            long began,
            long changed,
            long ended,
            long calls,
            long unexpected,
            String lastUnexpected) {}

    /**
     * A call that an instance makes.
     *
     * @param number among those of its instance, from 1
     * @param name of the {@link Call}
     * @param input JSON; {@link #NOTHING} for none
     */
    record Made(
            String saga,
            String id,
            long number,
            String name,
            String service,
            byte[] input,
            String state,
            int attempts,
            long retry,
            String error,
            long began,
            long ended,
            Origin origin) {

        boolean hasInput() {
            return !Arrays.equals(input, NOTHING);
        }

        /** What it is in the code. */
        String what() {
            return saga + "/" + name;
        }

        /** What it is among all calls of the service. */
        String key() {
            return saga + "/" + number + "/" + id;
        }

        String text() {
            return saga + " " + id + ": " + name + " of " + service;
        }
    }

    /**
     * An event for an instance that has not begun.
     *
     * @param type its public name
     */
    record Early(String type, byte[] data, Origin origin) {}

    /**
     * What a call came to that its saga could not take yet.
     *
     * @param refused whether it is a problem
     * @param data JSON: the problem, or the output; {@link #NOTHING} for none
     */
    record Answer(boolean refused, byte[] data) {}

    private SagaRows() {}

    private static Kept kept(Row row) {
        return new Kept(
                row.text("saga"),
                row.text("id"),
                row.bytes("state"),
                row.number("began"),
                row.number("changed"),
                row.number("ended"),
                row.number("calls"),
                row.number("unexpected"),
                row.text("last_unexpected"));
    }

    private static Made made(Row row) {
        return new Made(
                row.text("saga"),
                row.text("id"),
                row.number("number"),
                row.text("name"),
                row.text("service"),
                row.bytes("input"),
                row.text("state"),
                (int) row.number("attempts"),
                row.number("retry"),
                row.text("error"),
                row.number("began"),
                row.number("ended"),
                Json.read(row.text("origin"), Origin.class));
    }

    private static final String SELECT_KEPT =
            "select saga, id, state, began, changed, ended, calls, unexpected, last_unexpected from weft_saga";

    static Optional<Kept> find(String saga, String id, Sql sql) {
        return sql.first(SELECT_KEPT + " where saga = ? and id = ?", SagaRows::kept, saga, id);
    }

    static Optional<Kept> find(String saga, String id, Database database) {
        return database.first(SELECT_KEPT + " where saga = ? and id = ?", SagaRows::kept, saga, id);
    }

    static void keep(Kept kept, Sql sql) {
        sql.update(
                "insert into weft_saga (saga, id, state, began, changed, ended, calls, unexpected, last_unexpected)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (saga, id) do update set state = excluded.state,"
                        + " changed = excluded.changed, ended = excluded.ended, calls = excluded.calls,"
                        + " unexpected = excluded.unexpected, last_unexpected = excluded.last_unexpected",
                kept.saga,
                kept.id,
                kept.state,
                kept.began,
                kept.changed,
                kept.ended,
                kept.calls,
                kept.unexpected,
                Parked.Cause.start(kept.lastUnexpected, MAX_ERROR));
    }

    /** The instances that have not ended, the one that has rested longest first; all, the newest first. */
    static List<Kept> list(Optional<String> saga, boolean ended, int max, Database database) {
        var of = saga.map(name -> " and saga = ?").orElse("");
        var sql =
                SELECT_KEPT
                        + (ended
                                ? " where ended >= 0" + of + " order by changed desc limit ?"
                                : " where ended = 0" + of + " order by changed limit ?");
        return saga.isPresent()
                ? database.query(sql, SagaRows::kept, saga.get(), max)
                : database.query(sql, SagaRows::kept, max);
    }

    /** Keeps an event until its instance begins; false if enough are kept for that. */
    static boolean keep(String saga, String id, Early early, Instant now, Sql sql) {
        long last =
                sql.first(
                                "select coalesce(max(number), 0) as last from weft_saga_early where"
                                        + " saga = ? and id = ?",
                                row -> row.number("last"),
                                saga,
                                id)
                        .orElse(0L);
        if (last >= MAX_EARLY) return false;
        sql.update(
                "insert into weft_saga_early (saga, id, number, type, data, origin, at)"
                        + " values (?, ?, ?, ?, ?, ?, ?)",
                saga,
                id,
                last + 1,
                early.type,
                early.data,
                Json.text(early.origin),
                Parked.micros(now));
        return true;
    }

    /** Takes away what is kept for an instance that begins, in order. */
    static List<Early> takeEarly(String saga, String id, Sql sql) {
        var early =
                sql.query(
                        "select type, data, origin from weft_saga_early where saga = ? and id = ?"
                                + " order by number",
                        row ->
                                new Early(
                                        row.text("type"),
                                        row.bytes("data"),
                                        Json.read(row.text("origin"), Origin.class)),
                        saga,
                        id);
        if (!early.isEmpty())
            sql.update("delete from weft_saga_early where saga = ? and id = ?", saga, id);
        return early;
    }

    /** Forgets the oldest events whose instances have not begun; how many. */
    static int forgetEarly(String saga, Instant before, int max, Sql sql) {
        return sql.update(
                "delete from weft_saga_early where (saga, id, number) in (select saga, id, number"
                        + " from weft_saga_early where saga = ? and at < ? order by at limit ?)",
                saga,
                Parked.micros(before),
                max);
    }

    /** Forgets the instances that ended first, with their calls; how many. */
    static int forgetEnded(String saga, Instant before, int max, Sql sql) {
        var ids =
                sql.query(
                        "select id from weft_saga where saga = ? and ended > 0 and ended < ?"
                                + " order by ended limit ?",
                        row -> row.text("id"),
                        saga,
                        Parked.micros(before),
                        max);
        for (var id : ids)
            for (var table : List.of("weft_call_answer", "weft_call", "weft_saga"))
                sql.update("delete from " + table + " where saga = ? and id = ?", saga, id);
        return ids.size();
    }

    static void make(Made call, Sql sql) {
        sql.update(
                "insert into weft_call ("
                        + CALL
                        + ", trace) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                call.saga,
                call.id,
                call.number,
                call.name,
                call.service,
                call.input,
                call.state,
                call.attempts,
                call.retry,
                call.error,
                call.began,
                call.ended,
                Json.text(call.origin),
                call.origin.correlation());
    }

    /** Closes an open call; false if it is not open any more. */
    static boolean close(Made call, String state, Instant now, Sql sql) {
        int closed =
                sql.update(
                        "update weft_call set state = ?, ended = ?, error = ''"
                                + THIS_CALL
                                + " and state = 'open'",
                        state,
                        Parked.micros(now),
                        call.saga,
                        call.id,
                        call.number);
        if (call.attempts > 0)
            sql.update("delete from weft_call_answer" + THIS_CALL, call.saga, call.id, call.number);
        return closed > 0;
    }

    /** Gives the open calls of this name up. */
    static void giveUp(String saga, String id, String name, Instant now, Sql sql) {
        int open =
                sql.update(
                        "update weft_call set state = 'given-up', ended = ? where saga = ? and id = ?"
                                + " and name = ? and state = 'open'",
                        Parked.micros(now),
                        saga,
                        id,
                        name);
        if (open > 0) forgetAnswers(saga, id, sql);
    }

    /** Gives all open calls up. */
    static void giveUp(String saga, String id, Instant now, Sql sql) {
        int open =
                sql.update(
                        "update weft_call set state = 'given-up', ended = ? where saga = ? and id = ?"
                                + " and state = 'open'",
                        Parked.micros(now),
                        saga,
                        id);
        if (open > 0) forgetAnswers(saga, id, sql);
    }

    /** Those of an instance's calls that are not open any more. */
    private static void forgetAnswers(String saga, String id, Sql sql) {
        sql.update(
                "delete from weft_call_answer where saga = ? and id = ? and number not in (select"
                        + " number from weft_call where saga = ? and id = ? and state = 'open')",
                saga,
                id,
                saga,
                id);
    }

    /** Keeps what an open call came to, for the next attempt. */
    static void answered(Made call, Answer answer, Sql sql) {
        sql.update(
                "insert into weft_call_answer (saga, id, number, refused, data) values (?, ?, ?, ?, ?)"
                        + " on conflict (saga, id, number) do nothing",
                call.saga,
                call.id,
                call.number,
                answer.refused,
                answer.data);
    }

    /** What the call came to at an earlier attempt, if that was kept. */
    static Optional<Answer> answer(Made call, Database database) {
        return database.first(
                "select refused, data from weft_call_answer" + THIS_CALL,
                row -> new Answer(row.number("refused") != 0, row.bytes("data")),
                call.saga,
                call.id,
                call.number);
    }

    static Optional<String> state(Made call, Sql sql) {
        return sql.first(
                "select state from weft_call" + THIS_CALL,
                row -> row.text("state"),
                call.saga,
                call.id,
                call.number);
    }

    /** Whether the call is still open, and has not been tried since it was read. */
    static boolean isAsRead(Made call, Database database) {
        return database.first(
                        "select number from weft_call"
                                + THIS_CALL
                                + " and state = 'open' and attempts = ?",
                        row -> true,
                        call.saga,
                        call.id,
                        call.number,
                        call.attempts)
                .isPresent();
    }

    /** Takes away what is said of failures, and answers, which are asked for again: they may quote somebody. */
    static void forget(Sql sql) {
        TABLES.forEach(sql::update);
        sql.update("update weft_call set error = '' where error <> ''");
        sql.update("delete from weft_call_answer");
    }

    /** Puts an open call off that failed; false if it is not open any more. */
    static boolean failed(Made call, String error, Instant retry, Sql sql) {
        return sql.update(
                        "update weft_call set attempts = attempts + 1, retry = ?, error = ?"
                                + THIS_CALL
                                + " and state = 'open'",
                        Parked.micros(retry),
                        Parked.Cause.start(error, MAX_ERROR),
                        call.saga,
                        call.id,
                        call.number)
                > 0;
    }

    /** The services that open calls were decided for, whatever the code calls now. */
    static List<String> called(Database database) {
        var services = new ArrayList<String>();
        for (var next = calledBehind("", database);
                next.isPresent();
                next = calledBehind(next.get(), database)) services.add(next.get());
        return services;
    }

    private static Optional<String> calledBehind(String service, Database database) {
        return database.first(
                "select service from weft_call where state = 'open' and service > ? order by"
                        + " service limit 1",
                row -> row.text("service"),
                service);
    }

    /**
     * Open calls of the service that are not put off, in order.
     *
     * @param known the calls that are meant, {@code SAGA/CALL}
     */
    static List<Made> wanted(
            String service, Set<String> known, Instant now, int max, Database database) {
        if (known.isEmpty()) return List.of();
        var parameters = new ArrayList<Object>();
        parameters.add(service);
        parameters.add(Parked.micros(now));
        parameters.add(Parked.micros(now.plus(LONGEST_PAUSE)));
        parameters.addAll(known);
        parameters.add(max);
        return database.query(
                "select "
                        + CALL
                        + " from weft_call where state = 'open' and service = ? and (retry <= ? or retry > ?)"
                        + " and saga || '/' || name in ("
                        + TimerRows.marks(known)
                        + ") order by retry, number, id limit ?",
                SagaRows::made,
                parameters.toArray());
    }

    /**
     * Some open calls, those first that have failed.
     *
     * @param correlations only what came of these traces; all if there are none
     */
    static List<Made> open(Set<String> correlations, int max, Database database) {
        var parameters = new ArrayList<Object>(correlations);
        parameters.add(max);
        return database.query(
                "select "
                        + CALL
                        + " from weft_call where state = 'open'"
                        + TimerRows.of(correlations)
                        + " order by attempts desc, began limit ?",
                SagaRows::made,
                parameters.toArray());
    }

    /** What an instance's open calls wait for, in order. */
    static List<Sagas.Waits> waits(String saga, String id, Database database) {
        return database.query(
                "select name, service, began, attempts, error from weft_call where saga = ?"
                        + " and id = ? and state = 'open' order by number",
                row ->
                        new Sagas.Waits(
                                row.text("name"),
                                row.text("service"),
                                Parked.time(row.number("began")),
                                (int) row.number("attempts"),
                                row.text("error")),
                saga,
                id);
    }

    /** All calls of an instance, in order. */
    static List<Made> calls(String saga, String id, Database database) {
        return database.query(
                "select " + CALL + " from weft_call where saga = ? and id = ? order by number",
                SagaRows::made,
                saga,
                id);
    }
}
