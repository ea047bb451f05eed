package dev.weft.gateway;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.ServerOptions;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.Setting;
import java.time.Duration;

/**
 * The limits of a gateway.
 *
 * @param name how refusals, spans and health name it
 * @param instance this gateway among others of its name
 * @param server where it listens; its largest body is the largest of any request
 * @param longestRequest the deadline of a request that names none, and the cap of one that does
 * @param longestWait how long a request waits for an instance of its service
 * @param maxWaiting how many requests wait at one time; more are refused at once
 * @param attempts how often in all a request is tried whose answer was lost, if that is safe
 * @param backoff how long it waits between attempts
 * @param tracesPerSecond how many new traces are recorded
 * @param edge what it does beside routing
 */
public record GatewayOptions(
        String name,
        String instance,
        ServerOptions server,
        Duration longestRequest,
        Duration longestWait,
        int maxWaiting,
        int attempts,
        Backoff backoff,
        int tracesPerSecond,
        Edge edge) {

    /** Port 8080 of the loopback; 10 MiB; 10 s; 5 s for 1,000 that wait; 3 attempts. */
    public static final GatewayOptions DEFAULT =
            new GatewayOptions(
                    "gateway",
                    "gateway",
                    ServerOptions.DEFAULT.port(8080).maxBodyBytes(10 << 20),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    1_000,
                    3,
                    Backoff.CALLS,
                    200,
                    Edge.NONE);

    /** When callers may come back that found no instance. */
    static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    /** A wait ends so long before the deadline, so that it can still be said what was missing. */
    private static final Duration MARGIN = Duration.ofMillis(50);

    /** The numbers of its calls of services. */
    CallSettings calls() {
        return CallSettings.NONE.with(
                CallSettings.EVERY,
                ClientOptions.DEFAULT
                        .with(Setting.TIMEOUT, longestRequest, name)
                        .with(Setting.RETRY_ATTEMPTS, attempts, name)
                        .with(Setting.RETRY_BASE, backoff.base(), name)
                        .with(Setting.RETRY_CAP, backoff.cap(), name));
    }

    /** How long the current request may wait for an instance. */
    Duration longestWaitUntilDeadline() {
        var deadline = Context.current().deadline();
        if (deadline == Deadline.NEVER) return longestWait;
        var remaining = deadline.remaining().minus(MARGIN);
        return remaining.compareTo(longestWait) < 0 ? remaining : longestWait;
    }

    public GatewayOptions instance(String instance) {
        return new GatewayOptions(
                name,
                instance,
                server,
                longestRequest,
                longestWait,
                maxWaiting,
                attempts,
                backoff,
                tracesPerSecond,
                edge);
    }

    public GatewayOptions server(ServerOptions server) {
        return new GatewayOptions(
                name,
                instance,
                server,
                longestRequest,
                longestWait,
                maxWaiting,
                attempts,
                backoff,
                tracesPerSecond,
                edge);
    }

    public GatewayOptions longestRequest(Duration longestRequest) {
        return new GatewayOptions(
                name,
                instance,
                server,
                longestRequest,
                longestWait,
                maxWaiting,
                attempts,
                backoff,
                tracesPerSecond,
                edge);
    }

    public GatewayOptions longestWait(Duration longestWait, int maxWaiting) {
        return new GatewayOptions(
                name,
                instance,
                server,
                longestRequest,
                longestWait,
                maxWaiting,
                attempts,
                backoff,
                tracesPerSecond,
                edge);
    }

    public GatewayOptions tracesPerSecond(int tracesPerSecond) {
        return new GatewayOptions(
                name,
                instance,
                server,
                longestRequest,
                longestWait,
                maxWaiting,
                attempts,
                backoff,
                tracesPerSecond,
                edge);
    }

    public GatewayOptions edge(Edge edge) {
        return new GatewayOptions(
                name,
                instance,
                server,
                longestRequest,
                longestWait,
                maxWaiting,
                attempts,
                backoff,
                tracesPerSecond,
                edge);
    }
}
