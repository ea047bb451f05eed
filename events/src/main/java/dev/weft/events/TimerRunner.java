package dev.weft.events;

import dev.weft.core.Backoff;
import dev.weft.core.Span;
import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Lets the timers of a service go off: each in a transaction that takes its row away, or on to its next time, and writes what
 * comes of it. So it happens once, whichever of several processes is at it and wherever one dies.
 *
 * <p>It looks every {@link #LOOK} at least, and by the wall clock: a clock that jumps forth lets timers go off early, one that
 * jumps back late, none twice and none never. All of it happens on one thread.
 */
final class TimerRunner implements Runner {

    /** How often it looks for timers at least. */
    static final Duration LOOK = Duration.ofMillis(100);

    private static final int MAX_BATCH = 100;

    /** What a timer of an owner comes to when it goes off. */
    interface Owner {
        void due(TimerRows.Timer timer, Transaction transaction);
    }

    private final String service;
    private final List<Recurring> recurring;
    private final Map<String, Owner> owners;
    private final Storage storage;
    private final EventSpans spans;
    private final Progress.Part part;
    private final Time time;
    private final Loop loop;
    private volatile boolean begun;

    /**
     * @param owners of timers that are no events, by {@code OWNER/NAME}; others of that kind are left to code that knows them
     */
    TimerRunner(
            String service,
            List<Recurring> recurring,
            Map<String, Owner> owners,
            Storage storage,
            EventSpans spans,
            Progress progress,
            Time time) {
        this.service = service;
        this.recurring = List.copyOf(recurring);
        this.owners = Map.copyOf(owners);
        this.storage = storage;
        this.spans = spans;
        this.part = progress.part(Progress.Kind.TIMERS, "");
        this.time = time;
        this.loop = new Loop(service + " timers", time, part, this::step);
        var names = new HashSet<String>();
        for (var each : recurring) {
            if (!names.add(each.name()))
                throw new IllegalArgumentException(
                        service + " has two recurring events named \"" + each.name() + "\"");
            Timers.kept(each.event());
        }
    }

    @Override
    public void start() {
        loop.start();
    }

    @Override
    public void stop(Duration atMost) {
        loop.stop(atMost);
    }

    private void step() throws Exception {
        var now = time.now();
        if (!begun)
            storage.database()
                    .write(sql -> {
                        makeTables(sql);
                        return declare(sql);
                    });
        else if (!recurring.isEmpty()) pullIn(now);
        if (!begun) {
            begun = true;
            part.parkedChanged();
        }
        var due = TimerRows.wanted(now, owners.keySet(), MAX_BATCH, storage.database());
        if (due.isEmpty()) rest(now);
        else goOff(due, storage.subjects().erasures());
    }

    /** Makes what timers need where it is missing. */
    static void makeTables(Sql sql) {
        TimerRows.TABLE.forEach(sql::update);
    }

    /**
     * What is due; nothing is known of that before it has begun.
     *
     * @param correlations only what was set in these traces; all if there are none
     */
    List<Progress.Blocked> blocking(Set<String> correlations) {
        if (!begun) return List.of(blocked(0, "it has not begun yet"));
        return due(time.now(), correlations)
                .map(it -> blocked(it.timer().attempts(), it.text()))
                .toList();
    }

    /** What is due, those first that fail; and why those wait that this code does not know. */
    private Stream<TimerRows.Due> due(Instant now, Set<String> correlations) {
        return TimerRows.due(now, correlations, Progress.MAX_FAILING, storage.database()).stream()
                .map(it -> knows(it.timer()) ? it : it.because(service + " has no code for it"));
    }

    private boolean knows(TimerRows.Timer timer) {
        return !timer.type().isEmpty() || owners.containsKey(timer.what());
    }

    private Progress.Blocked blocked(int attempt, String error) {
        return new Progress.Blocked("timers", service, 0, 0, attempt, error, false);
    }

    /** What waits; nothing, before it has begun. */
    Pipeline.Waiting waiting() {
        if (!begun) return Pipeline.Waiting.NONE;
        var now = time.now();
        var database = storage.database();
        var failing =
                due(now, Set.of())
                        .filter(it -> it.timer().attempts() > 0 || !knows(it.timer()))
                        .map(it ->
                                new Progress.Failing(
                                        "",
                                        0,
                                        it.timer().key(),
                                        it.timer().attempts(),
                                        it.text(),
                                        it.next()))
                        .toList();
        return new Pipeline.Waiting(
                TimerRows.count(database), TimerRows.next(now, database), failing);
    }

    private void rest(Instant now) throws Exception {
        var next = TimerRows.next(now, storage.database()).map(it -> Duration.between(now, it));
        var wait = next.filter(it -> it.compareTo(LOOK) < 0).orElse(LOOK);
        loop.idle(() -> {
            // A whole millisecond behind it, as the clock may be coarser than a microsecond.
            time.sleep(wait.plusMillis(1));
            return true;
        });
    }

    /** The recurring ones that the code has now, and no others. */
    private boolean declare(Sql sql) {
        long now = Parked.micros(time.now());
        var before = TimerRows.recurring(sql);
        for (var each : recurring) {
            var known = before.stream().filter(it -> it.name().equals(each.name())).findFirst();
            var wanted = timer(each, known.map(TimerRows.Timer::due), now);
            if (known.isEmpty() || !isSame(known.get(), wanted)) {
                known.ifPresent(it -> TimerRows.remove(it.owner(), it.name(), it.key(), sql));
                TimerRows.set(wanted, sql);
            }
        }
        for (var each : before)
            if (recurring.stream().noneMatch(it -> it.name().equals(each.name())))
                TimerRows.remove(each.owner(), each.name(), each.key(), sql);
        return true;
    }

    /** With its next time behind now, unless the one that is known is on its way by the same interval. */
    private static TimerRows.Timer timer(Recurring of, Optional<Long> known, long now) {
        long every = of.every().toNanos() / 1_000;
        long next = TimerRows.next(0, every, now);
        long due = known.filter(it -> it <= next && it % every == 0).orElse(next);
        return new TimerRows.Timer(
                TimerRows.RECURRING,
                of.name(),
                of.event().key(),
                of.event().type().publicName(),
                due,
                every,
                Timers.kept(of.event()),
                Origin.NONE,
                0);
    }

    private static boolean isSame(TimerRows.Timer one, TimerRows.Timer other) {
        return one.key().equals(other.key())
                && one.type().equals(other.type())
                && one.due() == other.due()
                && one.every() == other.every()
                && Arrays.equals(one.data(), other.data());
    }

    /** Where the clock was ahead when the next time was reckoned, that is further away than an interval. */
    private void pullIn(Instant now) throws InterruptedException {
        long micros = Parked.micros(now);
        boolean ahead =
                storage.database()
                        .first(
                                "select name from weft_timer where owner = ? and due > ? + every limit 1",
                                row -> true,
                                TimerRows.RECURRING,
                                micros)
                        .isPresent();
        if (ahead) storage.database().write(this::declare);
    }

    /**
     * All in one transaction; if that fails, one by one.
     *
     * @param erasures how many there were before
     */
    private void goOff(List<TimerRows.Timer> due, long erasures) throws InterruptedException {
        try {
            commit(due);
        } catch (InterruptedException e) {
            throw e;
        } catch (Throwable failure) {
            if (!Attempts.counts(failure)) throw failure;
            if (due.size() > 1)
                for (var each : due) {
                    if (!loop.stopping()) goOff(List.of(each), erasures);
                }
            else failed(due.getFirst(), failure, erasures);
        }
    }

    private void commit(List<TimerRows.Timer> due) throws InterruptedException {
        storage.write(transaction -> {
            for (var timer : due)
                TimerRows.take(timer, time.now(), transaction.sql())
                        .ifPresent(it -> goOff(it, transaction));
            return true;
        });
        part.parkedChanged();
    }

    private void goOff(TimerRows.Timer timer, Transaction transaction) {
        var id = service + " timer " + timer.text();
        spans.record(
                timer.origin(),
                "timer " + timer.name(),
                Span.Kind.INTERNAL,
                id,
                () -> {
                    var owner = Optional.ofNullable(owners.get(timer.what()));
                    if (owner.isPresent()) owner.get().due(timer, transaction);
                    else
                        Told.append(
                                timer.type(),
                                timer.key(),
                                timer.data(),
                                timer.origin(),
                                transaction);
                });
    }

    private void failed(TimerRows.Timer timer, Throwable failure, long erasures)
            throws InterruptedException {
        if (timer.attempts() == 0)
            Loop.LOG.log(
                    System.Logger.Level.WARNING,
                    service + ": the timer " + timer.text() + " fails and is tried again",
                    failure);
        var retry = time.now().plus(Backoff.PATIENT.after(timer.attempts() + 1, time));
        storage.database()
                .write(sql -> {
                    var error = storage.subjects().unquoted(failure, erasures, sql);
                    TimerRows.failed(timer, error, retry, sql);
                    return true;
                });
    }
}
