package dev.weft.app;

import dev.weft.core.Cancellation;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.Explanation.Figure;
import dev.weft.core.client.Explanation.Step;
import dev.weft.core.policy.ConcurrencyLimit;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.http.Problems;
import dev.weft.http.RateLimited;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * What stands around the routes of a service, outermost first. What is printed of it is what runs.
 */
final class ServerStack {

    /**
     * One filter.
     *
     * @param numbers as they are now
     */
    private record Layer(
            String name,
            String does,
            Filter<Request, Response> filter,
            Supplier<List<Figure>> numbers) {}

    private final List<Layer> layers = new ArrayList<>();
    private final String by;
    private final Surroundings in;

    private ServerStack(String by, Surroundings in) {
        this.by = by;
        this.in = in;
    }

    /** Around what the platform asks a service about itself. */
    static ServerStack ofPlatform(String by, Surroundings in, Filter<Request, Response> trace) {
        return new ServerStack(by, in).edge(trace);
    }

    /** Around the routes of the service. */
    static ServerStack of(
            String by,
            Surroundings in,
            Filter<Request, Response> trace,
            Filter<Request, Response> after,
            ConcurrencyLimit<Request, Response> limit,
            List<RateLimited> rates,
            Filter<Request, Response> once) {
        var stack = new ServerStack(by, in).edge(trace);
        stack.add("after", "waits for what Weft-After names, within the deadline", after, List::of);
        // Inside of the waiting for what was written, which is no work and would take its places.
        stack.add("limit", "refuses what is more than can be done", limit, () -> limit(in, limit));
        for (var rate : rates)
            stack.add("rate", "refuses who asks too often", rate, () -> rate(rate.options()));
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
        stack.add(
                "handlers", "says as a problem what a route throws", Problems.handlers(), List::of);
        return stack;
    }

    private ServerStack edge(Filter<Request, Response> trace) {
        add("server", "reads requests, and refuses what is too large", Filter.none(), this::server);
        add(
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
                                        seconds(Running.LONGEST.toMillis()),
                                        "of requests that name none, and the longest")));
        add("problems", "says refusals and failures as problems", Problems.filter(by), List::of);
        add(
                "deadline",
                "interrupts the work when its time is over",
                Cancellation.atDeadline(by, in.time()),
                List::of);
        return this;
    }

    private void add(
            String name,
            String does,
            Filter<Request, Response> filter,
            Supplier<List<Figure>> numbers) {
        layers.add(new Layer(name, does, filter, numbers));
    }

    Service<Request, Response> then(Service<Request, Response> routes) {
        var service = routes;
        for (var layer : layers.reversed()) service = layer.filter.then(service);
        return service;
    }

    /** The layers with their numbers as they are now. */
    List<Step> explained() {
        return layers.stream()
                .map(layer -> new Step(layer.name, layer.does, layer.numbers.get()))
                .toList();
    }

    private List<Figure> server() {
        var options = in.server();
        return List.of(
                figure(
                        "server.body",
                        options.maxBodyBytes(),
                        ServerOptions.DEFAULT.maxBodyBytes(),
                        "WEFT_MAX_BODY_BYTES",
                        "bytes of a request's body"),
                always("server.headers", options.maxHeaderBytes(), "bytes of line and headers"),
                always("server.connections", options.maxConnections(), "open at one time"),
                always(
                        "server.idle",
                        seconds(options.idleTimeout().toMillis()),
                        "until a connection without requests is closed"));
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
                new Figure("limit.now", Integer.toString(limit.limit()), "measured", "the limit"),
                new Figure(
                        "limit.in-work", Integer.toString(limit.inWork()), "measured", "right now"),
                new Figure(
                        "limit.waiting-now",
                        Integer.toString(limit.waiting()),
                        "measured",
                        "right now"));
    }

    private static List<Figure> rate(RateLimit.Options options) {
        var name = "rate." + options.name();
        return List.of(
                new Figure(name, word(options.mode()), "code", "on, dark or off"),
                new Figure(
                        name + ".quota",
                        Integer.toString(options.quota()),
                        "code",
                        "requests of a key in a window"),
                new Figure(
                        name + ".window",
                        seconds(options.window().toMillis()),
                        "code",
                        "in which as many come back"),
                new Figure(
                        name + ".keys",
                        Integer.toString(options.keys()),
                        "code",
                        "how many keys are remembered"));
    }

    private static Figure always(String name, Object value, String meaning) {
        return new Figure(name, value.toString(), ClientOptions.STANDARD, meaning);
    }

    private static Figure figure(
            String name, Object value, Object standard, String variable, String meaning) {
        var text = value.toString();
        var from = text.equals(standard.toString()) ? ClientOptions.STANDARD : variable;
        return new Figure(name, text, from, meaning);
    }

    private static String word(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    private static String hours() {
        return Answers.KEPT_FOR.toHours() + " h";
    }

    private static String seconds(long ms) {
        return ms / 1_000 + " s";
    }
}
