package dev.weft.events;

import dev.weft.core.Context;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.json.Json;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Optional;

/** Feeds the instances of one saga: each input is part of a transaction, with all that comes of it. */
final class SagaTurns<S> {

    /** How many inputs one input may lead to in its transaction, by commands that are answered at once. */
    private static final int MAX_INPUTS = 100;

    /** How long an event waits for its instance to begin. */
    private static final Duration EARLY = Duration.ofDays(1);

    /** How much is forgotten in one transaction. */
    private static final int MAX_FORGOTTEN = 500;

    private final Saga<S> saga;
    private final Commands commands;
    private final Meter.Counter unexpected;
    private final Runnable called;
    private final Time time;

    /**
     * @param called behind each commit that may have left calls to be made
     */
    SagaTurns(Saga<S> saga, Commands commands, Meter meter, Runnable called, Time time) {
        this.saga = saga;
        this.commands = commands;
        this.unexpected = meter.counter(EventMetrics.UNEXPECTED);
        this.called = called;
        this.time = time;
    }

    Saga<S> saga() {
        return saga;
    }

    /** Whose timers are the saga's. */
    static String owner(Saga<?> saga) {
        return "saga " + saga.name();
    }

    /** The listener that feeds events. */
    Listener.Transactional listener() {
        var listener = Listener.transactional(saga.name());
        var heard = new HashMap<String, Boolean>();
        for (var reaction : saga.reactions())
            switch (reaction) {
                case Saga.Reaction.Begins<S, ?> it -> {
                    if (heard.put(it.type().name(), true) == null) listener = hearing(it, listener);
                }
                case Saga.Reaction.Hears<S, ?> it -> {
                    if (heard.put(it.type().name(), true) == null) listener = hearing(it, listener);
                }
                default -> {}
            }
        return listener;
    }

    private <T> Listener.Transactional hearing(
            Saga.Reaction.Begins<S, T> of, Listener.Transactional listener) {
        return listener.within(
                of.type(),
                (event, at) -> hear(of.type(), of.correlation().apply(event.data()), event, at));
    }

    private <T> Listener.Transactional hearing(
            Saga.Reaction.Hears<S, T> of, Listener.Transactional listener) {
        return listener.within(
                of.type(),
                (event, at) -> hear(of.type(), of.correlation().apply(event.data()), event, at));
    }

    private <T> void hear(EventType<T> type, String id, Event<T> event, Transaction transaction) {
        var origin = event.origin();
        var caused =
                new Origin(
                        origin.traceparent(),
                        origin.tracestate(),
                        origin.baggage(),
                        origin.criticality(),
                        event.id(),
                        "");
        feed(id, new Saga.Input.Heard<>(type, event.data()), caused, transaction);
    }

    /** A timer of an instance is due. */
    void due(TimerRows.Timer timer, Transaction transaction) {
        feed(timer.key(), new Saga.Input.Due(timer.name()), timer.origin(), transaction);
    }

    /** A call of an instance has come to something; it was closed for that in the same transaction. */
    void called(SagaRows.Made call, Saga.Input input, Transaction transaction) {
        feed(call.id(), input, call.origin(), transaction);
    }

    /** An answer came that is not waited for any more. */
    void late(SagaRows.Made call, Transaction transaction) {
        var kept = SagaRows.find(saga.name(), call.id(), transaction.sql());
        if (kept.isEmpty()) return;
        var turn = new Turn(call.id(), kept, call.origin(), transaction);
        turn.unexpected("an answer of " + call.name() + ", which was given up");
        turn.keep();
    }

    private void feed(String id, Saga.Input input, Origin origin, Transaction transaction) {
        if (id.isEmpty() || id.length() > Timers.MAX_KEY || !EventStore.isStorable(id))
            throw new IllegalArgumentException(
                    "the id of an instance of "
                            + saga.name()
                            + " has 1 to "
                            + Timers.MAX_KEY
                            + " characters, not "
                            + id.length());
        var from = origin.with(Context.current().trace());
        var kept = SagaRows.find(saga.name(), id, transaction.sql());
        var turn = new Turn(id, kept, from, transaction);
        turn.run(input);
        turn.keep();
        transaction.behind(called);
        if (kept.isEmpty() && turn.begun())
            for (var early : SagaRows.takeEarly(saga.name(), id, transaction.sql()))
                saga.taken(early.type())
                        .ifPresent(it -> feed(id, heard(it, early), early.origin(), transaction));
    }

    private static <T> Saga.Input heard(EventType<T> type, SagaRows.Early early) {
        return new Saga.Input.Heard<>(type, type.readPublic(early.type(), early.data()));
    }

    /** Forgets instances and events that were kept long enough, some at a time; whether there may be more. */
    boolean forget(Database database) throws InterruptedException {
        var now = time.now();
        int early =
                database.write(sql ->
                        SagaRows.forgetEarly(saga.name(), now.minus(EARLY), MAX_FORGOTTEN, sql));
        if (early > 0) unexpected.add(early, saga.name());
        int ended =
                database.write(sql ->
                        SagaRows.forgetEnded(
                                saga.name(), now.minus(saga.keeps()), MAX_FORGOTTEN, sql));
        return Math.max(early, ended) == MAX_FORGOTTEN;
    }

    /** One input and what it leads to. */
    private final class Turn {
        private final String id;
        private final Transaction transaction;
        private final Origin origin;
        private final Instant now = time.now();
        private final ArrayDeque<Saga.Input> inputs = new ArrayDeque<>();
        private Optional<S> state;

        /** The state as it was read, while it stays: older code may know less of it than there is. */
        private Optional<byte[]> read;

        private final long began;
        private long ended;
        private long calls;
        private long unexpected;
        private String lastUnexpected;

        Turn(String id, Optional<SagaRows.Kept> kept, Origin origin, Transaction transaction) {
            this.id = id;
            this.transaction = transaction;
            this.origin = origin;
            this.read = kept.map(SagaRows.Kept::state);
            this.state = read.map(it -> Json.read(it, saga.state()));
            this.began = kept.map(SagaRows.Kept::began).orElseGet(() -> Parked.micros(now));
            this.ended = kept.map(SagaRows.Kept::ended).orElse(0L);
            this.calls = kept.map(SagaRows.Kept::calls).orElse(0L);
            this.unexpected = kept.map(SagaRows.Kept::unexpected).orElse(0L);
            this.lastUnexpected = kept.map(SagaRows.Kept::lastUnexpected).orElse("");
        }

        void run(Saga.Input first) {
            inputs.add(first);
            for (int i = 0; !inputs.isEmpty(); i++) {
                if (i == MAX_INPUTS)
                    throw new IllegalStateException(
                            saga.name()
                                    + " "
                                    + id
                                    + " gave "
                                    + MAX_INPUTS
                                    + " commands one for the other behind one input; let a timer part them");
                take(inputs.remove());
            }
        }

        private void take(Saga.Input input) {
            if (ended > 0) {
                if (!(input instanceof Saga.Input.Accepted<?, ?>))
                    unexpected(Saga.about(input) + ", behind the end");
                return;
            }
            var next = saga.react(state, input);
            if (next.state().isEmpty()) {
                if (begun() || !isEarly(input)) unexpected(Saga.about(input));
                return;
            }
            state = next.state();
            read = Optional.empty();
            next.actions().forEach(this::act);
        }

        boolean begun() {
            return state.isPresent();
        }

        /** Whether it is an event that an instance takes; that is kept then, unless it cannot be. */
        private boolean isEarly(Saga.Input input) {
            if (!(input instanceof Saga.Input.Heard<?> heard)) return false;
            var type = heard.type().publicName();
            if (saga.taken(type).isEmpty()) return false;
            var data = Json.write(heard.data(), heard.type().type());
            return !PersonalJson.isIn(data)
                    && SagaRows.keep(
                            saga.name(),
                            id,
                            new SagaRows.Early(type, data, origin),
                            now,
                            transaction.sql());
        }

        void unexpected(String what) {
            unexpected++;
            lastUnexpected = what;
            SagaTurns.this.unexpected.add(1, saga.name());
            Loop.LOG.log(
                    System.Logger.Level.DEBUG, saga.name() + " " + id + " did not expect " + what);
        }

        private void act(Next.Action action) {
            var sql = transaction.sql();
            switch (action) {
                case Next.Action.Calls<?, ?> it -> call(it);
                case Next.Action.Handles<?, ?, ?> it -> inputs.add(handle(it));
                case Next.Action.Publishes it ->
                        Told.append(
                                it.event().type().publicName(),
                                it.event().key(),
                                Timers.checked(it.event()),
                                origin,
                                transaction);
                case Next.Action.After it -> set(it.timer(), now.plus(it.pause()));
                case Next.Action.At it -> set(it.timer(), it.due());
                case Next.Action.Cancels it -> TimerRows.remove(owner(saga), it.timer(), id, sql);
                case Next.Action.GivesUp it ->
                        SagaRows.giveUp(saga.name(), id, it.call().name(), now, sql);
                case Next.Action.Ends _ -> {
                    ended = Parked.micros(now);
                    TimerRows.removeAll(owner(saga), id, sql);
                    SagaRows.giveUp(saga.name(), id, now, sql);
                }
            }
        }

        private <I, O> void call(Next.Action.Calls<I, O> it) {
            var call = it.call();
            var input =
                    it.input()
                            .map(value -> Json.write(value, call.operation().takes()))
                            .orElse(SagaRows.NOTHING);
            if (input.length > Bus.MAX_DATA_BYTES)
                throw new IllegalArgumentException(
                        "the input of "
                                + call
                                + " has "
                                + input.length
                                + " bytes; at most "
                                + Bus.MAX_DATA_BYTES
                                + " are kept");
            Timers.withoutPersonal("the input of " + call, input);
            long micros = Parked.micros(now);
            SagaRows.make(
                    new SagaRows.Made(
                            saga.name(),
                            id,
                            ++calls,
                            call.name(),
                            call.service(),
                            input,
                            SagaRows.OPEN,
                            0,
                            micros,
                            "",
                            micros,
                            0,
                            origin),
                    transaction.sql());
        }

        private <C, D, E> Saga.Input handle(Next.Action.Handles<C, D, E> it) {
            var outcome = commands.handle(it.decider(), it.id(), it.command(), origin, transaction);
            return switch (outcome) {
                case Outcome.Accepted<D>(var state, _) ->
                        new Saga.Input.Accepted<>(it.decider(), it.id(), it.command(), state);
                case Outcome.Rejected<D>(var reason, var detail) ->
                        new Saga.Input.Rejected<>(
                                it.decider(), it.id(), it.command(), reason, detail);
            };
        }

        private void set(String timer, Instant due) {
            TimerRows.set(
                    new TimerRows.Timer(
                            owner(saga),
                            timer,
                            id,
                            "",
                            Parked.micros(due),
                            0,
                            SagaRows.NOTHING,
                            origin,
                            0),
                    transaction.sql());
        }

        private byte[] written() {
            return Timers.withoutPersonal(
                    "the state of " + saga.name(), Json.write(state.orElseThrow(), saga.state()));
        }

        /** An instance that has not begun is not kept. */
        void keep() {
            if (state.isEmpty()) return;
            SagaRows.keep(
                    new SagaRows.Kept(
                            saga.name(),
                            id,
                            read.orElseGet(this::written),
                            began,
                            Parked.micros(now),
                            ended,
                            calls,
                            unexpected,
                            lastUnexpected),
                    transaction.sql());
        }
    }
}
