package dev.weft.gateway;

import dev.weft.core.Filter;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Require;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.http.Problems;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Which pages of other origins a browser lets use the services (the Fetch standard's CORS protocol).
 *
 * <p>A preflight is answered here, with 204 or with a 403 problem that says what is not allowed; it
 * never reaches a service. Other requests pass whatever their origin is; the answer tells the
 * browser whether the page may have it. What services say about it themselves is taken off. Answers
 * that depend on the origin say so in {@code Vary}. It stands around all that refuses, so that a page
 * can read a refusal too.
 *
 * @param origins {@code https://shop.example}, {@code https://*.shop.example} for all names below,
 *     or {@code *} alone for any
 * @param methods that are allowed
 * @param headers of requests that are allowed, or {@code *} alone for any
 * @param expose headers of answers that a page may read
 * @param credentials whether the browser may send cookies and such along; not together with any
 *     origin
 * @param maxAge how long a browser may keep the answer to a preflight
 */
public record Cors(
        List<String> origins,
        List<Method> methods,
        List<String> headers,
        List<String> expose,
        boolean credentials,
        Duration maxAge)
        implements Filter<Request, Response> {

    private static final Pattern ORIGIN =
            Pattern.compile(
                    "[a-z][a-z0-9+.-]*://(\\*\\.)?([a-z0-9_-]+(\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]+])(:[0-9]{1,5})?");

    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final List<String> ANY = List.of("*");
    private static final String PREFLIGHT_VARY =
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

    public Cors {
        origins = List.copyOf(origins);
        methods = List.copyOf(methods);
        headers = List.copyOf(headers);
        expose = List.copyOf(expose);
        Require.that(!origins.isEmpty(), "there is no origin; name one, or \"*\" for any");
        for (var origin : origins)
            Require.that(
                    origins.equals(ANY) || ORIGIN.matcher(origin).matches(),
                    "an origin is one such as https://shop.example, https://*.shop.example or"
                            + " http://localhost:3000, in lower case and without a path, or \"*\""
                            + " alone; not \""
                            + origin
                            + "\"");
        Require.that(!methods.isEmpty(), "there is no method");
        Require.that(
                headers.equals(ANY) || areNames(headers),
                "these are no names of headers: " + headers);
        Require.that(areNames(expose), "these are no names of headers: " + expose);
        Require.that(
                !credentials || !origins.equals(ANY),
                "with credentials the origins have to be named; \"*\" would let any page act for"
                        + " whoever looks at it");
        Require.that(
                !maxAge.isNegative() && maxAge.compareTo(Duration.ofDays(1)) <= 0,
                "a browser may keep the answer to a preflight for 0 to 24 h, not " + maxAge);
    }

    /**
     * Pages of these origins may send GET, HEAD, POST, PUT, PATCH and DELETE with any headers but no
     * credentials, and read what Weft says in headers; a browser asks again after 10 minutes.
     */
    public static Cors of(List<String> origins) {
        return new Cors(
                origins,
                List.of(
                        Method.GET,
                        Method.HEAD,
                        Method.POST,
                        Method.PUT,
                        Method.PATCH,
                        Method.DELETE),
                ANY,
                List.of(
                        "Weft-Trace",
                        "Weft-Receipt",
                        "Location",
                        "ETag",
                        "Retry-After",
                        "RateLimit",
                        "RateLimit-Policy"),
                false,
                Duration.ofMinutes(10));
    }

    public Cors methods(List<Method> methods) {
        return new Cors(origins, methods, headers, expose, credentials, maxAge);
    }

    public Cors headers(List<String> headers) {
        return new Cors(origins, methods, headers, expose, credentials, maxAge);
    }

    public Cors expose(List<String> expose) {
        return new Cors(origins, methods, headers, expose, credentials, maxAge);
    }

    public Cors credentials(boolean credentials) {
        return new Cors(origins, methods, headers, expose, credentials, maxAge);
    }

    public Cors maxAge(Duration maxAge) {
        return new Cors(origins, methods, headers, expose, credentials, maxAge);
    }

    private static boolean areNames(List<String> headers) {
        return headers.stream()
                .allMatch(name -> !name.equals("*") && TOKEN.matcher(name).matches());
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var given = request.headers().all("Origin");
        var origin = given.size() == 1 ? given.getFirst() : "";
        var wanted = request.headers().get("Access-Control-Request-Method");
        if (request.method() == Method.OPTIONS && !given.isEmpty() && wanted.isPresent())
            return preflight(request, origin, wanted.get());
        var response = next.call(request);
        var told = response.headers().only(Cors::isNoneOfOurs);
        if (!origins.equals(ANY)) told = told.and("Vary", "Origin");
        if (allows(origin)) {
            told = allowed(told, origin);
            if (!expose.isEmpty())
                told = told.and("Access-Control-Expose-Headers", String.join(", ", expose));
        }
        return new Response(response.status(), told, response.body());
    }

    private static boolean isNoneOfOurs(String header) {
        return !header.regionMatches(true, 0, "Access-Control-", 0, 15);
    }

    private Headers allowed(Headers headers, String origin) {
        var told = headers.and("Access-Control-Allow-Origin", origins.equals(ANY) ? "*" : origin);
        return credentials ? told.and("Access-Control-Allow-Credentials", "true") : told;
    }

    private Response preflight(Request request, String origin, String method) {
        if (!allows(origin)) return refused("the origin " + origin, "origins", origins);
        if (methods.stream().noneMatch(each -> each.name().equals(method)))
            return refused("the method " + method, "methods", methods);
        var wanted = String.join(",", request.headers().all("Access-Control-Request-Headers"));
        for (var header : wanted.split(","))
            if (!header.isBlank() && !allowsHeader(header.strip()))
                return refused("the header " + header.strip(), "headers", headers);
        var told =
                allowed(Headers.of("Vary", PREFLIGHT_VARY), origin)
                        .and("Access-Control-Allow-Methods", String.join(", ", names()))
                        .and("Access-Control-Max-Age", Long.toString(maxAge.toSeconds()));
        // As it was asked: "*" means nothing where credentials are allowed.
        if (!wanted.isBlank()) told = told.and("Access-Control-Allow-Headers", wanted);
        return new Response(204, told, Response.of(204).body());
    }

    private List<String> names() {
        return methods.stream().map(Method::name).toList();
    }

    private boolean allowsHeader(String name) {
        if (headers.equals(ANY)) return TOKEN.matcher(name).matches();
        return headers.stream().anyMatch(name::equalsIgnoreCase);
    }

    /** Whether a page of that origin may read answers. */
    boolean allows(String origin) {
        if (origin.isEmpty()) return false;
        if (origins.equals(ANY)) return true;
        var given = origin.toLowerCase(Locale.ROOT);
        return origins.stream().anyMatch(each -> matches(each, given));
    }

    private static boolean matches(String allowed, String given) {
        int star = allowed.indexOf('*');
        if (star < 0) return allowed.equals(given);
        var scheme = allowed.substring(0, star);
        var domain = allowed.substring(star + 1);
        return given.length() > scheme.length() + domain.length()
                && given.startsWith(scheme)
                && given.endsWith(domain)
                && ORIGIN.matcher(given).matches();
    }

    private static Response refused(String what, String key, List<?> allowed) {
        var problem =
                Problem.of(
                        403,
                        "cors-refused",
                        what + " is not among the " + key + " that are allowed: " + allowed);
        return Problems.response(problem).header("Vary", PREFLIGHT_VARY);
    }
}
