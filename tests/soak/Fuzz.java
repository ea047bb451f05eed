import dev.weft.core.Cancellation;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Method;
import dev.weft.core.ServerOptions;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.gateway.Gateway;
import dev.weft.gateway.GatewayOptions;
import dev.weft.http.CertificateFiles;
import dev.weft.http.HttpTransport;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import dev.weft.testkit.TestCertificate;
import dev.weft.testkit.fuzz.Complaints;
import dev.weft.testkit.fuzz.HttpFuzzer;
import dev.weft.testkit.fuzz.RequestBin;
import dev.weft.testkit.fuzz.StrictServer;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** Arguments: server|tls|gateway|http://host:port, seconds, [seed, number of a case]; without a seed one after the other, at random. */
final class Fuzz {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final int CONNECTIONS = 32;
    private static final int CASES = 2_000;
    private static final ServerOptions LIMITS =
            new ServerOptions("127.0.0.1", 0, 1 << 20, 16 << 10, CONNECTIONS, Duration.ofSeconds(5));

    public static void main(String[] args) throws Exception {
        System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s %3$s %5$s%6$s%n");
        var what = args[0];
        var most = Duration.ofSeconds(Long.parseLong(args[1]));
        var bin = new RequestBin();
        try (var transport = new HttpTransport();
                var complaints = new Complaints()) {
            var fuzzer =
                    switch (what) {
                        case "server" -> HttpFuzzer.of(server(transport, LIMITS, bin)).bin(bin);
                        case "tls" -> tls(transport, bin);
                        case "gateway" -> HttpFuzzer.of(gateway(transport, bin)).bin(bin);
                        default -> HttpFuzzer.of(URI.create(what));
                    };
            if (args.length == 4) {
                int number = Integer.parseInt(args[3]);
                System.out.println(what + " " + fuzzer.seed(Long.parseLong(args[2])).only(number).run(1));
            } else soak(what, fuzzer, most);
            if (!what.startsWith("http:")) fuzzer.answersOn(CONNECTIONS);
            if (!complaints.all().isEmpty()) throw new AssertionError("logged " + complaints.all());
        } catch (AssertionError e) {
            System.err.println(what + ": " + e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    private static void soak(String what, HttpFuzzer fuzzer, Duration most) throws Exception {
        long end = TIME.nanos() + most.toNanos();
        long cases = 0;
        while (TIME.nanos() - end < 0) {
            long seed = RandomGenerator.getDefault().nextLong(1, 1L << 40);
            var report = fuzzer.seed(seed).atMost(Duration.ofNanos(end - TIME.nanos())).run(CASES);
            cases += report.cases();
            System.out.println(what + " " + report + "; " + held());
        }
        System.out.println(what + " stood " + cases + " cases");
    }

    /** What must not grow from one line to the next. */
    private static String held() throws IOException {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 10;
        var files = new File("/dev/fd").list();
        return "%,d KiB of heap, %d files open, %d threads of the platform"
                .formatted(heap, files == null ? -1 : files.length, Thread.activeCount());
    }

    private static HttpFuzzer tls(HttpTransport transport, RequestBin bin) throws IOException {
        var folder = Files.createTempDirectory("weft-fuzz");
        var made = TestCertificate.ec(folder);
        try (var files = Files.walk(folder)) {
            files.forEach(it -> it.toFile().deleteOnExit());
        }
        var served = new CertificateFiles(made.chain(), made.key(), TIME);
        return HttpFuzzer.of(server(transport, LIMITS.tls(served), bin)).tls(made.trusting()).bin(bin);
    }

    private static URI server(HttpTransport transport, ServerOptions limits, RequestBin bin) {
        var service =
                new ServerTrace(new Tracer(TIME, Span.Sink.NONE), TIME, Duration.ofSeconds(10), request -> "")
                        .then(Problems.filter("fuzzed"))
                        .then(Cancellation.atDeadline("fuzzed", TIME))
                        .then(bin);
        return transport.serve(service, limits).address();
    }

    private static URI gateway(HttpTransport transport, RequestBin bin) {
        var behind = new StrictServer(bin);
        var registry = new MemoryRegistry();
        registry.register(
                new Instance("bin", "bin-1", behind.address(), Instance.State.READY, Stream.of(Method.values()).map(it -> it + " /{rest...}").toList()));
        return Gateway.start(GatewayOptions.DEFAULT.server(LIMITS), registry, transport, transport, Span.Sink.NONE, TIME).address();
    }
}
