package dev.weft.gateway;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Headers;
import dev.weft.http.HopByHop;
import java.util.Locale;
import java.util.Set;

/**
 * Which headers pass the gateway.
 *
 * <p>Those of one connection (RFC 9110, 7.6.1) stop here, both ways. From callers outside, nothing
 * is believed that is said about context or about who forwarded the request; the gateway says that
 * anew.
 */
final class HopHeaders {

    private HopHeaders() {}

    /** What of a caller's headers goes on to the service, to be added to. */
    static Headers.Builder inward(Headers headers) {
        var named = HopByHop.named(headers.all("Connection"));
        return new Headers.Builder()
                .addAll(headers, name -> !ofOneHop(name) && !ofContext(name) && !isIn(named, name));
    }

    /** What of a service's headers goes back to the caller. */
    static Headers outward(Headers headers) {
        var named = HopByHop.named(headers.all("Connection"));
        return headers.only(
                name -> !ofOneHop(name) && !isIn(named, name) && !is(name, ContextHeaders.CALLER));
    }

    private static boolean isIn(Set<String> named, String name) {
        return !named.isEmpty() && named.contains(name.toLowerCase(Locale.ROOT));
    }

    private static boolean ofOneHop(String name) {
        return name.isEmpty() || HopByHop.ofConnection(name) || begins(name, "Proxy-");
    }

    private static boolean ofContext(String name) {
        return switch (name.charAt(0)) {
            case 'B', 'b' -> is(name, "baggage") || is(name, "b3");
            case 'F', 'f' -> is(name, "Forwarded");
            case 'H', 'h' -> is(name, "Host");
            case 'T', 't' -> is(name, "traceparent") || is(name, "tracestate");
            case 'W', 'w' -> begins(name, "weft-") && !is(name, "Weft-After");
            case 'X', 'x' -> begins(name, "X-Forwarded-") || is(name, "X-Real-IP");
            default -> false;
        };
    }

    private static boolean is(String name, String other) {
        return name.equalsIgnoreCase(other);
    }

    private static boolean begins(String name, String start) {
        return name.regionMatches(true, 0, start, 0, start.length());
    }
}
