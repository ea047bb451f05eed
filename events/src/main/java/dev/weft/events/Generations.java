package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The generations of one projection: the live one, and at most one beside it. Each has tables, a checkpoint and the version of the
 * code that makes it; code keeps up those of its own version only.
 *
 * <p>What is live has the plain names. All else is called {@code weft_N_…}, N being the generation's number, so that a swap gives other
 * names and moves no row. Every change here is one transaction; so whoever dies leaves either what was or what is to be.
 */
final class Generations {

    /** How long a generation that was live is kept beside the live one. */
    static final Duration KEPT = Duration.ofDays(1);

    private static final String TABLE =
            """
            create table if not exists weft_projection (
                name text not null,
                generation bigint not null,
                version bigint not null,
                live bigint not null,
                swap bigint not null,
                was_live bigint not null,
                tables text not null,
                since bigint not null,
                resumed bigint not null,
                resumed_from bigint not null,
                primary key (name, generation))
            """;

    private static final String ALL =
            """
            select g.generation, g.version, g.live, g.swap, g.was_live, g.tables, g.since, g.resumed, g.resumed_from, c.position
            from weft_projection g join weft_checkpoint c
                on c.name = case when g.live = 1 then g.name else 'weft_' || g.generation || '_' || g.name end
            where g.name = ? order by g.live desc, g.generation
            """;

    private final String name;
    private final int version;
    private final ProjectionTables tables;
    private final Time time;

    /** Guards what follows; held for that only. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Signal changed;
    private long changes;
    private boolean current;
    private volatile boolean prepared;

    Generations(Projection<?> projection, Time time) {
        this.name = projection.name();
        this.version = projection.version();
        this.tables = new ProjectionTables(projection.tables());
        this.time = time;
        this.changed = new Signal(lock, time);
        if (version > 1 && tables.isEmpty())
            throw new IllegalArgumentException(
                    "the projection "
                            + name
                            + " is of version "
                            + version
                            + " and has to say which tables are its own, to be rebuilt: Projection.tables(…)");
    }

    String name() {
        return name;
    }

    int version() {
        return version;
    }

    ProjectionTables tables() {
        return tables;
    }

    /** All as of the last commit, the live one first; none before {@link #prepare}. */
    List<Generation> all(Database database) {
        return database.query(ALL, Generations::read, name);
    }

    private List<Generation> all(Sql sql) {
        return all(name, sql);
    }

    private static List<Generation> all(String name, Sql sql) {
        return sql.query(ALL, Generations::read, name);
    }

    private static Generation read(Row row) {
        var statements = row.text("tables").getBytes(StandardCharsets.UTF_8);
        return new Generation(
                row.number("generation"),
                (int) row.number("version"),
                row.number("live") == 1,
                row.number("swap") == 1,
                row.number("was_live") == 1,
                new ProjectionTables(Json.readList(statements, String.class)),
                Parked.time(row.number("since")),
                Parked.time(row.number("resumed")),
                row.number("resumed_from"),
                row.number("position"));
    }

    /** The one beside the live one. */
    static Optional<Generation> beside(List<Generation> all) {
        return all.stream().filter(it -> !it.live()).findFirst();
    }

    /** Counts what this process has changed about the generations. */
    long changes() {
        lock.lock();
        try {
            return changes;
        } finally {
            lock.unlock();
        }
    }

    /** Has those who wait look again. */
    void changed() {
        lock.lock();
        try {
            changes++;
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until this process changes something beyond that, at most so long. */
    void awaitChange(long seen, Duration atMost) throws InterruptedException {
        long endNanos = time.nanos() + atMost.toNanos();
        lock.lockInterruptibly();
        try {
            for (long left = atMost.toNanos();
                    changes == seen && left > 0;
                    left = endNanos - time.nanos()) changed.await(Duration.ofNanos(left));
        } finally {
            lock.unlock();
        }
    }

    /** Notes whether a swap is to come, so that those who wait for it go on if not. */
    void look(List<Generation> all) {
        boolean comes = beside(all).filter(it -> it.swap() && it.version() == version).isPresent();
        lock.lock();
        try {
            current = !comes || all.getFirst().version() == version;
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no older version is live any more that is being rebuilt; false if the time is over before. */
    boolean awaitCurrent(Duration atMost) throws InterruptedException {
        long endNanos = time.nanos() + atMost.toNanos();
        lock.lockInterruptibly();
        try {
            for (long left = atMost.toNanos(); !current && left > 0; left = endNanos - time.nanos())
                changed.await(Duration.ofNanos(left));
            return current;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #prepare(Sql)}, once. */
    void prepare(Database database) throws InterruptedException {
        if (prepared) return;
        database.write(sql -> {
            prepare(sql);
            return true;
        });
        prepared = true;
        look(all(database));
    }

    /**
     * Makes what is missing, and begins to rebuild tables that are of an older version. A service that ran before there were versions
     * has tables of version 1.
     */
    void prepare(Sql sql) {
        sql.update(TABLE);
        boolean ran = position(name, sql).isPresent();
        if (!ran) checkpoint(name, 0, sql);
        if (all(sql).isEmpty()) add(1, ran ? 1 : version, true, false, sql);
        var live = all(sql).getFirst();
        if (live.version() < version && live.tables().isEmpty()) {
            // Its code did not say which they are; those of the same names are taken for its own.
            tables.makeTables(sql);
            keep(live.number(), tables, sql);
        }
        if (all(sql).stream().allMatch(it -> it.version() < version)) rebuild(true, sql);
        for (var each : all(sql))
            if (each.version() == version) {
                tables.make(sql, each.number(), each.live());
                keep(each.number(), tables, sql);
            }
    }

    /** Begins a generation beside the live one, in the place of one that is there. */
    void rebuild(boolean swap, Sql sql) {
        var all = all(sql);
        beside(all).ifPresent(it -> drop(name, it, sql));
        long next = all.stream().mapToLong(Generation::number).max().orElse(0) + 1;
        add(next, version, false, swap, sql);
        checkpoint(ProjectionTables.beside(next, name), 0, sql);
        tables.make(sql, next, false);
        keep(next, tables, sql);
    }

    private void add(long number, int version, boolean live, boolean swap, Sql sql) {
        long now = Parked.micros(time.now());
        sql.update(
                "insert into weft_projection (name, generation, version, live, swap, was_live, tables, since, resumed, resumed_from)"
                        + " values (?, ?, ?, ?, ?, 0, '[]', ?, ?, 0)",
                name,
                number,
                version,
                live,
                swap,
                now,
                now);
    }

    private void keep(long number, ProjectionTables tables, Sql sql) {
        sql.update(
                "update weft_projection set tables = ? where name = ? and generation = ?",
                Json.text(tables.statements()),
                name,
                number);
    }

    /** Notes that a process takes up the work at it, to tell how fast that goes. */
    void resume(Generation it, Sql sql) {
        sql.update(
                "update weft_projection set resumed = ?, resumed_from = ? where name = ? and generation = ?",
                Parked.micros(time.now()),
                it.position(),
                name,
                it.number());
    }

    /** Has the one beside become the live one when it has caught up; false if there is none that this code could see to it. */
    boolean want(Sql sql) {
        return sql.update(
                        "update weft_projection set swap = 1 where name = ? and live = 0 and version = ?",
                        name,
                        version)
                == 1;
    }

    /**
     * Moves the checkpoint of a generation, from where it is believed to be; false if it is not there, or the generation is not any more
     * what it was, so that nothing may be applied.
     */
    boolean move(Generation it, long from, long through, Sql sql) {
        return sql.update(
                        "update weft_checkpoint set position = ? where name = ? and position = ? and exists"
                                + " (select 1 from weft_projection where name = ? and generation = ? and live = ?)",
                        through,
                        it.checkpoint(name),
                        from,
                        name,
                        it.number(),
                        it.live())
                == 1;
    }

    /** Makes the one beside the live one if that is wanted and it is as far as the live one; tells whether it was done. */
    boolean swapWanted(Sql sql) {
        var all = all(sql);
        var beside = beside(all).filter(Generation::swap);
        if (beside.isEmpty() || beside.get().position() < all.getFirst().position()) return false;
        exchange(all.getFirst(), beside.get(), sql);
        return true;
    }

    /** Makes the one that was live the live one again, wherever it is; false if there is none. */
    boolean undo(Sql sql) {
        var all = all(sql);
        var beside = beside(all).filter(Generation::was);
        beside.ifPresent(it -> exchange(all.getFirst(), it, sql));
        return beside.isPresent();
    }

    private void exchange(Generation live, Generation beside, Sql sql) {
        for (var table : live.tables().tables())
            rename(table.name(), ProjectionTables.beside(live.number(), table.name()), sql);
        for (var table : beside.tables().tables())
            rename(ProjectionTables.beside(beside.number(), table.name()), table.name(), sql);
        sql.update(
                "update weft_projection set live = 1 - live, swap = 0, was_live = 1, since = ? where name = ?",
                Parked.micros(time.now()),
                name);
        sql.update("delete from weft_checkpoint where name = ?", beside.checkpoint(name));
        sql.update(
                "update weft_checkpoint set position = ? where name = ?", beside.position(), name);
        checkpoint(ProjectionTables.beside(live.number(), name), live.position(), sql);
    }

    private static void rename(String from, String to, Sql sql) {
        sql.update("alter table \"" + from + "\" rename to \"" + to + "\"");
    }

    /**
     * Has the same done to the tables of all generations of a projection. One beside the live one that is of other code, which alone
     * knows how, begins anew if that code is newer and still to make it, and is dropped if it is older.
     */
    static void change(Projection<?> projection, Sql sql, Consumer<Sql> work) {
        var tables = new ProjectionTables(projection.tables());
        if (tables.isEmpty()) {
            work.accept(sql);
            return;
        }
        var all = all(projection.name(), sql);
        changeLive(projection, all, sql, work);
        beside(all)
                .ifPresent(it -> {
                    if (it.version() == projection.version()) change(tables, it, sql, work);
                    else if (it.version() > projection.version()) empty(projection.name(), it, sql);
                    else drop(projection.name(), it, sql);
                });
    }

    /** Has it done to the tables of the projection's own version only. */
    static void changeOwn(Projection<?> projection, Sql sql, Consumer<Sql> work) {
        var tables = new ProjectionTables(projection.tables());
        if (tables.isEmpty()) work.accept(sql);
        else
            for (var it : all(projection.name(), sql))
                if (it.version() == projection.version()) change(tables, it, sql, work);
    }

    private static void change(
            ProjectionTables tables, Generation it, Sql sql, Consumer<Sql> work) {
        work.accept(new ProjectedSql(tables, it, false).of(sql));
    }

    /** To tables of another version it is done as well, as it mostly fits; where it does not, nobody else might do it. */
    private static void changeLive(
            Projection<?> projection, List<Generation> all, Sql sql, Consumer<Sql> work) {
        if (all.isEmpty() || all.getFirst().version() == projection.version()) work.accept(sql);
        else
            try {
                work.accept(sql);
                // Behind a query, changes that were put off have been made.
                all(projection.name(), sql);
            } catch (RuntimeException e) {
                if (!Attempts.counts(e)) throw e;
                throw doesNotFit(projection, all.getFirst(), e);
            }
    }

    private static Failure doesNotFit(
            Projection<?> projection, Generation live, RuntimeException why) {
        var failure =
                Problem.of(
                                409,
                                "tables-of-another-version",
                                "the live tables of the projection "
                                        + projection.name()
                                        + " are of version "
                                        + live.version()
                                        + ", and what version "
                                        + projection.version()
                                        + " does with them fails ("
                                        + why.getMessage()
                                        + "); do it again when its own are live: weft projections")
                        .failure();
        failure.addSuppressed(why);
        return failure;
    }

    /** Has one beside the live one begin with the first event again. It cannot be brought back at once any more. */
    private static void empty(String name, Generation it, Sql sql) {
        dropTables(it, sql);
        it.tables().make(sql, it.number(), false);
        sql.update("update weft_checkpoint set position = 0 where name = ?", it.checkpoint(name));
        sql.update(
                "update weft_projection set was_live = 0, resumed_from = 0 where name = ? and generation = ?",
                name,
                it.number());
    }

    /** Drops the one beside the live one; false if there is none. */
    boolean drop(Sql sql) {
        var beside = beside(all(sql));
        beside.ifPresent(it -> drop(name, it, sql));
        return beside.isPresent();
    }

    /** Drops one that was live so long ago that nobody will want it back; tells whether it did. */
    boolean dropOld(Sql sql) {
        boolean old = isOld(all(sql));
        if (old) drop(sql);
        return old;
    }

    /** Whether the one beside the live one is not wanted any more; one of newer code would only be rebuilt. */
    boolean isOld(List<Generation> all) {
        return beside(all)
                .filter(it -> it.was() && !it.swap() && it.version() <= all.getFirst().version())
                .filter(it -> it.since().plus(KEPT).isBefore(time.now()))
                .isPresent();
    }

    private static void dropTables(Generation it, Sql sql) {
        for (var table : it.tables().tables().reversed())
            sql.update(
                    "drop table if exists \""
                            + ProjectionTables.beside(it.number(), table.name())
                            + "\"");
    }

    private static void drop(String name, Generation it, Sql sql) {
        dropTables(it, sql);
        sql.update("delete from weft_checkpoint where name = ?", it.checkpoint(name));
        sql.update(
                "delete from weft_projection where name = ? and generation = ?", name, it.number());
    }

    private static Optional<Long> position(String checkpoint, Sql sql) {
        return sql.first(
                "select position from weft_checkpoint where name = ?",
                row -> row.number("position"),
                checkpoint);
    }

    private static void checkpoint(String name, long position, Sql sql) {
        sql.update("insert into weft_checkpoint (name, position) values (?, ?)", name, position);
    }
}
