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
                    "create table if not exists weft_call (saga text not null, id text not null, number bigint not null,"
                            + " name text not null, service text not null, input blob not null, state text not null,"
                            + " attempts integer not null, retry bigint not null, error text not null, began bigint not null,"
                            + " ended bigint not null, origin text not null, trace text not null, primary key (saga, id, number))",
                    "create index if not exists weft_call_open on weft_call (service, retry) where state = 'open'");

    /** A call that nobody has answered yet. */
    static final String OPEN = "open";

    static final String ANSWERED = "answered";
    static final String REFUSED = "refused";
    static final String GIVEN_UP = "given-up";

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

        /** What it is among all calls of the service. */
        String key() {
            return saga + "/" + number + "/" + id;
        }

        String text() {
            return saga + " " + id + ": " + name + " of " + service;
        }
    }

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
        return sql.update(
                        "update weft_call set state = ?, ended = ?, error = ''"
                                + THIS_CALL
                                + " and state = 'open'",
                        state,
                        Parked.micros(now),
                        call.saga,
                        call.id,
                        call.number)
                > 0;
    }

    /** Gives the open calls of this name up. */
    static void giveUp(String saga, String id, String name, Instant now, Sql sql) {
        sql.update(
                "update weft_call set state = 'given-up', ended = ? where saga = ? and id = ? and name = ? and state = 'open'",
                Parked.micros(now),
                saga,
                id,
                name);
    }

    /** Gives all open calls up. */
    static void giveUp(String saga, String id, Instant now, Sql sql) {
        sql.update(
                "update weft_call set state = 'given-up', ended = ? where saga = ? and id = ? and state = 'open'",
                Parked.micros(now),
                saga,
                id);
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

    /** Takes away what is said of failures: it may quote somebody. */
    static void forget(Sql sql) {
        TABLES.forEach(sql::update);
        sql.update("update weft_call set error = '' where error <> ''");
    }

    /** Puts an open call off that failed. */
    static void failed(Made call, String error, Instant retry, Sql sql) {
        sql.update(
                "update weft_call set attempts = attempts + 1, retry = ?, error = ?"
                        + THIS_CALL
                        + " and state = 'open'",
                Parked.micros(retry),
                Parked.Cause.start(error, MAX_ERROR),
                call.saga,
                call.id,
                call.number);
    }

    /** Open calls of the service that are not put off, in order. */
    static List<Made> wanted(String service, Instant now, int max, Database database) {
        return database.query(
                "select "
                        + CALL
                        + " from weft_call where state = 'open' and service = ? and (retry <= ? or retry > ?)"
                        + " order by retry, number, id limit ?",
                SagaRows::made,
                service,
                Parked.micros(now),
                Parked.micros(now.plus(LONGEST_PAUSE)),
                max);
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

    /** All calls of an instance, in order. */
    static List<Made> calls(String saga, String id, Database database) {
        return database.query(
                "select " + CALL + " from weft_call where saga = ? and id = ? order by number",
                SagaRows::made,
                saga,
                id);
    }
}
