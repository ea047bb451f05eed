package dev.weft.core;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A condition of a lock whose waits end by the injected time.
 *
 * <p>Both methods are called with the lock held, {@link #await} in a loop that looks at what is
 * waited for.
 */
public final class Signal {

    private final ReentrantLock lock;
    private final Condition condition;
    private final Time time;

    public Signal(ReentrantLock lock, Time time) {
        this.lock = lock;
        this.condition = lock.newCondition();
        this.time = time;
    }

    /** Releases the lock and waits for a signal, at most so long; may wake for no reason. */
    @SuppressWarnings("WaitNotInLoop") // The callers loop.
    public void await(Duration atMost) throws InterruptedException {
        var timer = time.schedule(atMost, this::ring);
        try {
            condition.await();
        } finally {
            timer.cancel();
        }
    }

    /** Wakes all that wait. */
    public void all() {
        condition.signalAll();
    }

    private void ring() {
        lock.lock();
        try {
            condition.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
