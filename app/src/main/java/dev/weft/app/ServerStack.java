package dev.weft.app;

import static dev.weft.http.ServerLayers.always;
import static dev.weft.http.ServerLayers.figure;
import static dev.weft.http.ServerLayers.seconds;
import static dev.weft.http.ServerLayers.word;

import dev.weft.core.Cancellation;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.client.Explanation.Figure;
import dev.weft.core.client.Setting;
import dev.weft.core.policy.ConcurrencyLimit;
import dev.weft.core.policy.Mode;
import dev.weft.http.Problems;
import dev.weft.http.RateLimited;
import dev.weft.http.ServerLayers;
import java.time.Duration;
import java.util.List;

/** What stands around the routes of a service, in which order. */
final class ServerStack {

    private ServerStack() {}

    /** Around what the platform asks a service about itself. */
    static ServerLayers ofPlatform(String by, Surroundings in, Filter<Request, Response> trace) {
        return edge(by, in, trace);
    }

    /** Around the routes of the service. */
    static ServerLayers of(
            String by,
            Surroundings in,
            Filter<Request, Response> trace,
            Filter<Request, Response> draining,
            Filter<Request, Response> after,
            ConcurrencyLimit<Request, Response> limit,
            List<RateLimited> rates,
            Filter<Request, Response> once) {
        var stack = edge(by, in, trace);
        stack.add(
                "draining",
                "refuses what comes in the second half of the time to stop",
                draining,
                () ->
                        List.of(
                                always(
                                        "draining.time",
                                        seconds(Running.DRAIN),
                                        "to finish what is in work, once it is told to stop")));
        stack.add("after", "waits for what Weft-After names, within the deadline", after);
        // Inside of the waiting for what was written, which is no work and would take its places.
        stack.add("limit", "refuses what is more than can be done", limit, () -> limit(in, limit));
        for (var rate : rates) stack.rate(rate, "code");
        stack.add(
                "once",
                "answers a repeated Idempotency-Key with the first answer",
                once,
                () ->
                        List.of(
                                always("once.kept", hours(), "how long answers are kept"),
                                always(
                                        "once.most",
                                        Answers.MOST_KEPT,
                                        "how many answers are kept")));
        return stack.add("handlers", "says as a problem what a route throws", Problems.handlers());
    }

    private static ServerLayers edge(String by, Surroundings in, Filter<Request, Response> trace) {
        return new ServerLayers()
                .server(in.server(), ServerOptions.DEFAULT, "WEFT_MAX_BODY_BYTES")
                .add(
                        "trace",
                        "a span and figures of each request; its context",
                        trace,
                        () ->
                                List.of(
                                        figure(
                                                "traces.per-second",
                                                in.tracesPerSecond(),
                                                Settings.DEFAULT_TRACES_PER_SECOND,
                                                "WEFT_TRACES_PER_SECOND",
                                                "how many traces begin here at most"),
                                        always(
                                                "deadline",
                                                text(Running.usual(in)),
                                                "of requests that name none"),
                                        figure(
                                                "deadline.longest",
                                                text(in.maxTimeout()),
                                                text(Settings.MAX_TIMEOUT),
                                                "WEFT_MAX_TIMEOUT",
                                                "the latest one that a request may name")))
                .add(
                        "problems",
                        "says refusals and failures as problems",
                        Problems.filter(by, in.time()))
                .add(
                        "deadline",
                        "interrupts the work when its time is over",
                        Cancellation.atDeadline(by, in.time()));
    }

    private static List<Figure> limit(Surroundings in, ConcurrencyLimit<Request, Response> limit) {
        var options = ConcurrencyLimit.Options.DEFAULT;
        return List.of(
                figure("limit", word(in.limit()), word(Mode.ON), "WEFT_LIMIT", "on, dark or off"),
                always("limit.start", options.start(), "requests worked at together at first"),
                always("limit.min", options.min(), "the least that the limit falls to"),
                always("limit.max", options.max(), "the most that it grows to"),
                always("limit.waiting", options.waiting(), "how many wait beyond it"),
                always(
                        "limit.longest-wait",
                        options.longestWait().toMillis() + " ms",
                        "how long at most"),
                measured("limit.now", limit.limit(), "the limit"),
                measured("limit.in-work", limit.inWork(), "right now"),
                measured("limit.waiting-now", limit.waiting(), "right now"));
    }

    private static Figure measured(String name, int value, String meaning) {
        return new Figure(name, Integer.toString(value), "measured", meaning);
    }

    private static String hours() {
        return Answers.KEPT_FOR.toHours() + " h";
    }

    private static String text(Duration timeout) {
        return Setting.TIMEOUT.printer().apply(timeout);
    }
}
