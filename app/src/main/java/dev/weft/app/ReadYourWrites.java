package dev.weft.app;

import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Receipt;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.events.Progress;
import java.time.Duration;
import java.util.stream.Collectors;

/**
 * A request that names receipts in {@code Weft-After} is let through once this service's tables have
 * applied them. Answers tell theirs by {@link dev.weft.http.ServerTrace} and {@link Once}.
 *
 * <p>Waiting ends {@link #MARGIN} before the request's deadline, so that the refusal ({@code lag})
 * still reaches the caller.
 */
final class ReadYourWrites {

    static final Duration MARGIN = Duration.ofMillis(100);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private ReadYourWrites() {}

    /** Holds a request back until what it names is applied. */
    static Filter<Request, Response> waiting(String by, Progress progress) {
        return (request, next) -> {
            var named = request.headers().all(ContextHeaders.AFTER);
            if (!named.isEmpty()) await(by, progress, Receipt.parse(String.join(",", named)));
            return next.call(request);
        };
    }

    private static void await(String by, Progress progress, Receipt after)
            throws InterruptedException {
        var atMost = Context.current().deadline().remaining().minus(MARGIN);
        var missing = progress.awaitViews(after, atMost.isNegative() ? Duration.ZERO : atMost);
        if (missing.isEmpty()) return;
        throw new Failure.Refused(
                Refusal.notBegun(
                                by,
                                Refusal.Reason.LAG,
                                "not applied here yet: "
                                        + missing.stream()
                                                .map(ReadYourWrites::sentence)
                                                .collect(Collectors.joining("; ")))
                        .retryAfter(RETRY_AFTER));
    }

    private static String sentence(Progress.Blocked it) {
        return it.source()
                + "="
                + it.position()
                + " by "
                + it.by()
                + ", which is at "
                + it.applied()
                + (it.error().isEmpty()
                        ? ""
                        : " (attempt " + it.attempt() + ": " + it.error() + ")");
    }
}
