package dev.weft.core;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The system's token, which requests to its own parts show as {@code Authorization: Bearer TOKEN}. */
public final class BearerToken {

    private static final String SCHEME = "Bearer ";

    private BearerToken() {}

    /** Whether a request shows the wanted one; compared in constant time. */
    public static boolean shown(Request request, String wanted) {
        var given = request.headers().get("Authorization").orElse("");
        boolean bearer = given.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
        var text = bearer ? given.substring(SCHEME.length()).strip() : "";
        return MessageDigest.isEqual(
                text.getBytes(StandardCharsets.UTF_8), wanted.getBytes(StandardCharsets.UTF_8));
    }

    /** Fails as a 401, {@code wrong-token}, if a request does not show the wanted one. */
    public static void require(Request request, String wanted) {
        if (shown(request, wanted)) return;
        throw Problem.of(
                        401,
                        "wrong-token",
                        "send the system's token as \"Authorization: Bearer TOKEN\"; it stands in"
                                + " system.json and in WEFT_TOKEN")
                .failure();
    }

    /** Lets only those pass that show the wanted one. */
    public static Filter<Request, Response> required(String wanted) {
        return (request, next) -> {
            require(request, wanted);
            return next.call(request);
        };
    }
}
