package dev.weft.core;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * How a {@link Context} travels in the headers of a request, on every transport.
 *
 * <p>{@code traceparent}, {@code tracestate} and {@code baggage} as W3C says, and {@code b3}
 * (incoming only) where there is no {@code traceparent}; {@code weft-deadline-ms} (what remains);
 * {@code weft-attempt}; {@code weft-criticality}; {@code weft-caller}; {@code weft-cause} and
 * {@code Idempotency-Key} (the cause and the key of the {@link Work}, the key incoming only).
 *
 * <p>Who can reach a service's own port is believed, also about the caller. What comes from outside
 * has to come through a gateway, which strips what is said there and says itself what it has verified.
 */
public final class ContextHeaders {

    public static final String TRACEPARENT = "traceparent";
    public static final String TRACESTATE = "tracestate";
    public static final String B3 = "b3";
    public static final String BAGGAGE = "baggage";
    public static final String DEADLINE = "weft-deadline-ms";
    public static final String ATTEMPT = "weft-attempt";
    public static final String CRITICALITY = "weft-criticality";
    public static final String CALLER = "weft-caller";

    /**
     * The id of the event that the call is made for, percent-encoded: a listener or a saga makes it, or who was called by one. Nobody
     * of these can wait for all that comes of the event.
     */
    public static final String CAUSE = "weft-cause";

    public static final String IDEMPOTENCY_KEY = "Idempotency-Key";
    public static final String RECEIPT = "Weft-Receipt";
    public static final String AFTER = "Weft-After";

    /**
     * In an answer of 429 or 5xx: {@code yes} if the work was not begun, {@code no} if another try
     * would only add load. It is about one hop, and does not leave through the gateway.
     */
    public static final String RETRYABLE = "weft-retryable";

    /** In an answer that refuses: the {@link Refusal.Reason} by its name on the wire. */
    public static final String REFUSED = "weft-refused";

    /**
     * In an answer within a process: it refuses, but it was somebody further in who refused, and whose
     * answer is passed on as it is. It does not leave the process.
     */
    public static final String PASSED_ON = "weft-passed-on";

    /**
     * In an answer of 5xx that is no refusal: where it failed, service/instance. Who called sets it where it is not set
     * already, so it names the innermost one. It does not leave through the gateway.
     */
    public static final String FAILED = "weft-failed";

    /**
     * The address that a request came from, if the transport knows one. Its server sets it, and drops
     * what came under this name.
     */
    public static final String PEER = "weft-peer";

    /** The answer without what was said about trying again over the hop that it came over. */
    public static Response withoutRetrySafety(Response response) {
        var headers = response.headers().without(RETRYABLE).without(REFUSED);
        return headers == response.headers()
                ? response
                : new Response(response.status(), headers, response.body());
    }

    private ContextHeaders() {}

    /**
     * Client side: lets the request say the current context, and nothing else. One that is passed on
     * may still have what it came with: the caller that it was made for, an attempt, baggage.
     */
    public static Request inject(Request request) {
        var context = Context.current();
        boolean traced = context.trace().hasSpan();
        var headers =
                new Headers.Builder()
                        .addAll(
                                request.headers(),
                                name -> !isOfContext(name) && !(traced && isOfTrace(name)));
        if (traced) {
            headers.add(TRACEPARENT, context.trace().traceparent());
            say(headers, TRACESTATE, context.trace().state());
        }
        say(headers, BAGGAGE, context.baggage().toString());
        if (context.deadline() != Deadline.NEVER)
            headers.add(DEADLINE, Long.toString(context.deadline().remaining().toMillis()));
        if (context.attempt() > 1) headers.add(ATTEMPT, Integer.toString(context.attempt()));
        if (context.criticality() != Criticality.NORMAL)
            headers.add(CRITICALITY, context.criticality().name().toLowerCase(Locale.ROOT));
        if (!context.caller().equals(Caller.ANONYMOUS))
            headers.add(CALLER, context.caller().header());
        var cause = context.work().cause();
        if (!cause.isEmpty()) headers.add(CAUSE, URLEncoder.encode(cause, StandardCharsets.UTF_8));
        return request.with(headers.build());
    }

    private static boolean isOfContext(String name) {
        return name.equalsIgnoreCase(BAGGAGE)
                || name.equalsIgnoreCase(DEADLINE)
                || name.equalsIgnoreCase(ATTEMPT)
                || name.equalsIgnoreCase(CRITICALITY)
                || name.equalsIgnoreCase(CALLER)
                || name.equalsIgnoreCase(CAUSE);
    }

    private static boolean isOfTrace(String name) {
        return name.equalsIgnoreCase(TRACEPARENT)
                || name.equalsIgnoreCase(TRACESTATE)
                || name.equalsIgnoreCase(B3);
    }

    private static void say(Headers.Builder headers, String name, String value) {
        if (!value.isEmpty()) headers.add(name, value);
    }

    /**
     * Server side: the context that the request brought.
     *
     * @param longest the deadline of a request that names none, and the cap of one that does
     */
    public static Context extract(Request request, Duration longest, Time time) {
        return extract(request, longest, longest, time);
    }

    /**
     * As the other.
     *
     * @param usual the deadline of a request that names none
     * @param longest the cap of one that does
     */
    public static Context extract(Request request, Duration usual, Duration longest, Time time) {
        var headers = request.headers();
        var baggage = headers.all(BAGGAGE);
        var deadline = Deadline.after(remaining(headers, usual, longest), time);
        return new Context(
                trace(headers, time),
                deadline,
                baggage.isEmpty() ? Baggage.EMPTY : Baggage.parse(String.join(",", baggage)),
                caller(headers),
                criticality(headers),
                attempt(headers),
                Work.of(headers.get(IDEMPOTENCY_KEY).orElse(""), cause(headers)));
    }

    /** Two of a header are none: nobody could say which one is meant. */
    private static Trace trace(Headers headers, Time time) {
        var parents = headers.all(TRACEPARENT);
        if (parents.size() == 1)
            return Trace.parse(parents.getFirst(), String.join(",", headers.all(TRACESTATE)))
                    .orElse(Trace.NONE);
        var b3 = parents.isEmpty() ? headers.all(B3) : List.<String>of();
        return b3.size() == 1 ? Trace.parseB3(b3.getFirst(), time).orElse(Trace.NONE) : Trace.NONE;
    }

    /** Two of it are none, too. */
    private static Caller caller(Headers headers) {
        var callers = headers.all(CALLER);
        return callers.size() == 1 ? Caller.parse(callers.getFirst()) : Caller.ANONYMOUS;
    }

    private static String cause(Headers headers) {
        try {
            return headers.get(CAUSE)
                    .map(text -> URLDecoder.decode(text, StandardCharsets.UTF_8))
                    .orElse("");
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private static Duration remaining(Headers headers, Duration usual, Duration longest) {
        long cap = longest.toMillis();
        return headers.get(DEADLINE)
                .map(text -> Duration.ofMillis(Math.clamp(number(text, usual.toMillis()), 0, cap)))
                .orElse(usual);
    }

    private static int attempt(Headers headers) {
        return headers.get(ATTEMPT).map(t -> Math.clamp(number(t, 1), 1, 100)).orElse(1);
    }

    private static Criticality criticality(Headers headers) {
        return headers.get(CRITICALITY).map(Criticality::named).orElse(Criticality.NORMAL);
    }

    private static long number(String text, long otherwise) {
        try {
            return Long.parseLong(text.trim());
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
