package dev.weft.supervisor;

import java.util.HashSet;
import java.util.Set;

/**
 * Lets one thread at a time do something with what has a name; the others wait.
 *
 * <p>A turn is no lock: it may be held during I/O. The lock guards the set of names. A thread that
 * holds a turn must not take the same one again.
 */
public final class Turns {

    private final Set<String> taken = new HashSet<>();

    /** Work on a name that goes on until it is closed. */
    @FunctionalInterface
    public interface Turn extends AutoCloseable {

        @Override
        void close();
    }

    /** Nothing is being done yet. */
    public Turns() {}

    /** Blocks until nobody else does anything with that name. */
    public synchronized Turn take(String name) throws InterruptedException {
        while (!taken.add(name)) wait();
        return () -> end(name);
    }

    private synchronized void end(String name) {
        taken.remove(name);
        notifyAll();
    }
}
