package dev.weft.events;

import dev.weft.core.Backoff;
import java.util.ArrayList;
import java.util.List;

/**
 * A service's durable subscription to public events, its own or others'.
 *
 * <p>Events of one key arrive in order; events of other keys go on while one is tried again. The
 * kinds differ in what they promise.
 */
public sealed interface Listener {

    /** Unique in the service; the subscription is named {@code service.name}. */
    String name();

    /**
     * The types that it takes. A new listener hears everything from the oldest event on; a type that
     * is added to a listener which has run before is heard from then on. To hear all of it, give the
     * listener a new name.
     */
    List<EventType<?>> types();

    /**
     * Changes the service's own tables, exactly once per event: the change and the note that the
     * event was handled are one transaction. Tried again with {@link Backoff#PATIENT} until it
     * succeeds.
     */
    record Transactional(String name, List<Change<?>> handlers) implements Listener {

        /** What an event of one type does to the tables. */
        public record Change<T>(EventType<T> type, Projection.Apply<T> apply) {}

        public Transactional {
            handlers = List.copyOf(handlers);
        }

        public <T> Transactional on(EventType<T> type, Projection.Apply<T> apply) {
            var more = new ArrayList<>(handlers);
            more.add(new Change<>(type, apply));
            return new Transactional(name, more);
        }

        @Override
        public List<EventType<?>> types() {
            return handlers.stream().<EventType<?>>map(Change::type).toList();
        }
    }

    /**
     * Does something outside of the service's tables, at least once per event. What it appends to
     * the service's own log happens once all the same, because it carries the event's id, the
     * listener's name and the handler's place among those of its type ({@link dev.weft.core.Work});
     * giving up is work of its own. So add handlers of a type behind those that it has.
     *
     * @param attempts how often it is tried before {@code otherwise} is called; without {@code
     *     otherwise} it is tried until it succeeds
     */
    record Effect(String name, int attempts, Backoff backoff, List<Handler<?>> handlers)
            implements Listener {

        /** What is done for an event of one type, and what when all attempts have failed. */
        public record Handler<T>(EventType<T> type, Handle<T> handle, GiveUp<T> otherwise) {}

        /** Handles one event; blocks as long as it needs, ends when interrupted. */
        @FunctionalInterface
        public interface Handle<T> {
            void handle(Event<T> event) throws Exception;
        }

        /** Called with the last failure when no attempt is left; tried until it succeeds. */
        @FunctionalInterface
        public interface GiveUp<T> {
            void giveUp(Event<T> event, Exception failure) throws Exception;
        }

        /** Says that it never gives up; it is not called, the event is handled again instead. */
        private static final GiveUp<Object> NEVER =
                (event, failure) -> {
                    throw failure;
                };

        /** Whether this handler goes on for ever instead of giving up. */
        @SuppressWarnings("ReferenceEquality")
        static boolean triesForEver(Handler<?> handler) {
            return handler.otherwise == NEVER;
        }

        public Effect {
            handlers = List.copyOf(handlers);
        }

        /** Handles events of the type, trying again for ever. */
        public <T> Effect on(EventType<T> type, Handle<T> handle) {
            @SuppressWarnings("unchecked") // It takes events of any type.
            var never = (GiveUp<T>) (GiveUp<?>) NEVER;
            return on(type, handle, never);
        }

        /** Handles events of the type; when all attempts have failed, gives up as told. */
        public <T> Effect on(EventType<T> type, Handle<T> handle, GiveUp<T> otherwise) {
            var more = new ArrayList<>(handlers);
            more.add(new Handler<>(type, handle, otherwise));
            return new Effect(name, attempts, backoff, more);
        }

        public Effect attempts(int attempts, Backoff backoff) {
            return new Effect(name, attempts, backoff, handlers);
        }

        @Override
        public List<EventType<?>> types() {
            return handlers.stream().<EventType<?>>map(Handler::type).toList();
        }
    }

    static Transactional transactional(String name) {
        return new Transactional(name, List.of());
    }

    /** An effect with 5 attempts and {@link Backoff#PATIENT}. */
    static Effect effect(String name) {
        return new Effect(name, 5, Backoff.PATIENT, List.of());
    }
}
