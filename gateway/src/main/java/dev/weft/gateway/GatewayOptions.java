package dev.weft.gateway;

import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.ServerOptions;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.Setting;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The limits of a gateway.
 *
 * @param name how refusals, spans and health name it
 * @param instance this gateway among others of its name
 * @param server where it listens; its largest body is the largest of any request
 * @param longestRequest the deadline of a request that names none, and the cap of one that does
 * @param longestWait how long a request waits for an instance of its service
 * @param maxWaiting how many requests wait at one time; more are refused at once
 * @param tracesPerSecond how many new traces are recorded
 * @param token who shows it is told what is not for callers ({@code /_weft/explain}); without one
 *     nobody is
 * @param edge what it does beside routing
 */
public record GatewayOptions(
        String name,
        String instance,
        ServerOptions server,
        Duration longestRequest,
        Duration longestWait,
        int maxWaiting,
        int tracesPerSecond,
        Optional<String> token,
        Edge edge) {

    /** Port 8080 of the loopback; 10 MiB; 10 s; 5 s for 1,000 that wait. */
    public static final GatewayOptions DEFAULT =
            new GatewayOptions(
                    "gateway",
                    "gateway",
                    ServerOptions.DEFAULT.port(8080).maxBodyBytes(10 << 20),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    1_000,
                    200,
                    Optional.empty(),
                    Edge.NONE);

    /** When callers may come back that found no instance. */
    static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    /** A wait ends so long before the deadline, so that it can still be said what was missing. */
    private static final Duration MARGIN = Duration.ofMillis(50);

    /** The numbers of its calls of services: the standard ones, in its own time. */
    CallSettings calls() {
        if (longestRequest.equals(Setting.TIMEOUT.standard())) return CallSettings.NONE;
        return CallSettings.NONE.with(
                CallSettings.EVERY,
                ClientOptions.DEFAULT.with(Setting.TIMEOUT, longestRequest, Door.SET));
    }

    /** How long the current request may wait for an instance. */
    Duration longestWaitUntilDeadline() {
        var deadline = Context.current().deadline();
        if (deadline == Deadline.NEVER) return longestWait;
        var remaining = deadline.remaining().minus(MARGIN);
        return remaining.compareTo(longestWait) < 0 ? remaining : longestWait;
    }

    public GatewayOptions instance(String instance) {
        return with(it -> it.instance = instance);
    }

    public GatewayOptions server(ServerOptions server) {
        return with(it -> it.server = server);
    }

    public GatewayOptions longestRequest(Duration longestRequest) {
        return with(it -> it.longestRequest = longestRequest);
    }

    public GatewayOptions longestWait(Duration longestWait, int maxWaiting) {
        return with(it -> {
            it.longestWait = longestWait;
            it.maxWaiting = maxWaiting;
        });
    }

    public GatewayOptions tracesPerSecond(int tracesPerSecond) {
        return with(it -> it.tracesPerSecond = tracesPerSecond);
    }

    public GatewayOptions token(Optional<String> token) {
        return with(it -> it.token = token);
    }

    public GatewayOptions edge(Edge edge) {
        return with(it -> it.edge = edge);
    }

    private GatewayOptions with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** Options that are being changed. */
    private static final class Draft {
        private final String name;
        private String instance;
        private ServerOptions server;
        private Duration longestRequest;
        private Duration longestWait;
        private int maxWaiting;
        private int tracesPerSecond;
        private Optional<String> token;
        private Edge edge;

        Draft(GatewayOptions from) {
            this.name = from.name;
            this.instance = from.instance;
            this.server = from.server;
            this.longestRequest = from.longestRequest;
            this.longestWait = from.longestWait;
            this.maxWaiting = from.maxWaiting;
            this.tracesPerSecond = from.tracesPerSecond;
            this.token = from.token;
            this.edge = from.edge;
        }

        GatewayOptions done() {
            return new GatewayOptions(
                    name,
                    instance,
                    server,
                    longestRequest,
                    longestWait,
                    maxWaiting,
                    tracesPerSecond,
                    token,
                    edge);
        }
    }
}
