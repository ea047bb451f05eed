package dev.weft.core.policy;

import dev.weft.core.Context;
import dev.weft.core.Filter;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The nodes that one call was sent to so far, so that its next try meets another.
 *
 * <p>{@link #across} puts it around whatever tries more than once; a {@link Balanced} inside finds it in the current scope,
 * also when a try runs on a thread of its own. Without it each try is a call by itself.
 */
public final class Tried {

    private static final ScopedValue<Tried> CURRENT = ScopedValue.newInstance();

    private static final Tried NOBODY = new Tried(List.of(), 1);

    private final List<Node> nodes;

    /** The attempt of the context that the call is made in. */
    private final int attempt;

    private Tried(List<Node> nodes, int attempt) {
        this.nodes = nodes;
        this.attempt = attempt;
    }

    /** Of a call that begins. */
    public static Tried none() {
        return new Tried(new CopyOnWriteArrayList<>(), Context.current().attempt());
    }

    /** Makes the call; all of its tries are noted here. */
    public <O, X extends Throwable> O during(ScopedValue.CallableOp<O, X> call) throws X {
        return ScopedValue.where(CURRENT, this).call(call);
    }

    /** How many tries there were, those included that found nobody and those beside others. */
    public int count() {
        return nodes.size();
    }

    /**
     * A filter that tries more than once, each of its tries knowing where the others went. Of two around each other, a
     * retry and its hedge, the inner one shares what the outer knows, also on a thread of its own.
     */
    public static <I, O> Filter<I, O> across(Filter<I, O> tries) {
        return (request, next) -> {
            var tried = CURRENT.isBound() ? CURRENT.get() : none();
            return tries.apply(
                    request,
                    again ->
                            current() == tried
                                    ? next.call(again)
                                    : tried.during(() -> next.call(again)));
        };
    }

    /**
     * How often the current call was sent before this try; 0 outside of {@link #across}. Not what {@link Context#attempt}
     * says: that counts the tries of those above as well.
     */
    public static int resends() {
        return CURRENT.isBound() ? Context.current().attempt() - CURRENT.get().attempt : 0;
    }

    static Tried current() {
        return CURRENT.orElse(NOBODY);
    }

    void add(Node node) {
        if (this != NOBODY) nodes.add(node);
    }

    boolean isEmpty() {
        return nodes.isEmpty();
    }

    /** The candidates that it was not sent to; all of them if there is none. */
    List<Node> without(List<Node> candidates) {
        if (nodes.isEmpty()) return candidates;
        var others = candidates.stream().filter(node -> !nodes.contains(node)).toList();
        return others.isEmpty() ? candidates : others;
    }
}
