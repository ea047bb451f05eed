package dev.weft.events;

import dev.weft.core.Time;
import dev.weft.json.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Erases subjects of personal data in one service: their keys, and what its projections and listeners keep of them in tables,
 * in one transaction.
 */
public final class Erasing {

    /**
     * What came of it.
     *
     * @param at when the subject was erased first
     * @param by who asked for it then
     * @param repeated whether it had been erased before; what is to be done was done again
     * @param copies who may have copies in the open, for they take personal data and did not say what becomes of them: {@code
     *     projection shelf}, {@code listener price-list}, {@code effect mailing}, {@code saga fulfilment}
     */
    public record Erased(
            String subject, Instant at, String by, boolean repeated, List<String> copies) {
        public Erased {
            copies = List.copyOf(copies);
        }
    }

    private final Storage storage;

    /** What is done with an erasure. */
    private final List<Forget> forgetting = new ArrayList<>();

    /** What of it is this code's alone, and so done again behind an erasure by a process that may run other code. */
    private final List<Forget> own = new ArrayList<>();

    private final List<String> copies = new ArrayList<>();

    /** How many erasures there were before this process wrote anything. */
    private final long before;

    /** Whom this process erases, until it comes by them in {@link Forgetting}. */
    private final Set<String> erasedHere = ConcurrentHashMap.newKeySet();

    public Erasing(
            Storage storage,
            List<? extends Projection<?>> projections,
            List<? extends Listener> listeners) {
        this(storage, projections, listeners, List.of());
    }

    public Erasing(
            Storage storage,
            List<? extends Projection<?>> projections,
            List<? extends Listener> listeners,
            List<Saga<?>> sagas) {
        this.storage = storage;
        this.before = storage.subjects().known();
        forgetting.add(Parked::forget);
        forgetting.add((sql, subject) -> TimerRows.forget(sql));
        forgetting.add((sql, subject) -> SagaRows.forget(sql));
        for (var each : projections) {
            each.forget().ifPresent(it -> add(each, it));
            name("projection " + each.name(), each.forget(), each.decider().events());
        }
        for (var each : listeners)
            switch (each) {
                case Listener.Transactional tables -> {
                    tables.forget().ifPresent(this::add);
                    name("listener " + tables.name(), tables.forget(), tables.types());
                }
                case Listener.View view -> {
                    view.forget().ifPresent(it -> add(view.seeing(), it));
                    name("listener " + view.name(), view.forget(), view.types());
                }
                case Listener.Effect effect ->
                        name("effect " + effect.name(), Optional.empty(), effect.types());
            }
        for (var each : sagas)
            if (each.hears().stream().anyMatch(it -> Json.holdsPersonal(it.type()))
                    || each.calls().stream().anyMatch(Erasing::answersPersonal))
                copies.add("saga " + each.name());
    }

    /** Tables that are rebuilt beside the live ones, or kept, hold the same. */
    private void add(Projection<?> projection, Forget forget) {
        forgetting.add((sql, subject) ->
                Generations.change(projection, sql, tables -> forget.forget(tables, subject)));
        own.add((sql, subject) ->
                Generations.changeOwn(projection, sql, tables -> forget.forget(tables, subject)));
    }

    private void add(Forget forget) {
        forgetting.add(forget);
        own.add(forget);
    }

    private void name(String name, Optional<Forget> forget, List<? extends EventType<?>> types) {
        if (forget.isEmpty() && types.stream().anyMatch(it -> Json.holdsPersonal(it.type())))
            copies.add(name);
    }

    private static boolean answersPersonal(Call<?, ?> call) {
        var answer = call.operation().answers();
        return answer != Void.class && Json.holdsPersonal(answer);
    }

    /**
     * Erases the subject. When it returns, no process of the service reads anything personal of it any more; what other code of it keeps
     * in tables that this one does not know is forgotten by that within {@link Forgetting#LOOK}.
     *
     * @param by who asks for it; kept with the subject for ever
     */
    public Erased erase(String subject, String by) throws InterruptedException {
        boolean first = false;
        if (!own.isEmpty()) erasedHere.add(subject);
        try {
            var erasure =
                    storage.subjects()
                            .erase(
                                    subject,
                                    by,
                                    sql -> forgetting.forEach(it -> it.forget(sql, subject)));
            first = !erasure.repeated();
            return new Erased(subject, erasure.at(), erasure.by(), erasure.repeated(), copies);
        } finally {
            if (!first) erasedHere.remove(subject);
        }
    }

    /** What forgets whom other processes erase; empty if this code has nothing of its own to forget. */
    Optional<Forgetting> forgetting(String service, Progress progress, Time time) {
        return own.isEmpty()
                ? Optional.empty()
                : Optional.of(new Forgetting(service, this, storage, before, progress, time));
    }

    /** Has this code's own tables forget somebody whom another process has erased. */
    void forgetAgain(String subject) throws InterruptedException {
        if (erasedHere.remove(subject)) return;
        storage.database()
                .write(sql -> {
                    own.forEach(it -> it.forget(sql, subject));
                    return true;
                });
    }
}
