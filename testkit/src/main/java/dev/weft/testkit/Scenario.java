package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventCodec;
import dev.weft.events.EventQuery;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * A test of a decider in one sentence: given what happened, when a command comes, then this happens.
 *
 * <pre>{@code
 * Scenario.of(CART)
 *     .given(new ItemAdded(cup))
 *     .when(new CheckOut("ann", "A1"))
 *     .then(new CheckedOut(order));
 * }</pre>
 *
 * <p>Nothing runs for it but the decider's functions. Each event goes to JSON and back on its way, as
 * it does through a log, so an event that cannot be stored fails here. What does not hold is an
 * {@link AssertionError}.
 */
public final class Scenario<C, S, E> {

    private final Decider<C, S, E> decider;
    private final EventCodec<E> codec;
    private final List<E> history;

    private Scenario(Decider<C, S, E> decider, EventCodec<E> codec, List<E> history) {
        this.decider = decider;
        this.codec = codec;
        this.history = history;
    }

    /** Nothing has happened yet. */
    public static <C, S, E> Scenario<C, S, E> of(Decider<C, S, E> decider) {
        return new Scenario<>(decider, new EventCodec<>("test", decider), List.of());
    }

    /** These events have happened, behind those that had before. */
    @SafeVarargs
    @SuppressWarnings("varargs")
    public final Scenario<C, S, E> given(E... events) {
        return given(List.of(events));
    }

    /** These events have happened, behind those that had before. */
    public Scenario<C, S, E> given(List<? extends E> events) {
        var all = new ArrayList<>(history);
        all.addAll(stored(events));
        return new Scenario<>(decider, codec, List.copyOf(all));
    }

    private List<E> stored(List<? extends E> events) {
        var stored = new ArrayList<E>();
        for (var event : events) {
            var written = codec.encode(event);
            stored.add(
                    codec.data(
                            new StoredEvent(
                                    1,
                                    decider.stream("1"),
                                    1,
                                    written.type(),
                                    written.typeVersion(),
                                    written.data(),
                                    written.tags(),
                                    SystemTime.INSTANCE.now(),
                                    Origin.NONE)));
        }
        return stored;
    }

    /** The state that these events make. */
    public S state() {
        var state = decider.initial();
        for (var event : history) state = decider.evolve().apply(state, event);
        return state;
    }

    /** The command comes. */
    public Result<S, E> when(C command) {
        var decision = decider.decide().apply(command, state());
        return switch (decision) {
            case Decision.Emit<E>(var events, _) ->
                    new Result<>(command, decision, stored(events), given(events).state());
            case Decision.Reject<E> _ -> new Result<>(command, decision, List.of(), state());
        };
    }

    /**
     * What came of a command.
     *
     * @param events what happened by it
     * @param state behind them
     */
    public record Result<S, E>(Object command, Decision<E> decision, List<E> events, S state) {

        public Result {
            events = List.copyOf(events);
        }

        /** Exactly these events happened, in this order; answers the state behind them. */
        @SafeVarargs
        @SuppressWarnings("varargs")
        public final S then(E... expected) {
            requireAccepted();
            assertThat(events).as("what %s brings about", command).containsExactly(expected);
            return state;
        }

        /** It was accepted and nothing happened. */
        public S thenNothing() {
            requireAccepted();
            assertThat(events).as("what %s brings about", command).isEmpty();
            return state;
        }

        /** The events anywhere in the log that it is held against, in the order in which that was said. */
        public List<EventQuery> unless() {
            return switch (decision) {
                case Decision.Emit<E>(_, var unless) ->
                        unless.stream().map(Decision.Unless::query).toList();
                case Decision.Reject<E> _ -> List.of();
            };
        }

        /** It was rejected for this reason; answers the sentence that says so to people. */
        public String thenRejected(String reason) {
            if (!(decision instanceof Decision.Reject<E>(var given, var detail)))
                throw new AssertionError(
                        command
                                + " was not rejected as "
                                + reason
                                + ", but brought about "
                                + events);
            assertThat(given).as("why %s is rejected (%s)", command, detail).isEqualTo(reason);
            return detail;
        }

        private void requireAccepted() {
            if (decision instanceof Decision.Reject<E>(var reason, var detail))
                throw new AssertionError(command + " was rejected: " + reason + ", " + detail);
        }
    }
}
