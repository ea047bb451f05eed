package dev.weft.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a {@link Resolver}, called as it promises.
 *
 * <p>For each listener there is room for one list, the newest that it has not been given. A thread
 * gives it to the listener and goes on while there is another; there is no thread for listeners
 * that know everything. So a slow listener keeps one list and one thread, whatever changes.
 *
 * <p>The lock guards everything and is held for no call of a listener.
 */
public final class Watchers implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Watchers.class.getName());

    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal quiet;
    private final List<Watcher> watchers = new ArrayList<>();
    private List<Instance> newest = List.of();
    private boolean closed;

    /** Without listeners; what is known is an empty list. */
    public Watchers(Time time) {
        this.time = time;
        this.quiet = new Signal(lock, time);
    }

    private static final class Watcher {
        final Consumer<List<Instance>> listener;
        @Nullable List<Instance> next;
        @Nullable Thread caller;
        boolean givenUp;

        Watcher(Consumer<List<Instance>> listener, List<Instance> next, Thread caller) {
            this.listener = listener;
            this.next = next;
            this.caller = caller;
        }
    }

    /** Calls the listener with what is known; what it throws then is the caller's. */
    public Resolver.Watch add(Consumer<List<Instance>> listener) {
        Watcher watcher;
        lock.lock();
        try {
            watcher = new Watcher(listener, newest, Thread.currentThread());
            if (!closed) watchers.add(watcher);
        } finally {
            lock.unlock();
        }
        boolean done = false;
        try {
            listener.accept(take(watcher));
            done = true;
        } finally {
            if (!done) remove(watcher);
        }
        callWhileNew(watcher);
        return () -> remove(watcher);
    }

    /** What is known from now on. Comes back at once. */
    public void tell(List<Instance> now) {
        var known = List.copyOf(now);
        lock.lock();
        try {
            newest = known;
            for (var watcher : watchers) {
                watcher.next = known;
                if (watcher.caller == null)
                    watcher.caller =
                            time.start(
                                    "weft-watcher",
                                    () -> Context.none().run(() -> callWhileNew(watcher)));
            }
        } finally {
            lock.unlock();
        }
    }

    /** What is known. */
    public List<Instance> newest() {
        lock.lock();
        try {
            return newest;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until all have heard of what is newest, but for the one that waits here itself. One that
     * takes longer is not waited for again until it has caught up.
     */
    public void awaitHeard(Duration atMost) {
        lock.lock();
        try {
            long endNanos = time.nanos() + atMost.toNanos();
            var awaited = awaited();
            while (!awaited.isEmpty()) {
                long leftNanos = endNanos - time.nanos();
                if (leftNanos <= 0) {
                    awaited.forEach(watcher -> watcher.givenUp = true);
                    return;
                }
                quiet.await(Duration.ofNanos(leftNanos));
                awaited = awaited();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private List<Watcher> awaited() {
        return watchers.stream()
                .filter(w -> w.caller != null && !w.caller.equals(Thread.currentThread()))
                .filter(w -> !w.givenUp)
                .toList();
    }

    private void callWhileNew(Watcher watcher) {
        for (var next = next(watcher); next != null; next = next(watcher)) {
            try {
                watcher.listener.accept(next);
            } catch (RuntimeException | Error e) {
                LOG.log(System.Logger.Level.WARNING, "who watches instances failed", e);
            }
        }
    }

    private List<Instance> take(Watcher watcher) {
        lock.lock();
        try {
            var next = watcher.next == null ? newest : watcher.next;
            watcher.next = null;
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** What the watcher is to be called with next; null if nothing is new, and its thread ends. */
    private @Nullable List<Instance> next(Watcher watcher) {
        lock.lock();
        try {
            var next = watchers.contains(watcher) ? watcher.next : null;
            watcher.next = null;
            if (next == null) {
                watcher.caller = null;
                watcher.givenUp = false;
                quiet.all();
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    private void remove(Watcher watcher) {
        lock.lock();
        try {
            watchers.remove(watcher);
            quiet.all();
        } finally {
            lock.unlock();
        }
    }

    /** Calls nobody any more. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            watchers.clear();
            quiet.all();
        } finally {
            lock.unlock();
        }
    }
}
