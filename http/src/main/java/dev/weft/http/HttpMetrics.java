package dev.weft.http;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Metric;
import dev.weft.core.Response;
import java.util.List;

/** What is measured of requests, on both sides; names and bounds by OpenTelemetry's HTTP conventions. */
public final class HttpMetrics {

    private static final String METHOD = "http.request.method";
    private static final String STATUS = "http.response.status_code";
    private static final String ERROR = "error.type";
    private static final String SERVER = "server.address";
    private static final String SCHEME = "url.scheme";

    /** Until the head of the answer is ready; the time in which a body streams is not in it. */
    public static final Metric SERVER_DURATION =
            Metric.histogram(
                    "http.server.request.duration",
                    "s",
                    "Duration of HTTP server requests.",
                    Metric.DURATIONS,
                    METHOD,
                    "http.route",
                    STATUS,
                    SCHEME,
                    ERROR);

    public static final Metric SERVER_ACTIVE =
            Metric.upDownCounter(
                    "http.server.active_requests",
                    "{request}",
                    "Number of active HTTP server requests.",
                    METHOD,
                    SCHEME);

    /** Of each attempt, until the head of its answer has come; {@code server.address} is the service. */
    public static final Metric ATTEMPT_DURATION =
            Metric.histogram(
                    "http.client.request.duration",
                    "s",
                    "Duration of HTTP client requests, each attempt by itself.",
                    Metric.DURATIONS,
                    METHOD,
                    SERVER,
                    STATUS,
                    ERROR);

    public static final Metric OPEN_CONNECTIONS =
            Metric.upDownCounter(
                    "http.client.open_connections",
                    "{connection}",
                    "Number of outbound HTTP connections that are currently active or idle on the"
                            + " client.",
                    "http.connection.state",
                    SERVER,
                    "server.port",
                    SCHEME);

    /** Of a call with all its attempts and waits. */
    public static final Metric CALL_DURATION =
            Metric.histogram(
                    "weft.client.call.duration",
                    "s",
                    "Duration of calls to services, with all their attempts.",
                    Metric.DURATIONS,
                    METHOD,
                    SERVER,
                    STATUS,
                    ERROR);

    public static final Metric REFUSALS =
            Metric.counter(
                    "weft.refusals",
                    "{refusal}",
                    "Requests that this process refused (side server), and calls of this process"
                            + " that were refused (side client).",
                    "side",
                    "reason",
                    SERVER);

    /** All of these. */
    public static final List<Metric> ALL =
            List.of(
                    SERVER_DURATION,
                    SERVER_ACTIVE,
                    ATTEMPT_DURATION,
                    OPEN_CONNECTIONS,
                    CALL_DURATION,
                    REFUSALS);

    static final String HTTP = "http";

    /** What is said of a request whose caller went away, or that was broken off here. */
    static final String CANCELLED = "cancelled";

    private static final String[] STATUSES = new String[600];

    static {
        for (int status = 100; status < STATUSES.length; status++)
            STATUSES[status] = Integer.toString(status);
    }

    private HttpMetrics() {}

    /** A status as an attribute's value. */
    static String text(int status) {
        return status >= 100 && status < STATUSES.length
                ? STATUSES[status]
                : Integer.toString(status);
    }

    static double seconds(long nanos) {
        return nanos / 1e9;
    }

    /** What is wrong with an answer: the reason if it refuses, else a status from 500; empty if nothing is. */
    static String error(Response answer) {
        if (answer.status() < 400) return "";
        return answer.headers()
                .get(ContextHeaders.REFUSED)
                .orElseGet(() -> answer.status() >= 500 ? text(answer.status()) : "");
    }

    /** What a failure is called that ended without an answer. */
    static String error(Throwable failure) {
        return failure instanceof InterruptedException ? CANCELLED : failure.getClass().getName();
    }
}
