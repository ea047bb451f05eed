package dev.weft.testkit.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Cancellation;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Metric;
import dev.weft.core.ServerOptions;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.http.CertificateFiles;
import dev.weft.http.HttpMetrics;
import dev.weft.http.HttpTransport;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import dev.weft.testkit.TestCertificate;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server under fuzz; {@code -Dweft.fuzz.seed} and {@code -Dweft.fuzz.case} run one case again. */
@Timeout(120)
class HttpServerFuzzTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final int CONNECTIONS = 16;
    private static final int CASES = 3_000;

    /** A handshake costs more than the rest of a case. */
    private static final int CASES_OVER_TLS = 400;

    private final HttpTransport transport = new HttpTransport();
    private final RequestBin bin = new RequestBin();
    private final MemoryMeter meter = new MemoryMeter();

    @AfterEach
    void close() {
        transport.close();
    }

    private HttpFuzzer fuzzer(Duration idle, Duration longest) {
        return fuzzer(
                longest, new ServerOptions("127.0.0.1", 0, 1 << 20, 16 << 10, CONNECTIONS, idle));
    }

    private HttpFuzzer fuzzer(Duration longest, ServerOptions options) {
        var service =
                new ServerTrace(new Tracer(TIME, Span.Sink.NONE), meter, TIME, longest, it -> "")
                        .then(Problems.filter("fuzzed"))
                        .then(Cancellation.atDeadline("fuzzed", TIME))
                        .then(bin);
        return HttpFuzzer.of(transport.serve(service, options).address())
                .bin(bin)
                .seed(Long.getLong("weft.fuzz.seed", 1))
                .only(Integer.getInteger("weft.fuzz.case", -1));
    }

    @Test
    void what_may_not_be_taken_is_refused_and_the_rest_arrives_as_it_was_sent() throws Exception {
        try (var complaints = new Complaints()) {
            var fuzzer = fuzzer(Duration.ofSeconds(5), Duration.ofSeconds(10));
            fuzzer.answersOn(CONNECTIONS);
            int files = openFiles();
            var report = fuzzer.run(CASES);
            fuzzer.answersOn(CONNECTIONS);
            assertThat(report.resets()).isLessThan(CASES / 100);
            assertThat(complaints.all()).as(report.toString()).isEmpty();
            assertThat(inWork()).isZero();
            awaitThat(() -> openFiles() <= files);
        }
    }

    @Test
    void the_same_holds_behind_tls(@TempDir Path folder) throws Exception {
        var made = TestCertificate.ec(folder);
        var limits =
                new ServerOptions(
                        "127.0.0.1", 0, 1 << 20, 16 << 10, CONNECTIONS, Duration.ofSeconds(5));
        try (var complaints = new Complaints();
                var served = new CertificateFiles(made.chain(), made.key(), TIME)) {
            var fuzzer = fuzzer(Duration.ofSeconds(10), limits.tls(served)).tls(made.trusting());
            var report = fuzzer.run(CASES_OVER_TLS);
            fuzzer.answersOn(CONNECTIONS);
            assertThat(report.byStatus()).containsKeys(200, 400);
            assertThat(complaints.all()).as(report.toString()).isEmpty();
            assertThat(inWork()).isZero();
        }
    }

    @Test
    void who_sends_byte_by_byte_holds_nothing_for_long() throws Exception {
        var fuzzer = fuzzer(Duration.ofMillis(300), Duration.ofMillis(500));
        fuzzer.trickle(CONNECTIONS, Duration.ofMillis(50), HttpFuzzer.PATIENCE);
        fuzzer.answersOn(CONNECTIONS);
        assertThat(inWork()).isZero();
    }

    private double inWork() {
        return meter.read().stream()
                .filter(it -> it.metric().equals(HttpMetrics.SERVER_ACTIVE))
                .flatMap(it -> it.points().stream())
                .mapToDouble(it -> it instanceof Metric.Value now ? now.value() : 0)
                .sum();
    }

    private static int openFiles() {
        var files = new File("/dev/fd").list();
        return files == null ? 0 : files.length;
    }

    private static void awaitThat(BooleanSupplier condition) throws InterruptedException {
        long end = TIME.nanos() + HttpFuzzer.PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(TIME.nanos() - end).as("connections are left").isNegative();
            TIME.sleep(Duration.ofMillis(20));
        }
    }
}
