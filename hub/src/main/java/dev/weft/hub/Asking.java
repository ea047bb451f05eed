package dev.weft.hub;

import dev.weft.core.Blocked;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Asks instances the same thing, all at once. */
final class Asking {

    /** How long an instance may take beyond the time that it is asked to wait. */
    private static final Duration ANSWER = Duration.ofSeconds(3);

    /** An instance may come back without the registry's noticing: so soon it is asked again. */
    private static final Duration AGAIN = Duration.ofMillis(500);

    private static final long MAX_ANSWER_BYTES = 4 << 20;

    /** What came of asking one instance. */
    sealed interface Answer<T> {

        Instance of();

        record Came<T>(Instance of, T told) implements Answer<T> {}

        record Away<T>(Instance of, String error) implements Answer<T> {}

        /** It is no Weft service and keeps nothing that could be waited for. */
        record Nothing<T>(Instance of) implements Answer<T> {}
    }

    private final InstanceTable table;
    private final InstanceCalls calls;
    private final Time time;

    Asking(InstanceTable table, InstanceCalls calls, Time time) {
        this.table = table;
        this.calls = calls;
        this.time = time;
    }

    /**
     * Asks all instances that are meant and waits for each.
     *
     * @param wait how long the request has them wait
     */
    <T> List<Answer<T>> ask(
            Predicate<Instance> meant, Request request, Class<T> type, Duration wait)
            throws InterruptedException {
        var answers = new ArrayList<Answer<T>>();
        var threads = new ArrayList<Thread>();
        try {
            for (var instance : table.instances())
                if (meant.test(instance))
                    threads.add(
                            time.start(
                                    "ask-" + instance.id(),
                                    () -> {
                                        var answer = ask(instance, request, type, wait);
                                        synchronized (answers) {
                                            answers.add(answer);
                                        }
                                    }));
            for (var thread : threads) thread.join();
        } finally {
            threads.forEach(Thread::interrupt);
        }
        synchronized (answers) {
            return List.copyOf(answers);
        }
    }

    private <T> Answer<T> ask(Instance instance, Request request, Class<T> type, Duration wait) {
        try {
            return answer(instance, calls.call(instance, request, wait.plus(ANSWER)), type);
        } catch (Exception e) {
            return new Answer.Away<>(instance, InstanceCalls.why(e));
        }
    }

    private static <T> Answer<T> answer(Instance instance, Response response, Class<T> type) {
        try (var body = response.body()) {
            if (response.status() == 404) return new Answer.Nothing<>(instance);
            if (response.status() != 200)
                return new Answer.Away<>(instance, "it answered " + response.status());
            return new Answer.Came<>(instance, Json.read(body.bytes(MAX_ANSWER_BYTES), type));
        } catch (Failure.Malformed e) {
            // A program of another kind that answers whatever it is asked.
            return new Answer.Nothing<>(instance);
        }
    }

    /**
     * Waits until others may answer than those that were asked: for a change of the registry, at most so long.
     *
     * @param seen the registry's version before they were asked
     */
    void awaitOthers(String seen, Duration atMost) throws InterruptedException {
        table.await(seen, shorter(AGAIN, atMost));
    }

    static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** What is to be waited for while the hub does not know yet who is there. */
    List<Blocked> warming() {
        return table.complete()
                ? List.of()
                : List.of(
                        Blocked.of(
                                "hub",
                                "registry",
                                "it has just started, and not all services have registered again"));
    }

    /**
     * The services of which no instance is there that could be asked.
     *
     * @param answered that have answered before; beside them, those are meant that belong to the system and take part in the bus
     */
    List<Blocked> missing(Set<String> answered, BusLog bus) {
        var missing = new TreeSet<>(answered);
        table.expected().stream().filter(bus::knows).forEach(missing::add);
        table.instances().forEach(instance -> missing.remove(instance.service()));
        return missing.stream()
                .map(service ->
                        Blocked.of(
                                service,
                                "service " + service,
                                "no instance of it is there, so nobody knows what it still has to"
                                        + " do"))
                .toList();
    }

    /** What an instance that is not done says; it says something in any case. */
    static List<Blocked> reasons(Instance instance, Optional<List<Blocked>> told) {
        if (told.map(List::isEmpty).orElse(true))
            return List.of(
                    Blocked.of(
                            instance.service(),
                            "instance " + instance.id(),
                            "it is not done and does not say why"));
        return told.get().stream().map(reason -> reason.in(instance.service())).toList();
    }

    /** The services of which an instance answered. */
    static <T> Set<String> answered(List<Answer<T>> answers) {
        var services = new TreeSet<String>();
        for (var answer : answers)
            if (answer instanceof Answer.Came<T> came) services.add(came.of().service());
        return services;
    }

    /** The instances that cannot be reached, but for those of services of which another one answers. */
    static <T> List<Blocked> away(List<Answer<T>> answers) {
        var answered = answered(answers);
        var away = new ArrayList<Blocked>();
        for (var answer : answers)
            if (answer instanceof Answer.Away<T>(var instance, var error)
                    && !answered.contains(instance.service()))
                away.add(Blocked.of(instance.service(), "instance " + instance.id(), error));
        return away;
    }
}
