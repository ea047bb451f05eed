package dev.weft.http;

import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.Explanation.Figure;
import dev.weft.core.client.Explanation.Step;
import dev.weft.core.policy.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * What stands around the routes of a server, outermost first. What is explained of it is what runs.
 *
 * <p>One thread adds; then any may look.
 */
public final class ServerLayers {

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

    /** None yet. */
    public ServerLayers() {}

    /** Adds one inside of those that are there, without numbers. */
    public ServerLayers add(String name, String does, Filter<Request, Response> filter) {
        return add(name, does, filter, List::of);
    }

    /** As the other, with its numbers as they are when somebody asks. */
    public ServerLayers add(
            String name,
            String does,
            Filter<Request, Response> filter,
            Supplier<List<Figure>> numbers) {
        layers.add(new Layer(name, does, filter, numbers));
        return this;
    }

    /** What reads the requests; it stands in the transport, so there is no filter. */
    public ServerLayers server(ServerOptions options, ServerOptions standard, String from) {
        return add(
                "server",
                "reads requests, and refuses what is too large",
                Filter.none(),
                () ->
                        List.of(
                                figure(
                                        "server.body",
                                        options.maxBodyBytes(),
                                        standard.maxBodyBytes(),
                                        from,
                                        "bytes of a request's body"),
                                figure(
                                        "server.headers",
                                        options.maxHeaderBytes(),
                                        standard.maxHeaderBytes(),
                                        from,
                                        "bytes of line and headers"),
                                always(
                                        "server.connections",
                                        options.maxConnections(),
                                        "open at one time"),
                                always(
                                        "server.idle",
                                        seconds(options.idleTimeout()),
                                        "until a connection without requests is closed")));
    }

    /** A limit of who asks too often. */
    public ServerLayers rate(RateLimited limited, String from) {
        var options = limited.options();
        var name = "rate." + options.name();
        return add(
                "rate",
                "refuses who asks too often",
                limited,
                () ->
                        List.of(
                                new Figure(name, word(options.mode()), from, "on, dark or off"),
                                new Figure(
                                        name + ".quota",
                                        Integer.toString(options.quota()),
                                        from,
                                        "requests of a key in a window"),
                                new Figure(
                                        name + ".window",
                                        seconds(options.window()),
                                        from,
                                        "in which as many come back"),
                                new Figure(
                                        name + ".keys",
                                        Integer.toString(options.keys()),
                                        from,
                                        "how many keys are remembered")));
    }

    /** The service within all of them. */
    public Service<Request, Response> then(Service<Request, Response> routes) {
        var service = routes;
        for (var layer : layers.reversed()) service = layer.filter.then(service);
        return service;
    }

    /** The layers with their numbers as they are now. */
    public List<Step> explained() {
        return layers.stream()
                .map(layer -> new Step(layer.name, layer.does, layer.numbers.get()))
                .toList();
    }

    /** A number that nobody sets. */
    public static Figure always(String name, Object value, String meaning) {
        return new Figure(name, value.toString(), ClientOptions.STANDARD, meaning);
    }

    /**
     * A number that somebody may have set.
     *
     * @param from who, if it is not the standard one
     */
    public static Figure figure(
            String name, Object value, Object standard, String from, String meaning) {
        return new Figure(
                name,
                value.toString(),
                value.equals(standard) ? ClientOptions.STANDARD : from,
                meaning);
    }

    /** As files say it. */
    public static String word(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    /** As people read it: in seconds, or in milliseconds if it is no whole number of them. */
    public static String seconds(Duration time) {
        long ms = time.toMillis();
        return ms % 1_000 == 0 ? ms / 1_000 + " s" : ms + " ms";
    }
}
