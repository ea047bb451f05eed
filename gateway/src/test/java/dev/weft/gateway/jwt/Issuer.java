package dev.weft.gateway.jwt;

import dev.weft.json.Json;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Signs tokens as an issuer would, good ones and others. */
public final class Issuer {

    public static final String NAME = "https://issuer.example";

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final String id;
    private final Algorithm algorithm;
    private final KeyPair keys;

    private Issuer(String id, Algorithm algorithm, KeyPair keys) {
        this.id = id;
        this.algorithm = algorithm;
        this.keys = keys;
    }

    public static Issuer rsa(String id) throws GeneralSecurityException {
        return rsa(id, 2048);
    }

    static Issuer rsa(String id, int bits) throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        return new Issuer(id, Algorithm.RS256, generator.generateKeyPair());
    }

    public static Issuer ec(String id) throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return new Issuer(id, Algorithm.ES256, generator.generateKeyPair());
    }

    /** The public half, as in a set. */
    Map<String, Object> jwk() {
        var jwk = new LinkedHashMap<String, Object>();
        jwk.put("kid", id);
        switch (keys.getPublic()) {
            case RSAPublicKey key -> {
                jwk.put("kty", "RSA");
                jwk.put("n", encoded(unsigned(key.getModulus(), key.getModulus().bitLength() / 8)));
                jwk.put("e", encoded(key.getPublicExponent().toByteArray()));
            }
            case ECPublicKey key -> {
                jwk.put("kty", "EC");
                jwk.put("crv", "P-256");
                jwk.put("x", encoded(unsigned(key.getW().getAffineX(), 32)));
                jwk.put("y", encoded(unsigned(key.getW().getAffineY(), 32)));
            }
            default -> throw new AssertionError(keys.getPublic());
        }
        return jwk;
    }

    /** A set of the public halves. */
    public static String set(Issuer... issuers) {
        return set(Stream.of(issuers).map(Issuer::jwk).toList());
    }

    static String set(List<Map<String, Object>> jwks) {
        return Json.text(Map.of("keys", jwks));
    }

    byte[] publicBytes() {
        return keys.getPublic().getEncoded();
    }

    /** A token for ann that is good for an hour. */
    public String token(Instant now) {
        return token(header(), claims(now));
    }

    Map<String, Object> header() {
        var header = new LinkedHashMap<String, Object>();
        header.put("alg", algorithm.name());
        header.put("kid", id);
        return header;
    }

    public static Map<String, Object> claims(Instant now) {
        var claims = new LinkedHashMap<String, Object>();
        claims.put("iss", NAME);
        claims.put("aud", "shop");
        claims.put("sub", "ann");
        claims.put("exp", now.getEpochSecond() + 3600);
        return claims;
    }

    public String token(Map<String, Object> claims) {
        return token(header(), claims);
    }

    String token(Map<String, Object> header, Map<String, Object> claims) {
        var signed = unsigned(header, claims);
        return signed + "." + encoded(signature(signed));
    }

    static String unsigned(Map<String, Object> header, Map<String, Object> claims) {
        return encoded(Json.write(header)) + "." + encoded(Json.write(claims));
    }

    byte[] signature(String text) {
        try {
            var signer =
                    Signature.getInstance(
                            algorithm == Algorithm.RS256
                                    ? "SHA256withRSA"
                                    : "SHA256withECDSAinP1363Format");
            signer.initSign(keys.getPrivate());
            signer.update(text.getBytes(StandardCharsets.US_ASCII));
            return signer.sign();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static String encoded(byte[] bytes) {
        return BASE64.encodeToString(bytes);
    }

    private static byte[] unsigned(BigInteger number, int length) {
        var bytes = number.toByteArray();
        var exact = new byte[length];
        int copied = Math.min(length, bytes.length);
        System.arraycopy(bytes, bytes.length - copied, exact, length - copied, copied);
        return bytes.length > length
                ? Arrays.copyOfRange(bytes, bytes.length - length, bytes.length)
                : exact;
    }
}
