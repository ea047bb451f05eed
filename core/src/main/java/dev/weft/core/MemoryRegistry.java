package dev.weft.core;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * Registry and resolver of one process. An entry lives until it is withdrawn.
 *
 * <p>The lock guards the entries and orders the calls of listeners, which must not block.
 */
public final class MemoryRegistry implements Registry, Resolver {

    private final Map<String, Instance> entries = new LinkedHashMap<>();
    private final List<Consumer<List<Instance>>> listeners = new CopyOnWriteArrayList<>();

    public MemoryRegistry() {}

    @Override
    public Lease register(Instance instance) {
        put(instance);
        return new Lease() {
            @Override
            public void update(Instance.State state) {
                put(instance.with(state));
            }

            @Override
            public void close() {
                remove(instance.id());
            }
        };
    }

    private synchronized void put(Instance instance) {
        entries.put(instance.id(), instance);
        changed();
    }

    private synchronized void remove(String id) {
        if (entries.remove(id) != null) changed();
    }

    private void changed() {
        var now = List.copyOf(entries.values());
        listeners.forEach(listener -> listener.accept(now));
    }

    @Override
    public synchronized List<Instance> instances() {
        return List.copyOf(entries.values());
    }

    @Override
    public synchronized Watch watch(Consumer<List<Instance>> listener) {
        listeners.add(listener);
        listener.accept(List.copyOf(entries.values()));
        return () -> listeners.remove(listener);
    }

    @Override
    public synchronized void close() {
        listeners.clear();
    }
}
