package dev.weft.events;

import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Keeps one generation of a projection up to date with the log: the live one, or the one beside it, which it also makes the live one
 * when that is wanted, and drops in the end.
 *
 * <p>The checkpoint moves in the same transaction as the tables, and only from where this runner believes it to be, of the
 * generation that it believes it to be: if another process of the service was faster, or the tables were swapped, nothing is
 * applied here, and it goes on from what is there. A batch that fails is applied again event by event, so that the event that
 * fails is known; the projection waits for it and skips nothing. A generation of another version is left to processes with that
 * code.
 */
final class ProjectionRunner<E> implements Runner {

    private static final int MAX_BATCH = 500;

    /** After so many events of others the checkpoint is moved without an event of its own. */
    private static final long SKIPPED_MAX = 10_000;

    /** How often it looks whether another process has changed something. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** How long it waits for events before it looks whether this process has. */
    private static final Duration SLICE = Duration.ofMillis(250);

    /** How long it leaves the one beside the live one to a process that was faster. */
    private static final Duration ELSEWHERE = Duration.ofSeconds(1);

    private final String service;
    private final Projection<E> projection;
    private final Generations generations;
    private final boolean live;
    private final EventCodec<E> events;
    private final EventStore log;
    private final Database database;
    private final Subjects subjects;
    private final EventSpans spans;
    private final Progress.Part part;
    private final Time time;
    private final Loop loop;

    /** An event of the projection, and what it does to the tables. */
    private record Work(StoredEvent event, Consumer<Sql> applied) {}

    /**
     * What stands in the log behind a position.
     *
     * @param through up to where it was read
     * @param mayGoOn whether there may be more
     * @param erasures that were known before: what it holds of others may go into no table
     */
    private record Reading(
            long after, long through, boolean mayGoOn, List<Work> work, long erasures) {}

    /** What is being read, or was, while the events before are applied. */
    private Optional<FutureTask<Reading>> ahead = Optional.empty();

    /** What it keeps up, as it was when looked at; empty before that. */
    private Optional<Generation> generation = Optional.empty();

    private Optional<ProjectedSql> own = Optional.empty();
    private long seen = -1;
    private long nextLookNanos;

    /** As this runner knows it to be in the database. */
    private long checkpoint;

    /** The checkpoint, or further on by events that are not the projection's. */
    private long position;

    /** Up to here events are applied one at a time, because a batch has failed. */
    private long oneByOneThrough;

    /**
     * @param live whether it is about the live generation
     */
    ProjectionRunner(
            String service,
            Projection<E> projection,
            Generations generations,
            boolean live,
            Storage storage,
            EventSpans spans,
            Progress progress,
            Time time) {
        this.service = service;
        this.projection = projection;
        this.generations = generations;
        this.live = live;
        this.events = new EventCodec<>(service, projection.decider());
        this.log = storage.events();
        this.database = storage.database();
        this.subjects = storage.subjects();
        this.spans = spans;
        this.part =
                progress.part(
                        live ? Progress.Kind.PROJECTION : Progress.Kind.REBUILD, projection.name());
        this.time = time;
        this.loop = new Loop(service + " " + part.by(), time, part, this::step);
    }

    /** What it tells of itself. */
    Progress.Part part() {
        return part;
    }

    @Override
    public void start() {
        loop.start();
    }

    @Override
    public void stop(Duration atMost) {
        loop.stop(atMost);
    }

    void step() throws Exception {
        generations.prepare(database);
        if (seen != generations.changes() || time.nanos() - nextLookNanos >= 0) {
            boolean begins = generation.isEmpty();
            look();
            if (begins && generation.isPresent()) return;
        }
        if (generation.isEmpty()) {
            loop.idle(() -> {
                // What other code keeps up others may wait for.
                generations.awaitChange(seen, live ? SLICE : LOOK);
                return true;
            });
            lookSoon();
            return;
        }
        var it = generation.get();
        var reading = read();
        if (reading.through == position) {
            if (!live) caughtUp(it);
            awaitEvents();
            return;
        }
        boolean oneByOne = position < oneByOneThrough;
        if (reading.mayGoOn && !oneByOne) readAhead(reading.through);
        var work = reading.work;
        long through = reading.through;
        if (oneByOne && work.size() > 1) {
            work = work.subList(0, 1);
            through = work.getFirst().event.position();
        }
        if (work.isEmpty()) skip(it, through);
        else apply(it, work, through, reading.erasures);
        part.applied(service, position);
    }

    /** What was read while the last events were applied, if that is what comes next. */
    private Reading read() throws InterruptedException {
        var begun = ahead;
        ahead = Optional.empty();
        if (begun.isEmpty()) return read(position);
        try {
            var reading = begun.get().get();
            if (reading.after == position) return reading;
        } catch (ExecutionException e) {
            // If it fails still, that is told below.
            return read(position);
        }
        return read(position);
    }

    private Reading read(long after) {
        long erasures = subjects.known();
        var stored = log.log(after, MAX_BATCH);
        var work = new ArrayList<Work>();
        for (var event : stored) if (events.owns(event)) work.add(new Work(event, work(event)));
        return new Reading(
                after,
                stored.isEmpty() ? after : stored.getLast().position(),
                stored.size() == MAX_BATCH,
                work,
                erasures);
    }

    /** Reads and decodes what comes next on a thread of its own: a replay waits either for that or for the database. */
    private void readAhead(long after) {
        var reading = new FutureTask<>(() -> read(after));
        ahead = Optional.of(reading);
        time.start(service + " " + part.by() + " reads ahead", reading);
    }

    /** Data that cannot be read fail when the event's turn comes. */
    private Consumer<Sql> work(StoredEvent stored) {
        try {
            var event = events.decode(stored);
            return sql -> apply(event, sql);
        } catch (RuntimeException misfit) {
            return sql -> {
                throw misfit;
            };
        }
    }

    private void lookSoon() {
        nextLookNanos = time.nanos();
    }

    /** Finds out what there is to keep up. */
    private void look() throws InterruptedException {
        seen = generations.changes();
        nextLookNanos = time.nanos() + LOOK.toNanos();
        var all = generations.all(database);
        generations.look(all);
        if (!live && generations.isOld(all)) {
            database.write(generations::dropOld);
            all = generations.all(database);
        }
        var found = live ? Optional.of(all.getFirst()) : Generations.beside(all);
        if (!live) part.present(found.isPresent());
        var mine = found.filter(it -> it.version() == generations.version());
        if (mine.isPresent()) {
            take(mine.get());
        } else {
            generation = Optional.empty();
            found.ifPresent(it -> part.applied(service, it.position()));
        }
    }

    private void take(Generation it) throws InterruptedException {
        boolean known = generation.filter(before -> before.number() == it.number()).isPresent();
        generation = Optional.of(it);
        if (known && it.position() == checkpoint) return;
        if (!known) own = Optional.of(new ProjectedSql(generations.tables(), it, true));
        checkpoint = position = it.position();
        part.applied(service, position);
        if (!live && !known)
            database.write(sql -> {
                generations.resume(it, sql);
                return true;
            });
    }

    private void awaitEvents() throws Exception {
        loop.idle(() -> {
            boolean more;
            do more = log.awaitBeyond(position, SLICE) > position;
            while (!more && seen == generations.changes() && time.nanos() - nextLookNanos < 0);
            return more;
        });
    }

    /** Nothing more is to be applied for now: perhaps it becomes the live one. */
    private void caughtUp(Generation it) throws Exception {
        if (position == checkpoint && !it.swap()) return;
        move(it, List.of(), position, sql -> false);
        lookSoon();
    }

    private void skip(Generation it, long through) throws Exception {
        if (through - checkpoint < SKIPPED_MAX) position = through;
        else move(it, List.of(), through, sql -> false);
    }

    private void apply(Generation it, List<Work> batch, long through, long erasures)
            throws Exception {
        boolean personal = batch.stream().anyMatch(work -> PersonalJson.isIn(work.event.data()));
        try {
            move(it, batch, through, sql -> personal && subjects.moved(erasures, sql));
        } catch (InterruptedException e) {
            throw e;
        } catch (Throwable failure) {
            if (batch.size() > 1) {
                oneByOneThrough = through;
                return;
            }
            var event = batch.getFirst().event;
            throw new Loop.StuckAt(service, event.position(), event.type(), failure);
        }
    }

    /** What became of a batch. */
    private enum Moved {
        NOT,
        ON,
        /** And the generation is the live one now. */
        LIVE
    }

    /** Under load there is always one more event to apply, so a swap that is wanted is tried with each batch. */
    private void move(Generation it, List<Work> batch, long through, Predicate<Sql> outdated)
            throws Exception {
        long expected = checkpoint;
        var used = own.orElseThrow();
        var moved =
                database.write(sql -> {
                    if (outdated.test(sql) || !generations.move(it, expected, through, sql))
                        return Moved.NOT;
                    var tables = used.of(sql);
                    for (var work : batch) work.applied.accept(tables);
                    return it.swap() && generations.swapWanted(sql) ? Moved.LIVE : Moved.ON;
                });
        switch (moved) {
            case ON -> checkpoint = position = through;
            case LIVE -> {
                checkpoint = position = through;
                becameLive(it);
            }
            case NOT -> leave();
        }
    }

    private void becameLive(Generation it) {
        lookSoon();
        generations.changed();
        Loop.LOG.log(
                System.Logger.Level.INFO,
                service
                        + " has rebuilt the projection "
                        + projection.name()
                        + ": generation "
                        + it.number()
                        + ", version "
                        + it.version()
                        + ", is the live one now");
    }

    /** Another process was faster. */
    private void leave() throws Exception {
        generation = Optional.empty();
        lookSoon();
        if (!live)
            loop.idle(() -> {
                generations.awaitChange(generations.changes(), ELSEWHERE);
                return true;
            });
    }

    private void apply(Event<E> event, Sql sql) {
        Runnable work = () -> projection.apply().apply(event, sql);
        if (live)
            spans.record(
                    event.origin(),
                    "project " + projection.name(),
                    Span.Kind.INTERNAL,
                    event.id(),
                    work);
        else event.origin().context().run(work);
    }
}
