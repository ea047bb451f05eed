package dev.weft.http;

import dev.weft.core.Request;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The token that a request shows as {@code Authorization: Bearer TOKEN}. */
public final class BearerToken {

    private static final String SCHEME = "Bearer ";

    private BearerToken() {}

    /** Whether it is the wanted one; compared in constant time. */
    public static boolean shown(Request request, String wanted) {
        var given = request.headers().get("Authorization").orElse("");
        boolean bearer = given.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
        var text = bearer ? given.substring(SCHEME.length()).strip() : "";
        return MessageDigest.isEqual(
                text.getBytes(StandardCharsets.UTF_8), wanted.getBytes(StandardCharsets.UTF_8));
    }
}
