package dev.weft.testkit.faults;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Metric;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.Client;
import dev.weft.core.client.ClientTelemetry;
import dev.weft.core.client.Clients;
import dev.weft.core.policy.Node;
import dev.weft.http.HttpMetrics;
import dev.weft.http.HttpTransport;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Calls of a service with three instances over HTTP, each behind a proxy: what callers get, and where the calls go, when the
 * network of the first one is bad. Eight callers make one call after the other.
 */
class CallsThroughFaultsTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final Duration PATIENCE = ofSeconds(30);
    private static final int CALLERS = 8;

    /** Too large to be read with the head. */
    private static final int LARGE_BYTES = 200_000;

    private static final int SMALL_BYTES = 20_000;

    private final HttpTransport servers = new HttpTransport();
    private final HttpTransport transport = new HttpTransport();
    private final MemoryMeter meter = new MemoryMeter();
    private final MemoryRegistry registry = new MemoryRegistry();
    private final List<FaultProxy> proxies = new ArrayList<>();
    private final Map<String, AtomicInteger> written = new ConcurrentHashMap<>();
    private final FaultProxy first;
    private final Clients clients;
    private final Client client;

    CallsThroughFaultsTest() {
        for (var id : List.of("p1", "p2", "p3")) {
            var proxy =
                    FaultProxy.before(
                            servers.serve(this::answer, ServerOptions.DEFAULT.port(0)).address());
            proxies.add(proxy);
            registry.register(
                    new Instance("product", id, proxy.address(), Instance.State.READY, List.of()));
        }
        first = proxies.getFirst();
        transport.observe(meter);
        clients =
                new Clients(
                        "cart",
                        CallSettings.read(Map.of("product", Map.of("timeout", "1s")), "test"),
                        registry,
                        transport,
                        ClientTelemetry.NONE,
                        TIME);
        client = clients.of("product");
    }

    private Response answer(Request request) {
        request.query()
                .get("key")
                .ifPresent(key ->
                        written.computeIfAbsent(key, _ -> new AtomicInteger()).incrementAndGet());
        int size = Integer.parseInt(request.query().get("size").orElse("10"));
        return request.query().get("chunked").isPresent()
                ? Response.of(200)
                        .with(
                                Body.of(
                                        new ByteArrayInputStream(new byte[size]),
                                        OptionalLong.empty()))
                : Response.of(200).with(Body.of(new byte[size]));
    }

    @AfterEach
    void nothing_is_left() throws Exception {
        proxies.forEach(FaultProxy::heal);
        awaitThat("no connection is in use", () -> active() == 0);
        clients.close();
        transport.close();
        awaitThat(
                "no connection is open",
                () -> proxies.stream().allMatch(proxy -> proxy.open() == 0));
        servers.close();
        proxies.forEach(FaultProxy::close);
    }

    private long active() {
        return meter.read().stream()
                .filter(it -> it.metric().equals(HttpMetrics.OPEN_CONNECTIONS))
                .flatMap(it -> it.points().stream())
                .filter(it -> it.values().contains("active"))
                .mapToLong(it -> it instanceof Metric.Value of ? (long) of.value() : 0)
                .sum();
    }

    private static void awaitThat(String what, BooleanSupplier condition)
            throws InterruptedException {
        long end = TIME.nanos() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (TIME.nanos() - end > 0)
                throw new AssertionError("not within " + PATIENCE + ": " + what);
            TIME.sleep(ofMillis(2));
        }
    }

    /** What became of some calls; each failure is in the vocabulary of failures. */
    private record Outcome(int good, int late, int lost, long toFirst) {

        int all() {
            return good + late + lost;
        }

        /** Of all calls. */
        double share(long some) {
            return (double) some / all();
        }
    }

    /** So many calls, their bodies read; none may take longer than the patience, whatever happens to it. */
    private Outcome calls(int count, IntFunction<Request> request) throws Exception {
        var node = node();
        long before = node.calls();
        var next = new AtomicInteger();
        var good = new AtomicInteger();
        var late = new AtomicInteger();
        var lost = new AtomicInteger();
        var callers = new ArrayList<FutureTask<Boolean>>();
        for (int i = 0; i < CALLERS; i++) {
            var caller =
                    new FutureTask<>(() -> {
                        for (int n = next.getAndIncrement(); n < count; n = next.getAndIncrement())
                            outcome(request.apply(n), good, late, lost).incrementAndGet();
                        return true;
                    });
            TIME.start("caller", caller);
            callers.add(caller);
        }
        for (var caller : callers) caller.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        return new Outcome(good.get(), late.get(), lost.get(), node.calls() - before);
    }

    private AtomicInteger outcome(
            Request request, AtomicInteger good, AtomicInteger late, AtomicInteger lost)
            throws Exception {
        try {
            var answer = client.call(request);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body().bytes().length)
                    .isEqualTo(Integer.parseInt(request.query().get("size").orElse("10")));
            return good;
        } catch (Failure.Unreachable e) {
            assertThat(e.sent()).isTrue();
            return lost;
        } catch (Failure.Refused e) {
            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.DEADLINE);
            assertThat(e.refusal().by()).isEqualTo("cart");
            return late;
        }
    }

    private Outcome reads(int count) throws Exception {
        return calls(count, n -> Request.get("/products/" + n));
    }

    private Node node() throws Exception {
        if (client.nodes().isEmpty()) client.call(Request.get("/")).body().close();
        return client.nodes().stream()
                .filter(node -> node.instance().id().equals("p1"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void without_faults_all_calls_are_answered_and_all_instances_take_part() throws Exception {
        var outcome = reads(600);
        assertThat(outcome.good()).isEqualTo(600);
        for (var node : client.nodes()) assertThat(node.calls()).isGreaterThan(60);
    }

    @Test
    void a_far_instance_gets_few_calls() throws Exception {
        reads(200);
        first.downstream(Faults.NONE.latency(ofMillis(200), ofMillis(20)));
        var outcome = reads(600);
        assertThat(outcome.good()).isEqualTo(600);
        assertThat(outcome.share(outcome.toFirst())).isLessThan(0.1);
    }

    @Test
    void an_instance_behind_a_narrow_line_gets_few_calls() throws Exception {
        reads(200);
        first.downstream(Faults.NONE.bandwidth(60_000));
        var outcome = calls(600, n -> Request.get("/products/" + n + "?size=" + SMALL_BYTES));
        assertThat(outcome.share(outcome.good())).isGreaterThan(0.99);
        assertThat(outcome.share(outcome.toFirst())).isLessThan(0.1);
    }

    @Test
    void reads_do_not_notice_an_instance_that_resets() throws Exception {
        reads(200);
        first.reset();
        var outcome = reads(600);
        assertThat(outcome.good()).isEqualTo(600);
        assertThat(outcome.share(outcome.toFirst())).isLessThan(0.1);
    }

    @Test
    void a_write_is_never_done_twice_whatever_breaks() throws Exception {
        reads(200);
        first.downstream(Faults.NONE.resetAfter(5_000));
        var outcome =
                calls(
                        600,
                        n ->
                                Request.post(
                                        "/products?size=" + SMALL_BYTES + "&key=" + n,
                                        Body.of("x")));
        assertThat(outcome.share(outcome.good())).isGreaterThan(0.95);
        assertThat(written).hasSizeGreaterThanOrEqualTo(outcome.good());
        assertThat(written.values()).allMatch(times -> times.get() == 1);
    }

    @Test
    void an_answer_that_is_cut_while_it_is_read_at_once_is_tried_again_for_reads()
            throws Exception {
        reads(200);
        first.downstream(Faults.NONE.resetAfter(5_000));
        var outcome = calls(600, n -> Request.get("/products/" + n + "?size=" + SMALL_BYTES));
        assertThat(outcome.good()).isEqualTo(600);
    }

    @Test
    void an_answer_that_is_cut_behind_its_head_is_lost_and_its_instance_left() throws Exception {
        reads(200);
        first.downstream(Faults.NONE.resetAfter(50_000));
        var outcome =
                calls(400, n -> Request.get("/products/" + n + "?chunked=1&size=" + LARGE_BYTES));
        assertThat(outcome.late()).isZero();
        assertThat(outcome.lost()).isPositive();
        assertThat(outcome.share(outcome.good())).isGreaterThan(0.95);
        assertThat(outcome.share(outcome.toFirst())).isLessThan(0.1);
    }

    @Test
    void an_answer_that_stops_behind_its_head_ends_at_the_deadline_and_its_instance_is_left()
            throws Exception {
        reads(200);
        first.downstream(Faults.NONE.stallAfter(50_000));
        var outcome = calls(400, n -> Request.get("/products/" + n + "?size=" + LARGE_BYTES));
        assertThat(outcome.lost()).isZero();
        assertThat(outcome.late()).isPositive();
        assertThat(outcome.share(outcome.good())).isGreaterThan(0.95);
        assertThat(outcome.share(outcome.toFirst())).isLessThan(0.1);
    }

    @Test
    void an_instance_that_hangs_is_left_and_taken_again_when_it_goes_on() throws Exception {
        reads(200);
        first.blackHole();
        var outcome = reads(600);
        assertThat(outcome.lost()).isZero();
        assertThat(outcome.share(outcome.good())).isGreaterThan(0.97);
        assertThat(outcome.share(outcome.toFirst())).isLessThan(0.1);
        first.heal();
        long left = node().calls();
        long end = TIME.nanos() + PATIENCE.toNanos();
        while (node().calls() < left + 5) {
            assertThat(TIME.nanos() - end).as("it gets no calls again").isNegative();
            assertThat(reads(100).good()).isEqualTo(100);
        }
    }
}
