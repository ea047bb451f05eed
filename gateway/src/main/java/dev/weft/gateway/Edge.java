package dev.weft.gateway;

import dev.weft.core.policy.RateLimit;
import dev.weft.gateway.jwt.JwtOptions;
import java.util.Optional;

/**
 * What a gateway does at its door beside routing; nothing of it unless it is set.
 *
 * @param accessLog whether each request has a line in the log
 * @param proxies who is believed about where a request came from
 * @param cors which pages of other origins may use the services
 * @param ratePerAddress what one address may ask for
 * @param jwt which tokens callers are known by
 * @param ratePerCaller what one caller may ask for who is known by name; others count by address
 * @param tls where it speaks HTTPS
 * @param streams what is allowed to answers that do not end
 */
public record Edge(
        boolean accessLog,
        Proxies proxies,
        Optional<Cors> cors,
        Optional<RateLimit.Options> ratePerAddress,
        Optional<JwtOptions> jwt,
        Optional<RateLimit.Options> ratePerCaller,
        Optional<Tls> tls,
        Streams streams) {

    /** No log, no proxies, no CORS, no limits, nobody known by name, no TLS. */
    public static final Edge NONE =
            new Edge(
                    false,
                    Proxies.NONE,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Streams.DEFAULT);

    public Edge accessLog(boolean accessLog) {
        return new Edge(accessLog, proxies, cors, ratePerAddress, jwt, ratePerCaller, tls, streams);
    }

    public Edge with(Proxies proxies) {
        return new Edge(accessLog, proxies, cors, ratePerAddress, jwt, ratePerCaller, tls, streams);
    }

    public Edge with(Cors cors) {
        return new Edge(
                accessLog,
                proxies,
                Optional.of(cors),
                ratePerAddress,
                jwt,
                ratePerCaller,
                tls,
                streams);
    }

    public Edge ratePerAddress(RateLimit.Options rate) {
        return new Edge(
                accessLog, proxies, cors, Optional.of(rate), jwt, ratePerCaller, tls, streams);
    }

    public Edge ratePerCaller(RateLimit.Options rate) {
        return new Edge(
                accessLog, proxies, cors, ratePerAddress, jwt, Optional.of(rate), tls, streams);
    }

    public Edge with(JwtOptions jwt) {
        return new Edge(
                accessLog,
                proxies,
                cors,
                ratePerAddress,
                Optional.of(jwt),
                ratePerCaller,
                tls,
                streams);
    }

    public Edge with(Tls tls) {
        return new Edge(
                accessLog,
                proxies,
                cors,
                ratePerAddress,
                jwt,
                ratePerCaller,
                Optional.of(tls),
                streams);
    }

    public Edge with(Streams streams) {
        return new Edge(accessLog, proxies, cors, ratePerAddress, jwt, ratePerCaller, tls, streams);
    }
}
