package dev.weft.events;

import dev.weft.core.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * A process over several services, such as an order from its placing to its delivery: what is known of it, and what comes next
 * when something happens.
 *
 * <p>Each instance has an id, its <em>correlation</em>: an order's number. It begins with an event, and is fed one input after
 * the other: events, what calls answered, what its commands to own deciders came to, timers. A reaction is a pure function from
 * state and input to {@link Next}; it may be run again and must not look at anything but its arguments. One input is one
 * transaction of the service's database: the new state, the commands, the timers and the calls to be made are there, or nothing.
 *
 * <p>Calls are made behind the transaction, again and again until there is an answer, each time with the same {@code
 * Idempotency-Key}. An answer is an output or a problem of the called operation (4xx): it comes as input once. A failure (5xx,
 * 408, 425, 429, a refusal, a 409 {@code request-in-flight}, a peer that cannot be reached, an attempt that takes too long) is
 * none and is tried again with growing pauses; only {@link Next#giveUp}, mostly by a timer, ends that. Undoing is calling or
 * commanding the opposite: another reaction.
 *
 * <p>What no reaction is declared for, or comes behind the end, or of a call that was given up, is unexpected: it changes
 * nothing, and is counted and shown with the instance. An event that instances take and that comes before its instance has begun
 * is kept for a while.
 *
 * @param name unique among the service's sagas and listeners; it is stored and stays
 * @param state JSON; what is stored must be readable by later versions, as events are
 * @param publishes all types that it tells; others know that before it tells them, so what is not among them is refused
 * @param keeps how long an instance stays behind its end
 */
public record Saga<S>(
        String name,
        Class<S> state,
        List<Reaction<S>> reactions,
        List<EventType<?>> publishes,
        Duration keeps) {

    /** How long an instance stays behind its end unless something else is said. */
    public static final Duration KEEPS = Duration.ofDays(365);

    /** What may be fed to an instance. */
    public sealed interface Input {

        /** What happened somewhere. */
        record Heard<T>(EventType<T> type, T data) implements Input {}

        /** What a call came to. */
        record Answered<I, O>(Call<I, O> call, Optional<I> input, Optional<O> output)
                implements Input {}

        /** Why a call was not done, for good. */
        record Refused<I>(Call<I, ?> call, Optional<I> input, Problem problem) implements Input {}

        /** A command that happened, with the state behind it. */
        record Accepted<C, D>(Decider<C, D, ?> decider, String id, C command, D state)
                implements Input {}

        /** A command that did not happen. */
        record Rejected<C>(
                Decider<C, ?, ?> decider, String id, C command, String reason, String detail)
                implements Input {}

        /** A timer's time has come. */
        record Due(String timer) implements Input {}
    }

    /** What comes of one kind of input. */
    public sealed interface Reaction<S> {

        /** Begins an instance. */
        record Begins<S, T>(
                EventType<T> type, Function<T, String> correlation, Function<T, Next<S>> react)
                implements Reaction<S> {}

        /** Takes an event. */
        record Hears<S, T>(
                EventType<T> type, Function<T, String> correlation, BiFunction<S, T, Next<S>> react)
                implements Reaction<S> {}

        record Answers<S, I, O>(Call<I, O> call, BiFunction<S, Input.Answered<I, O>, Next<S>> react)
                implements Reaction<S> {}

        record Refuses<S, I>(Call<I, ?> call, BiFunction<S, Input.Refused<I>, Next<S>> react)
                implements Reaction<S> {}

        record Accepts<S, C, D>(
                Decider<C, D, ?> decider, BiFunction<S, Input.Accepted<C, D>, Next<S>> react)
                implements Reaction<S> {}

        record Rejects<S, C>(
                Decider<C, ?, ?> decider, BiFunction<S, Input.Rejected<C>, Next<S>> react)
                implements Reaction<S> {}

        record Wakes<S>(String timer, Function<S, Next<S>> react) implements Reaction<S> {}
    }

    public Saga {
        requireName("a saga", name);
        reactions = List.copyOf(reactions);
        publishes = List.copyOf(publishes);
        if (!keeps.isPositive())
            throw new IllegalArgumentException(
                    "instances of " + name + " stay for some time behind their end, not " + keeps);
    }

    static void requireName(String what, String name) {
        if (!name.matches("[a-z][a-z0-9-]{0,39}"))
            throw new IllegalArgumentException(
                    what + " is named with up to 40 of a-z, 0-9 and \"-\", not \"" + name + "\"");
    }

    /** One without reactions yet, whose instances stay for a year behind their end. */
    public static <S> Saga<S> of(String name, Class<S> state) {
        return new Saga<>(name, state, List.of(), List.of(), KEEPS);
    }

    /** It may tell events of these types, too. */
    public Saga<S> publishes(EventType<?>... types) {
        var more = new ArrayList<>(publishes);
        more.addAll(List.of(types));
        return new Saga<>(name, state, reactions, more, keeps);
    }

    /**
     * Its instances stay for another time behind their end. Then nothing is known of them any more, and an event that begins one
     * would begin it anew: this should be longer than the bus keeps events.
     */
    public Saga<S> keeps(Duration duration) {
        return new Saga<>(name, state, reactions, publishes, duration);
    }

    /**
     * An event of this type begins the instance that it is about; if there is one already, be it at its end, the event is
     * unexpected. So it cannot be taken by {@link #on}, too.
     *
     * @param correlation the instance's id
     */
    public <T> Saga<S> begin(
            EventType<T> type, Function<T, String> correlation, Function<T, Next<S>> react) {
        return and(new Reaction.Begins<>(type, correlation, react));
    }

    /**
     * An event of this type, its own or others', is input of the instance that it is about. If that has not begun, the event is kept
     * for a day and taken right behind the beginning.
     */
    public <T> Saga<S> on(
            EventType<T> type, Function<T, String> correlation, BiFunction<S, T, Next<S>> react) {
        return and(new Reaction.Hears<>(type, correlation, react));
    }

    /** What the call answered; null if that is {@link Void}. */
    @SuppressWarnings("NullAway") // a Void is null, it has no other value
    public <I, O> Saga<S> answered(Call<I, O> call, BiFunction<S, O, Next<S>> react) {
        return answered(call, (state, input, output) -> react.apply(state, output));
    }

    /** What the call answered, with what was asked. */
    @SuppressWarnings("NullAway") // a Void is null, it has no other value
    public <I, O> Saga<S> answered(Call<I, O> call, OfCall<S, I, O> react) {
        return and(
                new Reaction.Answers<S, I, O>(
                        call,
                        (state, it) ->
                                react.of(
                                        state, it.input().orElse(null), it.output().orElse(null))));
    }

    /** The called service said no, and will say so again. Each call needs this reaction. */
    public <I> Saga<S> refused(Call<I, ?> call, BiFunction<S, Problem, Next<S>> react) {
        return refused(call, (state, input, problem) -> react.apply(state, problem));
    }

    /** The called service said no, with what was asked. */
    @SuppressWarnings("NullAway") // a Void is null, it has no other value
    public <I> Saga<S> refused(Call<I, ?> call, OfCall<S, I, Problem> react) {
        return and(
                new Reaction.Refuses<S, I>(
                        call,
                        (state, it) -> react.of(state, it.input().orElse(null), it.problem())));
    }

    /** What comes of a call: its input and its answer. */
    @FunctionalInterface
    public interface OfCall<S, I, A> {
        Next<S> of(S state, I input, A answer);
    }

    /** A command to the decider happened. Without this reaction that is nobody's business. */
    public <C, D> Saga<S> accepted(
            Decider<C, D, ?> decider, BiFunction<S, Input.Accepted<C, D>, Next<S>> react) {
        return and(new Reaction.Accepts<>(decider, react));
    }

    /** A command to the decider did not happen. Without this reaction that is unexpected. */
    public <C> Saga<S> rejected(
            Decider<C, ?, ?> decider, BiFunction<S, Input.Rejected<C>, Next<S>> react) {
        return and(new Reaction.Rejects<>(decider, react));
    }

    /** The timer of this name is due. */
    public Saga<S> due(String timer, Function<S, Next<S>> react) {
        requireName("a timer", timer);
        return and(new Reaction.Wakes<>(timer, react));
    }

    private Saga<S> and(Reaction<S> reaction) {
        var of = about(reaction);
        for (var other : reactions)
            if (kind(other) == kind(reaction) && about(other).equals(of))
                throw new IllegalArgumentException(
                        name
                                + " reacts twice to the same: "
                                + of
                                + "; make it one reaction, and let an event either begin an"
                                + " instance or come to one that has begun");
        var more = new ArrayList<>(reactions);
        more.add(reaction);
        return new Saga<>(name, state, more, publishes, keeps);
    }

    /** What begins an instance and what it takes later are the same input: an event, of one instance. */
    private static Class<?> kind(Reaction<?> reaction) {
        return reaction instanceof Reaction.Begins<?, ?>
                ? Reaction.Hears.class
                : reaction.getClass();
    }

    private static Object about(Reaction<?> reaction) {
        return switch (reaction) {
            case Reaction.Begins<?, ?> it -> it.type().name();
            case Reaction.Hears<?, ?> it -> it.type().name();
            case Reaction.Answers<?, ?, ?> it -> it.call().name();
            case Reaction.Refuses<?, ?> it -> it.call().name();
            case Reaction.Accepts<?, ?, ?> it -> it.decider().name();
            case Reaction.Rejects<?, ?> it -> it.decider().name();
            case Reaction.Wakes<?> it -> it.timer();
        };
    }

    /**
     * What comes of an input; {@link Next#unexpected} if nothing is declared. Pure, so this is how a saga is tested.
     *
     * @param before the state; empty if there is no instance
     */
    public Next<S> react(Optional<S> before, Input input) {
        for (var reaction : reactions) {
            var next = react(reaction, before, input);
            if (next.isPresent()) return checked(next.get(), input);
        }
        boolean nobodysBusiness = before.isPresent() && input instanceof Input.Accepted<?, ?>;
        return nobodysBusiness ? Next.to(before.get()) : Next.unexpected();
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // what a reaction is about says its input's types
    private static <S> Optional<Next<S>> react(
            Reaction<S> reaction, Optional<S> before, Input input) {
        if (reaction instanceof Reaction.Begins begins) {
            if (before.isPresent()
                    || !(input instanceof Input.Heard heard)
                    || !heard.type().name().equals(begins.type().name())) return Optional.empty();
            return Optional.of((Next<S>) begins.react().apply(heard.data()));
        }
        if (before.isEmpty() || !about(reaction).equals(about(input))) return Optional.empty();
        var state = before.get();
        Object next =
                switch (reaction) {
                    case Reaction.Hears it when input instanceof Input.Heard heard ->
                            it.react().apply(state, heard.data());
                    case Reaction.Answers it when input instanceof Input.Answered ->
                            it.react().apply(state, input);
                    case Reaction.Refuses it when input instanceof Input.Refused ->
                            it.react().apply(state, input);
                    case Reaction.Accepts it when input instanceof Input.Accepted ->
                            it.react().apply(state, input);
                    case Reaction.Rejects it when input instanceof Input.Rejected ->
                            it.react().apply(state, input);
                    case Reaction.Wakes it when input instanceof Input.Due ->
                            it.react().apply(state);
                    default -> Optional.empty();
                };
        return next instanceof Next found ? Optional.of((Next<S>) found) : Optional.empty();
    }

    /** What an input is about, in a word. */
    static String about(Input input) {
        return switch (input) {
            case Input.Heard<?> it -> it.type().name();
            case Input.Answered<?, ?> it -> it.call().name();
            case Input.Refused<?> it -> it.call().name();
            case Input.Accepted<?, ?> it -> it.decider().name();
            case Input.Rejected<?> it -> it.decider().name();
            case Input.Due it -> it.timer();
        };
    }

    /** A call that nobody waits for, or a timer that nobody knows, shows at the first test and not at night. */
    private Next<S> checked(Next<S> next, Input input) {
        boolean ends = next.actions().stream().anyMatch(Next.Action.Ends.class::isInstance);
        if (ends && next.actions().stream().anyMatch(Next.Action.Calls.class::isInstance))
            throw new IllegalArgumentException(
                    name
                            + " calls a service and is done behind "
                            + about(input)
                            + ": the call would be given up at once; wait for its answer");
        for (var action : next.actions())
            switch (action) {
                case Next.Action.Calls<?, ?> it -> requireCall(it.call(), input);
                case Next.Action.GivesUp it -> requireCall(it.call(), input);
                case Next.Action.After it -> requireTimer(it.timer(), input);
                case Next.Action.At it -> requireTimer(it.timer(), input);
                case Next.Action.Cancels it -> requireTimer(it.timer(), input);
                case Next.Action.Publishes it -> requireDeclared(it.event().type(), input);
                case Next.Action.Handles<?, ?, ?> _, Next.Action.Ends _ -> {}
            }
        return next;
    }

    private void requireCall(Call<?, ?> call, Input input) {
        if (!call(call.name()).equals(Optional.of(call)))
            throw new IllegalArgumentException(
                    name
                            + " calls "
                            + call
                            + " behind "
                            + about(input)
                            + " and does not say what comes of its answer; add answered(…)");
        requireRefused(call);
    }

    /** Fails unless it says of each of its calls what comes of a refusal: behind that nothing else would move it. */
    void requireRefused() {
        calls().forEach(this::requireRefused);
    }

    private void requireRefused(Call<?, ?> call) {
        for (var reaction : reactions)
            if (reaction instanceof Reaction.Refuses<S, ?> it
                    && it.call().name().equals(call.name())) return;
        throw new IllegalArgumentException(
                name
                        + " calls "
                        + call
                        + " and does not say what comes of a refusal; add refused(…)");
    }

    private void requireDeclared(EventType<?> type, Input input) {
        for (var each : publishes)
            if (each.name().equals(type.name()) && each.type() == type.type()) return;
        throw new IllegalArgumentException(
                name
                        + " publishes "
                        + type.name()
                        + " behind "
                        + about(input)
                        + " and does not declare it; add publishes(…)");
    }

    private void requireTimer(String timer, Input input) {
        if (!timers().contains(timer))
            throw new IllegalArgumentException(
                    name
                            + " sets the timer "
                            + timer
                            + " behind "
                            + about(input)
                            + " and does not say what comes of it; add due(\""
                            + timer
                            + "\", …)");
    }

    /** The types of event that it takes. */
    public List<EventType<?>> hears() {
        var types = new ArrayList<EventType<?>>();
        for (var reaction : reactions) {
            if (reaction instanceof Reaction.Begins<S, ?> it) types.add(it.type());
            if (reaction instanceof Reaction.Hears<S, ?> it) types.add(it.type());
        }
        return types;
    }

    /** The type of event under this public name that instances take; empty if they take none. */
    Optional<EventType<?>> taken(String publicName) {
        for (var reaction : reactions)
            if (reaction instanceof Reaction.Hears<S, ?> it
                    && it.type().publicNames().contains(publicName)) return Optional.of(it.type());
        return Optional.empty();
    }

    /** The calls that it may make. */
    public List<Call<?, ?>> calls() {
        var calls = new ArrayList<Call<?, ?>>();
        for (var reaction : reactions)
            if (reaction instanceof Reaction.Answers<S, ?, ?> it) calls.add(it.call());
        return calls;
    }

    /** The names of the timers that it may set. */
    Set<String> timers() {
        var timers = new HashSet<String>();
        for (var reaction : reactions)
            if (reaction instanceof Reaction.Wakes<S> it) timers.add(it.timer());
        return timers;
    }

    /** The call of this name, if there is a reaction to its answer. */
    Optional<Call<?, ?>> call(String name) {
        for (var call : calls()) if (call.name().equals(name)) return Optional.of(call);
        return Optional.empty();
    }
}
