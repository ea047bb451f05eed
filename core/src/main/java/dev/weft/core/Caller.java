package dev.weft.core;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Who asks: the subject of a verified identity with its claims, or nobody in particular.
 *
 * @param subject the name of the user or service; empty for {@link #ANONYMOUS}
 * @param claims further facts that the identity's issuer vouches for
 */
public record Caller(String subject, Map<String, String> claims) {

    public static final Caller ANONYMOUS = new Caller("", Map.of());

    /** The most that it may take in a header; a longer one is not believed. */
    public static final int MAX_BYTES = 4096;

    public Caller {
        claims = Map.copyOf(claims);
    }

    /** The claim, or nothing if nobody vouches for it. */
    public Optional<String> claim(String name) {
        return Optional.ofNullable(claims.get(name));
    }

    /** As a header: {@code ann;roles=admin%20clerk;scope=read}. */
    public String header() {
        var text = new StringBuilder(encoded(subject));
        new TreeMap<>(claims)
                .forEach((name, value) ->
                        text.append(';').append(encoded(name)).append('=').append(encoded(value)));
        return text.toString();
    }

    /** Reads a header; one that is malformed names nobody. */
    public static Caller parse(String header) {
        if (header.length() > MAX_BYTES) return ANONYMOUS;
        var parts = header.split(";", -1);
        var claims = new LinkedHashMap<String, String>();
        try {
            for (int i = 1; i < parts.length; i++) {
                int equals = parts[i].indexOf('=');
                if (equals < 1) return ANONYMOUS;
                claims.put(
                        decoded(parts[i].substring(0, equals)),
                        decoded(parts[i].substring(equals + 1)));
            }
            var subject = decoded(parts[0]);
            return subject.isEmpty() ? ANONYMOUS : new Caller(subject, claims);
        } catch (IllegalArgumentException e) {
            return ANONYMOUS;
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.strip().replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
