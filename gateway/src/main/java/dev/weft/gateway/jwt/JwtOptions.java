package dev.weft.gateway.jwt;

import dev.weft.core.Method;
import dev.weft.core.PathTemplate;
import dev.weft.core.Request;
import dev.weft.core.Require;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which tokens are taken, and where none is needed.
 *
 * @param keys where the issuer's keys (a JWK set, RFC 7517) are: a {@code file:}, {@code http:} or
 *     {@code https:} URL
 * @param issuer what {@code iss} has to be
 * @param audiences of which {@code aud} has to name one; {@code *} alone for any
 * @param leeway how far the clocks may be apart
 * @param open what needs no token: {@code GET /products/{id}}, or {@code /products/{rest...}} for
 *     all methods
 * @param claims which of a token's claims services are told, if they are there
 */
public record JwtOptions(
        URI keys,
        String issuer,
        List<String> audiences,
        Duration leeway,
        List<String> open,
        List<String> claims) {

    private static final Set<String> SCHEMES = Set.of("file", "http", "https");
    private static final List<String> ANY = List.of("*");
    private static final Service<Request, Response> OPEN = request -> Response.of(204);

    public JwtOptions {
        audiences = List.copyOf(audiences);
        open = List.copyOf(open);
        claims = List.copyOf(claims);
        Require.that(
                keys.getScheme() != null && SCHEMES.contains(keys.getScheme()),
                "the keys are a file or an http or https URL, not " + keys);
        Require.that(!issuer.isEmpty(), "there is no issuer");
        Require.that(
                !audiences.isEmpty() && !audiences.contains(""),
                "there is no audience; name what tokens for this system have as \"aud\", or \"*\""
                        + " to take tokens that are for others too");
        Require.that(
                !leeway.isNegative() && leeway.compareTo(Duration.ofMinutes(5)) <= 0,
                "the leeway is 0 to 5 minutes, not " + leeway);
        routes(open);
    }

    /** Tokens of this issuer, 30 s of leeway; nothing is open; scope and roles are told. */
    public static JwtOptions of(URI keys, String issuer, List<String> audiences) {
        return new JwtOptions(
                keys,
                issuer,
                audiences,
                Duration.ofSeconds(30),
                List.of(),
                List.of("scope", "roles"));
    }

    public JwtOptions keys(URI keys) {
        return new JwtOptions(keys, issuer, audiences, leeway, open, claims);
    }

    public JwtOptions leeway(Duration leeway) {
        return new JwtOptions(keys, issuer, audiences, leeway, open, claims);
    }

    public JwtOptions open(List<String> open) {
        return new JwtOptions(keys, issuer, audiences, leeway, open, claims);
    }

    public JwtOptions claims(List<String> claims) {
        return new JwtOptions(keys, issuer, audiences, leeway, open, claims);
    }

    /** Fails with {@link IllegalArgumentException} if the keys are in a file that is not good. */
    public JwtOptions requireKeys() {
        if (keys.getScheme().equals("file")) KeySource.read(keys);
        return this;
    }

    /** Whether a token for one of these is for us. */
    boolean isFor(List<String> named) {
        return audiences.equals(ANY) || named.stream().anyMatch(audiences::contains);
    }

    /** What needs no token, as routes. */
    static Routes routes(List<String> open) {
        var routes = new ArrayList<Route>();
        for (var each : open) {
            int space = each.indexOf(' ');
            var path = new PathTemplate(each.substring(space + 1));
            for (var method : space < 0 ? List.of(Method.values()) : named(each, space))
                routes.add(new Route(method, path, OPEN));
        }
        return Routes.of(routes.toArray(Route[]::new));
    }

    private static List<Method> named(String open, int space) {
        var name = open.substring(0, space);
        var found = Stream.of(Method.values()).filter(each -> each.name().equals(name)).toList();
        Require.that(!found.isEmpty(), "there is no method " + name + " (" + open + ")");
        return found;
    }
}
