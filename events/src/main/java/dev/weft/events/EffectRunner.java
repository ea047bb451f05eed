package dev.weft.events;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Meter;
import dev.weft.core.Signal;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Work;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Does what one effect does for each event of its subscription.
 *
 * <p>The events of one key form a lane, handled one after the other; up to {@value #MAX_LANES} lanes
 * are worked on at once, in turns of one event. A handled event is noted in the inbox, then
 * acknowledged. A lane whose event fails waits with backoff, others go on; at most {@link
 * Bus#MAX_IN_FLIGHT} events are in all lanes together.
 *
 * <p>One loop polls, one acknowledges, each worker is a thread of its own. The lock guards lanes,
 * workers and what is done; it is never held while an event is handled, or during I/O.
 */
final class EffectRunner implements Runner {

    /** How many keys are worked on at once. */
    private static final int MAX_LANES = 16;

    /** How long one attempt may take. */
    private static final Duration ATTEMPT = Duration.ofSeconds(60);

    /** The events of one key that are not handled yet. The lock guards it. */
    private static final class Lane {
        final Inbox.Key key;
        final Deque<BusEvent> events = new ArrayDeque<>();

        /** Which of the handlers of the first event's type comes next. */
        int handler;

        /** How often that has failed, and how the last time. */
        int attempts;

        Optional<Exception> failure = Optional.empty();
        Time.Cancel retry = () -> {};

        /** Whether one of the first event's handlers has given up. */
        boolean gaveUp;

        Lane(Inbox.Key key) {
            this.key = key;
        }
    }

    private final Subscribed subscribed;
    private final Listener.Effect listener;
    private final Map<String, List<Listener.Effect.Handler<?>>> handlers = new HashMap<>();
    private final Inbox inbox;
    private final Database database;
    private final Tracer tracer;
    private final Outcomes outcomes;
    private final Progress.Part part;
    private final Time time;
    private final Loop polling;
    private final Loop acknowledging;

    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;
    private final Map<Inbox.Key, Lane> lanes = new HashMap<>();

    /** The lanes that a worker may take. */
    private final Deque<Lane> ready = new ArrayDeque<>();

    /** Everything that was handed over and is not acknowledged. */
    private final Set<String> inFlight = new HashSet<>();

    private final List<BusEvent> done = new ArrayList<>();
    private final Set<Thread> working = new HashSet<>();
    private int workers;
    private int failing;
    private boolean stopping;

    EffectRunner(
            String service,
            Listener.Effect listener,
            Database database,
            Bus bus,
            Tracer tracer,
            Meter meter,
            Progress progress,
            Time time) {
        this.subscribed = new Subscribed(bus, service, listener);
        this.listener = listener;
        for (var handler : listener.handlers())
            handlers.computeIfAbsent(handler.type().name(), name -> new ArrayList<>()).add(handler);
        this.inbox = new Inbox(listener.name());
        this.database = database;
        this.tracer = tracer;
        this.outcomes = new Outcomes(meter, listener.name(), time);
        this.part = progress.part(Progress.Kind.EFFECT, listener.name());
        this.time = time;
        this.changed = new Signal(lock, time);
        this.polling = new Loop(subscribed.name(), time, part, this::poll);
        this.acknowledging =
                new Loop(subscribed.name() + " acknowledges", time, part, this::acknowledge);
    }

    @Override
    public void start() {
        polling.start();
        acknowledging.start();
    }

    /**
     * Lets the attempts under way finish, and interrupts them when the time is over. Polling goes on
     * meanwhile as the sign of life: without it the bus would hand what is still being done to
     * another consumer. What it brings is left to the next one.
     */
    @Override
    public void stop(Duration atMost) {
        lock.lock();
        try {
            stopping = true;
            lanes.values().forEach(lane -> lane.retry.cancel());
            changed.all();
        } finally {
            lock.unlock();
        }
        var end = Deadline.after(atMost, time);
        if (!workersEnded(end.remaining())) {
            interruptWorkers();
            workersEnded(Loop.GRACE);
        }
        polling.stop(Loop.GRACE);
        acknowledging.stop(Loop.GRACE);
        acknowledgeLast();
        subscribed.leave();
    }

    private void poll() throws Exception {
        var batch = subscribed.poll(polling, Subscribed.POLL);
        part.applied(batch.applied());
        lock.lock();
        try {
            for (var event : batch.events()) {
                if (!inFlight.add(event.id())) continue;
                var key = Inbox.Key.of(event);
                var lane = lanes.get(key);
                if (lane == null) {
                    lane = new Lane(key);
                    lanes.put(key, lane);
                    ready.add(lane);
                }
                lane.events.add(event);
            }
            startWorkers();
        } finally {
            lock.unlock();
        }
    }

    /** The lock is held. */
    private void startWorkers() {
        for (int more = ready.size(); more > 0 && workers < MAX_LANES && !stopping; more--) {
            workers++;
            Context.none().run(() -> time.start(subscribed.name() + " works", this::work));
        }
    }

    private void work() {
        lock.lock();
        try {
            working.add(Thread.currentThread());
        } finally {
            lock.unlock();
        }
        for (var lane = next(); lane.isPresent(); lane = next()) handle(lane.get());
    }

    /** The next lane to work on; without one, this worker has ended. */
    private Optional<Lane> next() {
        lock.lock();
        try {
            if (!stopping && !ready.isEmpty()) return Optional.of(ready.remove());
            working.remove(Thread.currentThread());
            workers--;
            changed.all();
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private void handle(Lane lane) {
        BusEvent event;
        lock.lock();
        try {
            event = lane.events.element();
        } finally {
            lock.unlock();
        }
        try {
            if (!inbox.has(event, database)) {
                measured(lane, event);
                database.write(sql -> {
                    inbox.note(lane.key, Inbox.Place.of(event), sql);
                    return true;
                });
            }
            handled(lane, event);
        } catch (Throwable failure) {
            failed(lane, event, failure);
        }
    }

    private void measured(Lane lane, BusEvent event) throws Exception {
        long began = time.nanos();
        var outcome = EventMetrics.FAILED;
        try {
            attempt(lane, event);
            outcome = lane.gaveUp ? EventMetrics.GIVEN_UP : EventMetrics.HANDLED;
        } finally {
            outcomes.ran(began, outcome);
            outcomes.count(1, outcome);
        }
    }

    /** Calls all handlers of the event's type, in order, from the one that is next. */
    private void attempt(Lane lane, BusEvent event) throws Exception {
        var all = handlers.get(event.type());
        if (all == null)
            throw new IllegalStateException(
                    subscribed.name() + " has no handler for " + event.type() + " " + event.id());
        var context = event.origin().context().with(Deadline.after(ATTEMPT, time));
        context.call(() ->
                tracer.span(
                        subscribed.name() + " " + event.type(),
                        Span.Kind.CONSUMER,
                        span -> {
                            span.set("weft.event.id", event.id());
                            return Cancellation.<BusEvent, Boolean>atDeadline(
                                            subscribed.name(), time)
                                    .apply(
                                            event,
                                            each -> {
                                                for (; lane.handler < all.size(); ) {
                                                    call(all.get(lane.handler), lane, each);
                                                    lane.handler++;
                                                    lane.attempts = 0;
                                                }
                                                return true;
                                            });
                        }));
    }

    /**
     * Each handler, and its giving up, is work of its own: an attempt may begin at any of them, so
     * under one key the first append of one would be taken for the first append of another.
     */
    private <T> void call(Listener.Effect.Handler<T> handler, Lane lane, BusEvent event)
            throws Exception {
        var read = TransactionalRunner.read(handler.type(), event);
        var key = event.id() + ":" + subscribed.name() + ":" + lane.handler;
        boolean tries =
                lane.attempts < listener.attempts()
                        || lane.failure.isEmpty()
                        || Listener.Effect.triesForEver(handler);
        Context.current()
                .with(Work.of(tries ? key : key + ":given-up", event.id()))
                .withAttempt(lane.attempts + 1)
                .call(() -> {
                    if (tries) handler.handle().handle(read);
                    else {
                        handler.otherwise().giveUp(read, lane.failure.orElseThrow());
                        lane.gaveUp = true;
                    }
                    return true;
                });
    }

    private void handled(Lane lane, BusEvent event) {
        lock.lock();
        try {
            if (lane.failure.isPresent()) {
                failing--;
                part.recovered(lane.key);
            }
            lane.events.remove();
            lane.handler = 0;
            lane.attempts = 0;
            lane.gaveUp = false;
            lane.failure = Optional.empty();
            if (lane.events.isEmpty()) lanes.remove(lane.key);
            else ready.add(lane);
            done.add(event);
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    private void failed(Lane lane, BusEvent event, Throwable failure) {
        boolean first;
        lock.lock();
        try {
            if (stopping) return;
            first = failing == 0;
            if (lane.failure.isEmpty()) failing++;
            // A failure to give up does not hide the failure that it is about.
            if (lane.failure.isEmpty() || lane.attempts < listener.attempts())
                lane.failure =
                        Optional.of(
                                failure instanceof Exception exception
                                        ? exception
                                        : new IllegalStateException(failure));
            lane.attempts++;
            lane.retry =
                    time.schedule(listener.backoff().after(lane.attempts, time), () -> again(lane));
            part.failing(
                    lane.key,
                    new Progress.Failing(
                            event.source(),
                            event.position(),
                            lane.attempts,
                            event.type() + ": " + failure));
        } finally {
            lock.unlock();
        }
        if (first)
            Loop.LOG.log(
                    System.Logger.Level.WARNING,
                    subscribed.name()
                            + " fails for "
                            + event.type()
                            + " "
                            + event.id()
                            + "; the events of "
                            + event.key()
                            + " wait for the next attempt",
                    failure);
    }

    private void again(Lane lane) {
        lock.lock();
        try {
            if (stopping) return;
            ready.add(lane);
            startWorkers();
        } finally {
            lock.unlock();
        }
    }

    private void acknowledge() throws Exception {
        var batch =
                acknowledging.idle(() -> {
                    lock.lockInterruptibly();
                    try {
                        while (done.isEmpty()) changed.await(Subscribed.POLL);
                        return List.copyOf(done.subList(0, Math.min(done.size(), Bus.MAX_BATCH)));
                    } finally {
                        lock.unlock();
                    }
                });
        subscribed.acknowledge(batch);
        lock.lock();
        try {
            done.subList(0, batch.size()).clear();
            batch.forEach(event -> inFlight.remove(event.id()));
        } finally {
            lock.unlock();
        }
    }

    private boolean workersEnded(Duration atMost) {
        long endNanos = time.nanos() + atMost.toNanos();
        lock.lock();
        try {
            while (workers > 0) {
                long leftNanos = endNanos - time.nanos();
                if (leftNanos <= 0) return false;
                changed.await(Duration.ofNanos(leftNanos));
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void interruptWorkers() {
        lock.lock();
        try {
            working.forEach(Thread::interrupt);
        } finally {
            lock.unlock();
        }
    }

    /** What is handled and not acknowledged would be handed over again, only to be left out. */
    private void acknowledgeLast() {
        List<BusEvent> rest;
        lock.lock();
        try {
            rest = List.copyOf(done);
        } finally {
            lock.unlock();
        }
        try {
            if (!rest.isEmpty()) subscribed.acknowledge(rest);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            Loop.LOG.log(
                    System.Logger.Level.DEBUG,
                    subscribed.name() + " could not acknowledge its last events",
                    e);
        }
    }
}
