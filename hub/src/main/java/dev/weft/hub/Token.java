package dev.weft.hub;

import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.http.BearerToken;
import java.util.Optional;
import java.util.Set;

/** Lets those pass that carry the token as {@code Authorization: Bearer}. */
record Token(Optional<String> token, Set<String> open) {

    Filter<Request, Response> filter() {
        if (token.isEmpty()) return Filter.none();
        var wanted = token.get();
        return (request, next) -> {
            if (open.contains(request.path()) || BearerToken.shown(request, wanted))
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
