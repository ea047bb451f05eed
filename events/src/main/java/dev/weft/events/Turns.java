package dev.weft.events;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Has work of the same name done one after the other, in the order in which it came, and other work beside it. Who waits may be
 * interrupted. Names that nobody uses are forgotten.
 */
final class Turns {

    /** What is done in a turn. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws InterruptedException;
    }

    /** One name's; {@code users} is guarded by {@code turns}. */
    private static final class Turn {
        final ReentrantLock lock = new ReentrantLock(true);
        int users;
    }

    private final Map<String, Turn> turns = new HashMap<>();

    <T> T run(String name, Work<T> work) throws InterruptedException {
        var turn = join(name);
        try {
            turn.lock.lockInterruptibly();
            try {
                return work.run();
            } finally {
                turn.lock.unlock();
            }
        } finally {
            leave(name, turn);
        }
    }

    private Turn join(String name) {
        synchronized (turns) {
            var turn = turns.computeIfAbsent(name, _ -> new Turn());
            turn.users++;
            return turn;
        }
    }

    private void leave(String name, Turn turn) {
        synchronized (turns) {
            if (--turn.users == 0) turns.remove(name);
        }
    }
}
