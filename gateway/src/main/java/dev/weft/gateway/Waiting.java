package dev.weft.gateway;

import dev.weft.core.Instance;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/**
 * The instances of one service as last heard of, and the requests that wait for others.
 *
 * <p>The lock orders the change of the list with the joining of waiters, so that no change is
 * missed; it is held for neither waiting nor I/O.
 */
final class Waiting {

    private final Time time;
    private final Set<CountDownLatch> waiters = new HashSet<>();
    private volatile List<Instance> instances = List.of();

    Waiting(Time time) {
        this.time = time;
    }

    List<Instance> instances() {
        return instances;
    }

    boolean anyReady() {
        return anyReady(instances);
    }

    static boolean anyReady(List<Instance> instances) {
        for (var instance : instances) if (instance.state() == Instance.State.READY) return true;
        return false;
    }

    /** New ones: wakes all who wait. */
    synchronized void update(List<Instance> now) {
        if (now.equals(instances)) return;
        instances = now;
        waiters.forEach(CountDownLatch::countDown);
        waiters.clear();
    }

    /** Waits until the instances are no more the list that was seen, or the time is over. */
    void awaitOtherThan(List<Instance> seen, Duration atMost) throws InterruptedException {
        if (!atMost.isPositive()) return;
        var woken = new CountDownLatch(1);
        synchronized (this) {
            if (!instances.equals(seen)) return;
            waiters.add(woken);
        }
        var timer = time.schedule(atMost, woken::countDown);
        try {
            woken.await();
        } finally {
            timer.cancel();
            synchronized (this) {
                waiters.remove(woken);
            }
        }
    }
}
