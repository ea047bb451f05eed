package dev.weft.events;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What comes of an input to a {@link Saga}: its new state, and what is to be done, in this order. All of it is kept in one
 * transaction, or nothing.
 *
 * @param state the new state; empty if the input was not expected, then nothing is to be done
 */
public record Next<S>(Optional<S> state, List<Action> actions) {

    /** Something to be done. */
    public sealed interface Action {

        /** Another service is called, until it answers or the call is given up. */
        record Calls<I, O>(Call<I, O> call, Optional<I> input) implements Action {}

        /** A command to one instance of an own decider's kind, within this transaction. */
        record Handles<C, D, E>(Decider<C, D, E> decider, String id, C command) implements Action {}

        /** Something is told to all services. */
        record Publishes(PublicEvent<?> event) implements Action {}

        /** A timer is set, so long from now; one of this name that was set before is not any more. */
        record After(String timer, Duration pause) implements Action {}

        /** A timer is set for this time; one of this name that was set before is not any more. */
        record At(String timer, Instant due) implements Action {}

        /** A timer is taken back. */
        record Cancels(String timer) implements Action {}

        /** What is not answered yet of this call is not tried any more. */
        record GivesUp(Call<?, ?> call) implements Action {}

        /** It is over: timers and calls that are left are given up, later inputs are unexpected. */
        record Ends() implements Action {}
    }

    public Next {
        actions = List.copyOf(actions);
        if (state.isEmpty() && !actions.isEmpty())
            throw new IllegalArgumentException("nothing comes of what is unexpected: " + actions);
    }

    /** The new state. */
    public static <S> Next<S> to(S state) {
        return new Next<>(Optional.of(state), List.of());
    }

    /** The input makes no sense in this state: all stays as it is, and the saga shows that it came. */
    public static <S> Next<S> unexpected() {
        return new Next<>(Optional.empty(), List.of());
    }

    /** Calls another service; what it answers is the saga's next input. */
    public <I> Next<S> call(Call<I, ?> call, I input) {
        return and(new Action.Calls<>(call, Optional.of(input)));
    }

    /** Calls an operation without input. */
    public Next<S> call(Call<Void, ?> call) {
        return and(new Action.Calls<>(call, Optional.empty()));
    }

    /**
     * Gives an own decider a command, in this transaction; whether it was accepted or rejected is the saga's next input, in this
     * transaction too.
     */
    public <C> Next<S> handle(Decider<C, ?, ?> decider, String id, C command) {
        return and(new Action.Handles<>(decider, id, command));
    }

    /** Tells all services. */
    public Next<S> publish(PublicEvent<?> event) {
        return and(new Action.Publishes(event));
    }

    /** Sets the timer anew. */
    public Next<S> after(Duration wait, String timer) {
        return and(new Action.After(timer, wait));
    }

    /** Sets the timer anew. */
    public Next<S> at(Instant due, String timer) {
        return and(new Action.At(timer, due));
    }

    /** Takes the timer back, if it is set. */
    public Next<S> cancel(String timer) {
        return and(new Action.Cancels(timer));
    }

    /** Stops trying what is not answered yet of this call; what it answers all the same is unexpected. */
    public Next<S> giveUp(Call<?, ?> call) {
        return and(new Action.GivesUp(call));
    }

    /** Ends the saga. */
    public Next<S> done() {
        return and(new Action.Ends());
    }

    private Next<S> and(Action action) {
        var more = new ArrayList<>(actions);
        more.add(action);
        return new Next<>(state, more);
    }
}
