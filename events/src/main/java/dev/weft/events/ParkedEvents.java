package dev.weft.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Problem;
import dev.weft.core.Trace;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the listeners of one service have parked, for whoever looks after it: keys whose event kept
 * failing, each with the events that wait behind it. It lies in the service's database, so every
 * instance tells and changes the same.
 *
 * <p>A service parks at most 10,000 events with 256 MiB of data. Beyond it nothing more is parked:
 * events that fail, and those that come of parked keys, stay at the bus and are tried again.
 */
public final class ParkedEvents {

    /** The highest rate: as fast as it goes. */
    public static final long NO_LIMIT = Parked.NO_LIMIT;

    /** How many keys are changed in one transaction. */
    private static final int CHUNK = 500;

    /** How many keys are named to who asks what blocks. */
    private static final int MAX_BLOCKING = 20;

    private static final String HEADS =
            "select listener, source, key, position, part, type, traceparent, attempts, error,"
                    + " message, first_failed, last_failed, edited, retry, (select count(*) from"
                    + " weft_parked b where b.listener = p.listener and b.source = p.source and"
                    + " b.key = p.key) as events from weft_parked p where not exists (select 1 from"
                    + " weft_parked q where q.listener = p.listener and q.source = p.source and"
                    + " q.key = p.key and (q.position < p.position or (q.position = p.position and"
                    + " q.part < p.part))) order by listener, source, key";

    private static final String OF =
            "select listener, source, key, position, part from weft_parked"
                    + " where substr(traceparent, 4, 32) in (";

    private static final String ROW =
            "select "
                    + Parked.COLUMNS
                    + " from weft_parked where source = ? and position = ? and part = ?"
                    + " order by listener";

    /**
     * Which keys are meant: those that fit all that is said.
     *
     * @param event the id of the event that fails: {@code product/4711/0}
     * @param cause part of the error's class and message, as {@code ConnectException}
     * @param all whether all are meant if nothing else is said
     */
    public record Selection(
            Optional<String> listener,
            Optional<String> event,
            Optional<String> source,
            Optional<String> key,
            Optional<String> cause,
            Optional<Boolean> all) {

        /** All there are. */
        public static final Selection ALL =
                new Selection(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(true));

        private boolean fits(Head head) {
            return listener.map(head.listener::equals).orElse(true)
                    && event.map(head.event::equals).orElse(true)
                    && source.map(head.source::equals).orElse(true)
                    && key.map(head.key::equals).orElse(true)
                    && cause.map((head.error + ": " + head.message)::contains).orElse(true);
        }

        private void requireAny() {
            if (!all.orElse(false)
                    && listener.isEmpty()
                    && event.isEmpty()
                    && source.isEmpty()
                    && key.isEmpty()
                    && cause.isEmpty())
                throw Problem.of(
                                400,
                                "nothing-selected",
                                "say which are meant: an event, a source, a key, a cause, a"
                                        + " listener, or all")
                        .failure();
        }
    }

    /**
     * A parked key.
     *
     * @param event the id of its first event, which fails
     * @param error the class of the last failure; empty if the event has not been tried since those
     *     before it were dealt with
     * @param events how many it has, the first included
     * @param retrying whether it is being tried again, or will be at once
     * @param traceId of the trace that wrote the event; empty without one
     */
    public record Head(
            String listener,
            String source,
            String key,
            String event,
            String type,
            int attempts,
            String error,
            String message,
            Optional<Instant> firstFailed,
            Optional<Instant> lastFailed,
            int edited,
            int events,
            boolean retrying,
            String traceId) {

        private static Head of(Row row) {
            return new Head(
                    row.text("listener"),
                    row.text("source"),
                    row.text("key"),
                    id(row),
                    row.text("type"),
                    (int) row.number("attempts"),
                    row.text("error"),
                    row.text("message"),
                    Parked.optionalTime(row.number("first_failed")),
                    Parked.optionalTime(row.number("last_failed")),
                    (int) row.number("edited"),
                    (int) row.number("events"),
                    row.number("retry") > 0,
                    traceOf(row.text("traceparent")));
        }

        private Inbox.Key inboxKey() {
            return new Inbox.Key(source, key);
        }
    }

    /**
     * Keys of one listener whose events of one type fail alike.
     *
     * @param message of the one that has failed last
     * @param oldest when the first of them failed first
     */
    public record Group(
            String listener,
            String type,
            String error,
            String message,
            int keys,
            int events,
            int retrying,
            Optional<Instant> oldest,
            Optional<Instant> newest) {}

    /**
     * A parked event with all that is known of it.
     *
     * @param at when it was written
     * @param data JSON, as it is
     * @param stack of the last failure, at most 4,000 characters
     * @param cause the id of the event that it was written in answer to; empty without one
     * @param behind the id of the event of its key that fails; empty if it is this one
     * @param events how many the key has, this one included
     */
    public record Shown(
            String listener,
            String source,
            String key,
            String event,
            String type,
            Instant at,
            String data,
            int attempts,
            String error,
            String message,
            String stack,
            Optional<Instant> firstFailed,
            Optional<Instant> lastFailed,
            int edited,
            boolean retrying,
            String traceId,
            String cause,
            String behind,
            int events) {}

    /**
     * What came of a change.
     *
     * @param gone listeners that the service no longer has, so that nothing of theirs can be tried
     */
    public record Changed(int keys, int events, List<String> gone) {}

    private final Database database;
    private final Subjects subjects;
    private final Map<String, Listener> listeners = new LinkedHashMap<>();
    private final Map<String, ParkedRunner> runners = new LinkedHashMap<>();
    private final Meter.Counter dropped;

    ParkedEvents(
            Storage storage,
            List<? extends Listener> listeners,
            List<ParkedRunner> runners,
            Meter meter) {
        this.database = storage.database();
        this.subjects = storage.subjects();
        for (var listener : listeners) this.listeners.put(listener.name(), listener);
        for (var runner : runners) this.runners.put(runner.listener(), runner);
        this.dropped = meter.counter(EventMetrics.DROPPED);
        meter.observe(EventMetrics.PARKED_EVENTS, this::count);
    }

    private void count(Meter.Observer to) {
        var events = new LinkedHashMap<String, Long>();
        listeners.keySet().forEach(name -> events.put(name, 0L));
        database.query(
                "select listener, count(*) as events from weft_parked group by listener",
                row -> events.put(row.text("listener"), row.number("events")));
        events.forEach((listener, number) -> to.value(number, listener));
    }

    /** The keys that are meant. */
    public List<Head> heads(Selection selection) {
        return database.query(HEADS, Head::of).stream().filter(selection::fits).toList();
    }

    /** The keys in groups of those that fail alike, the largest first. */
    public static List<Group> groups(List<Head> heads) {
        var alike =
                heads.stream()
                        .collect(
                                Collectors.groupingBy(
                                        head -> List.of(head.listener, head.type, head.error),
                                        LinkedHashMap::new,
                                        Collectors.toList()));
        return alike.values().stream()
                .map(ParkedEvents::group)
                .sorted(Comparator.comparingInt(Group::keys).reversed())
                .toList();
    }

    private static Group group(List<Head> alike) {
        var last =
                alike.stream()
                        .max(Comparator.comparing(head -> head.lastFailed.orElse(Instant.EPOCH)))
                        .orElseThrow();
        return new Group(
                last.listener,
                last.type,
                last.error,
                last.message,
                alike.size(),
                alike.stream().mapToInt(Head::events).sum(),
                (int) alike.stream().filter(Head::retrying).count(),
                alike.stream()
                        .flatMap(head -> head.firstFailed.stream())
                        .min(Comparator.naturalOrder()),
                last.lastFailed);
    }

    /**
     * Whatever is parked under the event's id: once for each listener that has parked it, or has it
     * wait behind another.
     */
    public List<Shown> show(Optional<String> listener, String event) {
        return rows(listener, event).stream().map(this::shown).toList();
    }

    private List<Parked.Entry> rows(Optional<String> listener, String event) {
        int part = event.lastIndexOf('/');
        int position = part < 0 ? -1 : event.lastIndexOf('/', part - 1);
        if (position < 0) throw notAnId(event);
        try {
            return database
                    .query(
                            ROW,
                            Parked.Entry::of,
                            event.substring(0, position),
                            Long.parseLong(event.substring(position + 1, part)),
                            Long.parseLong(event.substring(part + 1)))
                    .stream()
                    .filter(row -> listener.map(row.listener()::equals).orElse(true))
                    .map(row -> row.opened(subjects))
                    .toList();
        } catch (NumberFormatException e) {
            throw notAnId(event);
        }
    }

    private static Failure notAnId(String event) {
        return Problem.of(
                        400,
                        "no-event-id",
                        "an event's id is SOURCE/POSITION/PART, as product/4711/0, not \""
                                + event
                                + "\"")
                .failure();
    }

    private Parked parked(String listener) {
        return new Parked(listener, subjects);
    }

    private Shown shown(Parked.Entry row) {
        var event = row.event();
        var first = first(row);
        return new Shown(
                row.listener(),
                event.source(),
                event.key(),
                event.id(),
                event.type(),
                event.at(),
                new String(event.data(), UTF_8),
                row.attempts().counted(),
                row.cause().error(),
                row.cause().message(),
                row.cause().stack(),
                row.attempts().first(),
                row.attempts().last(),
                row.edited(),
                row.perMinute() > 0,
                traceOf(event.origin().traceparent()),
                event.origin().cause(),
                first.equals(event.id()) ? "" : first,
                parked(row.listener()).count(row.key(), database));
    }

    /** The event of the row's key that is next. */
    private String first(Parked.Entry row) {
        return parked(row.listener())
                .first(row.key(), database)
                .map(entry -> entry.event().id())
                .orElse("");
    }

    private static String traceOf(String traceparent) {
        return traceparent.isEmpty()
                ? ""
                : Trace.parse(traceparent, "").map(Trace::traceId).orElse("");
    }

    /**
     * Has the keys that are meant tried again, each from its first event on until it has none left or
     * one fails again. Returns at once; it goes on whatever becomes of this process.
     *
     * @param perMinute how many events a minute of each listener at most, 1 to {@link #NO_LIMIT}
     */
    public Changed retry(Selection selection, long perMinute) throws InterruptedException {
        selection.requireAny();
        if (perMinute < 1 || perMinute > NO_LIMIT)
            throw Problem.of(
                            400,
                            "bad-rate",
                            "a rate is 1 to " + NO_LIMIT + " events a minute, not " + perMinute)
                    .failure();
        var heads = heads(selection);
        if (heads.isEmpty() && selection.event.isPresent()) throw noHead(selection);
        var gone =
                heads.stream()
                        .map(Head::listener)
                        .filter(name -> !listeners.containsKey(name))
                        .distinct()
                        .toList();
        var there = heads.stream().filter(head -> listeners.containsKey(head.listener)).toList();
        var changed =
                inChunks(
                        there,
                        (head, sql) ->
                                parked(head.listener).retry(head.inboxKey(), perMinute, sql));
        runners.values().forEach(ParkedRunner::wake);
        return new Changed(changed.keys, changed.events, gone);
    }

    /** Why an event that was named cannot be tried. */
    private Failure noHead(Selection selection) {
        var event = selection.event.orElseThrow();
        var rows = rows(selection.listener, event);
        if (rows.isEmpty()) return Problem.notFound("parked-event", event);
        return Problem.of(
                        409,
                        "waits-behind",
                        event
                                + " waits behind "
                                + first(rows.getFirst())
                                + " of the same key; retry or drop that")
                .failure();
    }

    /** What is done to one key; tells how many rows it has changed. */
    private interface Change {
        int of(Head head, Sql sql);
    }

    private Changed inChunks(List<Head> heads, Change change) throws InterruptedException {
        int keys = 0;
        int events = 0;
        for (int from = 0; from < heads.size(); from += CHUNK) {
            var some = heads.subList(from, Math.min(heads.size(), from + CHUNK));
            var counts =
                    database.write(sql -> some.stream().map(head -> change.of(head, sql)).toList());
            for (int count : counts) {
                keys += count > 0 ? 1 : 0;
                events += count;
            }
        }
        return new Changed(keys, events, List.of());
    }

    /**
     * Drops the first event of each key that is meant, which fails; those behind it are tried then.
     * An event that is named is dropped also if it waits behind another one.
     *
     * @param behind whether all that waits behind it is dropped as well
     */
    public Changed drop(Selection selection, boolean behind) throws InterruptedException {
        selection.requireAny();
        var heads = heads(selection);
        if (heads.isEmpty() && selection.event.isPresent()) return dropOne(selection);
        var changed =
                inChunks(
                        heads,
                        (head, sql) -> {
                            var parked = parked(head.listener);
                            if (behind) return parked.removeAll(head.inboxKey(), sql);
                            int removed = removeFirst(head, sql);
                            if (removed > 0) parked.retry(head.inboxKey(), NO_LIMIT, sql);
                            return removed;
                        });
        var byListener =
                heads.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Head::listener,
                                        Collectors.summingInt(head -> behind ? head.events : 1)));
        byListener.forEach((listener, number) -> dropped.add(number, listener));
        Loop.LOG.log(
                System.Logger.Level.WARNING,
                changed.events + " parked events of " + changed.keys + " keys were dropped");
        runners.values().forEach(ParkedRunner::wake);
        return changed;
    }

    private static int removeFirst(Head head, Sql sql) {
        int part = head.event.lastIndexOf('/');
        return sql.update(
                "delete from weft_parked where listener = ? and source = ? and key = ?"
                        + " and position = ? and part = ?",
                head.listener,
                head.source,
                head.key,
                Long.parseLong(head.event.substring(head.source.length() + 1, part)),
                Long.parseLong(head.event.substring(part + 1)));
    }

    private Changed dropOne(Selection selection) throws InterruptedException {
        var event = selection.event.orElseThrow();
        var rows = rows(selection.listener, event);
        if (rows.isEmpty()) throw Problem.notFound("parked-event", event);
        var removed = new ArrayList<Parked.Entry>();
        database.write(sql -> {
            removed.clear();
            for (var row : rows) if (parked(row.listener()).remove(row, sql)) removed.add(row);
            return removed.size();
        });
        for (var row : removed) {
            dropped.add(1, row.listener());
            Loop.LOG.log(
                    System.Logger.Level.WARNING,
                    "the parked " + event + " of " + row.listener() + " was dropped");
        }
        return new Changed(removed.size(), removed.size(), List.of());
    }

    /**
     * Replaces the data of a parked event, which stays parked. What the listener reads of this type
     * has to fit; else a 422 with the reason.
     *
     * @param listener whose event is meant; needed if several have parked it
     * @param data JSON
     */
    public Shown edit(Optional<String> listener, String event, byte[] data)
            throws InterruptedException {
        var rows = rows(listener, event);
        if (rows.isEmpty()) throw Problem.notFound("parked-event", event);
        if (rows.size() > 1)
            throw Problem.of(
                            409,
                            "several-listeners",
                            "several listeners have parked "
                                    + event
                                    + ", name one: "
                                    + String.join(
                                            ", ",
                                            rows.stream().map(Parked.Entry::listener).toList()))
                    .failure();
        var row = rows.getFirst();
        requireFit(row, data);
        int changed =
                database.write(sql ->
                        sql.update(
                                "update weft_parked set data = ?, edited = edited + 1 where listener ="
                                        + " ? and source = ? and key = ? and position = ? and part = ?"
                                        + " and edited = ? and retry = 0",
                                subjects.sealed(
                                        Parked.place(row.listener(), row.event()), data, sql),
                                row.listener(),
                                row.event().source(),
                                row.event().key(),
                                row.event().position(),
                                row.event().part(),
                                row.edited()));
        if (changed == 0)
            throw Problem.of(
                            409,
                            "changed-meanwhile",
                            event
                                    + " is being tried again, or somebody else has changed it; look"
                                    + " at it once more")
                    .failure();
        Loop.LOG.log(
                System.Logger.Level.WARNING,
                "the data of the parked " + event + " of " + row.listener() + " were replaced");
        return show(Optional.of(row.listener()), event).getFirst();
    }

    private void requireFit(Parked.Entry row, byte[] data) {
        var listener = listeners.get(row.listener());
        var types =
                listener == null
                        ? List.<EventType<?>>of()
                        : listener.types().stream()
                                .filter(type -> type.publicNames().contains(row.event().type()))
                                .toList();
        if (types.isEmpty())
            throw Problem.of(
                            409,
                            "listener-gone",
                            "this service has no listener "
                                    + row.listener()
                                    + " that takes "
                                    + row.event().type()
                                    + " any more")
                    .failure();
        for (var type : types)
            try {
                type.readPublic(row.event().type(), data);
            } catch (Failure.Malformed e) {
                throw Problem.of(
                                422,
                                "does-not-fit",
                                "the data do not fit "
                                        + row.event().type()
                                        + " as "
                                        + row.listener()
                                        + " reads it: "
                                        + e.getMessage())
                        .failure();
            }
    }

    /**
     * The keys that keep the service from being settled, or those with events of these correlations if some are named; some
     * of them if there are many.
     */
    List<Progress.Blocked> blocking(Set<String> correlations) {
        if (correlations.isEmpty())
            return heads(Selection.ALL).stream()
                    .sorted(Comparator.comparing(head -> !head.retrying))
                    .limit(MAX_BLOCKING)
                    .map(head -> blocked(head, head.event))
                    .toList();
        var meant = new HashMap<Lane, String>();
        database.query(
                OF + "?, ".repeat(correlations.size() - 1) + "?) order by position desc, part desc",
                row -> meant.put(Lane.of(row), id(row)),
                correlations.toArray());
        if (meant.isEmpty()) return List.of();
        return heads(Selection.ALL).stream()
                .filter(head -> meant.containsKey(Lane.of(head)))
                .sorted(Comparator.comparing(head -> !head.retrying))
                .limit(MAX_BLOCKING)
                .map(head -> blocked(head, meant.getOrDefault(Lane.of(head), head.event)))
                .toList();
    }

    /** A key of a listener. */
    private record Lane(String listener, String source, String key) {
        static Lane of(Row row) {
            return new Lane(row.text("listener"), row.text("source"), row.text("key"));
        }

        static Lane of(Head head) {
            return new Lane(head.listener, head.source, head.key);
        }
    }

    private static String id(Row row) {
        return row.text("source") + "/" + row.number("position") + "/" + row.number("part");
    }

    /**
     * @param event the one that is asked about, of this key
     */
    private static Progress.Blocked blocked(Head head, String event) {
        int part = event.lastIndexOf('/');
        long position = Long.parseLong(event.substring(head.source.length() + 1, part));
        var others = head.events > 1 ? " and " + (head.events - 1) + " behind it" : "";
        var before = event.equals(head.event) ? "" : event + " waiting behind what is ";
        return new Progress.Blocked(
                "listener " + head.listener,
                head.source,
                position,
                position - 1,
                head.attempts,
                before
                        + (head.retrying
                                ? "parked and being tried again: "
                                        + head.type
                                        + " "
                                        + head.event
                                        + others
                                : "parked: "
                                        + head.type
                                        + " "
                                        + head.event
                                        + others
                                        + ": "
                                        + head.error
                                        + ": "
                                        + head.message),
                !head.retrying);
    }
}
