package dev.weft.testkit;

import dev.weft.core.SystemTime;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Work on another thread, and waiting for it, with a deadline.
 *
 * @param task the work
 * @param thread on which it runs
 */
public record Race<T>(FutureTask<T> task, Thread thread) {

    private static final long PATIENCE_SECONDS = 30;

    /** Begins it on a virtual thread. */
    public static <T> Race<T> begin(Callable<T> work) {
        var task = new FutureTask<>(work);
        return new Race<>(task, SystemTime.INSTANCE.start("race", task));
    }

    /** What the work returned, or throws what it threw. */
    public T result() throws Exception {
        try {
            return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) throw cause;
            if (e.getCause() instanceof Error cause) throw cause;
            throw e;
        }
    }

    /** Whether its thread waits for something right now. */
    public boolean blocks() {
        return thread.getState() == Thread.State.WAITING
                || thread.getState() == Thread.State.TIMED_WAITING;
    }

    /** Looks until the condition holds, for 30 s at most. */
    public static void await(String what, BooleanSupplier condition) {
        long begun = SystemTime.INSTANCE.nanos();
        while (!condition.getAsBoolean()) {
            if (SystemTime.INSTANCE.nanos() - begun > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS))
                throw new AssertionError("not within " + PATIENCE_SECONDS + " s: " + what);
            Thread.onSpinWait();
        }
    }
}
