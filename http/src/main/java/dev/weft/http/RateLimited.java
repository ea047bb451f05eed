package dev.weft.http;

import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import java.time.Duration;
import java.util.function.Function;

/**
 * A {@link RateLimit} of a server: 429 with {@code Retry-After} for who asks too often.
 *
 * <p>Every answer tells where its caller stands (IETF draft "RateLimit header fields for HTTP", 10 and later): {@code
 * RateLimit-Policy: "default";q=100;w=60} is the limit, {@code RateLimit: "default";r=7;t=1} that 7 requests are left and
 * one more comes in a second; {@code t} is left out when all are there. Several limits stand in a field each. A limit that
 * is {@link Mode#DARK} or off is not told.
 */
public final class RateLimited implements Filter<Request, Response> {

    private final String by;
    private final RateLimit limit;
    private final Function<Request, String> key;

    /**
     * @param by who refuses: service/instance
     * @param key whose tokens a request takes
     */
    public RateLimited(String by, RateLimit limit, Function<Request, String> key) {
        this.by = by;
        this.limit = limit;
        this.key = key;
    }

    /** The numbers of its limit. */
    public RateLimit.Options options() {
        return limit.options();
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var taken = limit.take(key.apply(request));
        var response =
                taken.allowed()
                        ? next.call(request)
                        : Problems.response(Problems.of(limit.refusal(by, taken)));
        return limit.options().mode() == Mode.ON ? told(response, taken) : response;
    }

    private Response told(Response response, RateLimit.Taken taken) {
        var options = limit.options();
        var name = '"' + options.name() + '"';
        var policy = name + ";q=" + options.quota() + ";w=" + options.window().toSeconds();
        var now = name + ";r=" + taken.remaining();
        if (!taken.next().isZero()) now += ";t=" + seconds(taken.next());
        var headers = response.headers().and("RateLimit-Policy", policy).and("RateLimit", now);
        return new Response(response.status(), headers, response.body());
    }

    /** Rounded up, as {@code Retry-After} is: who comes back then finds a token. */
    private static long seconds(Duration duration) {
        return Math.ceilDiv(duration.toNanos(), 1_000_000_000L);
    }
}
