package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Receipt;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A bus within one process, which it does not outlive.
 *
 * <p>It keeps every event, {@value #MAX_EVENTS} at most unless told otherwise; publishing more fails
 * with {@link Failure.Storage}. A service that runs alone fills it from its log at each start.
 *
 * <p>One lock guards everything; it is held for moments only, and never while a thread waits.
 */
public final class MemoryBus implements Bus {

    /** The most events that it keeps, unless told otherwise. */
    public static final int MAX_EVENTS = 1_000_000;

    private final Time time;
    private final int maxEvents;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;

    /** The event with sequence n is at n - 1. */
    private final List<BusEvent> log = new ArrayList<>();

    private final Map<String, Long> published = new HashMap<>();
    private final Map<String, SubscriptionLedger> subscriptions = new HashMap<>();
    private long lastConsumer;
    private boolean closed;

    public MemoryBus(Time time) {
        this(time, MAX_EVENTS);
    }

    /**
     * @param maxEvents the most events that it keeps
     */
    public MemoryBus(Time time, int maxEvents) {
        this.time = time;
        this.maxEvents = maxEvents;
        this.changed = new Signal(lock, time);
    }

    @Override
    public void publish(String source, long through, List<BusEvent> events) {
        PublicationRules.check(source, through, events);
        lock.lock();
        try {
            requireOpen();
            long before = published.getOrDefault(source, 0L);
            if (through <= before) return;
            var fresh = events.stream().filter(event -> event.position() > before).toList();
            if (log.size() + fresh.size() > maxEvents)
                throw new Failure.Storage(
                        "the bus in this process keeps at most "
                                + maxEvents
                                + " events and has "
                                + log.size()
                                + "; name a hub as WEFT_BUS to keep more",
                        null);
            log.addAll(fresh);
            published.put(source, through);
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean durable() {
        return false;
    }

    @Override
    public long published(String source) {
        lock.lock();
        try {
            requireOpen();
            return published.getOrDefault(source, 0L);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Consumer subscribe(String name, Set<String> types) {
        lock.lock();
        try {
            requireOpen();
            var ledger = subscriptions.get(name);
            if (ledger == null) {
                ledger = new SubscriptionLedger(types, SubscriptionLedger.State.NEW, time.nanos());
                subscriptions.put(name, ledger);
            }
            var consumer = new MemoryConsumer(ledger, Long.toString(++lastConsumer));
            ledger.join(consumer.id, types, time.nanos());
            changed.all();
            return consumer;
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) throw new Failure.Unreachable("the bus in this process is closed", false, null);
    }

    /** Reads the log until enough was found or it ends. The lock is held. */
    private SubscriptionLedger.Reading read(long after, int room, Set<String> types) {
        var found = new ArrayList<SubscriptionLedger.Logged>();
        long at = after;
        while (at < log.size() && found.size() < room) {
            var event = log.get((int) at);
            at++;
            if (types.contains(event.type())) found.add(new SubscriptionLedger.Logged(at, event));
        }
        return new SubscriptionLedger.Reading(
                after, at, found, at == log.size() ? published : Map.of());
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    private final class MemoryConsumer implements Consumer {
        private final SubscriptionLedger ledger;
        private final String id;
        private boolean left;

        MemoryConsumer(SubscriptionLedger ledger, String id) {
            this.ledger = ledger;
            this.id = id;
        }

        @Override
        public Batch poll(Duration atMost) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                requireOpen();
                if (left) throw new IllegalStateException("this consumer has left");
                long endNanos = time.nanos() + atMost.toNanos();
                while (!closed && !left) {
                    ledger.heard(id, time.nanos());
                    boolean more = true;
                    while (more && ledger.wants(id, time.nanos()))
                        more = ledger.add(read(ledger.through(), ledger.room(), ledger.types()));
                    var batch = ledger.take(id, time.nanos());
                    if (batch.isPresent()) return batch.get();
                    long leftNanos = endNanos - time.nanos();
                    if (leftNanos <= 0) break;
                    changed.await(Duration.ofNanos(Math.min(leftNanos, SILENCE.toNanos() / 2)));
                }
                return new Batch(List.of(), left ? Receipt.NONE : ledger.applied());
            } finally {
                lock.unlock();
            }
        }

        @Override
        public List<BusEvent> acknowledge(List<BusEvent> events) {
            lock.lock();
            try {
                requireOpen();
                if (!left) ledger.heard(id, time.nanos());
                var ids = events.stream().map(BusEvent::id).toList();
                var refused = ledger.acknowledge(id, ids).refused();
                changed.all();
                return events.stream().filter(event -> refused.contains(event.id())).toList();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (left) return;
                left = true;
                ledger.leave(id);
                changed.all();
            } finally {
                lock.unlock();
            }
        }
    }
}
