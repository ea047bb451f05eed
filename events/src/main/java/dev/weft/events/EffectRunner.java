package dev.weft.events;

import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Meter;
import dev.weft.core.Signal;
import dev.weft.core.Time;
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
 * acknowledged. A lane whose event fails waits with backoff, others go on; behind the last attempt
 * the lane's events are {@link Parked} and acknowledged, and what comes of the key later joins them.
 * At most {@link Bus#MAX_IN_FLIGHT} events are in all lanes together.
 *
 * <p>One loop polls, one acknowledges, each worker is a thread of its own. The lock guards lanes,
 * workers and what is done; it is never held while an event is handled, or during I/O.
 */
final class EffectRunner implements Runner {

    /** How many keys are worked on at once. */
    static final int MAX_LANES = 16;

    /** The events of one key that are not handled yet. The lock guards it. */
    private static final class Lane {
        final Inbox.Key key;
        final Deque<BusEvent> events = new ArrayDeque<>();

        /** How far the first event has come. */
        EffectCalls.Turn turn = new EffectCalls.Turn();

        /** Whether the first event has failed. */
        boolean fails;

        /** How often it has failed one time after the other, whoever was to blame. */
        int tries;

        /** Whether it was said that it cannot be parked. */
        boolean told;

        Time.Cancel retry = () -> {};

        Lane(Inbox.Key key) {
            this.key = key;
        }
    }

    private final Subscribed subscribed;
    private final Listener.Effect listener;
    private final EffectCalls calls;
    private final Inbox inbox;
    private final Parked parked;
    private final Database database;
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
            EffectCalls calls,
            Storage storage,
            Bus bus,
            Meter meter,
            Progress progress,
            Time time) {
        this.subscribed = new Subscribed(bus, service, listener);
        this.listener = listener;
        this.calls = calls;
        this.inbox = new Inbox(listener.name());
        this.parked = new Parked(listener.name(), storage.subjects());
        this.database = storage.database();
        this.outcomes = new Outcomes(meter, listener.name(), time);
        this.part = progress.part(Progress.Kind.EFFECT, listener.name());
        this.time = time;
        this.changed = new Signal(lock, time);
        this.polling = new Loop(subscribed.name(), time, part, this::poll);
        this.acknowledging =
                new Loop(subscribed.name() + " acknowledges", time, part, this::acknowledge);
    }

    /** What it tells of itself. */
    Progress.Part part() {
        return part;
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

    /** Polls, and acknowledges what is done. */
    void step() throws Exception {
        poll();
        if (!done.isEmpty()) acknowledge();
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
        long erasures = parked.subjects().known();
        try {
            if (!inbox.has(event, database) && !queued(lane, event)) {
                measured(lane, event);
                database.write(sql -> {
                    inbox.note(lane.key, Inbox.Place.of(event), sql);
                    return true;
                });
            }
            handled(lane, event);
        } catch (Throwable failure) {
            failed(lane, event, new Parked.Fault(failure, erasures));
        }
    }

    /** Puts the event behind what is parked of its key; false if nothing is. */
    private boolean queued(Lane lane, BusEvent event) throws InterruptedException {
        if (!parked.has(lane.key, database)) return false;
        boolean queued =
                database.write(sql -> {
                    var behind = new Parking(parked, sql);
                    if (!behind.take(event)) return false;
                    if (!Inbox.Place.of(event).isBehind(inbox.last(lane.key, sql))) return true;
                    behind.queue();
                    inbox.note(lane.key, Inbox.Place.of(event), sql);
                    return true;
                });
        if (queued) outcomes.count(1, EventMetrics.PARKED);
        return queued;
    }

    private void measured(Lane lane, BusEvent event) throws Exception {
        long began = time.nanos();
        var outcome = EventMetrics.FAILED;
        try {
            calls.attempt(event, lane.turn);
            outcome = lane.turn.gaveUp ? EventMetrics.GIVEN_UP : EventMetrics.HANDLED;
        } finally {
            outcomes.ran(began, outcome);
            outcomes.count(1, outcome);
        }
    }

    private void handled(Lane lane, BusEvent event) {
        lock.lock();
        try {
            next(lane, 1);
            done.add(event);
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    /** Goes on behind so many events of the lane. The lock is held. */
    private void next(Lane lane, int behind) {
        if (lane.fails) {
            failing--;
            part.recovered(lane.key);
        }
        for (int i = 0; i < behind; i++) lane.events.remove();
        lane.turn = new EffectCalls.Turn();
        lane.fails = false;
        lane.tries = 0;
        lane.told = false;
        if (lane.events.isEmpty()) lanes.remove(lane.key);
        else ready.add(lane);
    }

    private void failed(Lane lane, BusEvent event, Parked.Fault fault) {
        var failure = fault.why();
        boolean first;
        boolean last;
        lock.lock();
        try {
            if (stopping) return;
            first = failing == 0;
            if (!lane.fails) failing++;
            lane.fails = true;
            lane.tries++;
            var turn = lane.turn;
            boolean counts = Attempts.counts(failure);
            // A failure to give up does not hide the failure that it is about.
            if (counts && (turn.failure.isEmpty() || !calls.tried(turn)))
                turn.failure =
                        Optional.of(
                                failure instanceof Exception exception
                                        ? exception
                                        : new IllegalStateException(failure));
            turn.attempts = turn.attempts.and(failure, time.now());
            last = counts && calls.exhausted(event, turn);
            if (!last) retryLater(lane, event, failure.toString());
        } finally {
            lock.unlock();
        }
        if (last) park(lane, event, fault);
        else if (first) outcomes.warn(subscribed.name(), event, failure);
    }

    /** The lock is held. */
    private void retryLater(Lane lane, BusEvent event, String error) {
        var wait = listener.backoff().after(lane.tries, time);
        lane.retry = time.schedule(wait, () -> again(lane));
        part.failing(
                lane.key, Progress.Failing.of(event, lane.tries, error, time.now().plus(wait)));
    }

    /** Puts all events of the lane into the table; what comes to it meanwhile follows by itself. */
    private void park(Lane lane, BusEvent event, Parked.Fault fault) {
        List<BusEvent> events;
        lock.lock();
        try {
            events = List.copyOf(lane.events);
        } finally {
            lock.unlock();
        }
        Optional<Throwable> hindrance = Optional.empty();
        int rows = 0;
        var turn = lane.turn;
        try {
            rows =
                    database.write(sql ->
                            Parking.park(
                                    events,
                                    turn.handler,
                                    turn.attempts,
                                    fault,
                                    inbox,
                                    parked,
                                    sql));
        } catch (Throwable notParked) {
            hindrance = Optional.of(notParked);
        }
        boolean tell;
        lock.lock();
        try {
            tell = hindrance.isPresent() && !lane.told && !stopping;
            if (hindrance.isEmpty()) {
                next(lane, events.size());
                done.addAll(events);
                changed.all();
            } else if (!stopping) {
                lane.told = true;
                retryLater(lane, event, fault.why() + "; it cannot be parked: " + hindrance.get());
            }
        } finally {
            lock.unlock();
        }
        if (tell) outcomes.notParked(subscribed.name(), event, hindrance.orElseThrow());
        else if (hindrance.isEmpty())
            outcomes.parked(subscribed.name(), event, turn.attempts, rows, fault.why());
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
