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
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Handles commands: state, decision, append.
 *
 * <p>The states of the {@value #MAX_STATES} instances used last are kept with their version. A
 * decision is made on the state at hand; the expected version sees to it that events are only
 * stored if that was the newest. A rejection, and a decision that nothing happens, store nothing
 * that could fail, so they count only for a state that was read in this call. When others write to
 * the same stream, the command is decided again, {@value #MAX_ATTEMPTS} times in all.
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

    private static final Backoff CONFLICT =
            new Backoff(Duration.ofMillis(1), Duration.ofMillis(20));

    private final String service;
    private final EventStore store;
    private final Time time;
    private final Tracer tracer;
    private final Meter.Counter stored;
    private final Meter.Counter conflicts;
    private final Object lock = new Object();
    private final Map<String, Coded> codecs = new HashMap<>();
    private final LinkedHashMap<String, Known> states = new LinkedHashMap<>(64, 0.75f, true);

    private record Coded(Decider<?, ?, ?> decider, EventCodec<?> codec) {}

    private record Known(Decider<?, ?, ?> decider, At<?> at) {}

    /** A state, and the version of the stream that it is the state of. */
    private record At<S>(S state, long version) {}

    /** Measures nothing. */
    public Commands(String service, EventStore store, Time time, Tracer tracer) {
        this(service, store, time, tracer, Meter.NONE);
    }

    /**
     * @param service whose log the store is
     */
    public Commands(String service, EventStore store, Time time, Tracer tracer, Meter meter) {
        this.service = service;
        this.stored = meter.counter(EventMetrics.APPENDED);
        this.conflicts = meter.counter(EventMetrics.CONFLICTS);
        this.store = store;
        this.time = time;
        this.tracer = tracer;
    }

    /**
     * What comes of the command for the instance with this id; returns when it is on disk. {@link
     * Failure.Conflict} if others were faster each time.
     */
    public <C, S, E> Outcome<S> handle(Decider<C, S, E> decider, String id, C command)
            throws InterruptedException {
        return new Instance<>(decider, id).handle(command);
    }

    /** The state of the instance with this id, as of now; the initial one if it has no events. */
    public <C, S, E> S state(Decider<C, S, E> decider, String id) {
        return new Instance<>(decider, id).newest().state();
    }

    /** The commands of one stream. */
    private final class Instance<C, S, E> {
        private final Decider<C, S, E> decider;
        private final EventCodec<E> codec;
        private final String stream;

        Instance(Decider<C, S, E> decider, String id) {
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
            var known = known(decider, stream);
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
                    return append(at, events, origin);
                } catch (Failure.Conflict e) {
                    conflicts.add(1, decider.name());
                    if (attempt == MAX_ATTEMPTS) throw e;
                }
                if (read) time.sleep(CONFLICT.after(attempt, time));
                at = newest();
                read = true;
            }
        }

        private List<E> emitted(Decision<E> decision) {
            return switch (decision) {
                case Decision.Emit<E>(var events) -> events;
                case Decision.Reject<E> _ -> List.of();
            };
        }

        private Outcome<S> append(At<S> at, List<E> events, Origin origin)
                throws InterruptedException {
            var append =
                    new Append(stream, at.version(), events.stream().map(codec::encode).toList());
            var appended = appendInSpan(append, origin);
            if (appended.repeated()) return again(appended, origin);
            wrote(appended);
            stored.add(events.size(), decider.name());
            S state = at.state();
            for (var event : events) state = decider.evolve().apply(state, event);
            remember(decider, stream, new At<>(state, appended.version()));
            return new Outcome.Accepted<>(state, appended.version());
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
            var at = fold(startFor(first.version()), first.version());
            return new Outcome.Accepted<>(at.state(), at.version());
        }

        private At<S> startFor(long version) {
            return known(decider, stream)
                    .filter(at -> at.version() <= version)
                    .orElse(new At<>(decider.initial(), 0));
        }

        /** The state with all events that are stored now. */
        At<S> newest() {
            var at = fold(startFor(Long.MAX_VALUE), Long.MAX_VALUE);
            remember(decider, stream, at);
            return at;
        }

        private At<S> fold(At<S> from, long toVersion) {
            S state = from.state();
            long version = from.version();
            while (version < toVersion) {
                int max = (int) Math.min(READ_BATCH, toVersion - version);
                var events = store.stream(stream, version, max);
                if (events.isEmpty()) break;
                for (var event : events) {
                    state = decider.evolve().apply(state, codec.data(event));
                    version = event.version();
                }
            }
            return new At<>(state, version);
        }
    }

    /** The events belong to the span that appends them. */
    private Appended appendInSpan(Append append, Origin origin) throws InterruptedException {
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
                                        List.of(append), origin.with(Context.current().trace()));
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
    private <S> Optional<At<S>> known(Decider<?, S, ?> decider, String stream) {
        synchronized (lock) {
            var known = states.get(stream);
            return known == null || !known.decider().equals(decider)
                    ? Optional.empty()
                    : Optional.of((At<S>) known.at());
        }
    }

    private <S> void remember(Decider<?, S, ?> decider, String stream, At<S> at) {
        if (at.version() == 0) return;
        synchronized (lock) {
            var known = states.get(stream);
            if (known != null
                    && known.decider().equals(decider)
                    && known.at().version() >= at.version()) return;
            states.put(stream, new Known(decider, at));
            if (states.size() > MAX_STATES) states.pollFirstEntry();
        }
    }
}
