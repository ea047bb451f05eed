package dev.weft.gateway.jwt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Caller;
import dev.weft.core.Failure;
import dev.weft.gateway.jwt.Tokens.Checked;
import dev.weft.testkit.VirtualTime;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TokensTest {

    private static final URI FROM = URI.create("https://issuer.example/keys");
    private static final JwtOptions OPTIONS =
            JwtOptions.of(FROM, Issuer.NAME, List.of("shop", "till"));

    private static Issuer rsa;
    private static Issuer ec;
    private static Issuer stranger;

    private final VirtualTime time = new VirtualTime();
    private final KeySource keys =
            new KeySource(FROM, from -> Issuer.set(rsa, ec).getBytes(StandardCharsets.UTF_8), time);

    @BeforeAll
    static void generate() throws Exception {
        rsa = Issuer.rsa("rsa-1");
        ec = Issuer.ec("ec-1");
        stranger = Issuer.rsa("rsa-1");
    }

    @AfterEach
    void close() {
        keys.close();
    }

    private Checked check(String token) throws Exception {
        return new Tokens(OPTIONS, keys, time).check(token);
    }

    private Map<String, Object> claims() {
        return Issuer.claims(time.now());
    }

    private void refused(String token, String why) throws Exception {
        assertThat(check(token))
                .as(token)
                .isInstanceOfSatisfying(
                        Checked.Bad.class, bad -> assertThat(bad.why()).contains(why));
    }

    private void refused(Map<String, Object> claims, String why) throws Exception {
        refused(rsa.token(claims), why);
    }

    @Test
    void the_examples_of_rfc_7515_verify() {
        var claims =
                "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        verifies(
                Algorithm.RS256,
                """
                {"keys":[{"kty":"RSA","e":"AQAB",
                "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}
                """,
                "eyJhbGciOiJSUzI1NiJ9." + claims,
                "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
        verifies(
                Algorithm.ES256,
                """
                {"keys":[{"kty":"EC","crv":"P-256",
                "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}
                """,
                "eyJhbGciOiJFUzI1NiJ9." + claims,
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    }

    private static void verifies(Algorithm algorithm, String set, String signed, String signature) {
        var fitting =
                Keys.parse(set.getBytes(StandardCharsets.UTF_8))
                        .fitting(algorithm, Optional.empty());
        assertThat(fitting).hasSize(1);
        var key = fitting.getFirst().key();
        var bytes = Base64.getUrlDecoder().decode(signature);
        var text = signed.getBytes(StandardCharsets.US_ASCII);
        assertThat(algorithm.verifies(key, text, bytes)).isTrue();
        text[text.length - 1]++;
        assertThat(algorithm.verifies(key, text, bytes)).isFalse();
    }

    @Test
    void a_token_of_the_issuer_names_its_caller() throws Exception {
        var claims = claims();
        claims.put("scope", "read write");
        claims.put("roles", List.of("clerk", "admin"));
        claims.put("email", "ann@shop.example");
        var ann = new Caller("ann", Map.of("scope", "read write", "roles", "clerk admin"));
        for (var issuer : List.of(rsa, ec)) {
            assertThat(check(issuer.token(claims))).isEqualTo(new Checked.Good(ann));
            var header = new HashMap<>(issuer.header());
            header.remove("kid");
            assertThat(check(issuer.token(header, claims))).isEqualTo(new Checked.Good(ann));
            header.put("typ", "application/AT+JWT");
            assertThat(check(issuer.token(header, claims))).isEqualTo(new Checked.Good(ann));
        }
    }

    @Test
    void claims_of_any_kind_are_told_as_text() throws Exception {
        var claims = claims();
        claims.put("level", 7L);
        claims.put("vip", true);
        claims.put("address", Map.of("city", "Ulm"));
        var options = OPTIONS.claims(List.of("level", "vip", "address", "missing"));
        assertThat(new Tokens(options, keys, time).check(ec.token(claims)))
                .isEqualTo(
                        new Checked.Good(
                                new Caller(
                                        "ann",
                                        Map.of(
                                                "level",
                                                "7",
                                                "vip",
                                                "true",
                                                "address",
                                                "{\"city\":\"Ulm\"}"))));
        claims.put("address", "x".repeat(5000));
        assertThat(new Tokens(options, keys, time).check(ec.token(claims)))
                .isEqualTo(
                        new Checked.Bad(
                                "the claims that services are told are longer than the limit of"
                                        + " 4096 bytes"));
    }

    @Test
    void no_signature_is_no_signature() throws Exception {
        for (var none : List.of("none", "None", "NONE", "nOnE")) {
            var header = Map.<String, Object>of("alg", none);
            refused(Issuer.unsigned(header, claims()) + ".", "but by " + none);
        }
        refused(Issuer.unsigned(Map.of("typ", "JWT"), claims()) + ".", "but by null");
        refused(Issuer.unsigned(rsa.header(), claims()) + ".", "signature is wrong");
        refused(Issuer.unsigned(ec.header(), claims()) + ".", "signature is wrong");
    }

    @Test
    void a_public_key_is_no_secret_that_tokens_are_signed_with() throws Exception {
        var signed = Issuer.unsigned(Map.of("alg", "HS256", "kid", "rsa-1"), claims());
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(rsa.publicBytes(), "HmacSHA256"));
        var tag = mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
        refused(signed + "." + Issuer.encoded(tag), "but by HS256");
    }

    @Test
    void a_key_is_used_only_for_what_it_is() throws Exception {
        refused(ec.token(Map.of("alg", "ES256", "kid", "rsa-1"), claims()), "has the id \"rsa-1\"");
        refused(rsa.token(Map.of("alg", "RS256", "kid", "ec-1"), claims()), "has the id \"ec-1\"");
        refused(rsa.token(Map.of("alg", "ES256"), claims()), "signature is wrong");
        refused(ec.token(Map.of("alg", "RS256"), claims()), "signature is wrong");
        for (var other : List.of("RS384", "PS256", "ES384", "EdDSA", "rs256"))
            refused(rsa.token(Map.of("alg", other, "kid", "rsa-1"), claims()), "but by " + other);
    }

    @Test
    void keys_that_come_with_the_token_are_not_looked_at() throws Exception {
        var header = stranger.header();
        header.put("jwk", stranger.jwk());
        header.put("jku", "https://stranger.example/keys");
        refused(stranger.token(header, claims()), "signature is wrong");
    }

    @Test
    void what_was_changed_or_signed_by_others_is_refused() throws Exception {
        refused(stranger.token(claims()), "signature is wrong");
        var mallory = claims();
        mallory.put("sub", "mallory");
        var parts = rsa.token(claims()).split("\\.");
        var others = rsa.token(mallory).split("\\.");
        refused(parts[0] + "." + others[1] + "." + parts[2], "signature is wrong");
        var zeros = Issuer.encoded(new byte[64]);
        refused(Issuer.unsigned(ec.header(), claims()) + "." + zeros, "signature is wrong");
        var der = Issuer.encoded(new byte[71]);
        refused(Issuer.unsigned(ec.header(), claims()) + "." + der, "signature is wrong");
    }

    @Test
    void a_token_is_for_its_time() throws Exception {
        var claims = claims();
        long now = time.now().getEpochSecond();
        claims.put("exp", now - 29);
        assertThat(check(rsa.token(claims))).isInstanceOf(Checked.Good.class);
        claims.put("exp", now - 30);
        refused(claims, "has expired");
        claims.put("exp", new BigDecimal(now + ".5"));
        assertThat(check(rsa.token(claims))).isInstanceOf(Checked.Good.class);
        claims.put("nbf", now + 30);
        assertThat(check(rsa.token(claims))).isInstanceOf(Checked.Good.class);
        claims.put("nbf", now + 31);
        refused(claims, "not valid yet");
        claims.put("nbf", "soon");
        refused(claims, "not valid yet");
        claims.remove("nbf");
        for (var never : List.<Object>of("2030", new BigDecimal("1e20"), true)) {
            claims.put("exp", never);
            refused(claims, "does not say when it ends");
        }
        claims.remove("exp");
        refused(claims, "does not say when it ends");
    }

    @Test
    void a_token_is_of_the_issuer_and_for_us() throws Exception {
        var claims = claims();
        claims.put("iss", Issuer.NAME + "/");
        refused(claims, "another issuer");
        claims.remove("iss");
        refused(claims, "another issuer");
        claims = claims();
        for (var aud : List.of("other", List.of("other"), List.of(), 7L)) {
            claims.put("aud", aud);
            refused(claims, "another audience");
        }
        claims.put("aud", List.of("other", "till"));
        assertThat(check(rsa.token(claims))).isInstanceOf(Checked.Good.class);
        claims.remove("aud");
        refused(claims, "another audience");
        var any = JwtOptions.of(FROM, Issuer.NAME, List.of("*"));
        assertThat(new Tokens(any, keys, time).check(rsa.token(claims)))
                .isInstanceOf(Checked.Good.class);
    }

    @Test
    void a_token_is_about_somebody() throws Exception {
        var claims = claims();
        claims.put("sub", " ");
        refused(claims, "whom it is about");
        claims.put("sub", 7L);
        refused(claims, "whom it is about");
    }

    @Test
    void another_kind_of_token_is_none() throws Exception {
        var header = rsa.header();
        header.put("typ", "logout+jwt");
        refused(rsa.token(header, claims()), "no access token");
        header.put("typ", "JWT");
        header.put("crit", List.of("b64"));
        refused(rsa.token(header, claims()), "wants extensions understood");
    }

    @Test
    void what_is_no_token_at_all_is_refused() throws Exception {
        var good = rsa.token(claims());
        for (var text :
                List.of(
                        "x",
                        "..",
                        "a.b.c.d",
                        good + "=",
                        good.replaceFirst("\\.", "!."),
                        Issuer.encoded("[]".getBytes(StandardCharsets.UTF_8)) + ".e30.e30",
                        Issuer.encoded(
                                        "{\"alg\":\"RS256\",\"alg\":\"none\"}"
                                                .getBytes(StandardCharsets.UTF_8))
                                + ".e30.e30",
                        "é.é.é",
                        "a".repeat(9000)))
            assertThat(check(text)).as(text).isInstanceOf(Checked.Bad.class);
        assertThat(check("")).isInstanceOf(Checked.None.class);
    }

    @Test
    void of_a_set_only_keys_are_taken_that_verify() throws Exception {
        var secret = Map.<String, Object>of("kty", "oct", "k", "AAAA");
        var p384 = Map.<String, Object>of("kty", "EC", "crv", "P-384", "x", "AA", "y", "AA");
        var encrypting = new HashMap<>(rsa.jwk());
        encrypting.put("use", "enc");
        var other = new HashMap<>(rsa.jwk());
        other.put("alg", "RS512");
        var signing = new HashMap<>(rsa.jwk());
        signing.put("key_ops", List.of("sign"));
        var good = new HashMap<>(ec.jwk());
        good.putAll(Map.of("use", "sig", "alg", "ES256", "key_ops", List.of("verify")));
        var all = List.<Map<String, Object>>of(secret, p384, encrypting, other, signing, good);
        assertThat(keys(all).all()).extracting(Keys.Key::id).containsExactly("ec-1");
        assertThatThrownBy(() -> keys(all.subList(0, 5)))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessage("none of the 5 keys is for verifying RS256 (RSA) or ES256 (P-256)");
    }

    @Test
    void a_set_that_is_none_is_refused_with_what_is_wrong() throws Exception {
        assertThatThrownBy(() -> Keys.parse("{}".getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("this is no JWK set");
        assertThatThrownBy(() -> keys(List.of(Issuer.rsa("small", 1024).jwk())))
                .hasMessageContaining("the key \"small\" is none: it has 1024 bits");
        var cropped = new HashMap<>(ec.jwk());
        cropped.put("x", "AAAA");
        assertThatThrownBy(() -> keys(List.of(cropped))).hasMessageContaining("its x has not 32");
        var empty = new HashMap<>(rsa.jwk());
        empty.remove("n");
        assertThatThrownBy(() -> keys(List.of(empty))).hasMessageContaining("it has no n");
        assertThatThrownBy(() -> keys(Collections.nCopies(101, ec.jwk())))
                .hasMessageContaining("there are 101 keys; the limit is 100");
    }

    private static Keys keys(List<Map<String, Object>> jwks) {
        return Keys.parse(Issuer.set(jwks).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void options_that_let_too_much_in_are_refused() {
        assertThatThrownBy(() -> JwtOptions.of(FROM, Issuer.NAME, List.of()))
                .hasMessageContaining("there is no audience");
        assertThatThrownBy(() -> JwtOptions.of(FROM, "", List.of("shop")))
                .hasMessageContaining("there is no issuer");
        assertThatThrownBy(() -> OPTIONS.leeway(Duration.ofHours(1)))
                .hasMessageContaining("0 to 5 minutes");
        assertThatThrownBy(() -> OPTIONS.open(List.of("FETCH /x")))
                .hasMessageContaining("there is no method FETCH");
        assertThatThrownBy(() -> OPTIONS.open(List.of("x"))).hasMessageContaining("begins with");
        assertThatThrownBy(() -> OPTIONS.keys(URI.create("ftp://issuer.example")))
                .hasMessageContaining("file or an http or https URL");
    }
}
