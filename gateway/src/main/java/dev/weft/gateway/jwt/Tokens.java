package dev.weft.gateway.jwt;

import dev.weft.core.Caller;
import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Checks tokens: three parts, signed by RS256 or ES256 with a key of the issuer's, from the issuer,
 * for us, at its time.
 *
 * <p>A token has to name its end ({@code exp}) and whom it is about ({@code sub}). One that wants
 * something understood that is not understood here ({@code crit}), or that is another kind of token
 * by its {@code typ}, is refused. A key that is not known is asked for once, so that an issuer can
 * change its keys.
 */
final class Tokens {

    /** What came of a check. */
    sealed interface Checked {

        /** There is no token. */
        record None() implements Checked {}

        /** The token is good. */
        record Good(Caller caller) implements Checked {}

        /** It is not, and why. */
        record Bad(String why) implements Checked {}

        /** Nobody can tell now: the issuer's keys are not known. */
        record Unknown() implements Checked {}
    }

    /** Longer ones are refused unread. */
    static final int MAX_LENGTH = 8 << 10;

    /** Some thirty thousand years. */
    private static final BigDecimal BEYOND = BigDecimal.valueOf(1_000_000_000_000L);

    private static final Set<String> TYPES = Set.of("jwt", "at+jwt");

    private final JwtOptions options;
    private final KeySource keys;
    private final Time time;

    Tokens(JwtOptions options, KeySource keys, Time time) {
        this.options = options;
        this.keys = keys;
        this.time = time;
    }

    /** Waits a moment if keys have to be asked for. */
    Checked check(String token) throws InterruptedException {
        if (token.isEmpty()) return new Checked.None();
        try {
            return checked(token);
        } catch (Failure.Malformed | IllegalArgumentException e) {
            return new Checked.Bad("the token cannot be read");
        }
    }

    private Checked checked(String token) throws InterruptedException {
        if (token.length() > MAX_LENGTH)
            return new Checked.Bad(
                    "the token is longer than the limit of " + MAX_LENGTH + " characters");
        var parts = token.split("\\.", -1);
        if (parts.length != 3) return new Checked.Bad("a token has three parts, joined by dots");
        var header = Json.readMap(decoded(parts[0]));
        var named = header.get("alg");
        var algorithm = algorithm(named);
        if (algorithm.isEmpty())
            return new Checked.Bad("the token is not signed by RS256 or ES256, but by " + named);
        if (header.containsKey("crit"))
            return new Checked.Bad("the token wants extensions understood: " + header.get("crit"));
        if (!isAccessToken(header.get("typ")))
            return new Checked.Bad("the token is no access token, but " + header.get("typ"));
        var id =
                header.get("kid") instanceof String text
                        ? Optional.of(text)
                        : Optional.<String>empty();
        var fitting = keys.fitting(algorithm.get(), id);
        if (fitting.isEmpty()) return new Checked.Unknown();
        if (fitting.get().isEmpty())
            return new Checked.Bad(
                    id.map(kid -> "no key of the issuer's has the id \"" + kid + "\"")
                            .orElse("no key of the issuer's is for " + algorithm.get()));
        var signed = token.substring(0, token.lastIndexOf('.')).getBytes(StandardCharsets.US_ASCII);
        var signature = decoded(parts[2]);
        if (fitting.get().stream()
                .noneMatch(key -> key.algorithm().verifies(key.key(), signed, signature)))
            return new Checked.Bad("the token's signature is wrong");
        return accepted(Json.readMap(decoded(parts[1])));
    }

    private static Optional<Algorithm> algorithm(@Nullable Object name) {
        for (var algorithm : Algorithm.values())
            if (algorithm.name().equals(name)) return Optional.of(algorithm);
        return Optional.empty();
    }

    private static boolean isAccessToken(@Nullable Object type) {
        if (type == null) return true;
        var text = type.toString().toLowerCase(Locale.ROOT);
        return TYPES.contains(text.startsWith("application/") ? text.substring(12) : text);
    }

    private static byte[] decoded(String part) {
        if (part.indexOf('=') >= 0) throw new IllegalArgumentException("a part with padding");
        return Base64.getUrlDecoder().decode(part);
    }

    private Checked accepted(Map<String, Object> claims) {
        if (!options.issuer().equals(claims.get("iss")))
            return new Checked.Bad("the token is of another issuer");
        if (!options.isFor(audiences(claims.get("aud"))))
            return new Checked.Bad("the token is for another audience");
        var now = time.now();
        var end = moment(claims, "exp");
        if (end.isEmpty()) return new Checked.Bad("the token does not say when it ends (exp)");
        if (!now.minus(options.leeway()).isBefore(end.get()))
            return new Checked.Bad("the token has expired");
        if (claims.containsKey("nbf")) {
            var begin = moment(claims, "nbf");
            if (begin.isEmpty() || now.plus(options.leeway()).isBefore(begin.get()))
                return new Checked.Bad("the token is not valid yet");
        }
        if (!(claims.get("sub") instanceof String subject) || subject.isBlank())
            return new Checked.Bad("the token does not say whom it is about (sub)");
        var caller = new Caller(subject, told(claims));
        if (caller.header().length() > Caller.MAX_BYTES)
            return new Checked.Bad(
                    "the claims that services are told are longer than the limit of "
                            + Caller.MAX_BYTES
                            + " bytes");
        return new Checked.Good(caller);
    }

    private static List<String> audiences(@Nullable Object claim) {
        if (claim instanceof String one) return List.of(one);
        if (!(claim instanceof List<?> several)) return List.of();
        return several.stream().filter(String.class::isInstance).map(String.class::cast).toList();
    }

    /** A number of seconds, which may have a fraction. */
    private static Optional<Instant> moment(Map<String, Object> claims, String name) {
        return switch (claims.get(name)) {
            case Long seconds -> moment(BigDecimal.valueOf(seconds));
            case BigDecimal seconds -> moment(seconds);
            case null, default -> Optional.empty();
        };
    }

    private static Optional<Instant> moment(BigDecimal seconds) {
        return seconds.abs().compareTo(BEYOND) > 0
                ? Optional.empty()
                : Optional.of(Instant.ofEpochSecond(seconds.longValue()));
    }

    /** Those claims that services are told; of a list its elements, parted by blanks. */
    private Map<String, String> told(Map<String, Object> claims) {
        var told = new LinkedHashMap<String, String>();
        for (var name : options.claims()) {
            switch (claims.get(name)) {
                case null -> {}
                case List<?> list ->
                        told.put(
                                name,
                                list.stream()
                                        .map(String::valueOf)
                                        .collect(Collectors.joining(" ")));
                case Map<?, ?> map -> told.put(name, Json.text(map));
                case Object value -> told.put(name, value.toString());
            }
        }
        return told;
    }
}
