package dev.weft.core;

import java.time.Duration;
import java.util.Optional;

/**
 * The right to end one piece of work on the current thread from outside, by interrupting it.
 *
 * <p>Opened around the work and closed behind it. Between the two, {@link #cancel} interrupts the
 * thread once; after {@link #close} it does nothing, and an interrupt that came from here no longer
 * marks the thread. Without that, a timer that fires at the very end of one request would interrupt
 * the next one on the same thread. An interrupt from elsewhere that was there before stays; of one that comes while
 * ours is pending nothing can be told, and it goes with it. The lock guards the fields and is never held while blocking.
 */
public final class Cancellation implements AutoCloseable {

    private final Thread thread = Thread.currentThread();
    private Optional<String> reason = Optional.empty();
    private boolean fromElsewhere;
    private boolean closed;

    /** Opens it for the work that the current thread is about to do. */
    public Cancellation() {}

    /** Interrupts the work if it still runs; the first reason stays. */
    public synchronized void cancel(String why) {
        if (closed || reason.isPresent()) return;
        reason = Optional.of(why);
        fromElsewhere = thread.isInterrupted();
        thread.interrupt();
    }

    /** Why it was cancelled, if it was. */
    public synchronized Optional<String> reason() {
        return reason;
    }

    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        if (reason.isPresent() && !fromElsewhere) Thread.interrupted();
    }

    /**
     * Runs the call within the deadline of the current context. When it has passed already, nothing
     * is called; when it passes, the work is interrupted and the call fails as refused.
     */
    public static <I, O> Filter<I, O> atDeadline(String by, Time time) {
        return (request, next) -> {
            var deadline = Context.current().deadline();
            if (deadline == Deadline.NEVER) return next.call(request);
            var remaining = deadline.remaining();
            if (remaining.isZero())
                throw new Failure.Refused(
                        Refusal.notBegun(
                                by,
                                Refusal.Reason.DEADLINE,
                                "the deadline had passed before the work began"));
            var cancellation = new Cancellation();
            var timer = time.schedule(remaining, () -> cancellation.cancel("deadline"));
            try (cancellation) {
                return next.call(request);
            } catch (InterruptedException | Failure.Unreachable e) {
                if (cancellation.reason().isEmpty()) throw e;
                throw new Failure.Refused(
                        Refusal.begun(
                                by,
                                Refusal.Reason.DEADLINE,
                                "the deadline passed after " + remaining.toMillis() + " ms"));
            } finally {
                timer.cancel();
            }
        };
    }

    /**
     * As {@link #atDeadline} around calls of a peer, and over the reading of the bodies of its answers. Who waits for the peer
     * when the deadline passes is interrupted; reading fails as refused, with how much had come.
     *
     * @param by who calls
     * @param peer who is called, as refusals name it: service, or service/instance
     */
    public static Filter<Request, Response> ofCalls(String by, String peer, Time time) {
        return ofCalls(by, peer, time, (failure, took) -> {});
    }

    /** As the other, and tells of answers that break off behind their head. */
    public static Filter<Request, Response> ofCalls(
            String by, String peer, Time time, Broken broken) {
        return new CallDeadline(by, peer, time, broken, false);
    }

    /** As the other, but for bodies, which whoever calls bounds himself. */
    public static Filter<Request, Response> ofHeads(
            String by, String peer, Time time, Broken broken) {
        return new CallDeadline(by, peer, time, broken, true);
    }

    /** Told of answers that break off behind their head: for who counts how a peer does. */
    @FunctionalInterface
    public interface Broken {

        /**
         * The body was cut, or did not come before the deadline while somebody waited for it. Not told when the reader was
         * interrupted, or had no time itself.
         *
         * @param took since the call began
         */
        void broke(Failure failure, Duration took);
    }
}
