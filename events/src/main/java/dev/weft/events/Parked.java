package dev.weft.events;

import dev.weft.json.PersonalJson;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The table of one listener's parked keys: events that kept failing, each with those of its key that
 * came later and wait behind it.
 *
 * <p>An event that lies here is noted in the inbox as dealt with and acknowledged at the bus. While a
 * key has rows, what comes of it is added to them instead of being handled; whether it has any is
 * decided in the transaction that handles the event or adds it. So of each key the first row is the
 * next event to be handled, whatever else arrives.
 *
 * <p>What is personal in an event's data is sealed here, and left out if its subject was erased.
 *
 * <p>A key is worked at again when its rows say so ({@code retry}); see {@link ParkedRunner}.
 */
record Parked(String listener, Subjects subjects) {

    /** The most events that all listeners of a service have parked together. */
    static final int MAX_EVENTS = 10_000;

    /** The most bytes of their data together. */
    static final long MAX_BYTES = 256 << 20;

    /** The rate of what is tried again as fast as it can. */
    static final long NO_LIMIT = 60_000_000;

    private static final int MAX_MESSAGE = 1_000;
    private static final int MAX_STACK = 4_000;

    private static final String KEY = " where listener = ? and source = ? and key = ?";
    private static final String PLACE = KEY + " and position = ? and part = ?";

    static final String COLUMNS =
            "listener, source, key, position, part, type, data, at, traceparent, tracestate,"
                    + " baggage, criticality, cause, handler, attempts, error, message, stack,"
                    + " first_failed, last_failed, edited, retry";

    /** There is no room to park anything more. */
    static final class Full extends RuntimeException {
        private static final long serialVersionUID = 1;

        Full(long events, long bytes) {
            super(
                    "this service has parked "
                            + events
                            + " events with "
                            + bytes
                            + " bytes, and at most "
                            + MAX_EVENTS
                            + " with "
                            + MAX_BYTES
                            + " bytes are kept: what comes of parked keys waits at the bus; retry"
                            + " or drop some (weft parked list)");
        }
    }

    /**
     * Why the last attempt failed.
     *
     * @param error the class of what was thrown
     * @param stack where, at most 4,000 characters
     */
    record Cause(String error, String message, String stack) {
        static final Cause NONE = new Cause("", "", "");

        static Cause of(Throwable failure) {
            var stack = new StringWriter();
            failure.printStackTrace(new PrintWriter(stack));
            return new Cause(
                    failure.getClass().getName(),
                    start(failure.getMessage() == null ? "" : failure.getMessage(), MAX_MESSAGE),
                    start(stack.toString(), MAX_STACK));
        }

        /** Without what no text column takes. */
        static String start(String text, int most) {
            var plain = text.replace('\0', ' ');
            return plain.length() <= most ? plain : plain.substring(0, most) + "…";
        }
    }

    /**
     * An attempt that failed.
     *
     * @param erasures how many were known when it began
     */
    record Fault(Throwable why, long erasures) {}

    /**
     * One row.
     *
     * @param handler of an effect: which of the handlers of its type is next
     * @param edited how often its data were replaced
     * @param perMinute how many events a minute are to be tried again at most; 0 while it is to stay
     */
    record Entry(
            String listener,
            BusEvent event,
            int handler,
            Attempts attempts,
            Cause cause,
            int edited,
            long perMinute) {

        Inbox.Key key() {
            return Inbox.Key.of(event);
        }

        Entry opened(Subjects subjects) {
            var data = subjects.opened(place(listener, event), event.data());
            var opened =
                    new BusEvent(
                            event.source(),
                            event.position(),
                            event.part(),
                            event.type(),
                            event.key(),
                            event.at(),
                            data,
                            event.origin());
            return new Entry(listener, opened, handler, attempts, cause, edited, perMinute);
        }

        /** As it lies there: {@link #opened} reads what is sealed in it. */
        static Entry of(Row row) {
            int attempts = (int) row.number("attempts");
            return new Entry(
                    row.text("listener"),
                    new BusEvent(
                            row.text("source"),
                            row.number("position"),
                            (int) row.number("part"),
                            row.text("type"),
                            row.text("key"),
                            time(row.number("at")),
                            row.bytes("data"),
                            new Origin(
                                    row.text("traceparent"),
                                    row.text("tracestate"),
                                    row.text("baggage"),
                                    row.text("criticality"),
                                    row.text("cause"),
                                    "")),
                    (int) row.number("handler"),
                    new Attempts(
                            attempts,
                            attempts,
                            optionalTime(row.number("first_failed")),
                            optionalTime(row.number("last_failed"))),
                    new Cause(row.text("error"), row.text("message"), row.text("stack")),
                    (int) row.number("edited"),
                    row.number("retry"));
        }
    }

    static Instant time(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    static Optional<Instant> optionalTime(long micros) {
        return micros == 0 ? Optional.empty() : Optional.of(time(micros));
    }

    static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }

    /** Whether the listener has parked anything. */
    boolean any(Sql sql) {
        return sql.first(
                        "select part from weft_parked where listener = ? limit 1",
                        row -> true,
                        listener)
                .isPresent();
    }

    /** What the rows of a key say about trying again; empty if it has none. */
    Optional<Long> perMinute(Inbox.Key key, Sql sql) {
        return sql.first(
                "select retry from weft_parked" + KEY + " limit 1",
                row -> row.number("retry"),
                listener,
                key.source(),
                key.key());
    }

    /** Whether the key has rows, as of the last commit. */
    boolean has(Inbox.Key key, Database database) {
        return database.first(
                        "select retry from weft_parked" + KEY + " limit 1",
                        row -> true,
                        listener,
                        key.source(),
                        key.key())
                .isPresent();
    }

    /**
     * Adds an event that failed.
     *
     * @param handler of an effect: which of the handlers of its type failed
     */
    void add(BusEvent event, int handler, Attempts attempts, Fault fault, Sql sql) {
        insert(event, handler, attempts, cause(fault, event, sql), 0, sql);
    }

    /** Without the words of a failure that may quote somebody who was erased since the attempt began. */
    private Cause cause(Fault fault, BusEvent event, Sql sql) {
        var cause = Cause.of(fault.why);
        boolean quotes = PersonalJson.isIn(event.data()) && subjects.moved(fault.erasures, sql);
        return quotes ? new Cause(cause.error, "", "") : cause;
    }

    /** Adds an event behind those of its key, to wait or to be tried as they are. */
    void queue(BusEvent event, long perMinute, Sql sql) {
        insert(event, 0, Attempts.NONE, Cause.NONE, perMinute, sql);
    }

    /** Where an event's data lie, for what is sealed in them. */
    static String place(String listener, BusEvent event) {
        return "parked\n" + listener + "\n" + event.id();
    }

    private void insert(
            BusEvent event, int handler, Attempts attempts, Cause cause, long perMinute, Sql sql) {
        var origin = event.origin();
        sql.update(
                "insert into weft_parked ("
                        + COLUMNS
                        + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                        + " on conflict (listener, source, key, position, part) do nothing",
                listener,
                event.source(),
                event.key(),
                event.position(),
                event.part(),
                event.type(),
                subjects.sealed(place(listener, event), event.data(), sql),
                micros(event.at()),
                origin.traceparent(),
                origin.tracestate(),
                origin.baggage(),
                origin.criticality(),
                origin.cause(),
                handler,
                attempts.counted(),
                cause.error(),
                cause.message(),
                cause.stack(),
                attempts.first().map(Parked::micros).orElse(0L),
                attempts.last().map(Parked::micros).orElse(0L),
                0,
                perMinute);
    }

    /** {@link Full} unless there is room for these beside what all listeners have parked. */
    static void requireRoom(List<BusEvent> more, Sql sql) {
        long added = 0;
        for (var event : more) added += event.data().length;
        long bytes = added;
        sql.query(
                "select count(*) as events, coalesce(sum(length(data)), 0) as bytes from weft_parked",
                row -> {
                    if (row.number("events") + more.size() > MAX_EVENTS
                            || row.number("bytes") + bytes > MAX_BYTES)
                        throw new Full(row.number("events"), row.number("bytes"));
                    return true;
                });
    }

    /** The keys that are to be tried again, at most so many. */
    List<Inbox.Key> wanted(int most, Database database) {
        return database.query(
                "select distinct source, key from weft_parked where listener = ? and retry > 0"
                        + " order by source, key limit ?",
                row -> new Inbox.Key(row.text("source"), row.text("key")),
                listener,
                most);
    }

    /** The event of the key that is next. */
    Optional<Entry> first(Inbox.Key key, Database database) {
        return database.first(
                        "select "
                                + COLUMNS
                                + " from weft_parked"
                                + KEY
                                + " order by position, part limit 1",
                        Entry::of,
                        listener,
                        key.source(),
                        key.key())
                .map(entry -> entry.opened(subjects));
    }

    int count(Inbox.Key key, Database database) {
        return database.first(
                        "select count(*) as events from weft_parked" + KEY,
                        row -> (int) row.number("events"),
                        listener,
                        key.source(),
                        key.key())
                .orElse(0);
    }

    /** Takes the row away, if it still is as it was read. */
    boolean remove(Entry entry, Sql sql) {
        return sql.update(
                        "delete from weft_parked" + PLACE + " and edited = ?",
                        listener,
                        entry.event().source(),
                        entry.event().key(),
                        entry.event().position(),
                        entry.event().part(),
                        entry.edited())
                == 1;
    }

    /**
     * Notes that trying again has failed: the key stays as it is, until somebody says otherwise. If the
     * event was dropped meanwhile, those behind it go on.
     */
    void failed(Entry entry, int handler, Fault fault, Instant now, Sql sql) {
        var event = entry.event();
        var cause = cause(fault, event, sql);
        int there =
                sql.update(
                        "update weft_parked set handler = ?, attempts = attempts + 1, error = ?, message = ?,"
                                + " stack = ?, last_failed = ?, first_failed = case when first_failed = 0"
                                + " then ? else first_failed end"
                                + PLACE,
                        handler,
                        cause.error(),
                        cause.message(),
                        cause.stack(),
                        micros(now),
                        micros(now),
                        listener,
                        event.source(),
                        event.key(),
                        event.position(),
                        event.part());
        if (there > 0) retry(entry.key(), 0, sql);
    }

    /**
     * Takes away what is said of the failures of events with personal data of a subject: it may quote them. The data themselves
     * are sealed.
     */
    static void forget(Sql sql, String subject) {
        List<Object> behind = List.of("", "", "", 0L, 0L);
        while (true) {
            var rows =
                    sql.query(
                            "select listener, source, key, position, part, data from weft_parked"
                                    + " where (listener, source, key, position, part) > (?, ?, ?, ?, ?)"
                                    + " and (message <> '' or stack <> '')"
                                    + " order by listener, source, key, position, part limit ?",
                            Said::of,
                            parameters(behind, FORGOTTEN_TOGETHER));
            for (var row : rows)
                if (PersonalJson.isOf(subject, row.data))
                    sql.update(
                            "update weft_parked set message = '', stack = ''"
                                    + " where listener = ? and source = ? and key = ? and position = ? and part = ?",
                            row.place.toArray());
            if (rows.size() < FORGOTTEN_TOGETHER) return;
            behind = rows.getLast().place;
        }
    }

    private static final int FORGOTTEN_TOGETHER = 100;

    /** A row with words about a failure. */
    private record Said(List<Object> place, byte[] data) {
        static Said of(Row row) {
            return new Said(
                    List.of(
                            row.text("listener"),
                            row.text("source"),
                            row.text("key"),
                            row.number("position"),
                            row.number("part")),
                    row.bytes("data"));
        }
    }

    private static Object[] parameters(List<Object> some, Object last) {
        var all = new ArrayList<>(some);
        all.add(last);
        return all.toArray();
    }

    /** Says how the key is to be tried again; tells how many rows it has. */
    int retry(Inbox.Key key, long perMinute, Sql sql) {
        return sql.update(
                "update weft_parked set retry = ?" + KEY,
                perMinute,
                listener,
                key.source(),
                key.key());
    }

    /** Takes all rows of the key away; tells how many there were. */
    int removeAll(Inbox.Key key, Sql sql) {
        return sql.update("delete from weft_parked" + KEY, listener, key.source(), key.key());
    }
}
