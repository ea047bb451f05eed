package dev.weft.core.policy;

import dev.weft.core.Context;
import dev.weft.core.Criticality;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Refusal;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Places for so much at once, and a short wait for one.
 *
 * <p>A place that gets free goes to the most critical of those who wait, among these to the one who came last: who came
 * first has waited longest and is the most likely to have been given up by its caller. When no more may
 * wait, the oldest of the least critical is sent away for a newcomer, unless the newcomer is less critical than all. Work in
 * the background may take a share of the places only, so that what somebody waits for always finds some.
 *
 * <p>A wait is at most as long as told, and at most half of what is left until the deadline: the other half is for the
 * work. The lock guards everything and is never held while waiting. Safe for many threads.
 */
final class Gate {

    private enum Entry {
        AT_ONCE,
        WAITED,
        REFUSED
    }

    /** One who waits; the gate's lock guards whether it was let in. */
    private static final class Waiter {
        private final CountDownLatch decided = new CountDownLatch(1);
        private final Criticality criticality;
        private boolean admitted;

        Waiter(Criticality criticality) {
            this.criticality = criticality;
        }
    }

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private static final List<Criticality> LEAST_FIRST = List.of(Criticality.values()).reversed();

    private final ReentrantLock lock = new ReentrantLock();
    private final int mostWaiting;
    private final Duration longestWait;
    private final double background;
    private final Time time;

    /** By criticality, the most critical first; of each the newest first. */
    private final EnumMap<Criticality, Deque<Waiter>> waiting = new EnumMap<>(Criticality.class);

    private int places;
    private int taken;
    private int waiters;

    /**
     * @param places how much at once; none lets nothing in
     * @param mostWaiting how many may wait
     * @param background the share of the places, rounded up, that work in the background may take
     */
    Gate(int places, int mostWaiting, Duration longestWait, double background, Time time) {
        this.places = places;
        this.mostWaiting = mostWaiting;
        this.longestWait = longestWait;
        this.background = background;
        this.time = time;
        for (var each : Criticality.values()) waiting.put(each, new ArrayDeque<>());
    }

    /**
     * Takes a place for the current context; who got one has to {@link #leave}. Counts the policy's decisions: {@code waited}
     * (and was let in), {@code refused}.
     */
    boolean enter(String policy, Tally tally) throws InterruptedException {
        var entry = enter();
        switch (entry) {
            case AT_ONCE -> {}
            case WAITED -> tally.count(policy, "waited");
            case REFUSED -> tally.count(policy, "refused");
        }
        return entry != Entry.REFUSED;
    }

    /** What is told to who got no place. */
    static Failure.Refused full(String by, String detail) {
        return new Failure.Refused(
                Refusal.notBegun(by, Refusal.Reason.LIMIT, detail).retryAfter(RETRY_AFTER));
    }

    private Entry enter() throws InterruptedException {
        var context = Context.current();
        var criticality = context.criticality();
        Duration atMost;
        Waiter waiter;
        lock.lock();
        try {
            if (free(criticality)) {
                taken++;
                return Entry.AT_ONCE;
            }
            atMost = patience(context.deadline());
            if (!atMost.isPositive() || places == 0 || !room(criticality)) return Entry.REFUSED;
            waiter = new Waiter(criticality);
            of(criticality).addFirst(waiter);
            waiters++;
        } finally {
            lock.unlock();
        }
        return await(waiter, atMost) ? Entry.WAITED : Entry.REFUSED;
    }

    private boolean await(Waiter waiter, Duration atMost) throws InterruptedException {
        var timer = time.schedule(atMost, () -> giveUp(waiter));
        try {
            waiter.decided.await();
            return admitted(waiter);
        } catch (InterruptedException e) {
            // Let in at the same moment: the place is given on, or it would be lost for ever.
            if (!giveUp(waiter) && admitted(waiter)) leave();
            throw e;
        } finally {
            timer.cancel();
        }
    }

    /** Takes a place whether there is one or not; tells whether there was one. */
    boolean enterAnyway() {
        lock.lock();
        try {
            boolean free = free(Context.current().criticality());
            taken++;
            return free;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a place back; answers how many were taken, this one among them. */
    int leave() {
        lock.lock();
        try {
            int before = taken--;
            admit();
            return before;
        } finally {
            lock.unlock();
        }
    }

    /** From now on there are so many places; those that are taken beyond it are not taken back. */
    void places(int now) {
        lock.lock();
        try {
            places = now;
            admit();
        } finally {
            lock.unlock();
        }
    }

    int taken() {
        lock.lock();
        try {
            return taken;
        } finally {
            lock.unlock();
        }
    }

    int waiting() {
        lock.lock();
        try {
            return waiters;
        } finally {
            lock.unlock();
        }
    }

    private Duration patience(Deadline deadline) {
        var half = deadline.remaining().dividedBy(2);
        return half.compareTo(longestWait) < 0 ? half : longestWait;
    }

    private boolean free(Criticality criticality) {
        int share =
                criticality == Criticality.BACKGROUND
                        ? (int) Math.ceil(places * background)
                        : places;
        return taken < share;
    }

    private Deque<Waiter> of(Criticality criticality) {
        return Objects.requireNonNull(waiting.get(criticality));
    }

    private boolean admitted(Waiter waiter) {
        lock.lock();
        try {
            return waiter.admitted;
        } finally {
            lock.unlock();
        }
    }

    /** Takes one off the queue; false if that has been decided already. */
    private boolean giveUp(Waiter waiter) {
        lock.lock();
        try {
            if (!of(waiter.criticality).remove(waiter)) return false;
            waiters--;
            waiter.decided.countDown();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Makes room for one who wants to wait, if somebody has to go for it: the least critical first. */
    private boolean room(Criticality newcomer) {
        if (waiters < mostWaiting) return true;
        for (var each : LEAST_FIRST) {
            if (each.compareTo(newcomer) < 0) return false;
            var oldest = of(each).peekLast();
            if (oldest != null) return giveUp(oldest);
        }
        return false;
    }

    /** Hands free places to those who wait: the most critical first, of them the newest. */
    private void admit() {
        for (var each : waiting.values())
            while (!each.isEmpty() && free(each.getFirst().criticality)) {
                var waiter = each.removeFirst();
                waiters--;
                taken++;
                waiter.admitted = true;
                waiter.decided.countDown();
            }
    }
}
