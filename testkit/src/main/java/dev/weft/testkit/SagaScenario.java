package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Problem;
import dev.weft.events.Call;
import dev.weft.events.Decider;
import dev.weft.events.EventType;
import dev.weft.events.Next;
import dev.weft.events.Saga;
import dev.weft.events.Saga.Input;
import dev.weft.json.Json;
import java.util.Optional;

/**
 * A test of a saga in one sentence: it hears this, then that is to be done; it is answered so, then that.
 *
 * <pre>{@code
 * SagaScenario.of(FULFILMENT)
 *     .hears(ORDER_PLACED, placed)
 *     .then(Next.to(paying).call(PAY, take).after(PATIENCE, "payment-late"))
 *     .refuses(PAY, Problem.of(402, "card-declined", "no"))
 *     .then(Next.to(cancelled).publish(ORDER_CANCELLED.of("1", because)).done());
 * }</pre>
 *
 * <p>Nothing runs for it but the saga's reactions. The state, and all that is asked and answered, goes to JSON and back on its way,
 * so what cannot be stored fails here. What does not hold is an {@link AssertionError}.
 */
public final class SagaScenario<S> {

    private final Saga<S> saga;
    private final Optional<S> state;
    private final boolean ended;
    private final Next<S> last;
    private final String input;

    private SagaScenario(
            Saga<S> saga, Optional<S> state, boolean ended, Next<S> last, String input) {
        this.saga = saga;
        this.state = state;
        this.ended = ended;
        this.last = last;
        this.input = input;
    }

    /** An instance that has not begun. */
    public static <S> SagaScenario<S> of(Saga<S> saga) {
        return new SagaScenario<>(saga, Optional.empty(), false, Next.unexpected(), "nothing");
    }

    /** An instance in this state. */
    public static <S> SagaScenario<S> of(Saga<S> saga, S state) {
        return new SagaScenario<>(saga, Optional.of(state), false, Next.to(state), "nothing");
    }

    /** An event happens. */
    public <T> SagaScenario<S> hears(EventType<T> type, T data) {
        return feed(new Input.Heard<>(type, copied(data, type.type())));
    }

    /** The call is answered. */
    public <I, O> SagaScenario<S> answers(Call<I, O> call, O output) {
        return feed(
                new Input.Answered<>(
                        call,
                        asked(call),
                        Optional.of(copied(output, call.operation().answers()))));
    }

    /** The call is done, and there is nothing to answer. */
    public <I> SagaScenario<S> answers(Call<I, Void> call) {
        return feed(new Input.Answered<>(call, asked(call), Optional.empty()));
    }

    /** The called service says no. */
    public <I> SagaScenario<S> refuses(Call<I, ?> call, Problem problem) {
        return feed(new Input.Refused<>(call, asked(call), problem));
    }

    /** A command to an own decider happens. */
    public <C, D> SagaScenario<S> accepts(
            Decider<C, D, ?> decider, String id, C command, D behind) {
        return feed(new Input.Accepted<>(decider, id, command, behind));
    }

    /** A command to an own decider does not happen. */
    public <C> SagaScenario<S> rejects(
            Decider<C, ?, ?> decider, String id, C command, String reason) {
        return feed(new Input.Rejected<>(decider, id, command, reason, reason));
    }

    /** The timer's time has come. */
    public SagaScenario<S> due(String timer) {
        return feed(new Input.Due(timer));
    }

    /** What the last input asked of this call, else nothing. */
    private <I> Optional<I> asked(Call<I, ?> call) {
        for (var action : last.actions())
            if (action instanceof Next.Action.Calls<?, ?>(var made, var with)
                    && made.name().equals(call.name()))
                return with.map(
                        it -> copied(call.operation().takes().cast(it), call.operation().takes()));
        return Optional.empty();
    }

    private static <T> T copied(T value, Class<T> type) {
        return Json.read(Json.write(value, type), type);
    }

    private SagaScenario<S> feed(Input fed) {
        Next<S> next = ended ? Next.unexpected() : saga.react(state, fed);
        var behind = next.state().map(it -> copied(it, saga.state())).or(() -> state);
        boolean ends = next.actions().stream().anyMatch(Next.Action.Ends.class::isInstance);
        return new SagaScenario<>(saga, behind, ended || ends, next, fed.toString());
    }

    /** Exactly this came of the last input. */
    public SagaScenario<S> then(Next<S> expected) {
        assertThat(last).as("what comes of %s", input).isEqualTo(expected);
        return this;
    }

    /** The last input changed nothing, as it made no sense. */
    public SagaScenario<S> thenUnexpected() {
        return then(Next.unexpected());
    }

    /** The instance has ended. */
    public SagaScenario<S> thenDone() {
        assertThat(ended).as("whether %s has ended behind %s", saga.name(), input).isTrue();
        return this;
    }

    /** What came of the last input. */
    public Next<S> next() {
        return last;
    }

    /** The state behind the last input. */
    public S state() {
        return state.orElseThrow(
                () -> new AssertionError(saga.name() + " has not begun behind " + input));
    }
}
