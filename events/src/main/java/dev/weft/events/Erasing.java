package dev.weft.events;

import dev.weft.json.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
     *     projection shelf}, {@code listener price-list}, {@code effect mailing}
     */
    public record Erased(
            String subject, Instant at, String by, boolean repeated, List<String> copies) {
        public Erased {
            copies = List.copyOf(copies);
        }
    }

    private final Subjects subjects;
    private final List<Forget> forgetting = new ArrayList<>();
    private final List<String> copies = new ArrayList<>();

    public Erasing(
            Storage storage,
            List<? extends Projection<?>> projections,
            List<? extends Listener> listeners) {
        this.subjects = storage.subjects();
        forgetting.add(Parked::forget);
        for (var each : projections)
            add(
                    "projection " + each.name(),
                    each.forget().map(it -> inAll(each, it)),
                    each.decider().events());
        for (var each : listeners)
            switch (each) {
                case Listener.Transactional tables ->
                        add("listener " + tables.name(), tables.forget(), tables.types());
                case Listener.View view ->
                        add(
                                "listener " + view.name(),
                                view.forget().map(it -> inAll(view.seeing(), it)),
                                view.types());
                case Listener.Effect effect ->
                        add("effect " + effect.name(), Optional.empty(), effect.types());
            }
    }

    /** Tables that are rebuilt beside the live ones, or kept, hold the same. */
    private static Forget inAll(Projection<?> projection, Forget forget) {
        return (sql, subject) ->
                Generations.change(projection, sql, tables -> forget.forget(tables, subject));
    }

    private void add(String name, Optional<Forget> forget, List<? extends EventType<?>> types) {
        forget.ifPresent(forgetting::add);
        if (forget.isEmpty() && types.stream().anyMatch(it -> Json.holdsPersonal(it.type())))
            copies.add(name);
    }

    /**
     * Erases the subject. When it returns, no process of the service reads anything personal of it any more.
     *
     * @param by who asks for it; kept with the subject for ever
     */
    public Erased erase(String subject, String by) throws InterruptedException {
        var erasure =
                subjects.erase(
                        subject, by, sql -> forgetting.forEach(it -> it.forget(sql, subject)));
        return new Erased(subject, erasure.at(), erasure.by(), erasure.repeated(), copies);
    }
}
