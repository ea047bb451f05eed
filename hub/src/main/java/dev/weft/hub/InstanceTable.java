package dev.weft.hub;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who is there: instances under leases, and a version that changes with each of them.
 *
 * <p>It is in memory only. Behind a restart everyone registers again within a lease; until then,
 * {@link View#warming}, readers keep what they knew, but for those that have left since ({@link
 * View#gone}). A table is complete once it is warm, or once all services that it was told to expect
 * are there. A lease that is not renewed ends, and the instance is gone.
 *
 * <p>A renewal may come with another load and nothing else new. Those wake the readers together, once
 * in {@link #LOAD_PACE}, so that many instances under load do not keep many readers busy.
 *
 * <p>The lock guards everything and is held for moments; waiting releases it.
 */
final class InstanceTable implements AutoCloseable {

    /** The most instances. */
    static final int MAX_INSTANCES = 10_000;

    /** How long readers are not told of a new load alone: so often all of them may be woken by it. */
    static final Duration LOAD_PACE = Duration.ofSeconds(1);

    /** The bounds of a lease. */
    static final Duration SHORTEST_LEASE = Duration.ofMillis(100);

    static final Duration LONGEST_LEASE = Duration.ofMinutes(5);

    /**
     * What a reader sees.
     *
     * @param version to be given back to wait for another
     * @param gone those that left while the table was warming
     */
    public record View(
            String version,
            boolean warming,
            boolean complete,
            List<Instance> instances,
            Set<String> gone) {
        public View {
            instances = List.copyOf(instances);
            gone = Set.copyOf(gone);
        }
    }

    /** An instance with how long ago it last said that it is there. */
    record Heard(Instance instance, Duration ago) {}

    private record Entry(Instance instance, long heardNanos, Duration lease, Time.Cancel timer) {

        long leftNanos(long nowNanos) {
            return heardNanos + lease.toNanos() - nowNanos;
        }
    }

    private final Time time;
    private final Set<String> expected;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Set<String> gone = new TreeSet<>();
    private final String epoch;
    private final Time.Cancel warmth;
    private Time.Cancel loads = () -> {};
    private boolean loadsWait;
    private long changes;
    private boolean warming = true;
    private boolean closed;

    /**
     * @param warming how long readers keep what they knew
     * @param expected services that make it complete; if there are none, only time does
     */
    InstanceTable(Duration warming, Set<String> expected, Time time) {
        this.time = time;
        this.expected = Set.copyOf(expected);
        this.changed = new Signal(lock, time);
        this.epoch = Long.toString(time.random().nextLong() >>> 1, 36);
        this.warmth = time.schedule(warming, this::warm);
    }

    /** Registers an instance, or renews its lease; readers wake only if something is new. */
    void put(Instance instance, Duration lease) {
        var bounded = clamp(lease);
        lock.lock();
        try {
            var entry = entries.get(instance.id());
            if (entry == null && entries.size() >= MAX_INSTANCES)
                throw new Failure.Refused(
                        Refusal.notBegun(
                                "hub",
                                Refusal.Reason.LIMIT,
                                "there are " + MAX_INSTANCES + " instances already"));
            var timer = time.schedule(bounded, () -> expire(instance.id()));
            if (entry != null) entry.timer.cancel();
            entries.put(instance.id(), new Entry(instance, time.nanos(), bounded, timer));
            gone.remove(instance.id());
            if (entry == null || !entry.instance.with(instance.load()).equals(instance)) change();
            else if (!entry.instance.equals(instance)) changeSoon();
        } finally {
            lock.unlock();
        }
    }

    private static Duration clamp(Duration lease) {
        if (lease.compareTo(SHORTEST_LEASE) < 0) return SHORTEST_LEASE;
        return lease.compareTo(LONGEST_LEASE) > 0 ? LONGEST_LEASE : lease;
    }

    /** Withdraws an instance. */
    void remove(String id) {
        lock.lock();
        try {
            var entry = entries.remove(id);
            if (entry != null) entry.timer.cancel();
            if (warming) gone.add(id);
            if (entry != null || warming) change();
        } finally {
            lock.unlock();
        }
    }

    /** The timer of a lease that was renewed meanwhile may still come. */
    private void expire(String id) {
        lock.lock();
        try {
            var entry = entries.get(id);
            if (entry == null || entry.leftNanos(time.nanos()) > 0) return;
            entries.remove(id);
            if (warming) gone.add(id);
            change();
        } finally {
            lock.unlock();
        }
    }

    private void warm() {
        lock.lock();
        try {
            warming = false;
            gone.clear();
            change();
        } finally {
            lock.unlock();
        }
    }

    private void change() {
        loadsWait = false;
        loads.cancel();
        changes++;
        changed.all();
    }

    private void changeSoon() {
        if (loadsWait) return;
        loadsWait = true;
        loads = time.schedule(LOAD_PACE, this::tellLoads);
    }

    private void tellLoads() {
        lock.lock();
        try {
            if (loadsWait) change();
        } finally {
            lock.unlock();
        }
    }

    /** All instances, with how long ago each said something. */
    List<Heard> heard() {
        lock.lock();
        try {
            long now = time.nanos();
            return entries.values().stream()
                    .map(entry ->
                            new Heard(
                                    entry.instance,
                                    Duration.ofNanos(Math.max(0, now - entry.heardNanos))))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** Whether readers still keep what they knew. */
    boolean warming() {
        lock.lock();
        try {
            return warming;
        } finally {
            lock.unlock();
        }
    }

    List<Instance> instances() {
        lock.lock();
        try {
            return entries.values().stream().map(Entry::instance).toList();
        } finally {
            lock.unlock();
        }
    }

    /** The version as it is now, to wait for another. */
    String seen() {
        lock.lock();
        try {
            return version();
        } finally {
            lock.unlock();
        }
    }

    /** The services that it was told to expect. */
    Set<String> expected() {
        return expected;
    }

    /** Whether every service is in it that should be. */
    boolean complete() {
        lock.lock();
        try {
            return completeNow();
        } finally {
            lock.unlock();
        }
    }

    private boolean completeNow() {
        if (!warming) return true;
        if (expected.isEmpty()) return false;
        var missing = new TreeSet<>(expected);
        entries.values().forEach(entry -> missing.remove(entry.instance.service()));
        return missing.isEmpty();
    }

    /** Waits for another version than that, at most so long, and tells what there is. */
    View await(String version, Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long endNanos = time.nanos() + atMost.toNanos();
            while (version.equals(version()) && !closed) {
                long leftNanos = endNanos - time.nanos();
                if (leftNanos <= 0) break;
                changed.await(Duration.ofNanos(leftNanos));
            }
            if (closed)
                throw new Failure.Refused(
                        Refusal.notBegun(
                                "hub", Refusal.Reason.DRAINING, "the registry is being closed"));
            var instances = entries.values().stream().map(Entry::instance).toList();
            return new View(version(), warming, completeNow(), instances, gone);
        } finally {
            lock.unlock();
        }
    }

    private String version() {
        return epoch + "-" + changes;
    }

    /** Ends all waiting and all timers. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            warmth.cancel();
            loads.cancel();
            entries.values().forEach(entry -> entry.timer.cancel());
            changed.all();
        } finally {
            lock.unlock();
        }
    }
}
