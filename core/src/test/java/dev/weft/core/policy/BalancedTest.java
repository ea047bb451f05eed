package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BalancedTest {

    private static final Service<Request, Response> NOTHING_THERE =
            request -> {
                throw new Failure.Unreachable("connection refused", false, null);
            };

    private static final Service<Request, Response> BREAKS_OFF =
            request -> {
                throw new Failure.Unreachable("connection reset", true, null);
            };

    private static final Response DRAINING =
            Response.of(503)
                    .header(ContextHeaders.REFUSED, "draining")
                    .header(ContextHeaders.RETRYABLE, "yes");

    private final long seed = SteppedTime.seed();
    private final SteppedTime time = new SteppedTime(seed);
    private final Fleet fleet = new Fleet(time);

    private Balanced inTurn() {
        return fleet.balanced(new RoundRobin(time));
    }

    private static void calls(Service<Request, Response> service, int times) throws Exception {
        for (int i = 0; i < times; i++) service.call(Fleet.GET);
    }

    /** Calls whatever comes, and says how many had what they wanted. */
    private static int wellOf(Service<Request, Response> service, int times) throws Exception {
        int well = 0;
        for (int i = 0; i < times; i++) if (well(service)) well++;
        return well;
    }

    private static boolean well(Service<Request, Response> service) throws Exception {
        try {
            return service.call(Fleet.GET).successful();
        } catch (Failure e) {
            return false;
        }
    }

    private static Node node(Balanced balanced, String id) {
        return balanced.nodes().stream()
                .filter(node -> node.instance().id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void calls_go_to_the_ready_instances_of_the_service() throws Exception {
        fleet.registry.register(
                new Instance(
                        "other", "o", URI.create("memory://o"), Instance.State.READY, List.of()));
        fleet.start("a", "b", "c");
        fleet.starts("c");
        calls(inTurn(), 10);
        assertThat(fleet.calls("a")).isEqualTo(5);
        assertThat(fleet.calls("b")).isEqualTo(5);
    }

    @Test
    void an_instance_that_begins_to_drain_is_left_at_once_and_called_only_when_no_other_is_left()
            throws Exception {
        fleet.start("a", "b");
        var balanced = inTurn();
        calls(balanced, 2);
        fleet.drains("a");
        fleet.forget();
        calls(balanced, 10);
        assertThat(fleet.calls("a")).isZero();
        fleet.behaves("b", NOTHING_THERE);
        assertThat(balanced.call(Fleet.GET).body().text()).isEqualTo("a");
        fleet.gone("b");
        assertThat(balanced.call(Fleet.GET).body().text()).isEqualTo("a");
    }

    @Test
    void a_change_of_one_instance_leaves_the_others_as_they_are() throws Exception {
        fleet.start("a", "b", "c");
        var balanced = inTurn();
        fleet.behaves("a", BREAKS_OFF);
        wellOf(balanced, 30);
        var before = node(balanced, "a");
        assertThat(before.breaker().state()).isEqualTo(Breaker.State.OPEN);
        fleet.start("d");
        fleet.gone("b");
        fleet.drains("c");
        assertThat(node(balanced, "a")).isSameAs(before);
        assertThat(before.breaker().state()).isEqualTo(Breaker.State.OPEN);
        assertThat(before.failures()).isEqualTo(5);
        assertThat(balanced.nodes())
                .extracting(node -> node.instance().id())
                .containsExactlyInAnyOrder("a", "c", "d");
        assertThat(fleet.closed).containsExactly("b");
    }

    @Test
    void an_address_that_discovery_changed_is_called_no_more() throws Exception {
        fleet.start("old", "new");
        fleet.gone("old");
        fleet.gone("new");
        var lease =
                fleet.registry.register(
                        Fleet.instance("x", URI.create("memory://old"), Instance.State.READY));
        var balanced = inTurn();
        calls(balanced, 3);
        fleet.registry.register(
                Fleet.instance("x", URI.create("memory://new"), Instance.State.READY));
        calls(balanced, 3);
        assertThat(fleet.calls("old")).isEqualTo(3);
        assertThat(fleet.calls("new")).isEqualTo(3);
        assertThat(fleet.closed).containsExactly("old");
        lease.close();
        assertThatThrownBy(() -> balanced.call(Fleet.GET)).isInstanceOf(Failure.Refused.class);
    }

    @Test
    void passes_over_instances_that_nothing_could_be_sent_to() throws Exception {
        fleet.start("a", "b", "c", "d");
        fleet.behaves("b", NOTHING_THERE);
        fleet.behaves("c", NOTHING_THERE);
        fleet.behaves("d", NOTHING_THERE);
        for (int i = 0; i < 50; i++)
            assertThat(inTurn().call(Fleet.GET).body().text()).isEqualTo("a");
    }

    @Test
    void passes_over_instances_that_say_they_drain() throws Exception {
        fleet.start("a", "b");
        var closed = new AtomicBoolean();
        fleet.behaves("b", request -> DRAINING.with(closing(closed)));
        var balanced = inTurn();
        for (int i = 0; i < 4; i++)
            assertThat(balanced.call(Fleet.GET).body().text()).isEqualTo("a");
        assertThat(closed).isTrue();
        fleet.gone("a");
        assertThat(balanced.call(Fleet.GET).status())
                .as("the last one's own answer")
                .isEqualTo(503);
    }

    private static Body closing(AtomicBoolean closed) {
        return Body.of(
                new ByteArrayInputStream(new byte[10]) {
                    @Override
                    public void close() {
                        closed.set(true);
                    }
                },
                OptionalLong.empty());
    }

    @Test
    void sends_nothing_twice_that_may_have_arrived_or_cannot_be_sent_again() {
        fleet.start("a", "b");
        fleet.behaves("a", BREAKS_OFF);
        fleet.behaves("b", BREAKS_OFF);
        assertThatThrownBy(() -> inTurn().call(Fleet.GET)).isInstanceOf(Failure.Unreachable.class);
        assertThat(fleet.calls("a") + fleet.calls("b")).isEqualTo(1);
        Service<Request, Response> takesTheBody =
                request -> {
                    request.body().stream().close();
                    return NOTHING_THERE.call(request);
                };
        fleet.behaves("a", takesTheBody);
        fleet.behaves("b", takesTheBody);
        assertThatThrownBy(() -> inTurn().call(Request.post("/", stream())))
                .isInstanceOf(Failure.Unreachable.class);
        assertThat(fleet.calls("a") + fleet.calls("b")).isEqualTo(2);
    }

    @Test
    void a_stream_that_nobody_has_taken_goes_to_the_next_one() throws Exception {
        fleet.start("a", "b");
        fleet.behaves("a", NOTHING_THERE);
        for (int i = 0; i < 10; i++) {
            var answer = inTurn().call(Request.post("/", stream()));
            assertThat(answer.body().text()).isEqualTo("b");
        }
    }

    private static Body stream() {
        return Body.of(new ByteArrayInputStream(new byte[10]), OptionalLong.empty());
    }

    @Test
    void when_no_instance_is_left_the_call_is_refused_with_when_to_come_back() {
        for (int known = 0; known < 3; known++) {
            var balanced = inTurn();
            assertThatThrownBy(() -> balanced.call(Fleet.GET))
                    .isInstanceOfSatisfying(
                            Failure.Refused.class,
                            e -> {
                                assertThat(e.refusal().by()).isEqualTo("shop");
                                assertThat(e.refusal().reason())
                                        .isEqualTo(Refusal.Reason.UNAVAILABLE);
                                assertThat(e.refusal().begun()).isFalse();
                                assertThat(e.refusal().retryAfter())
                                        .isEqualTo(Duration.ofSeconds(1));
                                assertThat(e.refusal().detail()).contains(Fleet.SERVICE);
                            });
            fleet.start("gone" + known);
            fleet.behaves("gone" + known, NOTHING_THERE);
        }
        assertThat(fleet.counts.of("balancer", "unavailable")).isEqualTo(3);
    }

    @Test
    void passes_over_a_bounded_number() {
        int many = 3 * Balanced.MOST_PASSED_OVER;
        for (int i = 0; i < many; i++) {
            fleet.start("n" + i);
            fleet.behaves("n" + i, NOTHING_THERE);
        }
        assertThatThrownBy(() -> inTurn().call(Fleet.GET)).isInstanceOf(Failure.Refused.class);
        int calls = 0;
        for (int i = 0; i < many; i++) calls += fleet.calls("n" + i);
        assertThat(calls).isEqualTo(Balanced.MOST_PASSED_OVER + 1);
    }

    @Test
    void a_further_try_meets_another_instance_until_all_were_tried() throws Exception {
        fleet.start("a", "b", "c");
        for (var id : Set.of("a", "b", "c")) fleet.answers(id, Duration.ZERO, Response.of(500));
        Filter<Request, Response> fiveTimes =
                (request, next) -> {
                    var met = new HashSet<String>();
                    for (int i = 1; i <= 5; i++) {
                        fleet.forget();
                        next.call(request);
                        for (var id : Set.of("a", "b", "c")) if (fleet.calls(id) > 0) met.add(id);
                        assertThat(met).hasSize(Math.min(3, i));
                    }
                    return next.call(request);
                };
        var once = withoutBreaker(new LeastLoaded(time));
        for (int i = 0; i < 50; i++) Tried.across(fiveTimes).then(once).call(Fleet.GET);
    }

    @Test
    void a_further_try_on_a_thread_of_its_own_meets_another_instance_too() throws Exception {
        fleet.start("a", "b");
        Filter<Request, Response> twoThreads =
                (request, next) -> {
                    for (int i = 0; i < 2; i++) {
                        var done = new CountDownLatch(1);
                        SystemTime.INSTANCE.start(
                                "hedge",
                                () -> {
                                    try {
                                        next.call(request);
                                        done.countDown();
                                    } catch (Exception e) {
                                        throw new AssertionError(e);
                                    }
                                });
                        done.await();
                    }
                    return Response.of(200);
                };
        var balanced = fleet.balanced();
        for (int i = 1; i <= 20; i++) {
            Tried.across(twoThreads).then(balanced).call(Fleet.GET);
            assertThat(fleet.calls("a")).isEqualTo(i);
            assertThat(fleet.calls("b")).isEqualTo(i);
        }
    }

    @Test
    void calls_beside_each_other_do_not_know_of_each_other() throws Exception {
        fleet.start("a", "b");
        var balanced = fleet.balanced(new LeastLoaded(time));
        fleet.answers("a", Duration.ofMillis(1), Response.of(200));
        Filter<Request, Response> once = Filter.none();
        for (int i = 0; i < 100; i++) Tried.across(once).then(balanced).call(Fleet.GET);
        assertThat(fleet.calls("a")).isBetween(20, 80);
    }

    @Test
    void the_only_host_is_called_however_bad_it_is_so_that_its_outage_ends_when_it_ends()
            throws Exception {
        fleet.start("only");
        fleet.behaves("only", BREAKS_OFF);
        var balanced = fleet.balanced();
        assertThat(wellOf(balanced, 1_000)).isZero();
        assertThat(fleet.calls("only")).isEqualTo(1_000);
        fleet.answers("only", Duration.ofMillis(1), Response.of(200));
        assertThat(wellOf(balanced, 100)).isEqualTo(100);
        assertThat(node(balanced, "only").breaker().state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void an_outage_of_all_hosts_ends_when_it_ends() throws Exception {
        fleet.start("a", "b", "c");
        for (var id : Set.of("a", "b", "c")) fleet.behaves(id, BREAKS_OFF);
        var balanced = fleet.balanced();
        assertThat(wellOf(balanced, 1_000)).isZero();
        for (var id : Set.of("a", "b", "c"))
            fleet.answers(id, Duration.ofMillis(1), Response.of(200));
        assertThat(wellOf(balanced, 100)).isEqualTo(100);
    }

    private Balanced withoutBreaker(Balancer balancer) {
        var off =
                new Breaker.Options(
                        Mode.OFF,
                        0,
                        0,
                        Duration.ofSeconds(30),
                        5,
                        Duration.ZERO,
                        Duration.ofSeconds(1));
        return new Balanced(
                "shop",
                Fleet.SERVICE,
                fleet.registry,
                instance -> fleet.node(instance, off),
                balancer,
                new Outliers(Outliers.Options.DEFAULT, fleet.counts),
                fleet.counts);
    }

    @Test
    void a_host_that_fails_fast_attracts_no_calls() throws Exception {
        fleet.start("fast-failing", "b", "c");
        fleet.answers("fast-failing", Duration.ofNanos(1_000), Response.of(500));
        fleet.answers("b", Duration.ofMillis(20), Response.of(200));
        fleet.answers("c", Duration.ofMillis(20), Response.of(200));
        var balanced = withoutBreaker(new PowerOfTwoChoices(time));
        calls(balanced, 1_000);
        assertThat(fleet.calls("fast-failing")).isLessThan(10);
    }

    @Test
    void a_slow_host_gets_few_calls() throws Exception {
        fleet.start("slow", "b", "c");
        fleet.answers("slow", Duration.ofMillis(500), Response.of(200));
        fleet.answers("b", Duration.ofMillis(5), Response.of(200));
        fleet.answers("c", Duration.ofMillis(5), Response.of(200));
        calls(fleet.balanced(), 3_000);
        assertThat(fleet.calls("slow")).isLessThan(30);
    }

    @Test
    void a_bad_host_is_left_but_for_its_probes_and_gets_its_share_back_when_it_is_well()
            throws Exception {
        fleet.start("a", "b", "c");
        for (var id : Set.of("a", "b", "c"))
            fleet.answers(id, Duration.ofMillis(10), Response.of(200));
        var balanced = fleet.balanced();
        calls(balanced, 100);
        fleet.answers("a", Duration.ofMillis(1), Response.of(500));
        for (int i = 0; i < 5; i++) node(balanced, "a").call(Fleet.GET);
        fleet.forget();
        int well = wellOf(balanced, 6_000);
        assertThat(fleet.calls("a")).as("probes of a minute").isBetween(3, 8);
        assertThat(well).isEqualTo(6_000 - fleet.calls("a"));

        fleet.answers("a", Duration.ofMillis(10), Response.of(200));
        time.pass(node(balanced, "a").breaker().openFor());
        fleet.forget();
        calls(balanced, 100);
        assertThat(fleet.calls("a")).as("it ramps up").isBetween(1, 33);
        time.pass(Duration.ofSeconds(10));
        fleet.forget();
        calls(balanced, 3_000);
        assertThat(fleet.calls("a")).isBetween(800, 1_200);
    }

    @Test
    void a_host_that_is_well_again_is_not_avoided_for_how_it_failed_before() throws Exception {
        fleet.start("a", "b");
        fleet.answers("a", Duration.ofMillis(10), Response.of(500));
        fleet.answers("b", Duration.ofMillis(10), Response.of(200));
        var balanced = fleet.balanced();
        for (int i = 0; i < 5; i++) node(balanced, "a").call(Fleet.GET);
        time.pass(node(balanced, "a").breaker().openFor());
        fleet.answers("a", Duration.ofMillis(10), Response.of(200));
        calls(balanced, 1);
        time.pass(Node.RAMP);
        fleet.forget();
        calls(balanced, 1_000);
        assertThat(fleet.calls("a")).isBetween(300, 700);
    }

    @Test
    void a_cancelled_probe_does_not_keep_its_host_out() throws Exception {
        fleet.start("a", "b");
        fleet.behaves("a", BREAKS_OFF);
        var balanced = inTurn();
        wellOf(balanced, 10);
        time.pass(node(balanced, "a").breaker().openFor());
        fleet.behaves(
                "a",
                request -> {
                    throw new InterruptedException("cancelled");
                });
        for (int i = 0; i < 3; i++)
            assertThatThrownBy(() -> balanced.call(Fleet.GET))
                    .isInstanceOf(InterruptedException.class);
        assertThat(node(balanced, "a").load().pending()).isZero();
        fleet.answers("a", Duration.ZERO, Response.of(200));
        calls(balanced, 1);
        assertThat(node(balanced, "a").breaker().state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void while_a_probe_is_under_way_others_are_called() throws Exception {
        fleet.start("a", "b");
        fleet.behaves("a", BREAKS_OFF);
        var balanced = inTurn();
        wellOf(balanced, 10);
        time.pass(node(balanced, "a").breaker().openFor());
        fleet.forget();
        fleet.behaves(
                "a",
                request -> {
                    calls(balanced, 10);
                    return Response.text("a");
                });
        assertThat(balanced.call(Fleet.GET).body().text()).isEqualTo("a");
        assertThat(fleet.calls("a")).isEqualTo(1);
        assertThat(fleet.calls("b")).isEqualTo(10);
    }

    @Test
    void an_instance_ramps_up_from_when_it_is_ready_and_those_known_first_do_not()
            throws Exception {
        fleet.start("a", "b");
        var balanced = inTurn();
        fleet.start("c");
        fleet.starts("c");
        time.pass(Duration.ofMinutes(1));
        for (var node : balanced.nodes()) assertThat(node.share()).as(node.toString()).isEqualTo(1);
        fleet.ready("c");
        assertThat(node(balanced, "c").share()).isEqualTo(Node.FIRST_SHARE);
        calls(balanced, 1_000);
        assertThat(fleet.calls("c")).isBetween(10, 70);
        assertThat(node(balanced, "a").share()).isEqualTo(1);
        time.pass(Duration.ofSeconds(10));
        assertThat(node(balanced, "c").share()).isEqualTo(1);
    }

    @Test
    void an_instance_to_which_no_way_can_be_made_is_left_out() throws Exception {
        fleet.start("a", "b");
        var balanced =
                new Balanced(
                        "shop",
                        Fleet.SERVICE,
                        fleet.registry,
                        instance -> {
                            if (instance.id().equals("b")) throw new IllegalArgumentException("b");
                            return fleet.node(instance);
                        },
                        new RoundRobin(time),
                        new Outliers(Outliers.Options.DEFAULT, fleet.counts),
                        fleet.counts);
        calls(balanced, 4);
        assertThat(fleet.calls("a")).isEqualTo(4);
    }

    @Test
    void a_closed_one_follows_no_more_and_refuses() {
        fleet.start("a", "b");
        var balanced = inTurn();
        balanced.close();
        balanced.close();
        assertThat(fleet.closed).containsExactlyInAnyOrder("a", "b");
        fleet.start("c");
        assertThat(balanced.nodes()).isEmpty();
        assertThatThrownBy(() -> balanced.call(Fleet.GET)).isInstanceOf(Failure.Refused.class);
    }

    @Test
    void many_threads_and_a_changing_fleet_lose_no_call() throws Exception {
        var balanced =
                new Balanced(
                        "shop",
                        Fleet.SERVICE,
                        fleet.registry,
                        instance ->
                                new Node(
                                        instance,
                                        request -> Response.text(instance.id()),
                                        new HttpVerdicts(time),
                                        new Breaker(
                                                instance.id(),
                                                Breaker.Options.DEFAULT,
                                                Tally.NONE,
                                                time),
                                        time),
                        new PowerOfTwoChoices(time),
                        new Outliers(Outliers.Options.DEFAULT, Tally.NONE),
                        Tally.NONE);
        fleet.registry.register(Fleet.instance("stays"));
        var failures = new ArrayList<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 4; t++)
            threads.add(
                    SystemTime.INSTANCE.start(
                            "caller",
                            () -> {
                                try {
                                    calls(balanced, 2_000);
                                } catch (Throwable e) {
                                    synchronized (failures) {
                                        failures.add(e);
                                    }
                                }
                            }));
        for (int i = 0; i < 200; i++) {
            var lease = fleet.registry.register(Fleet.instance("comes" + i));
            lease.update(Instance.State.DRAINING);
            lease.close();
        }
        for (var thread : threads) thread.join();
        assertThat(failures).isEmpty();
        assertThat(balanced.nodes()).hasSize(1);
        assertThat(balanced.nodes().getFirst().load().pending()).isZero();
    }

    @Test
    void a_breaker_holds_without_ejection_too() throws Exception {
        for (var eject :
                List.of(
                        new Outliers.Options(Mode.OFF, 0.1, 0.5),
                        new Outliers.Options(Mode.DARK, 0.1, 0.5),
                        new Outliers.Options(Mode.ON, 0, 0.5))) {
            fleet.start("a", "b");
            fleet.behaves("a", BREAKS_OFF);
            try (var balanced = fleet.balanced(new RoundRobin(time), eject)) {
                wellOf(balanced, 10);
                assertThat(node(balanced, "a").breaker().state()).isEqualTo(Breaker.State.OPEN);
                fleet.forget();
                assertThat(wellOf(balanced, 100)).isEqualTo(100);
                assertThat(fleet.calls("a")).isZero();
            }
        }
    }

    @Test
    void where_breakers_leave_nobody_the_call_is_refused_until_a_probe_is_due() throws Exception {
        fleet.start("a", "b");
        fleet.behaves("a", BREAKS_OFF);
        fleet.behaves("b", BREAKS_OFF);
        var balanced = fleet.balanced(new RoundRobin(time), new Outliers.Options(Mode.OFF, 0.1, 0));
        wellOf(balanced, 10);
        fleet.forget();
        var openFor =
                balanced.nodes().stream()
                        .map(node -> node.breaker().openFor())
                        .min(Duration::compareTo)
                        .orElseThrow();
        assertThatThrownBy(() -> balanced.call(Fleet.GET))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.BREAKER);
                            assertThat(e.refusal().begun()).isFalse();
                            assertThat(e.refusal().retryAfter()).isEqualTo(openFor);
                        });
        assertThat(fleet.calls("a") + fleet.calls("b")).isZero();
        fleet.answers("a", Duration.ZERO, Response.of(200));
        fleet.answers("b", Duration.ZERO, Response.of(200));
        time.pass(openFor);
        assertThat(balanced.call(Fleet.GET).status()).as("the probe").isEqualTo(200);
    }

    @Test
    void a_call_that_got_no_connection_here_goes_elsewhere_and_blames_nobody() throws Exception {
        fleet.start("a", "b");
        Service<Request, Response> full =
                request -> {
                    throw Failure.Unreachable.untried("256 calls were waiting");
                };
        fleet.behaves("a", full);
        var balanced = inTurn();
        assertThat(wellOf(balanced, 40)).isEqualTo(40);
        assertThat(node(balanced, "a").failures()).isZero();
        assertThat(node(balanced, "a").breaker().state()).isEqualTo(Breaker.State.CLOSED);
        fleet.behaves("b", full);
        assertThatThrownBy(() -> balanced.call(Fleet.GET))
                .isInstanceOfSatisfying(
                        Failure.Refused.class,
                        e -> {
                            assertThat(e.refusal().reason()).isEqualTo(Refusal.Reason.LIMIT);
                            assertThat(e.refusal().by()).isEqualTo("shop");
                            assertThat(e.refusal().begun()).isFalse();
                            assertThat(e.refusal().retryAfter()).isPositive();
                        })
                .hasMessageContaining("256 calls were waiting");
    }
}
