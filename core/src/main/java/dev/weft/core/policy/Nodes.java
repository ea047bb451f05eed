package dev.weft.core.policy;

import dev.weft.core.Instance;
import dev.weft.core.Resolver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The nodes of one service, as discovery knows it now.
 *
 * <p>A change of one instance leaves the nodes of the others as they are. Those known from the beginning get their full
 * share at once: they are only new to us. The lock guards the table, and is held neither while a node is chosen nor
 * while one is called.
 */
final class Nodes implements AutoCloseable {

    /**
     * What can be chosen from.
     *
     * @param ready where new calls go
     * @param draining where they go when nobody else is left
     */
    record Choice(List<Node> ready, List<Node> draining) {

        static final Choice NONE = new Choice(List.of(), List.of());

        List<Node> best() {
            return ready.isEmpty() ? draining : ready;
        }

        /** Who is left when one of the candidates is passed over; behind the last ready one, those that drain. */
        List<Node> behind(List<Node> candidates, Node passed) {
            if (candidates.size() > 1)
                return candidates.stream().filter(node -> node != passed).toList();
            return ready.contains(passed) ? draining : List.of();
        }
    }

    private final Function<Instance, Node> factory;
    private final Map<String, Node> byId = new HashMap<>();
    private final Resolver.Watch watch;
    private boolean begun;
    private boolean closed;
    private volatile Choice choice = Choice.NONE;

    Nodes(String service, Resolver resolver, Function<Instance, Node> factory) {
        this.factory = factory;
        this.watch = resolver.watch(service, this::update);
    }

    Choice choice() {
        return choice;
    }

    private synchronized void update(List<Instance> instances) {
        if (closed) return;
        var known = new HashMap<String, Instance>();
        for (var instance : instances) known.put(instance.id(), instance);
        byId.values()
                .removeIf(node -> {
                    var now = known.get(node.instance().id());
                    boolean gone = now == null || !now.address().equals(node.instance().address());
                    if (gone) node.close();
                    return gone;
                });
        for (var instance : known.values()) {
            var node = byId.get(instance.id());
            if (node == null) add(instance);
            else node.update(instance);
        }
        if (!known.isEmpty()) begun = true;
        choice = new Choice(in(Instance.State.READY), in(Instance.State.DRAINING));
    }

    private void add(Instance instance) {
        Node node;
        try {
            node = factory.apply(instance);
        } catch (RuntimeException e) {
            System.getLogger(Nodes.class.getName())
                    .log(System.Logger.Level.WARNING, "there is no way to " + instance, e);
            return;
        }
        if (!begun) node.ramped();
        byId.put(instance.id(), node);
    }

    private List<Node> in(Instance.State state) {
        var found = new ArrayList<Node>(byId.size());
        for (var node : byId.values()) if (node.instance().state() == state) found.add(node);
        return List.copyOf(found);
    }

    synchronized List<Node> all() {
        return List.copyOf(byId.values());
    }

    /** Knows nothing any more. */
    @Override
    public void close() {
        watch.close();
        synchronized (this) {
            closed = true;
            byId.values().forEach(Node::close);
            byId.clear();
            choice = Choice.NONE;
        }
    }
}
