package dev.weft.supervisor;

import dev.weft.core.Backoff;
import dev.weft.core.Time;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Keeps processes running.
 *
 * <p>What ends by itself is started again, after a delay that grows with each quick crash ({@link
 * Backoff#PATIENT}) and begins anew after ten seconds of health. What is stopped gets its {@link
 * ProcessSpec#signal}, and after its grace SIGKILL, descendants included. When the supervisor itself dies, whatever way, its
 * processes end too. Starts and stops of different services may go on at the same time; the lock
 * guards the table only.
 */
public final class Supervisor implements ProcessTable, AutoCloseable {

    /** Failed first starts of one process after which it is given up. */
    public static final int FIRST_STARTS = 3;

    private static final String STOPPED = "the system is being stopped";

    private final Backoff backoff;
    private final Logs logs;
    private final Time time;
    private final Watchdog watchdog;
    private final Map<String, List<Supervised>> table = new LinkedHashMap<>();
    private final Turns turns = new Turns();
    private boolean closed;

    public Supervisor(Logs logs, Time time) throws IOException {
        this(Backoff.PATIENT, ProcessSpec.GRACE, logs, time);
    }

    /**
     * @param backoff the delays between crash and next start
     * @param orphansGrace how long processes have to end when the supervisor was killed
     */
    public Supervisor(Backoff backoff, Duration orphansGrace, Logs logs, Time time)
            throws IOException {
        this.backoff = backoff;
        this.logs = logs;
        this.time = time;
        this.watchdog = new Watchdog(orphansGrace, time);
    }

    /**
     * Starts all instances and returns at once. An instance whose first {@value #FIRST_STARTS}
     * starts fail is given up, {@link #awaitReady} says why.
     */
    public synchronized void start(ProcessSpec spec) {
        if (closed) throw new IllegalStateException("the supervisor was stopped");
        if (table.containsKey(spec.service()))
            throw new IllegalArgumentException(spec.service() + " is running already");
        var places = new ArrayList<Supervised>();
        for (int i = 0; i < spec.instances(); i++) places.add(supervise(spec, FIRST_STARTS));
        table.put(spec.service(), places);
    }

    private Supervised supervise(ProcessSpec spec, int giveUpAfter) {
        return new Supervised(spec, giveUpAfter, backoff, watchdog, logs, time);
    }

    /** Blocks until all instances are ready; else tells what became of the first that is not. */
    public Optional<String> awaitReady(String service) throws InterruptedException {
        var places = places(service);
        if (places.isEmpty()) return Optional.of("is not there");
        for (var place : places) {
            var problem = place.awaitReady();
            if (problem.isPresent()) return problem;
        }
        return Optional.empty();
    }

    /**
     * Puts new processes in the place of a service's old ones, one after the other: the new one
     * starts, and when it is ready the old one drains. If a new one does not become ready, it is
     * stopped, the old ones stay, and the answer says why. An old one that is not ready itself, or
     * may not run beside another, is stopped first, and the new one is then tried for ever. Who is
     * interrupted leaves no gap behind: a new one that was not ready yet is stopped, or goes on to
     * start if the old one is gone. Of one service one replacement goes on at a time, the next waits.
     */
    public Replacement replace(ProcessSpec spec) throws InterruptedException {
        try (var _ = turns.take(spec.service())) {
            return replaceNow(spec);
        }
    }

    private Replacement replaceNow(ProcessSpec spec) throws InterruptedException {
        if (stopped()) return new Replacement.Unready(STOPPED);
        var old = places(spec.service());
        if (old.isEmpty()) {
            start(spec);
            return awaitReady(spec.service())
                    .<Replacement>map(Replacement.Unready::new)
                    .orElseGet(Replacement.Done::new);
        }
        for (int i = 0; i < spec.instances(); i++) {
            var before = i < old.size() ? old.get(i) : null;
            boolean keep =
                    before != null
                            && before.state().state() == ProcessState.State.READY
                            && spec.overlap();
            var problem = before != null && keep ? beside(before, spec) : instead(before, spec);
            if (problem.isPresent())
                return keep
                        ? new Replacement.Kept(problem.get())
                        : new Replacement.Unready(problem.get());
        }
        dismiss(old.subList(Math.min(spec.instances(), old.size()), old.size()));
        return new Replacement.Done();
    }

    /** Starts the new one, and stops the old one if that is ready; else the new one again. */
    private Optional<String> beside(Supervised before, ProcessSpec spec)
            throws InterruptedException {
        var next = supervise(spec, 1);
        var superfluous = next;
        try {
            if (!add(next)) return Optional.of(STOPPED);
            var problem = next.awaitOutcome();
            if (problem.isEmpty()) superfluous = before;
            return problem;
        } finally {
            dismiss(List.of(superfluous));
        }
    }

    /** Stops the old one, if any, and starts the new one in any case. */
    private Optional<String> instead(@Nullable Supervised before, ProcessSpec spec)
            throws InterruptedException {
        Supervised next;
        boolean added;
        try {
            if (before != null) dismiss(List.of(before));
        } finally {
            next = supervise(spec, 0);
            added = add(next);
        }
        return added ? next.awaitOutcome() : Optional.of(STOPPED);
    }

    @Override
    public Optional<String> restart(String service) throws InterruptedException {
        try (var _ = turns.take(service)) {
            var places = places(service);
            if (places.isEmpty()) return Optional.of("there is no service " + service);
            return switch (replaceNow(places.getFirst().spec())) {
                case Replacement.Done() -> Optional.empty();
                case Replacement.Kept(String why) -> Optional.of(why);
                case Replacement.Unready(String why) -> Optional.of(why);
            };
        }
    }

    /** Stops all instances of a service. */
    public void stop(String service) throws InterruptedException {
        try (var _ = turns.take(service)) {
            dismiss(places(service));
        }
    }

    private synchronized boolean stopped() {
        return closed;
    }

    private synchronized List<Supervised> places(String service) {
        return List.copyOf(table.getOrDefault(service, List.of()));
    }

    /** False if everything is being stopped; then the place is stopped too. */
    private boolean add(Supervised place) throws InterruptedException {
        synchronized (this) {
            if (!closed) {
                table.computeIfAbsent(place.spec().service(), s -> new ArrayList<>()).add(place);
                return true;
            }
        }
        place.stop();
        return false;
    }

    private synchronized void remove(Supervised place) {
        var places = table.get(place.spec().service());
        if (places == null) return;
        places.remove(place);
        if (places.isEmpty()) table.remove(place.spec().service());
    }

    @Override
    public synchronized List<String> services() {
        return List.copyOf(table.keySet());
    }

    @Override
    public List<ProcessState> processes() {
        List<Supervised> all;
        synchronized (this) {
            all = table.values().stream().flatMap(List::stream).toList();
        }
        return all.stream().map(Supervised::state).toList();
    }

    /**
     * Stops all of them and takes them out of the table. Both go on when the caller, who waits for
     * it, is interrupted.
     */
    private void dismiss(List<Supervised> places) throws InterruptedException {
        var left = new CountDownLatch(places.size());
        for (var place : places)
            time.start(
                    "weft-stop-" + place.spec().service(),
                    () -> {
                        try {
                            place.stop();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        } finally {
                            remove(place);
                            left.countDown();
                        }
                    });
        left.await();
    }

    /** Stops everything, the highest stage first; within a stage all at the same time. */
    @Override
    public void close() {
        var stages = new TreeMap<Integer, List<Supervised>>(Comparator.reverseOrder());
        synchronized (this) {
            closed = true;
            table.values().stream()
                    .flatMap(List::stream)
                    .forEach(place ->
                            stages.computeIfAbsent(place.spec().stage(), s -> new ArrayList<>())
                                    .add(place));
        }
        try {
            for (var stage : stages.values()) dismiss(stage);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            watchdog.close();
        }
    }
}
