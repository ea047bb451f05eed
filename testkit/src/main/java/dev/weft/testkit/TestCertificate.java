package dev.weft.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate for {@code localhost} and 127.0.0.1, issued by an authority of its own, and its key:
 * made anew, by the {@code keytool} of the JDK that runs the test, as two PEM files of a server.
 *
 * @param chain the server's certificate, then the authority's
 * @param key as PKCS#8
 * @param authority whom a client has to trust
 */
public record TestCertificate(Path chain, Path key, Certificate authority) {

    private static final String SECRET = "secret";
    private static final long MOST_SECONDS = 60;

    /** On the curve P-256; good for a month. */
    public static TestCertificate ec(Path folder) {
        return make(folder, "EC", 0, 30);
    }

    /** Of 2,048 bits; good for a month. */
    public static TestCertificate rsa(Path folder) {
        return make(folder, "RSA", 0, 30);
    }

    /** On the curve P-256; good until so many days from now, or before if it is less than 0. */
    public static TestCertificate until(Path folder, int days) {
        return make(folder, "EC", days - 30, 30);
    }

    private static TestCertificate make(Path folder, String algorithm, int start, int days) {
        try {
            Files.createDirectories(folder);
            var file = Files.createTempDirectory(folder, "made").resolve("keys.p12");
            var strength =
                    algorithm.equals("EC")
                            ? List.of("-groupname", "secp256r1")
                            : List.of("-keysize", "2048");
            var begin = (start < 0 ? "" : "+") + start + "d";
            var common = List.of("-keyalg", algorithm, "-startdate", begin, "-validity", "" + days);
            keytool(file, "authority", common, strength, List.of("-ext", "bc:c"));
            keytool(
                    file,
                    "server",
                    common,
                    strength,
                    List.of("-signer", "authority", "-ext", "san=dns:localhost,ip:127.0.0.1"));
            return write(folder, file);
        } catch (IOException | GeneralSecurityException e) {
            throw new AssertionError("no certificate could be made", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("making a certificate was broken off", e);
        }
    }

    @SafeVarargs
    private static void keytool(Path file, String name, List<String>... options)
            throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(
                List.of(
                        "-genkeypair",
                        "-alias",
                        name,
                        "-dname",
                        "CN=" + name,
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        SECRET));
        for (var each : options) command.addAll(each);
        var log = file.resolveSibling(name + ".log");
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0)
                throw new IOException(command + " failed: " + Files.readString(log));
        } finally {
            process.destroyForcibly();
        }
    }

    private static TestCertificate write(Path folder, Path file)
            throws IOException, GeneralSecurityException {
        var store = KeyStore.getInstance(file.toFile(), SECRET.toCharArray());
        var chain = new StringBuilder();
        for (var each : store.getCertificateChain("server"))
            chain.append(pem("CERTIFICATE", each.getEncoded()));
        var key = store.getKey("server", SECRET.toCharArray()).getEncoded();
        return new TestCertificate(
                Files.writeString(folder.resolve("cert.pem"), chain),
                Files.writeString(folder.resolve("key.pem"), pem("PRIVATE KEY", key)),
                store.getCertificate("authority"));
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
