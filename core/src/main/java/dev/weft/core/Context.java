package dev.weft.core;

import java.util.concurrent.Callable;

/**
 * What travels with a request or an event through every service it touches.
 *
 * <p>It is bound once, at the edge where work enters a process, in one {@link ScopedValue}. Threads
 * that {@link Time#start} starts inherit it; each transport carries it as headers ({@link
 * ContextHeaders}).
 *
 * @param trace the position in the distributed trace
 * @param deadline when the answer is of no more use
 * @param baggage small values for everyone down the line
 * @param caller who asks
 * @param criticality how much the answer matters
 * @param attempt 1 for a first try, more for the tries after it
 * @param work the unit of work that this code runs in
 */
public record Context(
        Trace trace,
        Deadline deadline,
        Baggage baggage,
        Caller caller,
        Criticality criticality,
        int attempt,
        Work work) {

    private static final ScopedValue<Context> CURRENT = ScopedValue.newInstance();

    private static final Context NONE =
            new Context(
                    Trace.NONE,
                    Deadline.NEVER,
                    Baggage.EMPTY,
                    Caller.ANONYMOUS,
                    Criticality.NORMAL,
                    1,
                    Work.NONE);

    /** The context that this code runs in; without one, an empty context with no deadline. */
    public static Context current() {
        return CURRENT.orElse(NONE);
    }

    /** An empty context: no trace, no deadline. */
    public static Context none() {
        return NONE;
    }

    /** Runs the work in this context. */
    public <T> T call(Callable<T> work) throws Exception {
        return ScopedValue.where(CURRENT, this).call(work::call);
    }

    /** Runs the work in this context. */
    public void run(Runnable work) {
        ScopedValue.where(CURRENT, this).run(work);
    }

    public Context with(Trace trace) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }

    public Context with(Deadline deadline) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }

    public Context with(Baggage baggage) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }

    public Context with(Caller caller) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }

    public Context with(Criticality criticality) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }

    public Context with(Work work) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }

    public Context withAttempt(int attempt) {
        return new Context(trace, deadline, baggage, caller, criticality, attempt, work);
    }
}
