package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.http.CertificateFiles;
import dev.weft.http.HttpTransport;
import dev.weft.testkit.LoggedLines;
import dev.weft.testkit.TestCertificate;
import dev.weft.testkit.VirtualTime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.logging.Level;
import javax.net.ssl.SSLSocket;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Certificates and keys as they lie in files. */
@Timeout(60)
class CertificateFilesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir Path folder = Path.of("");

    private final VirtualTime time = new VirtualTime();
    private final LoggedLines log = new LoggedLines(CertificateFiles.class.getName());

    @BeforeEach
    void beNow() {
        time.advance(Duration.between(time.now(), SystemTime.INSTANCE.now()));
    }

    @AfterEach
    void close() {
        log.close();
    }

    // Renewing.

    @Test
    void a_renewed_pair_counts_from_the_next_connection_on() throws Exception {
        var first = TestCertificate.ec(folder.resolve("first"));
        var second = TestCertificate.rsa(folder.resolve("second"));
        var served = copy(first, folder);
        try (var files = new CertificateFiles(served.chain(), served.key(), time);
                var transport = new HttpTransport();
                var server =
                        transport.serve(r -> Response.of(204), ServerOptions.DEFAULT.tls(files))) {
            int port = server.address().getPort();
            try (var kept = connect(first, port)) {
                copy(second, folder);
                passReading();
                connect(second, port).close();
                assertThatThrownBy(() -> connect(first, port)).isInstanceOf(IOException.class);
                // The connection of before goes on.
                kept.getOutputStream()
                        .write(
                                "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                        .getBytes(StandardCharsets.US_ASCII));
                assertThat(kept.getInputStream().read()).isEqualTo('H');
            }
        }
        assertThat(log.lines(Level.WARNING)).isEmpty();
    }

    @Test
    void a_certificate_that_is_there_before_its_key_is_waited_for() throws Exception {
        var first = copy(TestCertificate.ec(folder.resolve("first")), folder);
        var second = TestCertificate.ec(folder.resolve("second"));
        try (var files = new CertificateFiles(first.chain(), first.key(), time)) {
            var before = files.get();
            Files.copy(second.chain(), first.chain(), StandardCopyOption.REPLACE_EXISTING);
            passReading();
            assertThat(files.get()).isSameAs(before);
            Files.copy(second.key(), first.key(), StandardCopyOption.REPLACE_EXISTING);
            passReading();
            assertThat(files.get()).isNotSameAs(before);
        }
        assertThat(log.lines(Level.WARNING)).isEmpty();
    }

    @Test
    void a_bad_pair_leaves_the_old_one_and_is_told_once() throws Exception {
        var good = copy(TestCertificate.ec(folder.resolve("good")), folder);
        var bytes = Files.readAllBytes(good.key());
        try (var files = new CertificateFiles(good.chain(), good.key(), time)) {
            var before = files.get();
            Files.writeString(good.key(), "nothing");
            for (int i = 0; i < 5; i++) passReading();
            assertThat(files.get()).isSameAs(before);
            assertThat(log.lines(Level.SEVERE)).hasSize(1);
            assertThat(log.lines(Level.SEVERE).getFirst())
                    .contains("the one before stays", good.key() + ":1: there is no key in it");
            Files.write(good.key(), bytes);
            passReading();
            Files.delete(good.key());
            for (int i = 0; i < 3; i++) passReading();
            assertThat(log.lines(Level.SEVERE)).hasSize(2);
            assertThat(log.lines(Level.SEVERE).getLast()).endsWith("there is no such file");
        }
    }

    @Test
    void one_that_has_expired_or_soon_will_is_used_and_warned_of_once_a_day() throws Exception {
        for (int days : new int[] {-2, 5}) {
            var made = TestCertificate.until(folder.resolve("until" + days), days);
            try (var files = new CertificateFiles(made.chain(), made.key(), time)) {
                assertThat(files.get()).isNotNull();
                int expected = days < 0 ? 1 : 2;
                while (log.lines().size() < expected) Thread.onSpinWait();
            }
        }
        assertThat(log.lines(Level.WARNING)).hasSize(2);
        assertThat(log.lines().getFirst()).contains("the certificate has expired at 20");
        assertThat(log.lines().getLast()).contains("the certificate expires at 20");
    }

    // What is wrong.

    @Test
    void what_is_wrong_is_told_with_file_line_and_remedy() throws Exception {
        var one = TestCertificate.ec(folder.resolve("one"));
        var other = TestCertificate.ec(folder.resolve("other"));
        var rsa = TestCertificate.rsa(folder.resolve("rsa"));
        var certificates = Files.readString(one.chain());
        var key = Files.readString(one.key());
        var convert = "openssl pkcs8 -topk8 -nocrypt -in ";

        key(one, "").contains(":1: there is no key in it; wanted is PKCS#8", convert);
        key(one, "\n" + key.replace("PRIVATE", "ENCRYPTED PRIVATE"))
                .contains(":2: this key has a password", convert);
        key(one, key.replace("PRIVATE", "RSA PRIVATE")).contains(":1: ", "PKCS#1", convert);
        key(
                        one,
                        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
                                + key.replace("PRIVATE", "EC PRIVATE"))
                .contains(":4: ", "SEC 1", convert);
        key(
                        one,
                        key.replace(
                                "KEY-----\n",
                                "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"))
                .isEmpty();
        key(one, certificates).contains(":1: this is a certificate; wanted is its private key");
        key(one, key.replace("\n-----END", "\n")).contains(":1: this PRIVATE KEY has no end");
        key(one, key.replaceFirst("KEY-----\n.", "KEY-----\n!")).contains("is not Base64");
        key(one, Files.readString(other.key()))
                .contains("this is not the key of the certificate in");
        key(one, Files.readString(rsa.key()))
                .contains(":1: this is no EC key, as the certificate's");

        chain(one, "").contains(":1: there is no certificate in it", "openssl x509 -inform der");
        chain(one, key).contains(":1: wanted are certificates only");
        chain(one, certificates + Files.readString(other.chain()))
                .contains("is not the issuer of the one before it");
        int second = certificates.indexOf("-----BEGIN", 10);
        var backwards = certificates.substring(second) + certificates.substring(0, second);
        chain(one, backwards).contains("wanted is the server's own first, then each one's issuer");
        chain(one, certificates.substring(0, second)).isEmpty();
        chain(one, certificates.replaceFirst("M", "A")).contains(":1: this is no certificate");

        assertThatThrownBy(() -> CertificateFiles.check(folder.resolve("no"), one.key()))
                .hasMessage(folder.resolve("no") + ": there is no such file");
    }

    private AbstractStringAssert<?> key(TestCertificate of, String text) throws IOException {
        var file = Files.writeString(folder.resolve("wrong.pem"), text);
        return complaint(of.chain(), file);
    }

    private AbstractStringAssert<?> chain(TestCertificate of, String text) throws IOException {
        var file = Files.writeString(folder.resolve("wrong.pem"), text);
        return complaint(file, of.key());
    }

    private static AbstractStringAssert<?> complaint(Path chain, Path key) {
        try {
            CertificateFiles.check(chain, key);
            return assertThat("");
        } catch (IllegalArgumentException e) {
            return assertThat(e.getMessage());
        }
    }

    // Support.

    private static TestCertificate copy(TestCertificate from, Path to) throws IOException {
        var chain = to.resolve("cert.pem");
        var key = to.resolve("key.pem");
        Files.copy(from.chain(), chain, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(from.key(), key, StandardCopyOption.REPLACE_EXISTING);
        return new TestCertificate(chain, key, from.authority());
    }

    /** Has the files read once. */
    private void passReading() throws InterruptedException {
        time.awaitWaiting(1, PATIENCE);
        time.advance(CertificateFiles.EVERY);
        time.awaitWaiting(1, PATIENCE);
    }

    private static SSLSocket connect(TestCertificate trusted, int port) throws IOException {
        var socket =
                (SSLSocket) trusted.trusting().getSocketFactory().createSocket("127.0.0.1", port);
        socket.startHandshake();
        return socket;
    }
}
