import dev.weft.core.Cancellation;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.ServerOptions;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.gateway.Gateway;
import dev.weft.gateway.GatewayOptions;
import dev.weft.http.HttpTransport;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import dev.weft.testkit.fuzz.HttpFuzzer;
import dev.weft.testkit.fuzz.RequestBin;
import dev.weft.testkit.fuzz.StrictServer;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/** Arguments: server|gateway|http://host:port, minutes, [seed [case]]; without a seed one after the other, at random. */
final class Fuzz {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final int CONNECTIONS = 32;
    private static final int CASES = 2_000;
    private static final ServerOptions LIMITS =
            new ServerOptions("127.0.0.1", 0, 1 << 20, 16 << 10, CONNECTIONS, Duration.ofSeconds(5));

    public static void main(String[] args) throws Exception {
        System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s %3$s %5$s%6$s%n");
        var what = args[0];
        var most = Duration.ofMinutes(Long.parseLong(args[1]));
        long seed = args.length > 2 ? Long.parseLong(args[2]) : 0;
        int only = args.length > 3 ? Integer.parseInt(args[3]) : -1;
        var bin = new RequestBin();
        try (var transport = new HttpTransport()) {
            var fuzzer =
                    switch (what) {
                        case "server" -> HttpFuzzer.of(server(transport, bin)).bin(bin);
                        case "gateway" -> HttpFuzzer.of(gateway(transport, bin)).bin(bin);
                        default -> HttpFuzzer.of(URI.create(what));
                    };
            run(what, fuzzer.only(only), most, seed);
            if (!what.startsWith("http:")) fuzzer.answersOn(CONNECTIONS);
        } catch (AssertionError e) {
            System.err.println(what + ": " + e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    private static void run(String what, HttpFuzzer fuzzer, Duration most, long seed) throws Exception {
        if (seed != 0) {
            System.out.println(what + " " + fuzzer.seed(seed).run(CASES));
            return;
        }
        long end = TIME.nanos() + most.toNanos();
        while (TIME.nanos() - end < 0) {
            long next = RandomGenerator.getDefault().nextLong(1, 1L << 40);
            System.out.println(what + " " + fuzzer.seed(next).atMost(Duration.ofNanos(end - TIME.nanos())).run(CASES) + ", " + heap());
        }
    }

    private static String heap() {
        System.gc();
        return (ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 10) + " KiB of heap";
    }

    private static URI server(HttpTransport transport, RequestBin bin) {
        var service =
                new ServerTrace(new Tracer(TIME, Span.Sink.NONE), TIME, Duration.ofSeconds(10), request -> "")
                        .then(Problems.filter("fuzzed"))
                        .then(Cancellation.atDeadline("fuzzed", TIME))
                        .then(bin);
        return transport.serve(service, LIMITS).address();
    }

    private static URI gateway(HttpTransport transport, RequestBin bin) {
        var behind = new StrictServer(bin);
        var registry = new MemoryRegistry();
        registry.register(
                new Instance("bin", "bin-1", behind.address(), Instance.State.READY, List.of("GET /{rest...}", "POST /{rest...}",
                        "PUT /{rest...}", "PATCH /{rest...}", "DELETE /{rest...}", "OPTIONS /{rest...}", "HEAD /{rest...}")));
        return Gateway.start(GatewayOptions.DEFAULT.server(LIMITS), registry, transport, transport, Span.Sink.NONE, TIME).address();
    }
}
