package dev.weft.core;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Registry and resolver of one process. An entry lives until it is withdrawn, and its load is asked
 * whenever somebody looks.
 *
 * <p>Whoever changes something comes back when all listeners have heard of it, so that a test need
 * not wait; one that takes longer than {@link #HEARING} is waited for once. The lock guards the
 * entries and is held for no call of a listener.
 */
public final class MemoryRegistry implements Registry, Resolver {

    /** How long a change waits for those who watch. */
    public static final Duration HEARING = Duration.ofSeconds(5);

    private record Entry(Instance instance, Supplier<Optional<Load>> load) {
        Instance now() {
            return instance.with(Load.from(load));
        }
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Watchers watchers = new Watchers(SystemTime.INSTANCE);

    public MemoryRegistry() {}

    @Override
    public Lease register(Instance instance, Supplier<Optional<Load>> load) {
        put(new Entry(instance, load));
        return new Lease() {
            @Override
            public void update(Instance.State state) {
                replace(new Entry(instance.with(state), load));
            }

            @Override
            public void close() {
                remove(instance.id());
            }
        };
    }

    private void put(Entry entry) {
        synchronized (this) {
            entries.put(entry.instance.id(), entry);
            watchers.tell(instances());
        }
        watchers.awaitHeard(HEARING);
    }

    /** Nothing that was withdrawn comes back by a new state. */
    private void replace(Entry entry) {
        synchronized (this) {
            if (entries.replace(entry.instance.id(), entry) == null) return;
            watchers.tell(instances());
        }
        watchers.awaitHeard(HEARING);
    }

    private void remove(String id) {
        synchronized (this) {
            if (entries.remove(id) == null) return;
            watchers.tell(instances());
        }
        watchers.awaitHeard(HEARING);
    }

    @Override
    public synchronized List<Instance> instances() {
        return entries.values().stream().map(Entry::now).toList();
    }

    @Override
    public Watch watch(Consumer<List<Instance>> listener) {
        return watchers.add(listener);
    }

    /** Zero: it is its own source. */
    @Override
    public Duration age() {
        return Duration.ZERO;
    }

    @Override
    public void close() {
        watchers.close();
    }
}
