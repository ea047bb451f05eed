package dev.weft.testkit.fuzz;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.testkit.fuzz.FuzzCase.Ending;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Sends a server of HTTP/1.1 what it should never get, and judges what it makes of it.
 *
 * <pre>{@code
 * HttpFuzzer.of(server.address()).seed(7).paths("/carts").run(3_000);
 * }</pre>
 *
 * <p>Each case is a connection: some requests, mostly with something odd about them in the line, the headers, the length, the chunks
 * or between requests, or with bytes changed at random; cut into pieces; left by half a close, or by a reset. The same
 * seed makes the same cases. What is right is known by a reading of RFC 9112 that shares nothing with the server:
 *
 * <ul>
 *   <li>every answer is HTTP/1.1 to the letter, and there is one at most for each request;
 *   <li>what may not be taken is answered with 4xx, 501 or 505, or not at all, and the connection ends; where it is not clear
 *       where a request ends, the answer is 400;
 *   <li>what is right is answered, and not with 5xx but for a refusal that says its reason;
 *   <li>with a {@link RequestBin} behind the server: what is right arrives as it was sent, and nothing else does;
 *   <li>every connection ends within {@link #PATIENCE}.
 * </ul>
 *
 * <p>With {@link #tls} all of it goes through TLS, a record for each piece, and some connections end in bytes that are no TLS.
 *
 * <p>A failure is an {@link AssertionError} with the seed, the number of the case, its bytes and the answers; {@link #only} runs that case
 * again, alone. Values are immutable.
 */
public final class HttpFuzzer {

    /** How long a connection may take. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Time TIME = SystemTime.INSTANCE;
    private static final int WORKERS = 4;
    private static final int CASES_BETWEEN_CHECKS = 500;

    /** Of so many connections in TLS, one ends in something else. */
    private static final int CASES_BETWEEN_GARBLED = 50;

    private final URI server;
    private final Optional<SSLContext> tls;
    private final Optional<RequestBin> bin;
    private final long seed;
    private final int only;
    private final List<String> paths;
    private final long maxBodyBytes;
    private final Duration most;

    private HttpFuzzer(
            URI server,
            Optional<SSLContext> tls,
            Optional<RequestBin> bin,
            long seed,
            int only,
            List<String> paths,
            long maxBodyBytes,
            Duration most) {
        this.server = server;
        this.tls = tls;
        this.bin = bin;
        this.seed = seed;
        this.only = only;
        this.paths = paths;
        this.maxBodyBytes = maxBodyBytes;
        this.most = most;
    }

    /** Of the server at {@code http://host:port}, or at {@code https://host:port} with {@link #tls}. */
    public static HttpFuzzer of(URI server) {
        return new HttpFuzzer(
                server,
                Optional.empty(),
                Optional.empty(),
                1,
                -1,
                List.of("/fuzz"),
                1 << 20,
                Duration.ofDays(1));
    }

    /** Speaks TLS with it, as a client that trusts whom this context trusts. */
    public HttpFuzzer tls(SSLContext trusting) {
        return new HttpFuzzer(
                server, Optional.of(trusting), bin, seed, only, paths, maxBodyBytes, most);
    }

    /** All that reaches the handlers reaches this bin, and it is that which answers. */
    public HttpFuzzer bin(RequestBin bin) {
        return new HttpFuzzer(server, tls, Optional.of(bin), seed, only, paths, maxBodyBytes, most);
    }

    public HttpFuzzer seed(long seed) {
        return new HttpFuzzer(server, tls, bin, seed, only, paths, maxBodyBytes, most);
    }

    /** Runs this case only. */
    public HttpFuzzer only(int number) {
        return new HttpFuzzer(server, tls, bin, seed, number, paths, maxBodyBytes, most);
    }

    /** What requests ask for, with something behind it; {@code /fuzz} unless it is said. */
    public HttpFuzzer paths(String... paths) {
        return new HttpFuzzer(server, tls, bin, seed, only, List.of(paths), maxBodyBytes, most);
    }

    /** Larger bodies may be refused by the server; 1 MiB unless it is said. */
    public HttpFuzzer maxBodyBytes(long maxBodyBytes) {
        return new HttpFuzzer(server, tls, bin, seed, only, paths, maxBodyBytes, most);
    }

    /** Begins no case after this time. */
    public HttpFuzzer atMost(Duration most) {
        return new HttpFuzzer(server, tls, bin, seed, only, paths, maxBodyBytes, most);
    }

    /**
     * What came of a run.
     *
     * @param cases how many connections there were
     * @param byStatus how many answers had which status; 0 stands for connections that were closed without any
     * @param resets how many connections the server reset, so that answers may be lost; nothing is wrong with that, unless there are many
     */
    public record Report(long seed, int cases, Map<Integer, Integer> byStatus, int resets) {
        public Report {
            byStatus = Map.copyOf(byStatus);
        }

        @Override
        public String toString() {
            return "seed %d: %d cases, answers %s, %d resets"
                    .formatted(seed, cases, new TreeMap<>(byStatus), resets);
        }
    }

    /** Runs so many cases, from the first on; fails on the first that goes wrong. */
    public Report run(int cases) throws InterruptedException {
        return new Run(only < 0 ? 0 : only, only < 0 ? cases : only + 1).report();
    }

    /**
     * Asks for one good answer on each of so many connections that are open together: a server that takes no more than this, and
     * has lost one, would leave the last waiting.
     */
    public void answersOn(int connections) throws IOException {
        var open = new ArrayList<Link>();
        try {
            for (int i = 0; i < connections; i++) {
                var link = Link.to(server, tls);
                open.add(link);
                link.send(
                        "GET %s/well HTTP/1.1\r\nHost: %s\r\n\r\n"
                                .formatted(paths.getFirst(), server.getAuthority())
                                .getBytes(StandardCharsets.ISO_8859_1));
                var first = new byte[1];
                if (link.receive(first) < 0 || first[0] != 'H')
                    throw new AssertionError(
                            "connection %d of %d was closed instead of answered"
                                    .formatted(i + 1, connections));
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError(
                    "connection %d of %d got no answer within %s: others are still held"
                            .formatted(open.size(), connections, PATIENCE),
                    e);
        } finally {
            for (var link : open) link.close();
        }
        bin.ifPresent(RequestBin::taken);
    }

    /**
     * Sends requests byte by byte on so many connections together, half of them heads that never end and half of them bodies; fails
     * if the server still listens to one of them after the limit.
     */
    public void trickle(int connections, Duration between, Duration limit)
            throws IOException, InterruptedException {
        var open = new ArrayList<Link>();
        try {
            for (int i = 0; i < connections; i++) {
                var link = Link.to(server, tls);
                open.add(link);
                var head =
                        "POST %s/slow HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n%s"
                                .formatted(
                                        paths.getFirst(),
                                        server.getAuthority(),
                                        i % 2 == 0 ? "X: " : "\r\n");
                link.send(head.getBytes(StandardCharsets.ISO_8859_1));
            }
            long end = TIME.nanos() + limit.toNanos();
            while (true) {
                open.removeIf(link -> !listens(link));
                if (open.isEmpty()) return;
                if (TIME.nanos() - end > 0)
                    throw new AssertionError(
                            "%d of %d connections with a byte each %s are still open after %s"
                                    .formatted(open.size(), connections, between, limit));
                TIME.sleep(between);
            }
        } finally {
            for (var link : open) link.close();
        }
    }

    /** Sends a byte and tells whether it can be taken: who has closed resets at the second. */
    private static boolean listens(Link link) {
        try {
            link.send(new byte[] {'x'});
            return true;
        } catch (IOException closed) {
            link.close();
            return false;
        }
    }

    /** What came back over a connection; text is Latin-1, and {@code reset} tells that its end may be missing. */
    private record Heard(String text, boolean reset) {}

    private Heard exchange(FuzzCase one, Oracle oracle) throws IOException {
        var heard = new ByteArrayOutputStream();
        boolean reset = false;
        try (var link = Link.to(server, tls)) {
            try {
                for (var piece : one.pieces()) link.send(piece);
                if (one.ending() == Ending.RESET) {
                    link.reset();
                    return new Heard("", true);
                }
                if (tls.isPresent() && one.number() % CASES_BETWEEN_GARBLED == 1) {
                    link.garble(one.text());
                    reset = true;
                }
            } catch (SocketTimeoutException e) {
                throw e;
            } catch (IOException closedBefore) {
                // What was answered before can still be read.
                reset = true;
            }
            boolean leaves = one.ending() == Ending.HALF_CLOSE || !oracle.serverCloses(one);
            var buffer = new byte[8 << 10];
            try {
                while (true) {
                    var soFar = heard.toString(StandardCharsets.ISO_8859_1);
                    if (leaves && oracle.satisfied(one, soFar)) {
                        leaves = false;
                        link.halfClose();
                    }
                    int read = link.receive(buffer);
                    if (read < 0) break;
                    heard.write(buffer, 0, read);
                }
            } catch (SocketTimeoutException e) {
                throw new AssertionError(
                        "the connection was open for "
                                + PATIENCE
                                + " more; answers so far:\n    "
                                + FuzzCase.escaped(heard.toString(StandardCharsets.ISO_8859_1)),
                        e);
            } catch (IOException broken) {
                reset = true;
            }
        }
        return new Heard(heard.toString(StandardCharsets.ISO_8859_1), reset);
    }

    /** The cases of one run, by a few threads; of each, what is expected, is told to the oracle before it is sent. */
    private final class Run {
        private final int cases;
        private final long endNanos = TIME.nanos() + most.toNanos();
        private final Oracle oracle = new Oracle(bin, maxBodyBytes);
        private final AtomicInteger next;
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicInteger resets = new AtomicInteger();
        private final Map<Integer, Integer> byStatus = new TreeMap<>();
        private @Nullable AssertionError failure;

        Run(int first, int cases) {
            this.next = new AtomicInteger(first);
            this.cases = cases;
        }

        Report report() throws InterruptedException {
            bin.ifPresent(RequestBin::taken);
            var workers = new ArrayList<Thread>();
            for (int i = 0; i < WORKERS; i++) workers.add(TIME.start("weft-fuzz", this::work));
            for (var worker : workers) worker.join();
            var failed = failure();
            if (failed != null) throw failed;
            oracle.checkTaken();
            return new Report(seed, done.get(), byStatus, resets.get());
        }

        private synchronized @Nullable AssertionError failure() {
            return failure;
        }

        private synchronized void failed(AssertionError error) {
            if (failure == null) failure = error;
        }

        private void work() {
            for (int number = next.getAndIncrement();
                    number < cases && failure() == null && TIME.nanos() - endNanos < 0;
                    number = next.getAndIncrement()) {
                var one = Grammar.make(seed, number, server.getAuthority(), paths);
                String heard = "";
                try {
                    oracle.expect(one);
                    var got = exchange(one, oracle);
                    heard = got.text();
                    if (got.reset() && one.ending() != Ending.RESET) resets.incrementAndGet();
                    count(oracle.judge(one, heard, got.reset()));
                    oracle.checkTaken();
                    if (number % CASES_BETWEEN_CHECKS == 0) answersOn(1);
                } catch (Exception | Error e) {
                    failed(
                            new AssertionError(
                                    "%s: %s\n  sent:\n    %s\n  answered:\n    %s"
                                            .formatted(
                                                    one,
                                                    e.getMessage(),
                                                    FuzzCase.escaped(one.text()),
                                                    FuzzCase.escaped(heard)),
                                    e));
                }
                done.incrementAndGet();
            }
        }

        private synchronized void count(List<Integer> statuses) {
            for (int status : statuses) byStatus.merge(status, 1, Integer::sum);
        }
    }
}
