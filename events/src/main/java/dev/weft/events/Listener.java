package dev.weft.events;

import dev.weft.core.Backoff;
import dev.weft.json.RawJson;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A service's durable subscription to public events, its own or others'.
 *
 * <p>Events of one key arrive in order; events of other keys go on while one is tried again. Behind
 * the last attempt the key is parked: the event and those that come behind it are kept in the service's
 * database until somebody has them tried again or drops them ({@link ParkedEvents}). What fails
 * because the service's own store is away, or because the process stops, is no attempt. The kinds
 * differ in what they promise.
 */
public sealed interface Listener {

    /** Unique in the service; the subscription is named {@code service.name}. */
    String name();

    /**
     * The types that it takes, in all versions that they have. A new listener hears everything from the oldest event on; a type that
     * is added to a listener which has run before is heard from then on. To hear all of it, give the
     * listener a new name.
     */
    List<EventType<?>> types();

    /** How often an event is tried before its key is parked; {@link Integer#MAX_VALUE} for ever. */
    int attempts();

    /** How long it waits between two attempts. */
    Backoff backoff();

    /**
     * How often an event is tried unless something else is said: with {@link Backoff#PATIENT} that takes
     * 100 s on average, 200 s at most, beside what the attempts take.
     */
    int ATTEMPTS = 15;

    /**
     * Changes the service's own tables, exactly once per event: the change and the note that the
     * event was handled are one transaction.
     *
     * @param forget what becomes of the tables when a subject is erased, if that was said
     */
    record Transactional(
            String name,
            int attempts,
            Backoff backoff,
            List<Change<?>> handlers,
            Optional<Forget> forget)
            implements Listener {

        /** What an event of one type does to the tables. */
        public record Change<T>(EventType<T> type, Apply<T> apply) {}

        public Transactional {
            requireAttempts(attempts);
            handlers = List.copyOf(handlers);
        }

        /** One that says nothing of erasures. */
        public Transactional(String name, int attempts, Backoff backoff, List<Change<?>> handlers) {
            this(name, attempts, backoff, handlers, Optional.empty());
        }

        /** What is done within the transaction that notes the event as handled. */
        @FunctionalInterface
        public interface Apply<T> {
            void apply(Event<T> event, Transaction transaction);
        }

        /** Changes tables. */
        public <T> Transactional on(EventType<T> type, Projection.Apply<T> apply) {
            return within(type, (event, transaction) -> apply.apply(event, transaction.sql()));
        }

        /** Changes tables, and may append to the service's log in the same transaction. */
        public <T> Transactional within(EventType<T> type, Apply<T> apply) {
            var more = new ArrayList<>(handlers);
            more.add(new Change<>(type, apply));
            return new Transactional(name, attempts, backoff, more, forget);
        }

        /** Tries each event so often, with these waits between. */
        public Transactional attempts(int attempts, Backoff backoff) {
            return new Transactional(name, attempts, backoff, handlers, forget);
        }

        /** The same, whose tables are mended when a subject of personal data is erased. */
        public Transactional onErase(Forget forget) {
            return new Transactional(name, attempts, backoff, handlers, Optional.of(forget));
        }

        @Override
        public List<EventType<?>> types() {
            return handlers.stream().<EventType<?>>map(Change::type).toList();
        }
    }

    /**
     * Keeps tables that follow from public events alone, and can be made anew from all that it ever heard: a {@link Projection} of
     * what others tell.
     *
     * <p>What it hears is kept in the service's own log first, each event once, and projected from there: so tables of another {@link
     * #version} are rebuilt from the first event on, however long the bus keeps events, with the same means and guarantees as those
     * of any projection. It takes tables from nobody and appends nothing. An event that its work fails at stops it, and is tried
     * again until that succeeds.
     *
     * @param version of what it makes of events, from 1
     * @param tables statements that make its tables; as those of a projection
     * @param forget what becomes of the tables when a subject is erased, if that was said
     */
    record View(
            String name,
            List<Sight<?>> handlers,
            int version,
            List<String> tables,
            Optional<Forget> forget)
            implements Listener {

        /** What an event of one type does to the tables. */
        public record Sight<T>(EventType<T> type, Projection.Apply<T> apply) {
            private void see(Event<Heard> heard, Sql sql) {
                if (type.publicNames().contains(heard.data().told()))
                    apply.apply(heard.data().as(type, heard.origin()), sql);
            }
        }

        public View {
            if (!name.matches("[a-z][a-z0-9-]{0,39}"))
                throw new IllegalArgumentException(
                        "a view is named with up to 40 of a-z, 0-9 and \"-\", not \""
                                + name
                                + "\"");
            handlers = List.copyOf(handlers);
            tables = List.copyOf(tables);
        }

        /** Changes its tables when it hears of this. */
        public <T> View on(EventType<T> type, Projection.Apply<T> apply) {
            var more = new ArrayList<>(handlers);
            more.add(new Sight<>(type, apply));
            return new View(name, more, version, tables, forget);
        }

        /** Of this version; raise it with each change of the work or of the tables. */
        public View version(int version) {
            return new View(name, handlers, version, tables, forget);
        }

        /** Also has these tables and indexes: {@code create table if not exists …}, {@code create index if not exists …}. */
        public View tables(String... statements) {
            var all = new ArrayList<>(tables);
            all.addAll(List.of(statements));
            return new View(name, handlers, version, all, forget);
        }

        /** Also has these tables of records. */
        public View tables(Table<?>... more) {
            return tables(Stream.of(more).map(Table::definition).toArray(String[]::new));
        }

        /** The same, whose tables are mended when a subject of personal data is erased. */
        public View onErase(Forget forget) {
            return new View(name, handlers, version, tables, Optional.of(forget));
        }

        @Override
        public List<EventType<?>> types() {
            return handlers.stream().<EventType<?>>map(Sight::type).toList();
        }

        /** It waits for an event that fails, and parks none. */
        @Override
        public int attempts() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Backoff backoff() {
            return Backoff.PATIENT;
        }

        /** Brings what it hears into the service's log. */
        Transactional hearing() {
            var kept = Heard.of(name);
            var hearing = new Transactional(name, attempts(), backoff(), List.of());
            var told = new LinkedHashSet<String>();
            for (var type : types()) told.addAll(type.publicNames());
            for (var each : told)
                hearing =
                        hearing.within(
                                EventType.of(each, RawJson.class),
                                (event, transaction) ->
                                        Heard.of(event).keep(kept, event.origin(), transaction));
            return hearing;
        }

        /** Keeps the tables up with that. */
        Projection<Heard> seeing() {
            return new Projection<>(
                    name,
                    Heard.of(name),
                    (heard, sql) -> handlers.forEach(each -> each.see(heard, sql)),
                    version,
                    tables,
                    forget);
        }
    }

    /**
     * Does something outside of the service's tables, at least once per event. What it appends to
     * the service's own log happens once all the same, because it carries the event's id, the
     * listener's name and the handler's place among those of its type ({@link dev.weft.core.Work});
     * giving up is work of its own. So add handlers of a type behind those that it has.
     *
     * @param attempts how often it is tried before {@code otherwise} is called; without {@code
     *     otherwise}, or when that has failed as often, the key is parked
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

        /** Called with the last failure when no attempt is left; what it gives up is not parked. */
        @FunctionalInterface
        public interface GiveUp<T> {
            void giveUp(Event<T> event, Exception failure) throws Exception;
        }

        /** Says that it does not give up; it is not called, the event is parked instead. */
        private static final GiveUp<Object> NEVER =
                (event, failure) -> {
                    throw failure;
                };

        /** Whether this handler gives up instead of having the event parked. */
        @SuppressWarnings("ReferenceEquality")
        static boolean givesUp(Handler<?> handler) {
            return handler.otherwise != NEVER;
        }

        public Effect {
            requireAttempts(attempts);
            handlers = List.copyOf(handlers);
        }

        /** Handles events of the type; when all attempts have failed, its key is parked. */
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

        /** Tries each event so often, with these waits between. */
        public Effect attempts(int attempts, Backoff backoff) {
            return new Effect(name, attempts, backoff, handlers);
        }

        @Override
        public List<EventType<?>> types() {
            return handlers.stream().<EventType<?>>map(Handler::type).toList();
        }
    }

    /** One of version 1 without tables yet. */
    static View view(String name) {
        return new View(name, List.of(), 1, List.of(), Optional.empty());
    }

    /** One with {@value #ATTEMPTS} attempts and {@link Backoff#PATIENT}. */
    static Transactional transactional(String name) {
        return new Transactional(name, ATTEMPTS, Backoff.PATIENT, List.of());
    }

    /** One with {@value #ATTEMPTS} attempts and {@link Backoff#PATIENT}. */
    static Effect effect(String name) {
        return new Effect(name, ATTEMPTS, Backoff.PATIENT, List.of());
    }

    private static void requireAttempts(int attempts) {
        if (attempts < 1)
            throw new IllegalArgumentException(
                    "an event is tried once at least, not " + attempts + " times");
    }
}
