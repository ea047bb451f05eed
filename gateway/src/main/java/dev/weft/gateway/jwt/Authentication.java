package dev.weft.gateway.jwt;

import dev.weft.core.Caller;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.gateway.jwt.Tokens.Checked;
import dev.weft.http.Problems;
import java.time.Duration;

/**
 * Finds out who calls, by the token in {@code Authorization: Bearer TOKEN} (RFC 6750), and binds it as
 * {@link Context#caller}. The answer names the caller's subject in {@link ContextHeaders#CALLER}, for
 * whoever stands around this.
 *
 * <p>Without a good token only what is open passes, as {@link Caller#ANONYMOUS}; a bad token counts
 * as none there, or nobody whose token has expired could ask for a new one. The rest is a 401 with
 * {@code WWW-Authenticate}. While the issuer's keys are not known, it is a 503.
 */
public final class Authentication implements Filter<Request, Response>, AutoCloseable {

    private static final String SCHEME = "Bearer";
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final String by;
    private final KeySource keys;
    private final Tokens tokens;
    private final Routes open;

    /**
     * Fails with {@link IllegalArgumentException} if the keys are in a file that is not good.
     *
     * @param by who refuses
     */
    public Authentication(String by, JwtOptions options, Time time) {
        this(by, options, new KeySource(options.keys(), time), time);
    }

    Authentication(String by, JwtOptions options, KeySource keys, Time time) {
        this.by = by;
        this.keys = keys;
        this.tokens = new Tokens(options, keys, time);
        this.open = JwtOptions.routes(options.open());
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var given = request.headers().all("Authorization");
        var token = given.size() == 1 ? token(given.getFirst()) : "";
        var checked = tokens.check(token);
        if (checked instanceof Checked.Good(var caller)) return as(caller, request, next);
        if (isOpen(request)) return next.call(request);
        return switch (checked) {
            case Checked.None() ->
                    given.size() > 1
                            ? refused(400, "invalid_request", "there are two Authorization headers")
                            : refused(401, "", "this wants a token: Authorization: Bearer TOKEN");
            case Checked.Bad(var why) -> refused(401, "invalid_token", why);
            case Checked.Unknown() ->
                    Problems.response(
                            Problems.of(
                                    Refusal.notBegun(
                                                    by,
                                                    Refusal.Reason.UNAVAILABLE,
                                                    "the keys that tokens are checked with are"
                                                            + " not known now")
                                            .retryAfter(RETRY_AFTER)));
            case Checked.Good _ -> throw new AssertionError("it was let in");
        };
    }

    private static Response as(Caller caller, Request request, Service<Request, Response> next)
            throws Exception {
        var response = Context.current().with(caller).call(() -> next.call(request));
        return response.header(ContextHeaders.CALLER, caller.header());
    }

    /** The token, or nothing if it is another scheme. */
    private static String token(String authorization) {
        var parts = authorization.strip().split(" +", 2);
        return parts.length == 2 && parts[0].equalsIgnoreCase(SCHEME) ? parts[1] : "";
    }

    private boolean isOpen(Request request) {
        try {
            return open.find(request.method(), request.path()) != null;
        } catch (Failure.Malformed answeredFurtherIn) {
            return false;
        }
    }

    /** The challenge of RFC 6750, 3; without an error if there was no token. */
    private static Response refused(int status, String error, String why) {
        var challenge =
                error.isEmpty()
                        ? SCHEME
                        : SCHEME
                                + " error=\""
                                + error
                                + "\", error_description=\""
                                + why.replaceAll("[^ !#-\\[\\]-~]", "'")
                                + "\"";
        return Problems.response(Problem.of(status, "unauthenticated", why))
                .header("WWW-Authenticate", challenge);
    }

    @Override
    public void close() {
        keys.close();
    }
}
