package dev.weft.events;

import dev.weft.core.Context;
import dev.weft.core.Meter;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tries the parked keys of one listener again that are to be: each from its first event on, in order,
 * until it has none left or one fails. Every event gets one attempt; one that fails leaves its key
 * parked.
 *
 * <p>What is to be tried stands in the database, so it goes on in another process if this one dies.
 * One process at a time works at a listener's parked keys, by a {@link Lease}; who handles an event
 * takes its row away with it, or right behind it.
 *
 * <p>A loop looks for keys; each key has a thread of its own, a few at a time. The lock guards the
 * pace and the wake-ups.
 */
final class ParkedRunner implements Runner {

    /** How an event is handled. */
    interface Handling {

        /**
         * Handles the event and takes its row away; does nothing if that is no longer there as it was
         * read. Tells how it failed, if it did.
         */
        Optional<Failed> handle(Parked.Entry entry) throws Exception;
    }

    /**
     * What came of an attempt.
     *
     * @param handler of an effect: which of the handlers of its type failed
     */
    record Failed(Throwable why, int handler) {}

    /** How often a process looks for what another one was told to try and did not finish. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** How long one waits for another that is at it. */
    private static final Duration ELSEWHERE = Duration.ofMillis(500);

    /** How soon one that waits for its turn notices that it has to stop. */
    private static final Duration STOPPING = Duration.ofMillis(100);

    private final String name;
    private final String listener;
    private final Parked parked;
    private final Handling handling;
    private final int lanes;
    private final Database database;
    private final Lease lease;
    private final Meter.Counter retried;
    private final Progress.Part part;
    private final Time time;
    private final Loop loop;

    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;
    private boolean woken;
    private long nextNanos;

    /**
     * @param name of the subscription
     * @param lanes how many keys are worked at together
     */
    private ParkedRunner(
            String name,
            String listener,
            Parked parked,
            Handling handling,
            int lanes,
            Database database,
            Lease lease,
            Meter meter,
            Progress.Part part,
            Time time) {
        this.name = name;
        this.listener = listener;
        this.parked = parked;
        this.handling = handling;
        this.lanes = lanes;
        this.database = database;
        this.lease = lease;
        this.retried = meter.counter(EventMetrics.RETRIED);
        this.part = part;
        this.time = time;
        this.nextNanos = time.nanos();
        this.changed = new Signal(lock, time);
        this.loop = new Loop(name + " parked", time, part, this::step);
    }

    private static Lease lease(String listener, Database database, Time time) {
        return new Lease("parked " + listener, database, time);
    }

    /** Of one that changes tables: an event and its row are one transaction. */
    static ParkedRunner of(
            String name,
            Listener.Transactional listener,
            TableChanges changes,
            Storage storage,
            Meter meter,
            Progress.Part part,
            Time time) {
        var parked = new Parked(listener.name(), storage.subjects());
        Handling handling =
                entry -> {
                    try {
                        changes.write(
                                List.of(entry.event()),
                                storage,
                                (transaction, prepared) -> {
                                    if (!parked.remove(entry, transaction.sql())) return false;
                                    prepared.getFirst().accept(transaction);
                                    return true;
                                });
                        return Optional.empty();
                    } catch (InterruptedException e) {
                        throw e;
                    } catch (Throwable failure) {
                        return Optional.of(new Failed(failure, 0));
                    }
                };
        return new ParkedRunner(
                name,
                listener.name(),
                parked,
                handling,
                1,
                storage.database(),
                lease(listener.name(), storage.database(), time),
                meter,
                part,
                time);
    }

    /** Of an effect: the row goes behind the work, if this process is still the one that is at it. */
    static ParkedRunner of(
            String name,
            Listener.Effect listener,
            EffectCalls calls,
            Storage storage,
            Meter meter,
            Progress.Part part,
            Time time) {
        var database = storage.database();
        var parked = new Parked(listener.name(), storage.subjects());
        var lease = lease(listener.name(), database, time);
        Handling handling =
                entry -> {
                    var turn = new EffectCalls.Turn();
                    turn.handler = entry.handler();
                    turn.attempts = entry.attempts();
                    try {
                        calls.attempt(entry.event(), turn);
                        database.write(sql -> lease.isHeld(sql) && parked.remove(entry, sql));
                        return Optional.empty();
                    } catch (Throwable failure) {
                        return Optional.of(new Failed(failure, turn.handler));
                    }
                };
        return new ParkedRunner(
                name,
                listener.name(),
                parked,
                handling,
                EffectRunner.MAX_LANES,
                database,
                lease,
                meter,
                part,
                time);
    }

    String listener() {
        return listener;
    }

    /** Looks at once. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void start() {
        loop.start();
    }

    @Override
    public void stop(Duration atMost) {
        loop.stop(atMost);
    }

    private void step() throws Exception {
        var keys = parked.wanted(lanes, database);
        if (keys.isEmpty()) rest(LOOK);
        else if (!lease.take()) rest(ELSEWHERE);
        else
            try {
                work(keys);
            } finally {
                lease.release();
            }
    }

    private void rest(Duration atMost) throws Exception {
        long endNanos = time.nanos() + atMost.toNanos();
        loop.idle(() -> {
            lock.lockInterruptibly();
            try {
                for (long leftNanos = atMost.toNanos();
                        !woken && leftNanos > 0;
                        leftNanos = endNanos - time.nanos())
                    changed.await(Duration.ofNanos(leftNanos));
                woken = false;
                return true;
            } finally {
                lock.unlock();
            }
        });
    }

    /** Works at the keys beside each other until all are done with; keeps the lease meanwhile. */
    private void work(List<Inbox.Key> keys) throws Exception {
        var hindrance = new AtomicReference<Optional<Exception>>(Optional.empty());
        var renewing = Context.none().call(() -> time.start(name + " renews", this::renew));
        var threads =
                keys.stream()
                        .map(key -> time.start(name + " parked", () -> work(key, hindrance)))
                        .toList();
        try {
            for (var thread : threads) thread.join();
        } finally {
            threads.forEach(Thread::interrupt);
            renewing.interrupt();
        }
        if (hindrance.get().isPresent()) throw hindrance.get().get();
    }

    private void renew() {
        try {
            while (true) {
                time.sleep(Lease.RENEWAL);
                try {
                    lease.take();
                } catch (RuntimeException e) {
                    Loop.LOG.log(System.Logger.Level.DEBUG, name + " cannot renew its lease", e);
                }
            }
        } catch (InterruptedException done) {
            Thread.currentThread().interrupt();
        }
    }

    private void work(Inbox.Key key, AtomicReference<Optional<Exception>> hindrance) {
        try {
            for (var next = next(key); next.isPresent(); next = next(key)) {
                boolean goesOn = handle(next.get());
                part.parkedChanged();
                if (!goesOn) return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            hindrance.set(Optional.of(e));
        }
    }

    /** The key's next event, when it is its turn; empty if it is not to be tried, or not here. */
    private Optional<Parked.Entry> next(Inbox.Key key) throws InterruptedException {
        var next = parked.first(key, database).filter(entry -> entry.perMinute() > 0);
        if (next.isEmpty() || !awaitTurn(next.get().perMinute())) return Optional.empty();
        return next;
    }

    /** Waits until so many a minute allow one more; false if it has to stop before. */
    private boolean awaitTurn(long perMinute) throws InterruptedException {
        long apartNanos = Duration.ofMinutes(1).toNanos() / perMinute;
        lock.lockInterruptibly();
        try {
            long turnNanos = Math.max(nextNanos, time.nanos());
            nextNanos = turnNanos + apartNanos;
            for (long leftNanos = turnNanos - time.nanos();
                    leftNanos > 0 && !loop.stopping();
                    leftNanos = turnNanos - time.nanos())
                changed.await(Duration.ofNanos(Math.min(leftNanos, STOPPING.toNanos())));
            return !loop.stopping() && lease.held();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the key goes on. */
    private boolean handle(Parked.Entry entry) throws Exception {
        long erasures = parked.subjects().known();
        var failed = handling.handle(entry);
        if (failed.isEmpty()) {
            retried.add(1, listener, EventMetrics.HANDLED);
            return true;
        }
        var why = failed.get().why();
        if (loop.stopping()) return false;
        if (!Attempts.counts(why))
            throw why instanceof Exception known ? known : new IllegalStateException(why);
        retried.add(1, listener, EventMetrics.FAILED);
        database.write(sql -> {
            var fault = new Parked.Fault(why, erasures);
            parked.failed(entry, failed.get().handler(), fault, time.now(), sql);
            return true;
        });
        Loop.LOG.log(
                System.Logger.Level.WARNING,
                name
                        + " tried the parked "
                        + entry.event().type()
                        + " "
                        + entry.event().id()
                        + " again in vain; its key stays parked",
                why);
        return false;
    }
}
