package dev.weft.hub;

import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;

/** Lets those pass that carry the token as {@code Authorization: Bearer}; compared in constant time. */
record Token(Optional<String> token, Set<String> open) {

    private static final String SCHEME = "Bearer ";

    Filter<Request, Response> filter() {
        if (token.isEmpty()) return Filter.none();
        var wanted = token.get().getBytes(StandardCharsets.UTF_8);
        return (request, next) -> {
            if (open.contains(request.path())) return next.call(request);
            var given = request.headers().get("Authorization").orElse("");
            boolean bearer = given.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
            var text = bearer ? given.substring(SCHEME.length()).strip() : "";
            if (MessageDigest.isEqual(text.getBytes(StandardCharsets.UTF_8), wanted))
                return next.call(request);
            throw Problem.of(
                            401,
                            "wrong-token",
                            "send the system's token as \"Authorization: Bearer TOKEN\"; it stands"
                                    + " in system.json and in WEFT_TOKEN")
                    .failure();
        };
    }
}
