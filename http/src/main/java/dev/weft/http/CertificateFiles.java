package dev.weft.http;

import dev.weft.core.Context;
import dev.weft.core.Time;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A server's certificate, in two PEM files that are read again when they change.
 *
 * <p>One holds the certificate and behind it those that lead to its issuer's root, one its private
 * key: RSA or EC, as PKCS#8, without a password. Both are read every {@link #EVERY}, so that a renewal
 * counts from the next connection on. A pair that is not good does not count: the one before stays,
 * and the log says so. A pair is called bad when it is read so twice, for one file may be there
 * before the other. A certificate that has expired, or will within {@link #SOON}, is a warning, once a
 * day.
 */
public final class CertificateFiles implements Supplier<SSLContext>, AutoCloseable {

    /** How often the files are read. */
    public static final Duration EVERY = Duration.ofSeconds(10);

    /** What is left of a certificate's time when it is warned of. */
    public static final Duration SOON = Duration.ofDays(14);

    private static final Duration WARNED = Duration.ofDays(1);
    private static final Logger LOG = System.getLogger(CertificateFiles.class.getName());

    private final Path chain;
    private final Path key;
    private final Time time;
    private final Thread thread;
    private volatile Pair known;

    /** The last problem that was logged; of the reading thread. */
    private String told = "";

    /** What was read, and what it came to. */
    private record Pair(byte[] chain, byte[] key, SSLContext context, X509Certificate leaf) {

        boolean is(byte[] otherChain, byte[] otherKey) {
            return Arrays.equals(chain, otherChain) && Arrays.equals(key, otherKey);
        }
    }

    /**
     * Reads them; an {@link IllegalArgumentException} says what is wrong, in which line, and what is
     * to be done.
     */
    public CertificateFiles(Path chain, Path key, Time time) {
        this.chain = chain;
        this.key = key;
        this.time = time;
        this.known = read(chain, Pem.read(chain), key, Pem.read(key));
        this.thread =
                time.start("weft-certificate", () -> Context.none().run(this::readAgainAndAgain));
    }

    /** Fails as the constructor does if the files are not good. */
    public static void check(Path chain, Path key) {
        read(chain, Pem.read(chain), key, Pem.read(key));
    }

    /** What new connections are to be made with. */
    @Override
    public SSLContext get() {
        return known.context;
    }

    private void readAgainAndAgain() {
        var suspect = "";
        Instant warned = Instant.MIN;
        try {
            while (true) {
                var now = time.now();
                if (warned.isBefore(now.minus(WARNED)) && warnOfItsEnd(now)) warned = now;
                time.sleep(EVERY);
                var problem = readAgain();
                if (problem.equals(suspect) && !problem.isEmpty() && !problem.equals(told)) {
                    told = problem;
                    LOG.log(
                            Level.ERROR,
                            "the new certificate is not taken, the one before stays: " + problem);
                }
                suspect = problem;
            }
        } catch (InterruptedException e) {
            // It is closed.
        }
    }

    /** What is wrong with the files as they are now; empty if nothing is. */
    private String readAgain() {
        try {
            var newChain = Pem.read(chain);
            var newKey = Pem.read(key);
            if (!known.is(newChain, newKey)) {
                known = read(chain, newChain, key, newKey);
                LOG.log(
                        Level.INFO,
                        "the certificate was read anew from {0}, good until {1}",
                        chain,
                        known.leaf.getNotAfter().toInstant());
            }
            told = "";
            return "";
        } catch (IllegalArgumentException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private boolean warnOfItsEnd(Instant now) {
        var end = known.leaf.getNotAfter().toInstant();
        if (end.isAfter(now.plus(SOON))) return false;
        LOG.log(
                Level.WARNING,
                chain
                        + ": the certificate "
                        + (end.isBefore(now) ? "has expired" : "expires")
                        + " at "
                        + end
                        + "; put a new one in its place, which is read within "
                        + EVERY.toSeconds()
                        + " s");
        return true;
    }

    /** Reads them no more. */
    @Override
    public void close() {
        thread.interrupt();
    }

    // Reading.

    private static Pair read(Path chain, byte[] chainBytes, Path key, byte[] keyBytes) {
        var certificates = certificates(chain, chainBytes);
        var leaf = certificates.getFirst();
        var secret = key(key, keyBytes, leaf.getPublicKey());
        if (!match(secret, leaf.getPublicKey()))
            throw new IllegalArgumentException(
                    key
                            + ": this is not the key of the certificate in "
                            + chain
                            + ", which is of "
                            + leaf.getSubjectX500Principal()
                            + "; put the two there that belong together");
        return new Pair(chainBytes, keyBytes, context(certificates, secret), leaf);
    }

    private static List<X509Certificate> certificates(Path file, byte[] bytes) {
        var certificates = new ArrayList<X509Certificate>();
        for (var part : Pem.parts(file, bytes)) {
            if (!part.label().equals("CERTIFICATE")) {
                if (part.label().endsWith("PRIVATE KEY"))
                    throw Pem.wrong(
                            file,
                            part.line(),
                            "wanted are certificates only; the key belongs in the other file");
                continue;
            }
            var certificate = certificate(file, part);
            if (!certificates.isEmpty()
                    && !certificates
                            .getLast()
                            .getIssuerX500Principal()
                            .equals(certificate.getSubjectX500Principal()))
                throw Pem.wrong(
                        file,
                        part.line(),
                        "this certificate, of "
                                + certificate.getSubjectX500Principal()
                                + ", is not the issuer of the one before it, which is "
                                + certificates.getLast().getIssuerX500Principal()
                                + "; wanted is the server's own first, then each one's issuer");
            certificates.add(certificate);
        }
        if (certificates.isEmpty())
            throw Pem.wrong(
                    file,
                    1,
                    "there is no certificate in it; wanted is PEM, with a line -----BEGIN"
                            + " CERTIFICATE-----; from DER: openssl x509 -inform der -in FILE -out"
                            + " cert.pem");
        return certificates;
    }

    private static X509Certificate certificate(Path file, Pem.Part part) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(part.bytes()));
        } catch (CertificateException e) {
            throw Pem.wrong(file, part.line(), "this is no certificate: " + e.getMessage());
        }
    }

    private static PrivateKey key(Path file, byte[] bytes, PublicKey of) {
        var convert = "convert it: openssl pkcs8 -topk8 -nocrypt -in " + file + " -out key.pem";
        for (var part : Pem.parts(file, bytes)) {
            switch (part.label()) {
                case "PRIVATE KEY" -> {
                    return key(file, part, of);
                }
                case "ENCRYPTED PRIVATE KEY" ->
                        throw Pem.wrong(
                                file,
                                part.line(),
                                "this key has a password, which nobody is there to type; wanted is"
                                        + " one without, that only this user can read; "
                                        + convert);
                case "RSA PRIVATE KEY", "EC PRIVATE KEY" ->
                        throw Pem.wrong(
                                file,
                                part.line(),
                                "this key is in an older form ("
                                        + (part.label().startsWith("RSA") ? "PKCS#1" : "SEC 1")
                                        + "); wanted is PKCS#8, -----BEGIN PRIVATE KEY-----; "
                                        + convert);
                case "CERTIFICATE" ->
                        throw Pem.wrong(
                                file,
                                part.line(),
                                "this is a certificate; wanted is its private key, -----BEGIN"
                                        + " PRIVATE KEY-----");
                default -> {} // such as the parameters of a curve
            }
        }
        throw Pem.wrong(
                file,
                1,
                "there is no key in it; wanted is PKCS#8 as PEM, with a line -----BEGIN PRIVATE"
                        + " KEY-----; "
                        + convert);
    }

    private static PrivateKey key(Path file, Pem.Part part, PublicKey of) {
        var algorithm = of.getAlgorithm();
        if (!algorithm.equals("RSA") && !algorithm.equals("EC"))
            throw Pem.wrong(
                    file,
                    part.line(),
                    "the certificate is for a key of the kind "
                            + algorithm
                            + "; wanted is RSA or EC");
        try {
            return KeyFactory.getInstance(algorithm)
                    .generatePrivate(new PKCS8EncodedKeySpec(part.bytes()));
        } catch (InvalidKeySpecException e) {
            throw Pem.wrong(
                    file,
                    part.line(),
                    "this is no "
                            + algorithm
                            + " key, as the certificate's is: "
                            + e.getMessage()
                            + "; put the two there that belong together");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK knows no " + algorithm, e);
        }
    }

    /** Whether the one verifies what the other signs. */
    private static boolean match(PrivateKey secret, PublicKey open) {
        try {
            var signature =
                    Signature.getInstance(
                            open.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA");
            var probe = new byte[] {1, 2, 3};
            signature.initSign(secret);
            signature.update(probe);
            var signed = signature.sign();
            signature.initVerify(open);
            signature.update(probe);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static SSLContext context(List<X509Certificate> chain, PrivateKey secret) {
        try {
            var password = new char[0];
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, password);
            store.setKeyEntry("server", secret, password, chain.toArray(X509Certificate[]::new));
            var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, password);
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException(
                    "the certificate of "
                            + chain.getFirst().getSubjectX500Principal()
                            + " cannot be used: "
                            + e.getMessage(),
                    e);
        }
    }
}
