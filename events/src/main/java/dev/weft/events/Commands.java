package dev.weft.events;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Receipt;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;

/**
 * Handles commands: state, decision, append.
 *
 * <p>The states of the {@value #MAX_STATES} instances used last are kept with their version. A
 * decision is made on the state at hand; the expected version sees to it that events are only
 * stored if that was the newest. A rejection, and a decision that nothing happens, store nothing
 * that could fail, so they count only for a state that was read in this call. Commands to the same stream wait for each
 * other, as all but one of them would be decided in vain; when other processes write to it, the command is decided again,
 * {@value #MAX_ATTEMPTS} times in all.
 *
 * <p>Work that has a key ({@link dev.weft.core.Work}) appends once, however often it is done again:
 * each call takes the work's next append key, whatever comes of it, and a key that was used before
 * is answered with the state behind the first append. So work done again has to handle its commands
 * in the same order.
 *
 * <p>Safe for many threads. The lock guards states and codecs and is never held during I/O.
 */
public final class Commands {

    /** The most states that are kept. */
    public static final int MAX_STATES = 10_000;

    /** How often a command is decided before the conflict is its caller's. */
    public static final int MAX_ATTEMPTS = 10;

    private static final int READ_BATCH = 500;

    /** What transactions know is kept apart: it has no personal values, so it outlives erasures. No stream is named so. */
    private static final String WITHIN = "within ";

    private static final long IN_TRANSACTION = -1;

    private static final Backoff CONFLICT =
            new Backoff(Duration.ofMillis(1), Duration.ofMillis(20));

    private final String service;
    private final PublicationBounds bounds;
    private final EventStore store;
    private final Time time;
    private final Tracer tracer;
    private final Meter.Counter stored;
    private final Meter.Counter conflicts;
    private final Turns turns = new Turns();
    private final Object lock = new Object();
    private final Map<String, Coded> codecs = new HashMap<>();
    private final LinkedHashMap<String, Known> states = new LinkedHashMap<>(64, 0.75f, true);

    /** By transactions under way; those that fail are forgotten with them. */
    private final Map<Transaction, Map<String, Known>> within = new WeakHashMap<>();

    private record Coded(Decider<?, ?, ?> decider, EventCodec<?> codec) {}

    /**
     * @param erasures of personal data before it was read
     */
    private record Known(Decider<?, ?, ?> decider, At<?> at, long erasures) {}

    /**
     * A state, and the version of the stream that it is the state of.
     *
     * @param kept the version of the last snapshot that is known of; 0 without one
     */
    private record At<S>(S state, long version, long kept) {
        At<S> keptAt(long version) {
            return new At<>(state, this.version, version);
        }
    }

    /** Events of one stream, from somewhere. */
    private interface Reading {
        List<StoredEvent> events(long afterVersion, int max);
    }

    /** Measures nothing. */
    public Commands(String service, EventStore store, Time time, Tracer tracer) {
        this(service, store, time, tracer, Meter.NONE);
    }

    /**
     * @param service whose log the store is
     */
    public Commands(String service, EventStore store, Time time, Tracer tracer, Meter meter) {
        this(
                new PublicationBounds(service, List.of(), time),
                store,
                time,
                tracer,
                meter.counter(EventMetrics.APPENDED),
                meter.counter(EventMetrics.CONFLICTS));
    }

    private Commands(
            PublicationBounds bounds,
            EventStore store,
            Time time,
            Tracer tracer,
            Meter.Counter stored,
            Meter.Counter conflicts) {
        this.service = bounds.service();
        this.bounds = bounds;
        this.stored = stored;
        this.conflicts = conflicts;
        this.store = store;
        this.time = time;
        this.tracer = tracer;
    }

    /**
     * The same for a service with these publications: an event that they could not publish is not stored, but its command
     * fails with {@link Failure.TooLarge}.
     */
    public Commands telling(List<? extends Publication<?>> publications) {
        return new Commands(
                new PublicationBounds(service, publications, time),
                store,
                time,
                tracer,
                stored,
                conflicts);
    }

    /**
     * What comes of the command for the instance with this id; returns when it is on disk. {@link
     * Failure.Conflict} if others were faster each time.
     */
    public <C, S, E> Outcome<S> handle(Decider<C, S, E> decider, String id, C command)
            throws InterruptedException {
        return turns.run(
                decider.stream(id),
                () -> new Instance<>(decider, id, store.erasures()).handle(command));
    }

    /**
     * What comes of the command, decided and stored within a transaction: on what that sees, its own appends too, so that there is
     * no conflict.
     *
     * @param origin of what is stored
     */
    <C, S, E> Outcome<S> handle(
            Decider<C, S, E> decider,
            String id,
            C command,
            Origin origin,
            Transaction transaction) {
        return new Instance<>(decider, id, IN_TRANSACTION).handle(command, origin, transaction);
    }

    /** The state of the instance with this id, as of now; the initial one if it has no events. */
    public <C, S, E> S state(Decider<C, S, E> decider, String id) {
        return new Instance<>(decider, id, store.erasures()).newest().state();
    }

    /** The commands of one stream. */
    private final class Instance<C, S, E> {
        private final Decider<C, S, E> decider;
        private final EventCodec<E> codec;
        private final String stream;
        private final long erasures;

        Instance(Decider<C, S, E> decider, String id, long erasures) {
            this.erasures = erasures;
            this.decider = decider;
            this.codec = codec(decider);
            this.stream = decider.stream(id);
        }

        Outcome<S> handle(C command) throws InterruptedException {
            var origin = Origin.current();
            if (!origin.appendKey().isEmpty()) {
                var before = store.appended(origin.appendKey());
                if (before.isPresent()) return again(before.get(), origin);
            }
            var known = known(decider, stream, erasures);
            boolean read = known.isEmpty();
            var at = read ? newest() : known.get();
            for (int attempt = 1; ; attempt++) {
                var decision = decider.decide().apply(command, at.state());
                if (!read && emitted(decision).isEmpty()) {
                    var newest = newest();
                    read = true;
                    if (newest.version() != at.version())
                        decision = decider.decide().apply(command, newest.state());
                    at = newest;
                }
                if (decision instanceof Decision.Reject<E>(var reason, var detail))
                    return new Outcome.Rejected<>(reason, detail);
                var events = emitted(decision);
                if (events.isEmpty()) return new Outcome.Accepted<>(at.state(), at.version());
                try {
                    return append(at, events, conditions(decision), origin);
                } catch (Failure.Conflict e) {
                    var rejected = rejected(decision, at);
                    if (rejected.isPresent()) return rejected.get();
                    conflicts.add(1, decider.name());
                    if (attempt == MAX_ATTEMPTS) throw e;
                }
                if (read) time.sleep(CONFLICT.after(attempt, time));
                at = newest();
                read = true;
            }
        }

        Outcome<S> handle(C command, Origin origin, Transaction transaction) {
            var at = newest(transaction);
            var decision = decider.decide().apply(command, at.state());
            if (decision instanceof Decision.Reject<E>(var reason, var detail))
                return new Outcome.Rejected<>(reason, detail);
            for (var one : unless(decision))
                if (!transaction.log(one.query(), 0, 1).isEmpty())
                    return new Outcome.Rejected<>(
                            one.rejection().reason(), one.rejection().detail());
            var events = emitted(decision);
            if (events.isEmpty()) return new Outcome.Accepted<>(at.state(), at.version());
            var appended =
                    transaction.append(
                            List.of(
                                    new Append(
                                            stream,
                                            at.version(),
                                            events.stream().map(this::readable).toList())),
                            origin.withoutAppendKey());
            S state = at.state();
            for (var event : events) state = decider.evolve().apply(state, event);
            var behind = new At<>(state, appended.version(), at.kept());
            within(transaction).put(stream, new Known(decider, behind, IN_TRANSACTION));
            stored.add(events.size(), decider.name());
            return new Outcome.Accepted<>(state, appended.version());
        }

        /**
         * Folds on from what is known, or from the snapshot. That is known from here on, whatever is decided: in this transaction at
         * once, in others when it is committed.
         */
        private At<S> newest(Transaction transaction) {
            var within = within(transaction);
            var known = Optional.ofNullable(within.get(stream));
            @SuppressWarnings("unchecked") // the state is of this very decider
            var from =
                    known.filter(it -> it.decider().equals(decider))
                            .map(it -> (At<S>) it.at())
                            .or(() -> known(decider, WITHIN + stream, IN_TRANSACTION))
                            .orElseGet(() -> start(transaction));
            var at =
                    fold(
                            from,
                            Long.MAX_VALUE,
                            (version, max) -> transaction.stream(stream, version, max));
            within.put(stream, new Known(decider, at, IN_TRANSACTION));
            return at;
        }

        private At<S> start(Transaction transaction) {
            return decider.snapshots()
                    .map(it -> kept(it, transaction.snapshot(stream), Long.MAX_VALUE))
                    .orElse(new At<>(decider.initial(), 0, 0));
        }

        private List<E> emitted(Decision<E> decision) {
            return switch (decision) {
                case Decision.Emit<E>(var events, _) -> events;
                case Decision.Reject<E> _ -> List.of();
            };
        }

        private List<Decision.Unless> unless(Decision<E> decision) {
            return switch (decision) {
                case Decision.Emit<E>(_, var unless) -> unless;
                case Decision.Reject<E> _ -> List.of();
            };
        }

        private List<Condition> conditions(Decision<E> decision) {
            return unless(decision).stream().map(it -> new Condition(it.query(), 0)).toList();
        }

        /** The rejection that is made of a decision against which something stands by now. */
        private Optional<Outcome<S>> rejected(Decision<E> decision, At<S> decidedAt) {
            var unless = unless(decision);
            if (unless.isEmpty() || newest().version() != decidedAt.version())
                return Optional.empty();
            for (var one : unless)
                if (!store.log(one.query(), 0, 1).isEmpty())
                    return Optional.of(
                            new Outcome.Rejected<>(
                                    one.rejection().reason(), one.rejection().detail()));
            return Optional.empty();
        }

        private Outcome<S> append(
                At<S> at, List<E> events, List<Condition> conditions, Origin origin)
                throws InterruptedException {
            var append =
                    new Append(stream, at.version(), events.stream().map(this::encoded).toList());
            var appended = appendInSpan(append, conditions, origin);
            if (appended.repeated()) return again(appended, origin);
            wrote(appended);
            stored.add(events.size(), decider.name());
            S state = at.state();
            for (var event : events) state = decider.evolve().apply(state, event);
            var behind = new At<>(state, appended.version(), at.kept());
            remember(
                    decider,
                    stream,
                    decider.snapshots().map(it -> keep(stream, it, behind)).orElse(behind),
                    erasures);
            return new Outcome.Accepted<>(state, appended.version());
        }

        private NewEvent encoded(E event) {
            var encoded = codec.encode(event);
            var id = stream.substring(decider.name().length() + 1);
            bounds.check(decider, id, event, encoded);
            return encoded;
        }

        /** One that a transaction to come can read again, which opens nothing. */
        private NewEvent readable(E event) {
            var encoded = encoded(event);
            if (PersonalJson.isIn(encoded.data()))
                throw new IllegalArgumentException(
                        "the event "
                                + encoded.type()
                                + " of "
                                + stream
                                + " has personal values, and a saga's command is decided within a transaction, which cannot"
                                + " read them again; keep the person's id only, or have an effect handle the command"
                                + " (Listener.effect)");
            return encoded;
        }

        /** Where to begin to read: what lies in the snapshot, if this code can read it. */
        private At<S> kept(Snapshots<S> snapshots, Optional<Snapshot> found, long toVersion) {
            var type = snapshots.type();
            var initial = new At<>(decider.initial(), 0, 0);
            if (found.isEmpty()) return initial;
            var snapshot = found.get();
            if (!snapshot.type().equals(type.name())
                    || snapshot.typeVersion() != type.version()
                    || snapshot.version() > toVersion) return initial;
            try {
                var state = type.read().apply(snapshot.data());
                return new At<>(state, snapshot.version(), snapshot.version());
            } catch (RuntimeException e) {
                Loop.LOG.log(
                        System.Logger.Level.WARNING,
                        "the snapshot of "
                                + stream
                                + " at version "
                                + snapshot.version()
                                + " does not fit "
                                + type.name()
                                + " in version "
                                + type.version()
                                + ", whose version should have been raised; all events are read: "
                                + e);
                return initial;
            }
        }

        /** What the first append with this key was answered with. */
        private Outcome<S> again(Appended first, Origin origin) {
            var last = store.log(first.position() - 1, 1).getFirst();
            if (!last.stream().equals(stream))
                throw new IllegalStateException(
                        "the work appended to "
                                + last.stream()
                                + " under the key "
                                + origin.appendKey()
                                + " when it was first done, and now to "
                                + stream
                                + "; it has to handle its commands in the same order each time");
            wrote(first);
            var at = fold(startFor(first.version()), first.version(), this::stored);
            return new Outcome.Accepted<>(at.state(), at.version());
        }

        private At<S> startFor(long version) {
            return known(decider, stream, erasures)
                    .filter(at -> at.version() <= version)
                    .orElseGet(() ->
                            decider.snapshots()
                                    .map(it -> kept(it, store.snapshot(stream), version))
                                    .orElse(new At<>(decider.initial(), 0, 0)));
        }

        /** The state with all events that are stored now. */
        At<S> newest() {
            var at = fold(startFor(Long.MAX_VALUE), Long.MAX_VALUE, this::stored);
            remember(decider, stream, at, erasures);
            return at;
        }

        private List<StoredEvent> stored(long afterVersion, int max) {
            return store.stream(stream, afterVersion, max);
        }

        private At<S> fold(At<S> from, long toVersion, Reading reading) {
            S state = from.state();
            long version = from.version();
            while (version < toVersion) {
                int max = (int) Math.min(READ_BATCH, toVersion - version);
                var events = reading.events(version, max);
                if (events.isEmpty()) break;
                for (var event : events) {
                    state = decider.evolve().apply(state, codec.data(event));
                    version = event.version();
                }
            }
            return new At<>(state, version, from.kept());
        }
    }

    /** Keeps the state if it is time to. It only saves reading, so what is stored stays stored if that fails. */
    private <S> At<S> keep(String stream, Snapshots<S> snapshots, At<S> at) {
        if (at.version() - at.kept() < snapshots.every()) return at;
        var type = snapshots.type();
        try {
            store.keep(
                    new Snapshot(
                            stream,
                            at.version(),
                            type.name(),
                            type.version(),
                            type.write().apply(at.state())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            Loop.LOG.log(
                    System.Logger.Level.WARNING,
                    "no snapshot of " + stream + " at version " + at.version() + ": " + e);
        }
        return new At<>(at.state(), at.version(), at.version());
    }

    /** What a transaction under way knows; all know it when it is committed. */
    private Map<String, Known> within(Transaction transaction) {
        synchronized (lock) {
            var known = within.get(transaction);
            if (known == null) {
                var fresh = new HashMap<String, Known>();
                within.put(transaction, fresh);
                transaction.behind(() -> {
                    synchronized (lock) {
                        within.remove(transaction);
                    }
                    fresh.forEach((stream, each) -> remembered(stream, each));
                });
                return fresh;
            }
            return known;
        }
    }

    private <S> void remembered(String stream, Known known) {
        @SuppressWarnings("unchecked") // a state and its decider were put there together
        var decider = (Decider<?, S, ?>) known.decider();
        @SuppressWarnings("unchecked") // the same
        var at = (At<S>) known.at();
        remember(
                decider,
                WITHIN + stream,
                decider.snapshots().map(it -> keep(stream, it, at)).orElse(at),
                IN_TRANSACTION);
    }

    /** The events belong to the span that appends them. */
    private Appended appendInSpan(Append append, List<Condition> conditions, Origin origin)
            throws InterruptedException {
        var stream = append.stream();
        var category = stream.substring(0, stream.indexOf('-'));
        try {
            return tracer.span(
                    "append " + category,
                    Span.Kind.INTERNAL,
                    span -> {
                        span.set("weft.stream", stream);
                        span.set("weft.events", (long) append.events().size());
                        var appended =
                                store.append(
                                        List.of(append),
                                        conditions,
                                        origin.with(Context.current().trace()));
                        span.set("weft.position", appended.position());
                        return appended;
                    });
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("a store threw what it does not declare", e);
        }
    }

    private void wrote(Appended appended) {
        Context.current().work().wrote(Receipt.of(service, appended.position()));
    }

    @SuppressWarnings("unchecked") // the codec was made for this very decider
    private <E> EventCodec<E> codec(Decider<?, ?, E> decider) {
        synchronized (lock) {
            var coded = codecs.get(decider.name());
            if (coded == null || !coded.decider().equals(decider)) {
                coded = new Coded(decider, new EventCodec<>(service, decider));
                codecs.put(decider.name(), coded);
            }
            return (EventCodec<E>) coded.codec();
        }
    }

    @SuppressWarnings("unchecked") // the state is of this very decider
    private <S> Optional<At<S>> known(Decider<?, S, ?> decider, String stream, long erasures) {
        synchronized (lock) {
            var known = states.get(stream);
            return known == null || !known.decider().equals(decider) || known.erasures() != erasures
                    ? Optional.empty()
                    : Optional.of((At<S>) known.at());
        }
    }

    private <S> void remember(Decider<?, S, ?> decider, String stream, At<S> at, long erasures) {
        if (at.version() == 0) return;
        synchronized (lock) {
            var known = states.get(stream);
            if (known != null && known.erasures() > erasures) return;
            var newer = new Known(decider, at, erasures);
            if (known != null && known.decider().equals(decider) && known.erasures() == erasures) {
                // Of two who come by each other, each may know what the other does not.
                long kept = Math.max(known.at().kept(), at.kept());
                newer =
                        known.at().version() >= at.version()
                                ? new Known(decider, known.at().keptAt(kept), erasures)
                                : new Known(decider, at.keptAt(kept), erasures);
            }
            states.put(stream, newer);
            if (states.size() > MAX_STATES) states.pollFirstEntry();
        }
    }
}
