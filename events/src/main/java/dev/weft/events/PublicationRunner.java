package dev.weft.events;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Tells the bus what the log says in public, and how far the log has come.
 *
 * <p>Nothing is kept on this side: it starts, also after each failure, where the bus says that it
 * has got to. A service without a public event runs it too, or nobody could wait for its receipts.
 */
final class PublicationRunner implements Runner {

    private static final int MAX_BATCH = 500;
    private static final Duration IDLE = Duration.ofSeconds(30);

    /** How often it is looked whether others have told what was left to them. */
    private static final Duration PACE = Duration.ofMillis(100);

    /** At the log's end: how often at most the bus is told that there was nothing public. */
    private static final long QUIET_NANOS = 10_000_000;

    /** On the way to the log's end: the same. */
    private static final long QUIET_BEHIND_NANOS = 100_000_000;

    /** One publication with what reads its events. */
    private record Source<E>(Publication<E> publication, EventCodec<E> events) {

        static <E> Source<E> of(String service, Publication<E> publication) {
            return new Source<>(publication, new EventCodec<>(service, publication.decider()));
        }

        List<PublicEvent<?>> translate(StoredEvent stored) {
            return events.owns(stored) ? publication.tell(events.decode(stored)) : List.of();
        }
    }

    private final String service;
    private final List<? extends Source<?>> sources;
    private final PublicTypes types;
    private final EventStore log;
    private final Bus bus;
    private final EventSpans spans;
    private final Meter.Counter published;
    private final Progress progress;
    private final Progress.Part part;
    private final Time time;
    private final Loop loop;

    private boolean begun;

    /** Up to where the log has been read. */
    private long position;

    /** Up to where the bus has been told, and when. */
    private long told;

    private long toldAtNanos;

    PublicationRunner(
            String service,
            List<? extends Publication<?>> publications,
            Storage storage,
            Bus bus,
            EventSpans spans,
            Meter meter,
            Progress progress,
            Time time) {
        this.service = service;
        this.sources =
                publications.stream().map(publication -> Source.of(service, publication)).toList();
        this.types = new PublicTypes(publications, storage.database(), time);
        this.log = storage.events();
        this.bus = bus;
        this.spans = spans;
        this.published = meter.counter(EventMetrics.PUBLISHED);
        this.progress = progress;
        this.part = progress.part(Progress.Kind.PUBLICATION, "");
        this.time = time;
        this.toldAtNanos = time.nanos() - QUIET_BEHIND_NANOS;
        this.loop = new Loop(service + " publication", time, part, this::step);
    }

    /** What it tells of itself. */
    Progress.Part part() {
        return part;
    }

    /** Has other versions of this service leave to it what it alone tells. To be done before anything is appended. */
    void note() throws InterruptedException {
        // Of a bus in this process everybody has one of their own.
        if (bus.durable()) types.note();
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
        try {
            boolean begins = !begun;
            if (begins) begin();
            var stored = log.log(position, MAX_BATCH);
            if (!stored.isEmpty()) publish(stored);
            else if (!begins) rest();
        } catch (Throwable failure) {
            begun = false;
            throw failure;
        }
    }

    private void begin() {
        long published = bus.published(service);
        long head = log.head();
        if (published > head)
            throw new Failure.Storage(
                    "the bus has got "
                            + service
                            + " up to "
                            + published
                            + ", but its log ends at "
                            + head
                            + ": it is not the log that was published; restore that one, or run"
                            + " the service under another name",
                    null);
        position = told = published;
        part.applied(service, published);
        begun = true;
    }

    /** At the log's end. */
    private void rest() throws Exception {
        if (told == position) {
            loop.idle(() -> log.awaitBeyond(position, IDLE));
            return;
        }
        long waitNanos = toldAtNanos + QUIET_NANOS - time.nanos();
        if (waitNanos <= 0 || progress.settling()) tell(position, List.of());
        else loop.idle(() -> log.awaitBeyond(position, Duration.ofNanos(waitNanos)));
    }

    private void publish(List<StoredEvent> stored) throws Exception {
        var batch = new ArrayList<BusEvent>();
        var others = bus.durable() ? types.others() : Set.<PublicTypes.Note>of();
        for (var event : stored) {
            var theirs = types.ofOthers(event, others);
            if (!theirs.isEmpty()) {
                if (position > told) tell(position, batch);
                leave(event, theirs);
                return;
            }
            List<BusEvent> said;
            try {
                said = translate(event);
            } catch (Throwable failure) {
                // What was said before it is told all the same.
                if (position > told) tell(position, batch);
                throw new Loop.StuckAt(service, event.position(), event.type(), failure);
            }
            if (batch.size() + said.size() > Bus.MAX_BATCH) {
                tell(position, batch);
                batch.clear();
            }
            batch.addAll(said);
            position = event.position();
        }
        if (!batch.isEmpty() || time.nanos() - toldAtNanos >= QUIET_BEHIND_NANOS)
            tell(position, batch);
    }

    /** Another version of this service is to tell it; the bus knows when it has. */
    private void leave(StoredEvent event, Set<PublicTypes.Note> theirs) throws Exception {
        begun = false;
        if (types.leave(event)) {
            loop.idle(() -> {
                time.sleep(PACE);
                return true;
            });
        } else if (types.strike(theirs))
            Loop.LOG.log(
                    System.Logger.Level.INFO,
                    service + " publishes no more: " + theirs + "; nobody who did has come");
        else
            throw new Loop.StuckAt(
                    service,
                    event.position(),
                    event.type(),
                    new IllegalStateException(
                            "newer code of "
                                    + service
                                    + " tells "
                                    + theirs
                                    + ", which this code does not; start that again, or this"
                                    + " once more if it is to tell nothing of it"));
    }

    private List<BusEvent> translate(StoredEvent stored) {
        var said = new ArrayList<BusEvent>();
        var told = Told.key(stored);
        if (told.isPresent())
            said.add(checked(published(stored, 0, stored.type(), told.get(), stored.data())));
        for (var source : sources)
            for (var event : source.translate(stored)) {
                var data = Json.write(event.data());
                var type = event.type().publicName();
                said.add(checked(published(stored, said.size(), type, event.key(), data)));
            }
        if (said.size() > Bus.MAX_BATCH)
            throw new IllegalStateException(
                    "one event may be told as at most "
                            + Bus.MAX_BATCH
                            + " public ones, not "
                            + said.size());
        return said;
    }

    /** What the bus would refuse is this event's fault, and stops at it, not at its whole batch. */
    private static BusEvent checked(BusEvent event) {
        PublicationRules.check(event.id(), event);
        return event;
    }

    private BusEvent published(
            StoredEvent stored, int number, String type, String key, byte[] data) {
        var told = new ArrayList<BusEvent>(1);
        spans.record(
                stored.origin(),
                "publish " + type,
                Span.Kind.PRODUCER,
                service + "/" + stored.position() + "/" + number,
                () ->
                        told.add(
                                new BusEvent(
                                        service,
                                        stored.position(),
                                        number,
                                        type,
                                        key,
                                        stored.at(),
                                        data,
                                        origin(stored.origin()))));
        return told.getFirst();
    }

    /** Listeners hang below the span of the publication, if there is one. */
    private static Origin origin(Origin stored) {
        return stored.with(Context.current().trace()).withoutAppendKey();
    }

    private void tell(long through, List<BusEvent> events) throws InterruptedException {
        bus.publish(service, through, List.copyOf(events));
        for (var event : events) published.add(1, event.type());
        told = through;
        toldAtNanos = time.nanos();
        part.applied(service, through);
    }
}
