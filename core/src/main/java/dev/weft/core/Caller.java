package dev.weft.core;

import java.util.Map;

/**
 * Who asks: the subject of a verified identity with its claims, or nobody in particular.
 *
 * @param subject the name of the user or service; empty for {@link #ANONYMOUS}
 * @param claims further facts that the identity's issuer vouches for
 */
public record Caller(String subject, Map<String, String> claims) {

    public static final Caller ANONYMOUS = new Caller("", Map.of());

    public Caller {
        claims = Map.copyOf(claims);
    }
}
