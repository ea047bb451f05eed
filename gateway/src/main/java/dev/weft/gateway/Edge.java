package dev.weft.gateway;

import dev.weft.core.policy.RateLimit;
import dev.weft.gateway.jwt.JwtOptions;
import java.util.Optional;
import java.util.function.Consumer;

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
        return with(it -> it.accessLog = accessLog);
    }

    public Edge with(Proxies proxies) {
        return with(it -> it.proxies = proxies);
    }

    public Edge with(Cors cors) {
        return with(it -> it.cors = Optional.of(cors));
    }

    public Edge ratePerAddress(RateLimit.Options rate) {
        return with(it -> it.ratePerAddress = Optional.of(rate));
    }

    public Edge ratePerCaller(RateLimit.Options rate) {
        return with(it -> it.ratePerCaller = Optional.of(rate));
    }

    public Edge with(JwtOptions jwt) {
        return with(it -> it.jwt = Optional.of(jwt));
    }

    public Edge with(Tls tls) {
        return with(it -> it.tls = Optional.of(tls));
    }

    public Edge with(Streams streams) {
        return with(it -> it.streams = streams);
    }

    private Edge with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** One that is being changed. */
    private static final class Draft {
        private boolean accessLog;
        private Proxies proxies;
        private Optional<Cors> cors;
        private Optional<RateLimit.Options> ratePerAddress;
        private Optional<JwtOptions> jwt;
        private Optional<RateLimit.Options> ratePerCaller;
        private Optional<Tls> tls;
        private Streams streams;

        Draft(Edge from) {
            this.accessLog = from.accessLog;
            this.proxies = from.proxies;
            this.cors = from.cors;
            this.ratePerAddress = from.ratePerAddress;
            this.jwt = from.jwt;
            this.ratePerCaller = from.ratePerCaller;
            this.tls = from.tls;
            this.streams = from.streams;
        }

        Edge done() {
            return new Edge(
                    accessLog, proxies, cors, ratePerAddress, jwt, ratePerCaller, tls, streams);
        }
    }
}
