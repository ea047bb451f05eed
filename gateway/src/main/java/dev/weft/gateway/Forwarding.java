package dev.weft.gateway;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/** A request as it goes on to a service, and an answer as it goes back. */
final class Forwarding {

    /** Up to here a body is taken at hand, so that the request can be sent again. */
    static final long AT_HAND_BYTES = 64 << 10;

    private final long maxBodyBytes;
    private final Function<Request, Origin> origin;

    Forwarding(long maxBodyBytes, Function<Request, Origin> origin) {
        this.maxBodyBytes = maxBodyBytes;
        this.origin = origin;
    }

    /** Blocks until a small body is there; a large one stays a stream. */
    Request inward(Request request) {
        check(request.path());
        take(request.body());
        var from = origin.apply(request);
        var headers = HopHeaders.inward(request.headers()).add("X-Forwarded-Proto", from.scheme());
        if (!from.client().isEmpty()) headers.add("X-Forwarded-For", from.client());
        if (!from.host().isEmpty()) headers.add("X-Forwarded-Host", from.host());
        if (request.upgrade()) headers.add("Upgrade", "websocket");
        return request.with(headers.add("Forwarded", forwarded(from)).build());
    }

    /** The element of RFC 7239, 4: an address of version 6 stands in brackets and quotes. */
    private static String forwarded(Origin from) {
        var text = new StringBuilder(64).append("for=");
        if (from.client().isEmpty()) text.append("unknown");
        else if (from.client().indexOf(':') < 0) text.append(from.client());
        else text.append("\"[").append(from.client()).append("]\"");
        if (!from.host().isEmpty()) text.append(";host=\"").append(quoted(from.host())).append('"');
        return text.append(";proto=").append(from.scheme()).toString();
    }

    static Response outward(Response response) {
        return new Response(
                response.status(), HopHeaders.outward(response.headers()), response.body());
    }

    /**
     * Refuses {@code .} and {@code ..} between slashes or backslashes, escaped or not, with or without
     * a parameter behind them: what one server takes for a name, the next resolves, and then a path is
     * reached that was never routed.
     */
    private static void check(String path) {
        boolean escapes = path.indexOf('%') >= 0;
        if (!escapes && !path.contains("/.")) return;
        var text =
                path.replaceAll("(?i)%2e", ".")
                        .replaceAll("(?i)%2f|%5c", "/")
                        .replaceAll("(?i)%3b", ";");
        for (var segment : text.split("/", -1))
            if (segment.matches("\\.\\.?(;.*)?"))
                throw new Failure.Malformed("a path may not hold \"" + segment + "\": " + path);
    }

    /** Whether the path is one of the platform's own, below {@code /_weft}. */
    static boolean isPlatform(String path) {
        int end = path.indexOf('/', 1);
        var first = path.substring(Math.min(1, path.length()), end < 0 ? path.length() : end);
        if (first.indexOf('%') < 0) return first.equals("_weft");
        try {
            return URLDecoder.decode(first, StandardCharsets.UTF_8).equals("_weft");
        } catch (IllegalArgumentException e) {
            throw new Failure.Malformed("the path holds a bad escape: \"" + first + "\"", e);
        }
    }

    private void take(Body body) {
        if (body.atHand()) return;
        long length = body.length().orElse(Long.MAX_VALUE);
        if (body.length().isPresent() && length > maxBodyBytes)
            throw new Failure.TooLarge(
                    "the body has " + length + " bytes; the limit is " + maxBodyBytes + " bytes");
        if (length > AT_HAND_BYTES) return;
        try {
            body.bytes();
        } catch (UncheckedIOException e) {
            throw new Failure.Malformed("the request's body broke off", e);
        }
    }

    private static String quoted(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
