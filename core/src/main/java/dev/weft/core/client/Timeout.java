package dev.weft.core.client;

import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.policy.Tried;
import java.time.Duration;

/**
 * The time of a whole call: its timeout, or what is left to its caller if that is less. Who is below interrupts what goes on
 * beyond it.
 *
 * <p>A call that is refused for want of time says how much it had and how often it was tried; the last try alone knows only
 * its own part.
 */
final class Timeout implements Filter<Request, Response> {

    private final String by;
    private final Duration timeout;
    private final Duration ofTry;
    private final Time time;

    /**
     * @param by who calls, as refusals name it
     * @param ofTry the time of one try; zero for all of it
     */
    Timeout(String by, Duration timeout, Duration ofTry, Time time) {
        this.by = by;
        this.timeout = timeout;
        this.ofTry = ofTry;
        this.time = time;
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var context = Context.current();
        var left = context.deadline().remaining();
        if (left.isZero())
            throw new Failure.Refused(
                    Refusal.notBegun(
                            by,
                            Refusal.Reason.DEADLINE,
                            "the deadline had passed before the call began"));
        var deadline = context.deadline().earliest(Deadline.after(timeout, time));
        var tried = Tried.none();
        try {
            return context.with(deadline).call(() -> tried.during(() -> next.call(request)));
        } catch (Failure.Refused e) {
            var refusal = e.refusal();
            if (refusal.reason() != Refusal.Reason.DEADLINE || refusal.hop() > 0) throw e;
            var had =
                    deadline.expired()
                            ? whole(left) + ", in " + tries(tried)
                            : "in "
                                    + tries(tried)
                                    + " of at most "
                                    + ofTry.toMillis()
                                    + " ms (try.timeout)";
            var told =
                    new Failure.Refused(
                            new Refusal(
                                    refusal.by(),
                                    refusal.reason(),
                                    refusal.begun(),
                                    refusal.retryAfter(),
                                    "no answer " + had + "; the last one: " + refusal.detail()));
            told.addSuppressed(e);
            throw told;
        }
    }

    private String whole(Duration left) {
        return timeout.compareTo(left) <= 0
                ? "within the timeout of " + timeout.toMillis() + " ms"
                : "within the " + left.toMillis() + " ms that the caller had left";
    }

    private static String tries(Tried tried) {
        return tried.count() == 1 ? "1 try" : tried.count() + " tries";
    }
}
