package dev.weft.events;

import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Keeps one projection up to date with the log.
 *
 * <p>The checkpoint moves in the same transaction as the tables, and only from where this runner
 * believes it to be: if another process of the service was faster, nothing is applied here, and it
 * goes on from there. A batch that fails is applied again event by event, so that the event that
 * fails is known; the projection waits for it and skips nothing.
 */
final class ProjectionRunner<E> implements Runner {

    private static final int MAX_BATCH = 500;

    /** After so many events of others the checkpoint is moved without an event of its own. */
    private static final long SKIPPED_MAX = 10_000;

    private static final Duration IDLE = Duration.ofSeconds(30);

    private final String service;
    private final Projection<E> projection;
    private final EventCodec<E> events;
    private final EventStore log;
    private final Database database;
    private final Subjects subjects;
    private final EventSpans spans;
    private final Progress.Part part;
    private final Loop loop;

    private boolean begun;

    /** As this runner knows it to be in the database. */
    private long checkpoint;

    /** The checkpoint, or further on by events that are not the projection's. */
    private long position;

    /** Up to here events are applied one at a time, because a batch has failed. */
    private long oneByOneThrough;

    ProjectionRunner(
            String service,
            Projection<E> projection,
            Storage storage,
            EventSpans spans,
            Progress progress,
            Time time) {
        this.service = service;
        this.projection = projection;
        this.events = new EventCodec<>(service, projection.decider());
        this.log = storage.events();
        this.database = storage.database();
        this.subjects = storage.subjects();
        this.spans = spans;
        this.part = progress.part(Progress.Kind.PROJECTION, projection.name());
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
        if (!begun) {
            begin();
            return;
        }
        long erasures = subjects.known();
        var stored = log.log(position, MAX_BATCH);
        if (stored.isEmpty()) {
            loop.idle(() -> log.awaitBeyond(position, IDLE));
            return;
        }
        boolean oneByOne = position < oneByOneThrough;
        var batch = new ArrayList<StoredEvent>();
        long through = position;
        for (var event : stored) {
            if (events.owns(event)) {
                if (oneByOne && !batch.isEmpty()) break;
                batch.add(event);
            }
            through = event.position();
        }
        if (batch.isEmpty()) skip(through);
        else apply(batch, through, erasures);
        part.applied(service, position);
    }

    private void begin() throws InterruptedException {
        var name = projection.name();
        checkpoint =
                database.write(sql -> {
                    sql.update(
                            "insert into weft_checkpoint (name, position) values (?, 0)"
                                    + " on conflict (name) do nothing",
                            name);
                    return sql.first(
                                    "select position from weft_checkpoint where name = ?",
                                    row -> row.number("position"),
                                    name)
                            .orElse(0L);
                });
        position = checkpoint;
        part.applied(service, position);
        begun = true;
    }

    private void skip(long through) throws InterruptedException {
        if (through - checkpoint < SKIPPED_MAX) position = through;
        else move(List.of(), through, sql -> false);
    }

    /**
     * @param erasures that were known before the batch was read: what it holds of others may go into no table
     */
    private void apply(List<StoredEvent> batch, long through, long erasures) throws Exception {
        boolean personal = batch.stream().anyMatch(event -> PersonalJson.isIn(event.data()));
        try {
            move(
                    batch.stream().map(events::decode).toList(),
                    through,
                    sql -> personal && subjects.moved(erasures, sql));
        } catch (InterruptedException e) {
            throw e;
        } catch (Throwable failure) {
            if (batch.size() > 1) {
                oneByOneThrough = through;
                return;
            }
            var event = batch.getFirst();
            throw new Loop.StuckAt(service, event.position(), event.type(), failure);
        }
    }

    private void move(List<Event<E>> batch, long through, Predicate<Sql> outdated)
            throws InterruptedException {
        long expected = checkpoint;
        boolean ours =
                database.write(sql -> {
                    if (outdated.test(sql)) return false;
                    int moved =
                            sql.update(
                                    "update weft_checkpoint set position = ?"
                                            + " where name = ? and position = ?",
                                    through,
                                    projection.name(),
                                    expected);
                    if (moved == 0) return false;
                    for (var event : batch) apply(event, sql);
                    return true;
                });
        if (ours) checkpoint = position = through;
        else begin();
    }

    private void apply(Event<E> event, Sql sql) {
        spans.record(
                event.origin(),
                "project " + projection.name(),
                Span.Kind.INTERNAL,
                event.id(),
                () -> projection.apply().apply(event, sql));
    }
}
