package dev.weft.events;

import dev.weft.core.Meter;
import dev.weft.core.Receipt;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How far one service has come: what its projections, its publication and its listeners have
 * applied, and what keeps them.
 *
 * <p>Asked with every request that carries {@code Weft-After}: what is applied already is answered
 * from an immutable summary, without a lock. Waiting is on a condition that each report signals. The
 * lock guards the parts and is never held while a thread does anything else.
 */
public final class Progress {

    /**
     * What has not been applied yet, and by whom.
     *
     * @param by {@code projection NAME}, {@code publication} or {@code listener NAME}
     * @param source whose log is meant
     * @param position that was waited for
     * @param applied the position up to which it has applied the source
     * @param attempt how often it has failed in a row; 0 if it has not
     * @param error the failing event and why it fails; empty if nothing does
     * @param parked whether it is a key that was parked: it does not go on by itself
     */
    public record Blocked(
            String by,
            String source,
            long position,
            long applied,
            int attempt,
            String error,
            boolean parked) {}

    /**
     * One projection, publication or listener, as it is at the moment.
     *
     * @param kind {@code projection}, {@code rebuild}, {@code publication}, {@code view}, {@code transactional} or {@code effect}
     * @param applied up to where of which log
     * @param keys how many keys of events do not go on because one fails; for a projection or the
     *     publication 1, as all of it stands
     * @param failing some of what fails
     */
    public record State(
            String kind, String name, Receipt applied, int keys, List<Failing> failing) {}

    /** How much of what fails is told of one part. */
    static final int MAX_FAILING = 10;

    /**
     * Why something does not go on.
     *
     * @param source of the failing event; empty if it is not an event's fault
     * @param key of the failing event, if only events of that key wait for it; else empty
     * @param attempt how often it has failed in a row
     * @param next when it is tried again
     */
    public record Failing(
            String source, long position, String key, int attempt, String error, Instant next) {

        static Failing of(BusEvent event, int attempt, String error, Instant next) {
            return new Failing(
                    event.source(),
                    event.position(),
                    event.key(),
                    attempt,
                    event.type() + ": " + error,
                    next);
        }
    }

    /** How often one that waits looks whether what another process tries again has got through. */
    private static final Duration ELSEWHERE = Duration.ofMillis(500);

    /** What a part is; also how it counts. */
    enum Kind {
        PROJECTION("projection "),

        /** Tables of a projection beside the live ones: nobody waits for these. */
        REBUILD("rebuild "),
        PUBLICATION("publication"),
        TRANSACTIONAL("listener "),

        /** Hears for a projection of the same name, and is where that is. */
        VIEW("listener "),
        EFFECT("listener "),
        TIMERS("timers"),
        CALLS("calls of sagas");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /** One projection, publication or listener. */
    final class Part {
        private final Kind kind;
        private final String name;
        private final String by;
        private final Map<String, Long> applied = new HashMap<>();

        /** By what fails: one entry per key of events, or one for all of it. */
        private final Map<Object, Failing> failing = new LinkedHashMap<>();

        /** Of a view: what it has heard and not projected yet; of what came meanwhile, the newest. */
        private final ArrayDeque<Hearing> heard = new ArrayDeque<>(2);

        private Part(Kind kind, String name) {
            this.kind = kind;
            this.name = name;
            this.by = kind.prefix + name;
        }

        boolean stands() {
            lock.lock();
            try {
                return !failing.isEmpty();
            } finally {
                lock.unlock();
            }
        }

        boolean lags(String source, long position) {
            lock.lock();
            try {
                return appliedOf(source) < position;
            } finally {
                lock.unlock();
            }
        }

        String by() {
            return by;
        }

        void applied(String source, long position) {
            applied(Receipt.of(source, position));
        }

        void applied(Receipt receipt) {
            change(() -> applied.putAll(receipt.positions()));
        }

        /**
         * What a listener has applied. A view has when all that the service's log holds by now is projected.
         *
         * @param head tells the log's end
         */
        void applied(Receipt receipt, LongSupplier head) {
            if (kind != Kind.VIEW) {
                applied(receipt);
                return;
            }
            var hearing = new Hearing(receipt, head.getAsLong());
            change(() -> {
                if (heard.size() == 2) heard.removeLast();
                heard.add(hearing);
            });
        }

        private void projected() {
            while (!heard.isEmpty() && heard.getFirst().position <= projectedBy(name))
                applied.putAll(heard.removeFirst().receipt.positions());
        }

        void failing(Object what, Failing why) {
            change(() -> failing.put(what, why));
        }

        void recovered(Object what) {
            change(() -> failing.remove(what));
        }

        /** Has those look again that wait for what this listener had parked. */
        void parkedChanged() {
            change(() -> parkedChanges++);
        }

        /** Whether it reads events that others wait for. */
        private boolean isReader() {
            return kind != Kind.TIMERS && kind != Kind.CALLS && kind != Kind.REBUILD;
        }

        /** Whether it keeps tables by what others tell. */
        private boolean keepsTables() {
            return kind == Kind.TRANSACTIONAL || kind == Kind.VIEW;
        }

        /** Whether it works at the service's own log. */
        private boolean isOwn() {
            return kind == Kind.PROJECTION || kind == Kind.PUBLICATION;
        }

        /** Whether it is there. */
        void present(boolean there) {
            change(() -> {
                if (!there) parts.remove(this);
                else if (!parts.contains(this)) parts.add(this);
            });
        }

        private State state(int maxFailing) {
            return new State(
                    kind.name().toLowerCase(Locale.ROOT),
                    name,
                    new Receipt(applied),
                    failing.size(),
                    failing.values().stream().limit(maxFailing).toList());
        }

        private long appliedOf(String source) {
            return applied.getOrDefault(source, 0L);
        }

        private void blockedAt(String source, long position, List<Blocked> blocked) {
            long at = appliedOf(source);
            if (at >= position) return;
            var why =
                    failing.values().stream()
                            .filter(one -> one.source.equals(source))
                            .findFirst()
                            .or(() ->
                                    failing.values().stream()
                                            .filter(one -> one.source.isEmpty())
                                            .findFirst());
            blocked.add(
                    new Blocked(
                            by,
                            source,
                            position,
                            at,
                            why.map(Failing::attempt).orElse(0),
                            why.map(Failing::error).orElse(""),
                            false));
        }
    }

    /** Up to where the bus was heard, when the service's own log ended there. */
    private record Hearing(Receipt receipt, long position) {}

    /** What all tables of the service have applied. */
    private record Views(long own, boolean listens, Map<String, Long> others) {}

    private final String service;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;
    private final List<Part> parts = new ArrayList<>();
    private final AtomicInteger settling = new AtomicInteger();
    private long parkedChanges;
    private volatile Function<Set<String>, List<Blocked>> parked = correlations -> List.of();
    private volatile Views views = new Views(Long.MAX_VALUE, false, Map.of());

    Progress(String service, Time time) {
        this.service = service;
        this.time = time;
        this.changed = new Signal(lock, time);
    }

    /** Has it read here what is parked, of some correlations or, if none is named, of all; that asks the database. */
    void parked(Function<Set<String>, List<Blocked>> keys) {
        parked = keys;
    }

    /** A part that has applied nothing yet; it is there from now on, a rebuild when it {@link Part#present says} so. */
    Part part(Kind kind, String name) {
        var part = new Part(kind, name);
        part.present(kind != Kind.REBUILD);
        return part;
    }

    /**
     * Has its lags and what fails in this meter.
     *
     * @param log whose end the lags are measured to
     */
    void observe(Meter meter, EventStore log) {
        meter.observe(EventMetrics.PROJECTION_LAG, it -> lags(Kind.PROJECTION, log, it));
        meter.observe(EventMetrics.PUBLICATION_LAG, it -> lags(Kind.PUBLICATION, log, it));
        meter.observe(EventMetrics.FAILING, this::failing);
    }

    private void lags(Kind kind, EventStore log, Meter.Observer to) {
        // The end first: what is applied meanwhile makes a lag smaller, not negative.
        long head = log.head();
        lock.lock();
        try {
            for (var part : parts) {
                if (part.kind != kind) continue;
                var lag = (double) Math.max(0, head - part.appliedOf(service));
                if (kind == Kind.PUBLICATION) to.value(lag);
                else to.value(lag, part.name);
            }
        } finally {
            lock.unlock();
        }
    }

    private void failing(Meter.Observer to) {
        lock.lock();
        try {
            for (var part : parts) to.value(part.failing.size(), part.by);
        } finally {
            lock.unlock();
        }
    }

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            parts.forEach(Part::projected);
            views = summary();
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    /** Up to where the projection of this name has come in the service's own log. */
    private long projectedBy(String name) {
        return parts.stream()
                .filter(part -> part.kind == Kind.PROJECTION && part.name.equals(name))
                .mapToLong(part -> part.appliedOf(service))
                .min()
                .orElse(0);
    }

    private Views summary() {
        long own = Long.MAX_VALUE;
        boolean listens = false;
        Map<String, Long> others = new HashMap<>();
        for (var part : parts) {
            if (part.kind == Kind.PROJECTION) {
                own = Math.min(own, part.appliedOf(service));
            } else if (part.keepsTables()) {
                if (!listens) others.putAll(part.applied);
                else others.replaceAll((source, at) -> Math.min(at, part.appliedOf(source)));
                listens = true;
            }
        }
        return new Views(own, listens, Map.copyOf(others));
    }

    /**
     * Waits until this service's tables have applied these positions: its own ones its projections,
     * those of others its transactional listeners. A service without such listeners has no table that
     * could lag behind others.
     *
     * @return what is still missing when the time is over; empty if all is applied
     */
    public List<Blocked> awaitViews(Receipt after, Duration atMost) throws InterruptedException {
        if (applied(after)) return List.of();
        return await(() -> missingIn(after), atMost);
    }

    /** Whether this service's tables have applied these positions. Takes no lock. */
    public boolean applied(Receipt after) {
        var views = this.views;
        for (var entry : after.positions().entrySet()) {
            long at;
            if (entry.getKey().equals(service)) at = views.own;
            else if (views.listens) at = views.others.getOrDefault(entry.getKey(), 0L);
            else continue;
            if (at < entry.getValue()) return false;
        }
        return true;
    }

    private List<Blocked> missingIn(Receipt after) {
        var blocked = new ArrayList<Blocked>();
        after.positions()
                .forEach((source, position) -> {
                    boolean own = source.equals(service);
                    for (var part : parts)
                        if (own ? part.kind == Kind.PROJECTION : part.keepsTables())
                            part.blockedAt(source, position, blocked);
                });
        return blocked;
    }

    /**
     * Waits until everything has caught up: projections and publication with the own log up to this
     * position, all listeners, effects too, with that and with the positions of others. A parked key
     * has not caught up, and is not waited for unless it is being tried again.
     *
     * @return what is still missing when the time is over, or when all that is missing is parked;
     *     empty if the service is settled
     */
    public List<Blocked> awaitSettled(long head, Receipt after, Duration atMost)
            throws InterruptedException {
        settling.incrementAndGet();
        try {
            long endNanos = time.nanos() + atMost.toNanos();
            var all = head > 0 ? after.and(Receipt.of(service, head)) : after;
            var blocked = new ArrayList<>(await(() -> unsettled(all), atMost));
            blocked.addAll(awaitParked(Set.of(), blocked.isEmpty() ? endNanos : time.nanos()));
            return blocked;
        } finally {
            settling.decrementAndGet();
        }
    }

    /**
     * Waits until what these correlations have brought about in this service's own log is projected and published, and
     * nothing of them that a listener had parked is being tried again. What they still have at the bus is the bus's to tell.
     * Where projections and publication lag, what lies before is looked through for them once.
     *
     * @param correlations {@link Origin#correlation}, at least one
     * @return what is still missing when the time is over, or when all that is missing is parked
     */
    public List<Blocked> awaitOf(Set<String> correlations, EventStore log, Duration atMost)
            throws InterruptedException {
        settling.incrementAndGet();
        try {
            long endNanos = time.nanos() + atMost.toNanos();
            // First what may still write, then what is written: the other way round, something
            // could slip through.
            var blocked = new ArrayList<>(awaitParked(correlations, endNanos));
            long from = appliedOfOwn();
            long last = 0;
            for (var correlation : correlations)
                last = Math.max(last, log.lastOf(correlation, from));
            if (last > 0) {
                long position = last;
                var left = Duration.ofNanos(endNanos - time.nanos());
                blocked.addAll(await(() -> behind(position), left));
            }
            return blocked;
        } finally {
            settling.decrementAndGet();
        }
    }

    private List<Blocked> awaitParked(Set<String> correlations, long endNanos)
            throws InterruptedException {
        while (true) {
            long seen = parkedChanges();
            var keys = parked.apply(correlations);
            long leftNanos = endNanos - time.nanos();
            if (leftNanos <= 0 || keys.stream().allMatch(Blocked::parked)) return keys;
            awaitParkedChange(seen, Math.min(leftNanos, ELSEWHERE.toNanos()));
        }
    }

    private long parkedChanges() {
        lock.lock();
        try {
            return parkedChanges;
        } finally {
            lock.unlock();
        }
    }

    private void awaitParkedChange(long seen, long atMostNanos) throws InterruptedException {
        long endNanos = time.nanos() + atMostNanos;
        lock.lockInterruptibly();
        try {
            for (long leftNanos = atMostNanos;
                    leftNanos > 0 && parkedChanges == seen;
                    leftNanos = endNanos - time.nanos()) changed.await(Duration.ofNanos(leftNanos));
        } finally {
            lock.unlock();
        }
    }

    /** Up to where projections and publication have all come. */
    private long appliedOfOwn() {
        lock.lock();
        try {
            return parts.stream()
                    .filter(Part::isOwn)
                    .mapToLong(part -> part.appliedOf(service))
                    .min()
                    .orElse(0);
        } finally {
            lock.unlock();
        }
    }

    private List<Blocked> behind(long position) {
        var blocked = new ArrayList<Blocked>();
        for (var part : parts) if (part.isOwn()) part.blockedAt(service, position, blocked);
        return blocked;
    }

    private List<Blocked> unsettled(Receipt all) {
        var blocked = new ArrayList<Blocked>();
        for (var part : parts)
            all.positions()
                    .forEach((source, position) -> {
                        boolean concerns =
                                part.isReader() && (!part.isOwn() || source.equals(service));
                        if (concerns) part.blockedAt(source, position, blocked);
                    });
        return blocked;
    }

    /** Whether somebody waits for everything to settle, so that nothing should be put off. */
    boolean settling() {
        return settling.get() > 0;
    }

    private List<Blocked> await(Supplier<List<Blocked>> missing, Duration atMost)
            throws InterruptedException {
        long endNanos = time.nanos() + atMost.toNanos();
        lock.lockInterruptibly();
        try {
            while (true) {
                var blocked = missing.get();
                long leftNanos = endNanos - time.nanos();
                if (blocked.isEmpty() || leftNanos <= 0) return blocked;
                changed.await(Duration.ofNanos(leftNanos));
            }
        } finally {
            lock.unlock();
        }
    }

    /** All projections, the publication and all listeners. */
    public List<State> states() {
        return states(MAX_FAILING);
    }

    /** The same with so much at most of what fails in each. */
    public List<State> states(int maxFailing) {
        lock.lock();
        try {
            return parts.stream().map(part -> part.state(maxFailing)).toList();
        } finally {
            lock.unlock();
        }
    }

    /** The position up to which this service's log is published. */
    public long published() {
        lock.lock();
        try {
            return parts.stream()
                    .filter(part -> part.kind == Kind.PUBLICATION)
                    .mapToLong(part -> part.appliedOf(service))
                    .min()
                    .orElse(0);
        } finally {
            lock.unlock();
        }
    }

    /** Everything that fails at present, whether anyone waits for it or not. */
    public List<Blocked> failing() {
        lock.lock();
        try {
            var failing = new ArrayList<Blocked>();
            for (var part : parts)
                for (var why : part.failing.values())
                    failing.add(
                            new Blocked(
                                    part.by,
                                    why.source,
                                    why.position,
                                    part.appliedOf(why.source),
                                    why.attempt,
                                    why.error,
                                    false));
            return failing;
        } finally {
            lock.unlock();
        }
    }
}
