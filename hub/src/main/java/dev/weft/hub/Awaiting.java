package dev.weft.hub;

import dev.weft.core.Blocked;
import dev.weft.core.Deadline;
import dev.weft.core.Instance;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Time;
import dev.weft.hub.Asking.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Waits until everything is done that came of some commands, in all services, and of nothing else.
 *
 * <p>What came of a command is told by its trace: listeners go on in the trace of the event that they handle, and so do the
 * services that these call. A receipt names an event, and that its trace. What is under way of a trace is in one of three places:
 * written in a log and not projected or published yet, at the bus and not acknowledged yet, or parked. Logs and parked keys are
 * asked of the services, the bus is here.
 *
 * <p>Things move from place to place while they are asked for one after the other, so one round in which nothing is found proves
 * nothing. Three do, if no event of the traces came to the bus from the first one's look at it to the last one's. Then behind
 * that first look no listener has worked at such an event; so what is not parked in the second round never will be, and behind
 * it nobody is left who could write; so the third one finds what was written last.
 *
 * <p>A parked key blocks, but is not waited for. A service of which no instance answers blocks: what its log still holds, nobody
 * knows.
 */
final class Awaiting {

    /** The most traces that are waited for together. */
    static final int MAX_TRACES = 64;

    /** How many rounds one after the other nothing may be under way. */
    private static final int QUIET_ROUNDS = 3;

    /** What an instance tells. */
    record OfTraces(
            String service,
            long head,
            boolean done,
            Optional<List<Blocked>> blocked,
            Optional<List<String>> subscriptions,
            Optional<List<Failing>> failing) {}

    /** What fails in a listener of an instance. */
    record Failing(
            String listener, String source, long position, String key, int attempt, String error) {

        /** Whether it is why the event does not go on: itself, one of its key before it, or no event's fault. */
        boolean holds(BusLog.Undone undone) {
            var event = undone.logged().event();
            return listener.equals(undone.listener())
                    && (source.isEmpty()
                            || (source.equals(event.source()) && key.equals(event.key())));
        }
    }

    /** The trace that wrote an event. */
    record Written(String service, long head, String traceId) {}

    /**
     * How it went.
     *
     * @param traces that were waited for
     */
    record Result(
            boolean done, int rounds, long waitedMs, Set<String> traces, List<Blocked> blocked) {}

    private final InstanceTable table;
    private final BusLog bus;
    private final Asking asking;
    private final Time time;

    Awaiting(InstanceTable table, BusLog bus, InstanceCalls calls, Time time) {
        this.table = table;
        this.bus = bus;
        this.asking = new Asking(table, calls, time);
        this.time = time;
    }

    /**
     * Blocks until all is done that came of what the receipts name and of the traces, at most so long.
     *
     * @param receipts one of each command: of two positions of a log only the later one is left in a joined one
     */
    Result await(List<Receipt> receipts, Set<String> traces, Duration atMost)
            throws InterruptedException {
        var one = new One(receipts, traces, Deadline.after(atMost, time));
        long startNanos = time.nanos();
        if (one.unknown.isEmpty() && one.traces.isEmpty())
            return new Result(true, 0, 0, Set.of(), List.of());
        int late = 0;
        for (int round = 1; ; round++) {
            var blocked = one.round();
            // With nothing in the way it only has to make sure, which takes no waiting.
            if (one.deadline.expired() && (one.quiet == 0 || ++late > QUIET_ROUNDS))
                one.over = true;
            if (one.quiet == QUIET_ROUNDS || one.over)
                return new Result(
                        one.quiet == QUIET_ROUNDS && blocked.isEmpty(),
                        round,
                        (time.nanos() - startNanos) / 1_000_000,
                        Set.copyOf(one.traces),
                        blocked.isEmpty() && one.quiet < QUIET_ROUNDS
                                ? List.of(
                                        Blocked.of(
                                                "hub",
                                                "new events",
                                                "the time was over before it was sure that none"
                                                        + " came any more"))
                                : blocked);
        }
    }

    /** A position in a service's log. */
    private record Position(String service, long position) {
        @Override
        public String toString() {
            return service + "=" + position;
        }
    }

    /** One waiting, by one thread. */
    private final class One {
        final Deadline deadline;

        /** Of which the traces are not known yet. */
        final Set<Position> unknown = new LinkedHashSet<>();

        final Set<String> traces = new TreeSet<>();

        /** The services that have answered once, and have to from then on. */
        final Set<String> services = new TreeSet<>();

        /** Up to which sequence of the bus each subscription has nothing unread of the traces. */
        final Map<String, Long> clear = new HashMap<>();

        int quiet;

        /** The bus's end before the first quiet look at it. */
        long quietSince;

        /** Whether there is no point in going on. */
        boolean over;

        One(List<Receipt> receipts, Set<String> traces, Deadline deadline) {
            this.deadline = deadline;
            this.traces.addAll(traces);
            for (var receipt : receipts)
                receipt.positions()
                        .forEach((service, position) -> {
                            if (position > 0) unknown.add(new Position(service, position));
                        });
            if (unknown.size() + traces.size() > MAX_TRACES)
                throw new IllegalArgumentException(
                        "at most "
                                + MAX_TRACES
                                + " positions and traces are waited for together, not "
                                + (unknown.size() + traces.size()));
        }

        private Duration wait(Duration atMost) {
            return Asking.shorter(atMost, deadline.remaining());
        }

        /** What is in the way at its end; a round in which only parked keys are is a quiet one. */
        List<Blocked> round() throws InterruptedException {
            var seen = table.seen();
            var absent = new ArrayList<>(asking.warming());
            absent.addAll(look());
            var blocked = new ArrayList<Blocked>();
            List<Answer<OfTraces>> answers = List.of();
            if (!traces.isEmpty()) {
                answers = ask();
                blocked.addAll(told(answers));
                services.addAll(Asking.answered(answers));
                absent.addAll(Asking.away(answers));
                absent.addAll(unheard(answers));
            }
            absent.addAll(asking.missing(services, bus));
            blocked.addAll(absent);
            if (!traces.isEmpty()) blocked.addAll(atTheBus(answers));
            if (blocked.stream().anyMatch(each -> !each.stays())) quiet = 0;
            if (!absent.isEmpty() && !over) asking.awaitOthers(seen, deadline.remaining());
            return blocked;
        }

        /** Finds the traces of positions; tells what cannot be found out. */
        private List<Blocked> look() throws InterruptedException {
            var missing = new ArrayList<Blocked>();
            for (var each : List.copyOf(unknown)) {
                var trace = traceOf(each);
                if (trace.isPresent() && trace.get().stays()) over = true;
                trace.ifPresent(missing::add);
                if (trace.isEmpty()) unknown.remove(each);
            }
            return missing;
        }

        /** What hinders to tell its trace. */
        private Optional<Blocked> traceOf(Position each) throws InterruptedException {
            var request = Request.get("/_weft/written");
            request = request.with(request.query().and("position", Long.toString(each.position)));
            var answers =
                    asking.ask(
                            instance -> instance.service().equals(each.service),
                            request,
                            Written.class,
                            wait(Settling.ROUND));
            for (var answer : answers)
                if (answer instanceof Answer.Came<Written>(Instance of, Written told)) {
                    if (told.traceId().isEmpty())
                        return Optional.of(
                                lost(
                                        each,
                                        each.position > told.head()
                                                ? "its log ends at " + told.head()
                                                : "no trace wrote that, so what came of it cannot"
                                                        + " be told"));
                    traces.add(told.traceId());
                    return Optional.empty();
                }
            var away = Asking.away(answers);
            if (!away.isEmpty()) return Optional.of(away.getFirst());
            return Optional.of(
                    answers.isEmpty()
                            ? Blocked.of(
                                    each.service,
                                    "receipt " + each,
                                    "there is no instance of this service that could be asked")
                            : lost(each, "this service writes no receipts"));
        }

        private Blocked lost(Position each, String why) {
            return new Blocked(
                    Optional.of(each.service),
                    "receipt " + each,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(why),
                    Optional.of(true));
        }

        private List<Answer<OfTraces>> ask() throws InterruptedException {
            var wait = wait(Settling.ROUND);
            var request = Request.get("/_weft/await");
            request =
                    request.with(
                            request.query()
                                    .and("traces", String.join(",", traces))
                                    .and("wait_ms", Long.toString(wait.toMillis())));
            return asking.ask(all -> true, request, OfTraces.class, wait);
        }

        /** What services have still to do, if none of their instances has found it done; all see the same storage. */
        private static List<Blocked> told(List<Answer<OfTraces>> answers) {
            var heard = new TreeSet<String>();
            for (var answer : answers)
                if (answer instanceof Answer.Came<OfTraces>(var instance, var told) && told.done())
                    heard.add(instance.service());
            var blocked = new ArrayList<Blocked>();
            for (var answer : answers)
                if (answer instanceof Answer.Came<OfTraces>(var instance, var told)
                        && heard.add(instance.service()))
                    blocked.addAll(Asking.reasons(instance, told.blocked()));
            return blocked;
        }

        /** The listeners that the bus does not know yet, so that it cannot tell what they have still to do. */
        private List<Blocked> unheard(List<Answer<OfTraces>> answers) {
            var unheard = new TreeSet<String>();
            for (var answer : answers)
                if (answer instanceof Answer.Came<OfTraces> came)
                    unheard.addAll(came.told().subscriptions().orElse(List.of()));
            unheard.removeAll(bus.names());
            return unheard.stream()
                    .map(name ->
                            Blocked.of(
                                    Settling.service(name),
                                    "subscription " + name,
                                    "its listener has not reached the bus yet"))
                    .toList();
        }

        /** Waits until no subscription has anything of the traces; counts the quiet rounds. */
        private List<Blocked> atTheBus(List<Answer<OfTraces>> answers) throws InterruptedException {
            long began = bus.end();
            var until = Deadline.after(wait(Settling.ROUND), time);
            var undone = undone();
            while (!until.expired()) {
                var next = undone.values().stream().filter(each -> !each.parked()).findFirst();
                if (next.isEmpty()) break;
                bus.awaitDone(
                        next.get().subscription(),
                        next.get().logged().sequence(),
                        until.remaining());
                began = bus.end();
                undone = undone();
            }
            if (quiet == 0 || bus.came(traces, quietSince)) {
                quiet = 0;
                quietSince = began;
            }
            quiet++;
            return undone.values().stream().map(each -> blocked(each, answers)).toList();
        }

        private Map<String, BusLog.Undone> undone() {
            var undone = new LinkedHashMap<String, BusLog.Undone>();
            for (var name : bus.names()) {
                long end = bus.end();
                var first = bus.undone(name, traces, clear.getOrDefault(name, 0L));
                if (first.isPresent()) undone.put(name, first.get());
                else clear.put(name, end);
            }
            return undone;
        }

        private static Blocked blocked(BusLog.Undone undone, List<Answer<OfTraces>> answers) {
            for (var answer : answers)
                if (answer instanceof Answer.Came<OfTraces>(var instance, var told)
                        && instance.service().equals(undone.service()))
                    for (var each : told.failing().orElse(List.of()))
                        if (each.holds(undone))
                            return undone.blocked(each.attempt(), why(each, undone));
            return undone.blocked(Asking.answered(answers).contains(undone.service()));
        }

        private static String why(Failing failing, BusLog.Undone undone) {
            boolean before =
                    failing.position() > 0
                            && failing.position() < undone.logged().event().position();
            return before
                    ? failing.error()
                            + " (at "
                            + failing.source()
                            + "="
                            + failing.position()
                            + ", of the same key and before it)"
                    : failing.error();
        }
    }
}
