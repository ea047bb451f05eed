package dev.weft.events;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Work;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Calls the handlers of one effect. */
final class EffectCalls {

    /** How long one attempt may take. */
    private static final Duration ATTEMPT = Duration.ofSeconds(60);

    /** How far the handling of one event has come. Used by one thread at a time. */
    static final class Turn {

        /** Which of the handlers of the event's type comes next. */
        int handler;

        /** How often that has failed, and how the last time. */
        Attempts attempts = Attempts.NONE;

        Optional<Exception> failure = Optional.empty();

        /** Whether one of the handlers has given up. */
        boolean gaveUp;
    }

    private final String name;
    private final Listener.Effect listener;
    private final Map<String, List<Listener.Effect.Handler<?>>> handlers = new HashMap<>();
    private final Tracer tracer;
    private final Subjects subjects;
    private final Time time;

    /**
     * @param name of the subscription
     */
    EffectCalls(
            String name, Listener.Effect listener, Tracer tracer, Subjects subjects, Time time) {
        this.name = name;
        this.listener = listener;
        for (var handler : listener.handlers())
            for (var told : handler.type().publicNames())
                handlers.computeIfAbsent(told, _ -> new ArrayList<>()).add(handler);
        this.tracer = tracer;
        this.subjects = subjects;
        this.time = time;
    }

    /** Whether no attempt is left for what comes next, its giving up included. */
    boolean exhausted(BusEvent event, Turn turn) {
        var all = handlers.getOrDefault(event.type(), List.of());
        long most = listener.attempts();
        if (turn.handler < all.size() && Listener.Effect.givesUp(all.get(turn.handler))) most *= 2;
        return turn.attempts.counted() >= most;
    }

    /** Whether the handler that comes next has failed as often as it may. */
    boolean tried(Turn turn) {
        return turn.attempts.counted() >= listener.attempts();
    }

    /** Calls all handlers of the event's type, in order, from the one that is next. */
    void attempt(BusEvent event, Turn turn) throws Exception {
        var all = handlers.get(event.type());
        if (all == null)
            throw new IllegalStateException(
                    name + " has no handler for " + event.type() + " " + event.id());
        var context = event.origin().context().with(Deadline.after(ATTEMPT, time));
        context.call(() ->
                tracer.span(
                        name + " " + event.type(),
                        Span.Kind.CONSUMER,
                        span -> {
                            span.set("weft.event.id", event.id());
                            return Cancellation.<BusEvent, Boolean>atDeadline(name, time)
                                    .apply(
                                            event,
                                            each -> {
                                                for (; turn.handler < all.size(); ) {
                                                    call(all.get(turn.handler), turn, each);
                                                    turn.handler++;
                                                    turn.attempts = Attempts.NONE;
                                                }
                                                return true;
                                            });
                        }));
    }

    /**
     * Each handler, and its giving up, is work of its own: an attempt may begin at any of them, so
     * under one key the first append of one would be taken for the first append of another.
     */
    private <T> void call(Listener.Effect.Handler<T> handler, Turn turn, BusEvent event)
            throws Exception {
        var read = TableChanges.read(handler.type(), event, subjects);
        var key = event.id() + ":" + name + ":" + turn.handler;
        boolean tries = !tried(turn) || turn.failure.isEmpty() || !Listener.Effect.givesUp(handler);
        Context.current()
                .with(Work.of(tries ? key : key + ":given-up", event.id()))
                .withAttempt(turn.attempts.counted() + 1)
                .call(() -> {
                    if (tries) handler.handle().handle(read);
                    else {
                        handler.otherwise().giveUp(read, turn.failure.orElseThrow());
                        turn.gaveUp = true;
                    }
                    return true;
                });
    }
}
