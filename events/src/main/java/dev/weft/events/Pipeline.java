package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Everything of one service that moves events in the background: its projections, its publication
 * and its listeners, each on virtual threads of its own.
 *
 * <p>Each survives any failure, tries again with backoff, logs once per streak, and tells {@link
 * #progress} what keeps it. Several processes of one service may run it on one storage and bus.
 *
 * <p>A service with a log always has a publication, even without a public event: by it others learn
 * how far the log has come.
 */
public final class Pipeline implements AutoCloseable {

    private static final Duration CLOSE = Duration.ofSeconds(10);

    private final String service;
    private final Time time;
    private final Progress progress;
    private final List<Runner> runners = new ArrayList<>();
    private final LogCheck check;
    private final PublicationRunner publication;
    private final ParkedEvents parked;
    private final Projections projections;
    private final TimerRunner timers;
    private final Optional<SagaCalls> calls;
    private final Erasing erasing;

    /**
     * What timers wait.
     *
     * @param count of all that are set
     * @param next when the next one is due that is not yet
     * @param failing some of those that are due and fail
     */
    public record Waiting(long count, Optional<Instant> next, List<Progress.Failing> failing) {
        static final Waiting NONE = new Waiting(0, Optional.empty(), List.of());
    }

    /** Measures nothing. */
    public Pipeline(
            String service,
            List<? extends Projection<?>> projections,
            List<? extends Publication<?>> publications,
            List<? extends Listener> listeners,
            Storage storage,
            Bus bus,
            Tracer tracer,
            Time time) {
        this(service, projections, publications, listeners, storage, bus, tracer, Meter.NONE, time);
    }

    /** Without anything that recurs, and without sagas. */
    public Pipeline(
            String service,
            List<? extends Projection<?>> projections,
            List<? extends Publication<?>> publications,
            List<? extends Listener> listeners,
            Storage storage,
            Bus bus,
            Tracer tracer,
            Meter meter,
            Time time) {
        this(
                service,
                projections,
                publications,
                listeners,
                List.of(),
                Optional.empty(),
                storage,
                bus,
                tracer,
                meter,
                time);
    }

    /** Nothing runs before {@link #start}. Storage and bus stay the caller's to close. */
    public Pipeline(
            String service,
            List<? extends Projection<?>> projections,
            List<? extends Publication<?>> publications,
            List<? extends Listener> listeners,
            List<Recurring> recurring,
            Optional<Sagas> sagas,
            Storage storage,
            Bus bus,
            Tracer tracer,
            Meter meter,
            Time time) {
        this.service = service;
        this.time = time;
        this.progress = new Progress(service, time);
        var projected = new ArrayList<Projection<?>>(projections);
        for (var listener : listeners)
            if (listener instanceof Listener.View view) projected.add(view.seeing());
        progress.observe(meter, storage.events());
        this.check =
                new LogCheck(
                        service,
                        Stream.concat(
                                        projected.stream().map(Projection::decider),
                                        publications.stream().map(Publication::decider))
                                .distinct()
                                .toList(),
                        storage);
        requireDifferent("projections", projected.stream().map(Projection::name).toList());
        var all = new ArrayList<Listener>(listeners);
        sagas.ifPresent(it -> all.addAll(it.listeners()));
        requireDifferent("listeners", all.stream().map(Listener::name).toList());
        var spans = new EventSpans(tracer);
        this.projections = new Projections(service, projected, storage, time);
        for (var projection : projected) {
            runners.add(runner(projection, true, storage, spans));
            if (!projection.tables().isEmpty())
                runners.add(runner(projection, false, storage, spans));
        }
        this.publication =
                new PublicationRunner(
                        service, publications, storage, bus, spans, meter, progress, time);
        runners.add(publication);
        var parking = new ArrayList<ParkedRunner>();
        for (var listener : all)
            switch (listener) {
                case Listener.Transactional tables ->
                        parking.add(
                                transactional(
                                        Progress.Kind.TRANSACTIONAL,
                                        tables,
                                        storage,
                                        bus,
                                        spans,
                                        meter));
                case Listener.View view ->
                        parking.add(
                                transactional(
                                        Progress.Kind.VIEW,
                                        view.hearing(),
                                        storage,
                                        bus,
                                        spans,
                                        meter));
                case Listener.Effect effect -> {
                    var calls =
                            new EffectCalls(
                                    service + "." + effect.name(),
                                    effect,
                                    tracer,
                                    storage.subjects(),
                                    time);
                    var runner =
                            new EffectRunner(
                                    service, effect, calls, storage, bus, meter, progress, time);
                    runners.add(runner);
                    parking.add(
                            ParkedRunner.of(
                                    service + "." + effect.name(),
                                    effect,
                                    calls,
                                    storage,
                                    meter,
                                    runner.part(),
                                    time));
                }
            }
        runners.addAll(parking);
        this.parked = new ParkedEvents(storage, all, parking, meter);
        this.timers =
                new TimerRunner(
                        service,
                        recurring,
                        sagas.map(Sagas::owners).orElse(Map.of()),
                        storage,
                        spans,
                        progress,
                        time);
        runners.add(timers);
        this.calls =
                sagas.map(it ->
                        new SagaCalls(
                                service,
                                it.turns(),
                                it.clients(),
                                storage,
                                tracer,
                                progress,
                                time));
        calls.ifPresent(it -> {
            runners.add(it);
            sagas.orElseThrow().called(it::wake);
        });
        progress.parked(this::blocking);
        this.erasing =
                new Erasing(
                        storage, projections, listeners, sagas.map(Sagas::all).orElse(List.of()));
        erasing.forgetting(service, progress, time).ifPresent(runners::add);
    }

    /** What no position tells: keys that are parked, timers that are due, calls that are not answered. */
    private List<Progress.Blocked> blocking(Set<String> correlations) {
        var called = calls.map(it -> it.blocking(correlations)).orElse(List.of());
        return Stream.of(parked.blocking(correlations), timers.blocking(correlations), called)
                .flatMap(List::stream)
                .toList();
    }

    /** Makes what timers and sagas need in the service's database, where it is missing. */
    public static void makeTables(Sql sql) {
        TimerRunner.makeTables(sql);
        SagaCalls.makeTables(sql);
    }

    /** Adds what handles its events, and answers what handles those that it parks. */
    private ParkedRunner transactional(
            Progress.Kind kind,
            Listener.Transactional listener,
            Storage storage,
            Bus bus,
            EventSpans spans,
            Meter meter) {
        var name = service + "." + listener.name();
        var changes = new TableChanges(name, listener, spans, storage.subjects());
        var runner =
                new TransactionalRunner(
                        service,
                        listener,
                        changes,
                        storage,
                        bus,
                        meter,
                        progress.part(kind, listener.name()),
                        time);
        runners.add(runner);
        return ParkedRunner.of(name, listener, changes, storage, meter, runner.part(), time);
    }

    private <E> ProjectionRunner<E> runner(
            Projection<E> projection, boolean live, Storage storage, EventSpans spans) {
        return new ProjectionRunner<>(
                service,
                projection,
                projections.generations(projection.name()),
                live,
                storage,
                spans,
                progress,
                time);
    }

    private void requireDifferent(String what, List<String> names) {
        var seen = new HashSet<String>();
        for (var name : names)
            if (!seen.add(name))
                throw new IllegalArgumentException(
                        service + " has two " + what + " named \"" + name + "\"; rename one");
    }

    /**
     * Whether the code fits the log: reads the newest event of each type, among the log's last {@value
     * LogCheck#LAST}, that projections and publications take. Code that passed is not asked again.
     *
     * @throws dev.weft.core.Failure.Unreadable naming the first one that does not fit
     */
    public void requireReadable() throws InterruptedException {
        check.requireReadable();
    }

    /** Notes what it publishes, and starts; what fails from there on is tried again. */
    public void start() {
        try {
            publication.note();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure.Unreachable("interrupted while starting " + service, false, e);
        }
        runners.forEach(Runner::start);
    }

    /** What it consists of. */
    List<Runner> runners() {
        return runners;
    }

    /** How far it has come. */
    public Progress progress() {
        return progress;
    }

    /** Its projections' tables, and how to have them rebuilt. */
    public Projections projections() {
        return projections;
    }

    /** Erases whom its tables and listeners may have stored. */
    public Erasing erasing() {
        return erasing;
    }

    /** What its listeners have parked. */
    public ParkedEvents parked() {
        return parked;
    }

    /** What timers wait. */
    public Waiting timers() {
        return timers.waiting();
    }

    /**
     * Finishes what is at hand, at most so long, interrupts what is left then, and leaves all
     * subscriptions. It does not start again.
     */
    public void stop(Duration atMost) {
        var stops =
                runners.stream()
                        .map(runner -> time.start(service + " stops", () -> runner.stop(atMost)))
                        .toList();
        long endNanos = time.nanos() + atMost.plus(Loop.GRACE.multipliedBy(4)).toNanos();
        try {
            for (var stop : stops)
                if (!stop.join(Duration.ofNanos(Math.max(1, endNanos - time.nanos()))))
                    stop.interrupt();
        } catch (InterruptedException e) {
            stops.forEach(Thread::interrupt);
            Thread.currentThread().interrupt();
        }
    }

    /** Stops, in 10 s at most. */
    @Override
    public void close() {
        stop(CLOSE);
    }
}
