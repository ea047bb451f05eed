package dev.weft.hub;

import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Waits until nothing goes on any more in the whole system.
 *
 * <p>A round asks every instance to wait until it has caught up with all logs' ends that are known,
 * and to tell its log's end of then. The system is settled when all have caught up with the same
 * ends, and no end has moved, in two rounds one after the other. One is not enough: an instance that
 * answers early may be called by one that still handles an event, and write behind its answer. By
 * the end of the first quiet round everything up to the ends has been handled, so what that wrote is
 * in the logs before the second one begins, and would move an end there.
 *
 * <p>A key that was parked blocks, too, but is not waited for: with nothing else under way, the system
 * stays unsettled until somebody has it tried again or drops it.
 *
 * <p>A subscription whose service does not answer blocks as long as events wait for it. An instance
 * that cannot be reached blocks, unless another of its service answers.
 */
final class Settling {

    /** How long an instance is asked to wait in one round. */
    static final Duration ROUND = Duration.ofSeconds(2);

    /** How long an instance may take beyond it. */
    private static final Duration ANSWER = Duration.ofSeconds(3);

    private static final long MAX_ANSWER_BYTES = 1 << 20;

    /** How many rounds one after the other nothing may block, and no end move. */
    private static final int QUIET_ROUNDS = 2;

    /** The pause behind a round in which somebody could not answer. */
    private static final Duration PAUSE = Duration.ofMillis(25);

    /** What stands in the way. */
    record Blocked(
            Optional<String> service,
            String by,
            Optional<String> source,
            Optional<Long> position,
            Optional<Long> applied,
            Optional<Integer> attempt,
            Optional<String> error,
            Optional<Boolean> parked) {

        static Blocked of(String service, String by, String error) {
            return new Blocked(
                    Optional.of(service),
                    by,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(error),
                    Optional.empty());
        }

        Blocked in(String service) {
            return new Blocked(
                    Optional.of(service), by, source, position, applied, attempt, error, parked);
        }

        /** Whether it does not go on before somebody sees to it. */
        boolean stays() {
            return parked.orElse(false);
        }
    }

    /** How an instance answers. */
    record Progress(String service, long head, boolean settled, Optional<List<Blocked>> blocked) {}

    /**
     * How it went.
     *
     * @param ends the end of each service's log
     */
    record Result(
            boolean settled,
            int rounds,
            long waitedMs,
            Map<String, Long> ends,
            List<Blocked> blocked) {}

    /** What came of asking one instance. */
    private sealed interface Answer {
        record Came(Instance of, Progress progress) implements Answer {}

        record Away(Instance of, String error) implements Answer {}

        /** It is no Weft service and keeps nothing that could be waited for. */
        record Nothing(Instance of) implements Answer {}
    }

    private final InstanceTable table;
    private final BusLog bus;
    private final InstanceCalls calls;
    private final Time time;

    Settling(InstanceTable table, BusLog bus, InstanceCalls calls, Time time) {
        this.table = table;
        this.bus = bus;
        this.calls = calls;
        this.time = time;
    }

    /** Blocks until the system is settled, at most so long. */
    Result settle(Duration atMost) throws InterruptedException {
        long startNanos = time.nanos();
        var deadline = Deadline.after(atMost, time);
        var ends = Receipt.NONE;
        int quiet = 0;
        for (int round = 1; ; round++) {
            var answers = ask(ends, shorter(ROUND, deadline.remaining()));
            var blocked = blocked(answers);
            var now = ends.and(heads(answers));
            boolean still = blocked.stream().allMatch(Blocked::stays) && now.equals(ends);
            quiet = still ? quiet + 1 : 0;
            ends = now;
            boolean settled = quiet == QUIET_ROUNDS && blocked.isEmpty();
            if (quiet == QUIET_ROUNDS || deadline.expired()) {
                if (!settled && blocked.isEmpty()) blocked = List.of(moving());
                return new Result(
                        settled,
                        round,
                        (time.nanos() - startNanos) / 1_000_000,
                        ends.positions(),
                        blocked);
            }
            if (!blocked.isEmpty()) time.sleep(shorter(PAUSE, deadline.remaining()));
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Blocked moving() {
        return Blocked.of("hub", "new events", "events were written until the time was over");
    }

    private List<Answer> ask(Receipt ends, Duration wait) throws InterruptedException {
        var answers = new ArrayList<Answer>();
        var threads = new ArrayList<Thread>();
        try {
            for (var instance : table.instances())
                threads.add(
                        time.start(
                                "settle-" + instance.id(),
                                () -> {
                                    var answer = ask(instance, ends, wait);
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

    private Answer ask(Instance instance, Receipt ends, Duration wait) {
        var request = Request.get("/_weft/progress");
        request =
                request.with(
                        request.query()
                                .and("after", ends.toString())
                                .and("wait_ms", Long.toString(wait.toMillis())));
        try {
            return answer(instance, calls.call(instance, request, wait.plus(ANSWER)));
        } catch (Exception e) {
            return new Answer.Away(instance, InstanceCalls.why(e));
        }
    }

    private static Answer answer(Instance instance, Response response) {
        try (var body = response.body()) {
            if (response.status() == 404) return new Answer.Nothing(instance);
            if (response.status() != 200)
                return new Answer.Away(instance, "it answered " + response.status());
            return new Answer.Came(
                    instance, Json.read(body.bytes(MAX_ANSWER_BYTES), Progress.class));
        } catch (Failure.Malformed e) {
            // A program of another kind that answers whatever it is asked.
            return new Answer.Nothing(instance);
        }
    }

    private static Receipt heads(List<Answer> answers) {
        var heads = new HashMap<String, Long>();
        for (var answer : answers)
            if (answer instanceof Answer.Came(var instance, var progress))
                heads.merge(instance.service(), progress.head(), Math::max);
        return new Receipt(heads);
    }

    private List<Blocked> blocked(List<Answer> answers) {
        var blocked = new ArrayList<Blocked>();
        var answered =
                answers.stream()
                        .filter(Answer.Came.class::isInstance)
                        .map(answer -> ((Answer.Came) answer).of().service())
                        .collect(Collectors.toCollection(TreeSet::new));
        for (var answer : answers) {
            switch (answer) {
                case Answer.Came(var instance, var progress) -> {
                    if (!progress.settled()) blocked.addAll(reasons(instance, progress));
                }
                case Answer.Away(var instance, var error) -> {
                    if (!answered.contains(instance.service()))
                        blocked.add(
                                Blocked.of(instance.service(), "instance " + instance.id(), error));
                }
                case Answer.Nothing nothing -> {}
            }
        }
        blocked.addAll(waiting(answered));
        if (!table.complete())
            blocked.add(
                    Blocked.of(
                            "hub",
                            "registry",
                            "it has just started, and not all services have registered again"));
        return blocked;
    }

    private static List<Blocked> reasons(Instance instance, Progress progress) {
        var reasons = progress.blocked().orElse(List.of());
        if (reasons.isEmpty())
            return List.of(
                    Blocked.of(
                            instance.service(),
                            "instance " + instance.id(),
                            "it has not settled and does not say why"));
        return reasons.stream().map(reason -> reason.in(instance.service())).toList();
    }

    /**
     * Subscriptions with events waiting: those that nobody answers for, and those with events of other programs, which no service's
     * log tells of.
     */
    private List<Blocked> waiting(Set<String> answered) {
        return bus.names().stream()
                .filter(name -> !answered.contains(service(name)) || bus.attended(name))
                .filter(bus::waits)
                .map(name -> {
                    var service = service(name);
                    var error =
                            answered.contains(service)
                                    ? "events wait"
                                    : "events wait, and its service does not answer; start it, or"
                                            + " delete the subscription";
                    return Blocked.of(service, "subscription " + name, error);
                })
                .toList();
    }

    /** The service that a subscription is of: {@code service.listener}. */
    static String service(String subscription) {
        int dot = subscription.lastIndexOf('.');
        return dot < 0 ? subscription : subscription.substring(0, dot);
    }
}
