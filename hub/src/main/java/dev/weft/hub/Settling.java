package dev.weft.hub;

import dev.weft.core.Blocked;
import dev.weft.core.Deadline;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Time;
import dev.weft.hub.Asking.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

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
 * that cannot be reached blocks, unless another of its service answers. So does a service of which there is none: what its log
 * still holds, nobody knows.
 */
final class Settling {

    /** How long an instance is asked to wait in one round. */
    static final Duration ROUND = Duration.ofSeconds(2);

    /** How many rounds one after the other nothing may block, and no end move. */
    private static final int QUIET_ROUNDS = 2;

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

    private final InstanceTable table;
    private final BusLog bus;
    private final Asking asking;
    private final Time time;

    Settling(InstanceTable table, BusLog bus, InstanceCalls calls, Time time) {
        this.table = table;
        this.bus = bus;
        this.asking = new Asking(table, calls, time);
        this.time = time;
    }

    /** Blocks until the system is settled, at most so long. */
    Result settle(Duration atMost) throws InterruptedException {
        long startNanos = time.nanos();
        var deadline = Deadline.after(atMost, time);
        var ends = Receipt.NONE;
        var services = new TreeSet<String>();
        int quiet = 0;
        for (int round = 1; ; round++) {
            var seen = table.seen();
            var answers = ask(ends, Asking.shorter(ROUND, deadline.remaining()));
            var answered = Asking.answered(answers);
            services.addAll(answered);
            var away = new ArrayList<>(Asking.away(answers));
            away.addAll(asking.warming());
            away.addAll(asking.missing(services, bus));
            var waiting = waiting(answered);
            var blocked = new ArrayList<>(reasons(answers));
            blocked.addAll(away);
            for (var each : waiting) blocked.add(each.blocked(answered.contains(each.service())));
            var now = ends.and(heads(answers));
            boolean still = blocked.stream().allMatch(Blocked::stays) && now.equals(ends);
            quiet = still ? quiet + 1 : 0;
            ends = now;
            boolean settled = quiet == QUIET_ROUNDS && blocked.isEmpty();
            if (quiet == QUIET_ROUNDS || deadline.expired()) {
                if (!settled && blocked.isEmpty()) blocked.add(moving());
                return new Result(
                        settled,
                        round,
                        (time.nanos() - startNanos) / 1_000_000,
                        ends.positions(),
                        blocked);
            }
            if (!away.isEmpty()) asking.awaitOthers(seen, deadline.remaining());
            else awaitDone(waiting, deadline);
        }
    }

    private static Blocked moving() {
        return Blocked.of("hub", "new events", "events were written until the time was over");
    }

    private List<Answer<Progress>> ask(Receipt ends, Duration wait) throws InterruptedException {
        var request = Request.get("/_weft/progress");
        request =
                request.with(
                        request.query()
                                .and("after", ends.toString())
                                .and("wait_ms", Long.toString(wait.toMillis())));
        return asking.ask(all -> true, request, Progress.class, wait);
    }

    private static Receipt heads(List<Answer<Progress>> answers) {
        var heads = new HashMap<String, Long>();
        for (var answer : answers)
            if (answer instanceof Answer.Came<Progress>(var instance, var progress))
                heads.merge(instance.service(), progress.head(), Math::max);
        return new Receipt(heads);
    }

    private static List<Blocked> reasons(List<Answer<Progress>> answers) {
        var reasons = new ArrayList<Blocked>();
        for (var answer : answers)
            if (answer instanceof Answer.Came<Progress>(var instance, var progress)
                    && !progress.settled())
                reasons.addAll(Asking.reasons(instance, progress.blocked()));
        return reasons;
    }

    /**
     * Subscriptions with events waiting: those that nobody answers for, and those with events of other programs, which no service's
     * log tells of.
     */
    private List<BusLog.Undone> waiting(Set<String> answered) {
        return bus.names().stream()
                .filter(name -> !answered.contains(service(name)) || bus.attended(name))
                .map(bus::waiting)
                .flatMap(Optional::stream)
                .toList();
    }

    private void awaitDone(List<BusLog.Undone> waiting, Deadline deadline)
            throws InterruptedException {
        for (var each : waiting)
            if (!each.parked()) {
                bus.awaitDone(
                        each.subscription(),
                        each.logged().sequence(),
                        Asking.shorter(ROUND, deadline.remaining()));
                return;
            }
    }

    /** The service that a subscription is of: {@code service.listener}. */
    static String service(String subscription) {
        int dot = subscription.lastIndexOf('.');
        return dot < 0 ? subscription : subscription.substring(0, dot);
    }
}
