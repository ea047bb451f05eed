package dev.weft.events;

import dev.weft.core.Meter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The sagas of a service, and what their instances are at. A {@link Pipeline} runs them. Safe for many threads.
 */
public final class Sagas {

    /** The most instances that are listed at once. */
    public static final int MAX_LISTED = 1_000;

    /**
     * An instance.
     *
     * @param began when it heard of what it is about
     * @param changed when it last took an input
     * @param ended when it was done; empty if it is not
     * @param waits what it waits for: calls that are not answered, timers; nothing, if only an event can move it
     * @param unexpected how many inputs it had no use for
     * @param lastUnexpected the last one of these; empty if there was none
     */
    public record Instance(
            String saga,
            String id,
            Instant began,
            Instant changed,
            Optional<Instant> ended,
            List<Waits> waits,
            long unexpected,
            String lastUnexpected) {}

    /**
     * What an instance waits for.
     *
     * @param what the name of a call or of a timer
     * @param service that is called; empty for a timer
     * @param since when the call was decided; for a timer when it is due
     * @param attempts that have failed
     * @param error of the last one; empty if none has failed and the code knows what it is
     */
    public record Waits(String what, String service, Instant since, int attempts, String error) {
        Waits because(String error) {
            return new Waits(what, service, since, attempts, error);
        }
    }

    /**
     * An instance with all that is kept of it.
     *
     * @param state JSON
     * @param calls all that it has made, in order
     */
    public record Whole(Instance instance, String state, List<Made> calls) {}

    /**
     * A call that an instance has made.
     *
     * @param state {@code open}, {@code answered}, {@code refused} or {@code given-up}
     * @param input JSON; empty for none
     */
    public record Made(
            long number,
            String call,
            String service,
            String state,
            int attempts,
            String input,
            Instant began,
            Optional<Instant> ended) {}

    private final Map<String, SagaTurns<?>> turns = new LinkedHashMap<>();
    private final Function<String, Service<Request, Response>> clients;
    private final Database database;
    private volatile Runnable called = () -> {};

    /**
     * @param commands of the service's deciders
     * @param clients services by their names, for the calls
     * @throws IllegalArgumentException if one does not say what comes of a refused call
     */
    public Sagas(
            List<Saga<?>> sagas,
            Commands commands,
            Function<String, Service<Request, Response>> clients,
            Database database,
            Meter meter,
            Time time) {
        this.clients = clients;
        this.database = database;
        for (var saga : sagas) {
            saga.requireRefused();
            var one = new SagaTurns<>(saga, commands, meter, () -> called.run(), time);
            if (turns.put(saga.name(), one) != null)
                throw new IllegalArgumentException(
                        "there are two sagas named \"" + saga.name() + "\"; rename one");
        }
    }

    /** What feeds them with events. */
    List<Listener> listeners() {
        return turns.values().stream().<Listener>map(SagaTurns::listener).toList();
    }

    /** What their timers come to. */
    Map<String, TimerRunner.Owner> owners() {
        var owners = new LinkedHashMap<String, TimerRunner.Owner>();
        for (var each : turns.values())
            for (var timer : each.saga().timers())
                owners.put(SagaTurns.owner(each.saga()) + "/" + timer, each::due);
        return owners;
    }

    List<Saga<?>> all() {
        return turns.values().stream().<Saga<?>>map(SagaTurns::saga).toList();
    }

    Map<String, SagaTurns<?>> turns() {
        return Map.copyOf(turns);
    }

    Function<String, Service<Request, Response>> clients() {
        return clients;
    }

    /** Has this told when there are calls to make. */
    void called(Runnable called) {
        this.called = called;
    }

    /** The state of an instance, also behind its end; empty if it has not begun. */
    public <S> Optional<S> state(Saga<S> saga, String id) {
        return SagaRows.find(saga.name(), id, database)
                .map(it -> Json.read(it.state(), saga.state()));
    }

    /**
     * Instances: those that have not ended, the one first that has rested longest; or all, the one first that moved last.
     *
     * @param saga of this one only
     * @param max at most {@value #MAX_LISTED}
     */
    public List<Instance> list(Optional<String> saga, boolean ended, int max) {
        return SagaRows.list(saga, ended, Math.min(max, MAX_LISTED), database).stream()
                .map(this::instance)
                .toList();
    }

    /** An instance with its state and its calls; empty if there is none. */
    public Optional<Whole> show(String saga, String id) {
        return SagaRows.find(saga, id, database)
                .map(it ->
                        new Whole(
                                instance(it),
                                text(it.state()),
                                SagaRows.calls(saga, id, database).stream()
                                        .map(Sagas::made)
                                        .toList()));
    }

    private Instance instance(SagaRows.Kept kept) {
        var waits = new ArrayList<Waits>();
        if (kept.ended() == 0) {
            waits.addAll(SagaRows.waits(kept.saga(), kept.id(), database));
            waits.addAll(TimerRows.of("saga " + kept.saga(), kept.id(), database));
            waits.replaceAll(
                    it -> knows(kept.saga(), it) ? it : it.because("there is no code for it"));
        }
        return new Instance(
                kept.saga(),
                kept.id(),
                Parked.time(kept.began()),
                Parked.time(kept.changed()),
                Parked.optionalTime(kept.ended()),
                waits,
                kept.unexpected(),
                kept.lastUnexpected());
    }

    /** Whether the code goes on when that is there. */
    private boolean knows(String saga, Waits waits) {
        return Optional.ofNullable(turns.get(saga))
                .map(SagaTurns::saga)
                .filter(it ->
                        waits.service().isEmpty()
                                ? it.timers().contains(waits.what())
                                : it.call(waits.what()).isPresent())
                .isPresent();
    }

    private static Made made(SagaRows.Made call) {
        return new Made(
                call.number(),
                call.name(),
                call.service(),
                call.state(),
                call.attempts(),
                call.hasInput() ? text(call.input()) : "",
                Parked.time(call.began()),
                Parked.optionalTime(call.ended()));
    }

    private static String text(byte[] json) {
        return new String(json, StandardCharsets.UTF_8);
    }
}
