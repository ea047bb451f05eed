package dev.weft.app;

import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;

/**
 * Refuses what comes when a service that drains has little time left.
 *
 * <p>In the first half of that time it is served, as its caller may not have heard yet and may know no other instance.
 * What comes later might be cut off at the end: it is refused as {@code draining}, before its work, so that it is made again at
 * another instance.
 */
final class Draining implements Filter<Request, Response> {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final String by;
    private final Time time;
    private volatile boolean begun;
    private volatile long refusesFromNanos;

    Draining(String by, Time time) {
        this.by = by;
        this.time = time;
    }

    /**
     * The service is told to stop.
     *
     * @param limit when it will end at the latest
     */
    void begin(Duration limit) {
        refusesFromNanos = time.nanos() + limit.dividedBy(2).toNanos();
        begun = true;
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        if (begun && time.nanos() - refusesFromNanos >= 0)
            throw new Failure.Refused(
                    Refusal.notBegun(
                                    by,
                                    Refusal.Reason.DRAINING,
                                    "this instance is about to stop; another one is there, or will"
                                            + " be")
                            .retryAfter(RETRY_AFTER));
        return next.call(request);
    }
}
