package dev.weft.testkit;

import dev.weft.core.SystemTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate for {@code localhost} and 127.0.0.1, issued by an authority of its own, and its key:
 * made anew, as two PEM files of a server.
 *
 * @param chain the server's certificate, then the authority's
 * @param key as PKCS#8
 * @param authority whom a client has to trust
 */
public record TestCertificate(Path chain, Path key, Certificate authority) {

    /** On the curve P-256; good for a month. */
    public static TestCertificate ec(Path folder) {
        return make(folder, Kind.EC, SystemTime.INSTANCE.now());
    }

    /** Of 2,048 bits; good for a month. */
    public static TestCertificate rsa(Path folder) {
        return make(folder, Kind.RSA, SystemTime.INSTANCE.now());
    }

    /** On the curve P-256; good until so many days from now, or before if it is less than 0. */
    public static TestCertificate until(Path folder, int days) {
        return make(
                folder,
                Kind.EC,
                SystemTime.INSTANCE.now().plus(Duration.ofDays(days)).minus(MONTH));
    }

    private static final Duration MONTH = Duration.ofDays(30);

    private enum Kind {
        EC,
        RSA;

        KeyPair pair() throws GeneralSecurityException {
            var generator = KeyPairGenerator.getInstance(name());
            if (this == EC) generator.initialize(new ECGenParameterSpec("secp256r1"));
            else generator.initialize(2048);
            return generator.generateKeyPair();
        }
    }

    private static TestCertificate make(Path folder, Kind kind, Instant from) {
        try {
            Files.createDirectories(folder);
            var authority = Kind.EC.pair();
            var server = kind.pair();
            var one = certificate("authority", authority, authority, from, IS_AUTHORITY);
            var other = certificate("server", server, authority, from, IS_LOCAL);
            return new TestCertificate(
                    Files.writeString(
                            folder.resolve("cert.pem"),
                            pem("CERTIFICATE", other.getEncoded())
                                    + pem("CERTIFICATE", one.getEncoded())),
                    Files.writeString(
                            folder.resolve("key.pem"),
                            pem("PRIVATE KEY", server.getPrivate().getEncoded())),
                    one);
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError("no certificate could be made", e);
        }
    }

    // DER (ITU X.690) of a certificate (RFC 5280, 4.1): the JDK reads certificates, and writes
    // none.

    private static final int BOOLEAN = 0x01;
    private static final int INTEGER = 0x02;
    private static final int BITS = 0x03;
    private static final int OCTETS = 0x04;
    private static final int OBJECT = 0x06;
    private static final int TEXT = 0x0c;
    private static final int UTC = 0x17;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;

    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** How the authority signs: ECDSA with SHA-256 (RFC 5758, 3.2). */
    private static final byte[] ECDSA =
            der(SEQUENCE, der(OBJECT, HexFormat.of().parseHex("2a8648ce3d040302")));

    /** Its extension says that it may issue others. */
    private static final byte[] IS_AUTHORITY =
            extension("551d13", der(SEQUENCE, der(BOOLEAN, new byte[] {-1})));

    /** Its extension says for which names it is. */
    private static final byte[] IS_LOCAL =
            extension(
                    "551d11",
                    der(
                            SEQUENCE,
                            der(0x82, "localhost".getBytes(StandardCharsets.US_ASCII)),
                            der(0x87, new byte[] {127, 0, 0, 1})));

    private static byte[] extension(String object, byte[] value) {
        return der(SEQUENCE, der(OBJECT, HexFormat.of().parseHex(object)), der(OCTETS, value));
    }

    private static Certificate certificate(
            String name, KeyPair of, KeyPair by, Instant from, byte[] extension)
            throws GeneralSecurityException {
        var number = BigInteger.valueOf(SystemTime.INSTANCE.random().nextLong(1, Long.MAX_VALUE));
        var told =
                der(
                        SEQUENCE,
                        der(0xa0, der(INTEGER, new byte[] {2})),
                        der(INTEGER, number.toByteArray()),
                        ECDSA,
                        name("authority"),
                        der(SEQUENCE, time(from), time(from.plus(MONTH))),
                        name(name),
                        of.getPublic().getEncoded(),
                        der(0xa3, der(SEQUENCE, extension)));
        var signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(by.getPrivate());
        signature.update(told);
        var whole = der(SEQUENCE, told, ECDSA, der(BITS, new byte[1], signature.sign()));
        return CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(whole));
    }

    private static byte[] name(String name) {
        var common = der(OBJECT, HexFormat.of().parseHex("550403"));
        var text = der(TEXT, name.getBytes(StandardCharsets.UTF_8));
        return der(SEQUENCE, der(SET, der(SEQUENCE, common, text)));
    }

    private static byte[] time(Instant at) {
        return der(UTC, UTC_TIME.format(at).getBytes(StandardCharsets.US_ASCII));
    }

    /** A value of these parts, behind its tag and its length. */
    private static byte[] der(int tag, byte[]... parts) {
        int length = 0;
        for (var part : parts) length += part.length;
        var out = new ByteArrayOutputStream();
        out.write(tag);
        if (length > 255) {
            out.write(0x82);
            out.write(length >> 8);
        } else if (length > 127) out.write(0x81);
        out.write(length);
        for (var part : parts) out.writeBytes(part);
        return out.toByteArray();
    }

    private static String pem(String label, byte[] bytes) {
        var lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + label + "-----\n" + lines + "\n-----END " + label + "-----\n";
    }

    /** For clients that trust its authority and nobody else. */
    public SSLContext trusting() {
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("authority", authority);
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError("nobody can be trusted", e);
        }
    }
}
