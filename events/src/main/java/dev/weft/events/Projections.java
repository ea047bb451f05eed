package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * The projections of a service, and how their tables are rebuilt: from the first event on, beside the live ones, which go on and are
 * asked until the others take their place.
 *
 * <p>At most one generation of tables is beside the live one: one that is being rebuilt, or the one that was live before, kept for a
 * day. Both are kept up with the log by code of their version. Every change is one transaction, right after whichever step a
 * process dies; any instance may be asked.
 */
public final class Projections {

    /**
     * A projection.
     *
     * @param version of the code
     * @param generations of its tables, the live one first
     */
    public record View(String name, int version, List<Tables> generations) {}

    /**
     * One generation of a projection's tables.
     *
     * @param state {@code live}, {@code building}, {@code ready} (has caught up), or {@code kept} (was live before)
     * @param swap whether it becomes the live one as soon as it has caught up
     * @param position up to where it has applied the log
     * @param head the log's end
     * @param perSecond positions it came on in a second, while it is being built; else 0
     * @param leftSeconds how long that will still take at this pace
     * @param still whether no code of its version is here to keep it up
     */
    public record Tables(
            long generation,
            int version,
            String state,
            boolean swap,
            long position,
            long head,
            long perSecond,
            Optional<Long> leftSeconds,
            boolean still,
            Instant since,
            List<String> tables) {}

    /**
     * What differs between the live tables and those beside them, with the same events applied.
     *
     * @param position of the last event of both, or further on
     */
    public record Comparison(String name, long position, boolean same, List<Compared> tables) {}

    /**
     * What differs in one table. Columns that only one of them has are named and not compared.
     *
     * @param key the columns by which rows are found again: the primary key, or all
     * @param differing how many keys have rows that are not the same
     * @param rows the first of them
     */
    public record Compared(
            String table,
            long liveRows,
            long rebuiltRows,
            List<String> onlyLive,
            List<String> onlyRebuilt,
            List<String> key,
            long differing,
            List<Difference> rows) {}

    /**
     * A row that is not the same; columns that are null are left out.
     *
     * @param live as it is in the live table; empty if it is not there
     * @param rebuilt as it is in the other; empty if it is not there
     */
    public record Difference(
            Map<String, String> key, Map<String, String> live, Map<String, String> rebuilt) {}

    private final Map<String, Generations> generations = new LinkedHashMap<>();
    private final Map<String, EventCodec<?>> events = new LinkedHashMap<>();
    private final EventStore log;
    private final Database database;
    private final Time time;

    Projections(
            String service, List<? extends Projection<?>> projections, Storage storage, Time time) {
        this.log = storage.events();
        this.database = storage.database();
        this.time = time;
        var owners = new LinkedHashMap<String, String>();
        for (var projection : projections) {
            var all = new Generations(projection, time);
            generations.put(projection.name(), all);
            events.put(projection.name(), new EventCodec<>(service, projection.decider()));
            for (var table : all.tables().tables()) {
                var owner = owners.put(table.name(), projection.name());
                if (owner != null)
                    throw new IllegalArgumentException(
                            "the table "
                                    + table.name()
                                    + " is of the projection "
                                    + owner
                                    + " and cannot be of "
                                    + projection.name()
                                    + ", too");
            }
        }
    }

    Generations generations(String name) {
        return Objects.requireNonNull(generations.get(name));
    }

    /**
     * Makes the tables that are missing, and begins to rebuild those of an older version; what comes of that begins with the
     * pipeline's start.
     */
    public void prepare() throws InterruptedException {
        for (var each : generations.values()) each.prepare(database);
    }

    /** Waits until all that an older version left behind is rebuilt; false if the time is over before. */
    public boolean awaitRebuilt(Duration atMost) throws InterruptedException {
        long endNanos = time.nanos() + atMost.toNanos();
        for (var each : generations.values())
            if (!each.awaitCurrent(Duration.ofNanos(endNanos - time.nanos()))) return false;
        return true;
    }

    /**
     * Fails if a statement that makes something else of the service names a table of a projection: an index there, a view on it or a
     * reference to it would stay with the tables that were replaced.
     */
    public void requireOthers(String statement) {
        for (var each : generations.values())
            for (var token : SqlToken.of(statement))
                for (var table : each.tables().tables())
                    if (!ProjectionTables.isKeyword(token) && token.name().equals(table.name()))
                        throw new IllegalArgumentException(
                                "the table "
                                        + table.name()
                                        + " belongs to the projection "
                                        + each.name()
                                        + ", so its definition and indexes stand there, and nothing refers to it: "
                                        + statement);
    }

    /** All of them. */
    public List<View> list() {
        return generations.values().stream().map(this::view).toList();
    }

    /** One of them; a 404 if it is not there. */
    public View view(String name) {
        return view(known(name));
    }

    private View view(Generations it) {
        var all = it.all(database);
        // The end behind the positions, so that none is beyond it.
        long head = log.head();
        return new View(
                it.name(), it.version(), all.stream().map(each -> tables(it, each, head)).toList());
    }

    private Tables tables(Generations of, Generation it, long head) {
        boolean building = !it.live() && !it.was();
        boolean behind = hasMore(of.name(), it.position(), head);
        double seconds = Duration.between(it.resumed(), time.now()).toMillis() / 1e3;
        long perSecond =
                building && behind && seconds > 0
                        ? Math.round((it.position() - it.resumedFrom()) / seconds)
                        : 0;
        return new Tables(
                it.number(),
                it.version(),
                it.live() ? "live" : it.was() ? "kept" : behind ? "building" : "ready",
                it.swap(),
                behind ? it.position() : head,
                head,
                perSecond,
                perSecond > 0
                        ? Optional.of((head - it.position() + perSecond - 1) / perSecond)
                        : Optional.empty(),
                it.version() != of.version(),
                it.since(),
                it.tables().tables().stream().map(ProjectionTables.Definition::name).toList());
    }

    /** Whether an event of the projection lies between these positions; if they are far from each other it is taken to be so. */
    private boolean hasMore(String name, long after, long through) {
        var codec = Objects.requireNonNull(events.get(name));
        long at = after;
        for (int reads = 0; at < through; reads++) {
            if (reads == 25) return true;
            var more = log.log(at, 500);
            if (more.isEmpty()) return false;
            for (var event : more)
                if (event.position() <= through && codec.owns(event)) return true;
            at = more.getLast().position();
        }
        return false;
    }

    private Generations known(String name) {
        var it = generations.get(name);
        if (it == null) throw Problem.notFound("projection", name);
        return it;
    }

    /**
     * Begins a generation beside the live one, in the place of one that is there.
     *
     * @param swap whether it is to become the live one as soon as it has caught up
     */
    public View rebuild(String name, boolean swap) throws InterruptedException {
        var it = known(name);
        if (it.tables().isEmpty())
            throw conflict(
                    "no-tables",
                    name
                            + " does not say which tables are its own, so they cannot be rebuilt; say it in the code, Projection.tables(…)");
        requireNewest(it);
        return change(
                it,
                sql -> {
                    it.rebuild(swap, sql);
                    return true;
                });
    }

    /** Code that was replaced, and is about to end, does not begin anew. */
    private void requireNewest(Generations it) {
        var newer =
                it.all(database).stream().filter(each -> each.version() > it.version()).findFirst();
        if (newer.isPresent())
            throw conflict(
                    "older-code",
                    "this instance is of version "
                            + it.version()
                            + " of "
                            + it.name()
                            + ", and there are tables of version "
                            + newer.get().version()
                            + "; drop them, or ask an instance of that version");
    }

    /** Has the generation beside the live one take its place, at once or when it has caught up. */
    public View swap(String name) throws InterruptedException {
        var it = known(name);
        return change(
                it,
                sql -> {
                    if (!it.want(sql))
                        throw conflict(
                                "nothing-rebuilt",
                                "there are no tables of version "
                                        + it.version()
                                        + " beside the live ones of "
                                        + name
                                        + " that could take their place; have them rebuilt");
                    return it.swapWanted(sql);
                });
    }

    /** Has the generation that was live before take its place again, at once, however far it is. */
    public View undo(String name) throws InterruptedException {
        var it = known(name);
        return change(
                it,
                sql -> {
                    if (!it.undo(sql))
                        throw conflict(
                                "nothing-kept",
                                "no tables that were live before are kept of " + name);
                    return true;
                });
    }

    /** Drops the generation beside the live one. */
    public View drop(String name) throws InterruptedException {
        var it = known(name);
        return change(
                it,
                sql -> {
                    if (!it.drop(sql))
                        throw conflict(
                                "nothing-beside", name + " has no tables beside the live ones");
                    return true;
                });
    }

    private View change(Generations it, Function<Sql, Boolean> change) throws InterruptedException {
        it.prepare(database);
        database.write(change);
        it.changed();
        return view(it);
    }

    private static Failure conflict(String type, String detail) {
        return Problem.of(409, type, detail).failure();
    }

    /** How often it looks for both to have applied the same. */
    private static final int TRIES = 200;

    /**
     * What differs between the live tables and those beside them, all of a table in one snapshot. It waits a moment for both to have
     * applied the same events; a 409 if that does not happen, or there is nothing beside.
     *
     * @param rows how many rows of each table it shows
     */
    public Comparison compare(String name, int rows) throws InterruptedException {
        var it = known(name);
        for (int tries = 0; ; tries++) {
            var all = it.all(database);
            var beside = Generations.beside(all);
            if (beside.isEmpty())
                throw conflict("nothing-beside", name + " has no tables beside the live ones");
            var live = all.getFirst();
            boolean far = Math.abs(live.position() - beside.get().position()) > 10_000;
            if (!apart(name, live.position(), beside.get().position())) {
                var compared = compared(name, live, beside.get(), rows);
                if (compared.isPresent()) return compared.get();
            } else if (tries == TRIES || (far && live.version() != beside.get().version())) {
                throw conflict(
                        "not-level",
                        "the live tables of "
                                + name
                                + " have applied the log up to "
                                + live.position()
                                + ", those beside them up to "
                                + beside.get().position()
                                + "; they are compared when both have applied the same");
            }
            log.awaitBeyond(Long.MAX_VALUE - 1, Duration.ofMillis(10));
        }
    }

    private boolean apart(String name, long one, long other) {
        return one != other && hasMore(name, Math.min(one, other), Math.max(one, other));
    }

    private Optional<Comparison> compared(
            String name, Generation live, Generation beside, int rows) {
        var tables = new ArrayList<Compared>();
        for (var table : live.tables().tables()) {
            var other =
                    beside.tables().tables().stream()
                            .filter(it -> it.name().equals(table.name()))
                            .findFirst();
            if (other.isEmpty()) continue;
            var result =
                    new TableComparison(name, live, beside, table, other.get()).run(database, rows);
            if (apart(name, result.liveAt(), result.rebuiltAt())) return Optional.empty();
            tables.add(result.compared());
        }
        boolean same =
                live.tables().tables().size() == tables.size()
                        && beside.tables().tables().size() == tables.size()
                        && tables.stream().allMatch(Projections::isSame);
        return Optional.of(
                new Comparison(name, Math.max(live.position(), beside.position()), same, tables));
    }

    private static boolean isSame(Compared it) {
        return it.differing() == 0
                && it.liveRows() == it.rebuiltRows()
                && it.onlyLive().isEmpty()
                && it.onlyRebuilt().isEmpty();
    }
}
