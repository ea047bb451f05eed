package dev.weft.gateway.jwt;

import dev.weft.core.Failure;
import dev.weft.json.Json;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The public keys of an issuer that may verify tokens (a JWK set, RFC 7517).
 *
 * <p>Taken are RSA keys of 2,048 to 8,192 bits, for RS256, and keys on the curve P-256, for ES256. Keys that are
 * for something else ({@code use}, {@code key_ops}, {@code alg}, another type) are passed over.
 */
record Keys(List<Key> all) {

    /** The most keys that a set may have. */
    static final int MAX_KEYS = 100;

    /** The most keys that are tried for a token without an id. */
    private static final int MAX_TRIED = 8;

    private static final int LEAST_BITS = 2048;
    private static final int MOST_BITS = 8192;
    private static final int P256_BYTES = 32;

    /**
     * One of them.
     *
     * @param id empty if it has none
     */
    record Key(String id, Algorithm algorithm, PublicKey key) {}

    Keys {
        all = List.copyOf(all);
    }

    /** Those that a token may have been signed for that says this; without an id each that fits. */
    List<Key> fitting(Algorithm algorithm, Optional<String> id) {
        return all.stream()
                .filter(key -> key.algorithm() == algorithm)
                .filter(key -> id.isEmpty() || id.get().equals(key.id()))
                .limit(MAX_TRIED)
                .toList();
    }

    /** Reads a set; {@link Failure.Malformed} says what is wrong with it. */
    static Keys parse(byte[] json) {
        if (!(Json.readMap(json).get("keys") instanceof List<?> listed))
            throw new Failure.Malformed(
                    "this is no JWK set, which is an object with a list of \"keys\"");
        if (listed.size() > MAX_KEYS)
            throw new Failure.Malformed(
                    "there are " + listed.size() + " keys; the limit is " + MAX_KEYS);
        var keys = new ArrayList<Key>();
        for (var each : listed)
            if (each instanceof Map<?, ?> jwk && isForVerifying(jwk))
                read(jwk).ifPresent(keys::add);
        if (keys.isEmpty())
            throw new Failure.Malformed(
                    "none of the "
                            + listed.size()
                            + " keys is for verifying RS256 (RSA) or ES256 (P-256)");
        return new Keys(keys);
    }

    private static boolean isForVerifying(Map<?, ?> jwk) {
        return (!jwk.containsKey("use") || "sig".equals(jwk.get("use")))
                && (!(jwk.get("key_ops") instanceof List<?> operations)
                        || operations.contains("verify"));
    }

    private static Optional<Key> read(Map<?, ?> jwk) {
        var algorithm =
                switch (text(jwk, "kty")) {
                    case "RSA" -> Algorithm.RS256;
                    case "EC" -> text(jwk, "crv").equals("P-256") ? Algorithm.ES256 : null;
                    default -> null;
                };
        if (algorithm == null) return Optional.empty();
        if (jwk.containsKey("alg") && !algorithm.name().equals(jwk.get("alg")))
            return Optional.empty();
        var id = text(jwk, "kid");
        try {
            var key = algorithm == Algorithm.RS256 ? rsa(jwk) : ec(jwk);
            return Optional.of(new Key(id, algorithm, key));
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            throw new Failure.Malformed("the key \"" + id + "\" is none: " + e.getMessage(), e);
        }
    }

    private static PublicKey rsa(Map<?, ?> jwk) throws GeneralSecurityException {
        var modulus = number(jwk, "n");
        if (modulus.bitLength() < LEAST_BITS || modulus.bitLength() > MOST_BITS)
            throw new IllegalArgumentException(
                    "it has "
                            + modulus.bitLength()
                            + " bits; wanted are "
                            + LEAST_BITS
                            + " to "
                            + MOST_BITS);
        return KeyFactory.getInstance("RSA")
                .generatePublic(new RSAPublicKeySpec(modulus, number(jwk, "e")));
    }

    private static PublicKey ec(Map<?, ?> jwk) throws GeneralSecurityException {
        var parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec("secp256r1"));
        for (var name : List.of("x", "y"))
            if (bytes(jwk, name).length != P256_BYTES)
                throw new IllegalArgumentException(
                        "its " + name + " has not " + P256_BYTES + " bytes");
        return KeyFactory.getInstance("EC")
                .generatePublic(
                        new ECPublicKeySpec(
                                new ECPoint(number(jwk, "x"), number(jwk, "y")),
                                parameters.getParameterSpec(ECParameterSpec.class)));
    }

    private static BigInteger number(Map<?, ?> jwk, String name) {
        return new BigInteger(1, bytes(jwk, name));
    }

    private static byte[] bytes(Map<?, ?> jwk, String name) {
        var bytes = Base64.getUrlDecoder().decode(text(jwk, name));
        if (bytes.length == 0) throw new IllegalArgumentException("it has no " + name);
        return bytes;
    }

    private static String text(Map<?, ?> jwk, String name) {
        return jwk.get(name) instanceof String text ? text : "";
    }
}
