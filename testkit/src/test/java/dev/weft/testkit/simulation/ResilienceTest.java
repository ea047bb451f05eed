package dev.weft.testkit.simulation;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Filter;
import dev.weft.core.Headers;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.Setting;
import dev.weft.core.policy.ConcurrencyLimit;
import dev.weft.core.policy.HttpVerdicts;
import dev.weft.core.policy.Tally;
import dev.weft.testkit.simulation.Town.Stack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/**
 * What Weft's clients and servers make of bad times, as docs/resilience.md tells it.
 *
 * <p>{@code -Dweft.test.seed=N} repeats a run, {@code -Dweft.test.seeds=N} tries that many, {@code
 * -Dweft.test.pictures=DIR} draws pictures, with the naive stack beside Weft's.
 */
class ResilienceTest {

    private static final Latency WORK = Latency.logNormal(ofMillis(10), ofMillis(40));
    private static final int SERVERS = 10;

    /** Whole seconds of the simulation. */
    private static Figures.Window between(Town town, int from, int to) {
        return town.figures.between(ofSeconds(from), ofSeconds(to));
    }

    private interface Check {
        void of(Town town);
    }

    /** Runs it with Weft's policies for each seed, checks it, says what was measured, and draws it if asked. */
    private static void scenario(
            String name,
            BiFunction<Stack, Long, Town> run,
            int from,
            int to,
            String who,
            Check check) {
        long seed = Long.getLong("weft.test.seed", SystemTime.INSTANCE.random().nextInt(1_000_000));
        int seeds = Integer.getInteger("weft.test.seeds", 1);
        for (int i = 0; i < seeds; i++) {
            var town = run.apply(Stack.WEFT, seed + i);
            var measured =
                    name + ", -Dweft.test.seed=" + (seed + i) + ": " + said(town, from, to, who);
            System.out.println(measured);
            try {
                check.of(town);
            } catch (AssertionError e) {
                throw new AssertionError(measured, e);
            }
        }
        var folder = System.getProperty("weft.test.pictures", "");
        if (!folder.isEmpty())
            draw(
                    Path.of(folder, name + ".svg"),
                    name,
                    run.apply(Stack.WEFT, seed),
                    run.apply(Stack.NAIVE, seed),
                    from,
                    to,
                    who);
    }

    private static String said(Town town, int from, int to, String who) {
        var in = between(town, from, to);
        return String.format(
                Locale.ROOT,
                "in %d..%d s success %.2f %%, good %.0f/s, p50 %.0f ms, p99 %.0f ms, to %s %.2f %%,"
                        + " %.3f per call",
                from,
                to,
                100 * in.success(),
                in.goodput(),
                in.percentileMs(0.5),
                in.percentileMs(0.99),
                who,
                100 * in.share(who),
                in.perCall(who));
    }

    private static void draw(
            Path file, String name, Town weft, Town naive, int from, int to, String who) {
        System.out.println(name + ", naive: " + said(naive, from, to, who));
        var picture =
                new Picture(name, weft.figures.sliceSeconds())
                        .shade(from, to)
                        .panel(
                                "answered well, % of the calls that began",
                                100,
                                line("Weft", weft, w -> 100 * w.success()),
                                line("naive", naive, w -> 100 * w.success()))
                        .panel(
                                "p99, ms",
                                0,
                                line("Weft", weft, w -> w.percentileMs(0.99)),
                                line("naive", naive, w -> w.percentileMs(0.99)))
                        .panel(
                                "tries at " + who + " for each call",
                                0,
                                line("Weft", weft, w -> w.perCall(who)),
                                line("naive", naive, w -> w.perCall(who)));
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, picture.svg());
        } catch (IOException e) {
            throw new IllegalStateException("cannot write " + file, e);
        }
    }

    private static Picture.Line line(
            String name, Town town, ToDoubleFunction<Figures.Window> figure) {
        return new Picture.Line(
                name,
                town.figures.series(
                        window -> window.calls() == 0 ? Double.NaN : figure.applyAsDouble(window)));
    }

    private static List<Town.Running> tenServers(Town town) {
        var running = new ArrayList<Town.Running>();
        for (int i = 0; i < SERVERS; i++) running.add(town.start("stock", "stock-" + i, 16, WORK));
        return running;
    }

    private static final ClientOptions TWO_SECONDS =
            ClientOptions.DEFAULT.with(Setting.TIMEOUT, ofSeconds(2));

    @Test
    void an_instance_ten_times_slower_gets_little_and_spoils_no_p99() {
        scenario(
                "one-slow",
                (stack, seed) -> {
                    var town = new Town(stack, seed);
                    tenServers(town).getFirst().server().slow(ofSeconds(20), ofSeconds(40), 10);
                    town.arrive(
                            400,
                            Duration.ZERO,
                            ofSeconds(60),
                            town.client("shop", "stock", TWO_SECONDS));
                    return town.run(ofSeconds(60));
                },
                20,
                40,
                "stock-0",
                town -> {
                    var slow = between(town, 20, 40);
                    assertThat(slow.share("stock-0")).isLessThan(0.05);
                    assertThat(slow.success()).isGreaterThan(0.999);
                    assertThat(slow.percentileMs(0.99)).isLessThan(150);
                });
    }

    @Test
    void an_instance_that_fails_fast_is_left_out() {
        scenario(
                "one-fails-fast",
                (stack, seed) -> {
                    var town = new Town(stack, seed);
                    tenServers(town).getFirst().server().failing(ofSeconds(20), ofSeconds(40));
                    town.arrive(
                            400,
                            Duration.ZERO,
                            ofSeconds(60),
                            town.client("shop", "stock", TWO_SECONDS));
                    return town.run(ofSeconds(60));
                },
                20,
                40,
                "stock-0",
                town -> {
                    var failing = between(town, 20, 40);
                    assertThat(failing.share("stock-0")).isLessThan(0.01);
                    assertThat(failing.success()).isGreaterThan(0.9999);
                    assertThat(failing.percentileMs(0.99)).isLessThan(100);
                });
    }

    @Test
    void an_instance_that_hangs_costs_few_calls() {
        scenario(
                "one-hangs",
                (stack, seed) -> {
                    var town = new Town(stack, seed);
                    tenServers(town).getFirst().server().hanging(ofSeconds(20), ofSeconds(40));
                    town.arrive(
                            400,
                            Duration.ZERO,
                            ofSeconds(60),
                            town.client("shop", "stock", TWO_SECONDS));
                    return town.run(ofSeconds(60));
                },
                20,
                40,
                "stock-0",
                town -> {
                    var hanging = between(town, 20, 40);
                    assertThat(hanging.share("stock-0")).isLessThan(0.01);
                    assertThat(hanging.success()).isGreaterThan(0.99);
                    assertThat(hanging.percentileMs(0.99)).isLessThan(100);
                });
    }

    /** Two callers of three servers whose answers take so different times that silence says little. */
    private static Town hangsAmongErratic(Stack stack, long seed) {
        var town = new Town(stack, seed);
        var work = Latency.logNormal(ofMillis(60), ofMillis(600));
        for (int i = 0; i < 3; i++) {
            var server = town.start("stock", "stock-" + i, 64, work).server();
            if (i == 0) server.hanging(ofSeconds(20), ofSeconds(25));
        }
        for (var caller : List.of("shop", "desk"))
            town.arrive(
                    50, Duration.ZERO, ofSeconds(30), town.client(caller, "stock", TWO_SECONDS));
        return town.run(ofSeconds(30));
    }

    @Test
    void an_instance_that_hangs_among_erratic_ones_costs_few_calls() {
        scenario(
                "erratic-hangs",
                ResilienceTest::hangsAmongErratic,
                20,
                25,
                "stock-0",
                town -> assertThat(between(town, 20, 25).success()).isGreaterThan(0.99));
    }

    /** Of 20 calls one has 5 ms, in which hardly any instance answers. */
    private static Town impatient(Stack stack, long seed) {
        var town = new Town(stack, seed);
        tenServers(town).getFirst().server().slow(ofSeconds(20), ofSeconds(40), 10);
        var client = town.client("shop", "stock", TWO_SECONDS);
        Service<Request, Response> hurried =
                request ->
                        Context.none()
                                .with(Deadline.after(ofMillis(5), town.simulation))
                                .call(() -> client.call(request));
        town.arrive(400, Duration.ZERO, ofSeconds(60), client);
        Arrivals.poisson(
                town.simulation, 20, Duration.ZERO, ofSeconds(60), () -> Town.call(hurried));
        return town.run(ofSeconds(60));
    }

    @Test
    void who_has_no_time_spoils_the_name_of_nobody() {
        scenario(
                "no-time",
                ResilienceTest::impatient,
                20,
                40,
                "stock-0",
                town -> {
                    var slow = between(town, 20, 40);
                    assertThat(slow.share("stock-0")).isLessThan(0.02);
                    assertThat(slow.percentileMs(0.99)).isLessThan(100);
                    assertThat(slow.success()).isGreaterThan(0.999);
                });
    }

    @Test
    void a_rolling_deploy_fails_no_call() {
        scenario(
                "rolling-deploy",
                ResilienceTest::rollingDeploy,
                10,
                50,
                "new",
                town -> {
                    assertThat(between(town, 0, 60).failed()).isZero();
                    assertThat(between(town, 10, 50).percentileMs(0.99)).isLessThan(150);
                });
    }

    /** One after the other leaves, and a cold one comes in its place. */
    private static Town rollingDeploy(Stack stack, long seed) {
        var town = new Town(stack, seed);
        var old = tenServers(town);
        for (int i = 0; i < SERVERS; i++) {
            var before = old.get(i);
            var leaves = ofSeconds(10 + 4L * i);
            var id = "new-" + i;
            town.simulation.schedule(leaves, () -> before.lease().update(Instance.State.DRAINING));
            town.simulation.schedule(
                    leaves.plusSeconds(1),
                    () -> {
                        before.lease().close();
                        town.simulation.start(
                                "drain", () -> before.listener().drain(ofSeconds(10)));
                    });
            town.simulation.schedule(
                    leaves.plusSeconds(3),
                    () ->
                            town.start("stock", id, 16, WORK)
                                    .server()
                                    .warming(leaves.plusSeconds(3), leaves.plusSeconds(13), 5));
        }
        town.arrive(400, Duration.ZERO, ofSeconds(60), town.client("shop", "stock", TWO_SECONDS));
        return town.run(ofSeconds(60));
    }

    @Test
    void an_outage_four_hops_down_is_not_multiplied_by_the_hops() {
        scenario(
                "retry-storm",
                ResilienceTest::fourHops,
                10,
                20,
                "d-",
                town -> {
                    var outage = between(town, 10, 20);
                    assertThat(outage.perCall("d-")).isLessThanOrEqualTo(1.2);
                    assertThat(between(town, 23, 40).success()).isGreaterThan(0.999);
                });
    }

    /** A caller, then services a, b, c and d; all of d fails for ten seconds. */
    private static Town fourHops(Stack stack, long seed) {
        var town = new Town(stack, seed);
        var hop = Latency.logNormal(ofMillis(2), ofMillis(8));
        for (var service : List.of("a", "b", "c", "d"))
            for (int i = 0; i < 3; i++) {
                var id = service + "-" + i;
                if (service.equals("d")) {
                    town.start(service, id, 16, hop).server().failing(ofSeconds(10), ofSeconds(20));
                } else {
                    var next = Character.toString(service.charAt(0) + 1);
                    var client = town.client(id, next, ClientOptions.DEFAULT);
                    town.start(
                            service,
                            id,
                            16,
                            hop,
                            Filter.none(),
                            request -> client.call(request.with(Headers.EMPTY)));
                }
            }
        town.arrive(
                300, Duration.ZERO, ofSeconds(40), town.client("shop", "a", ClientOptions.DEFAULT));
        return town.run(ofSeconds(40));
    }

    /** Four servers that can do 447 calls a second together, 20 at once of 44.7 ms each, get three times as many. */
    private static Town overload(Stack stack, long seed) {
        var town = new Town(stack, seed);
        var work = Latency.logNormal(ofMillis(40), ofMillis(120));
        for (int i = 0; i < 4; i++) {
            var id = "stock-" + i;
            var limit =
                    new ConcurrencyLimit<Request, Response>(
                            id,
                            ConcurrencyLimit.Options.DEFAULT,
                            new HttpVerdicts(town.simulation),
                            Tally.NONE,
                            town.simulation);
            town.start("stock", id, 5, work, limit, request -> Response.of(200));
        }
        for (int i = 0; i < 4; i++) {
            var client = town.client("shop-" + i, "stock", TWO_SECONDS);
            town.arrive(75, Duration.ZERO, ofSeconds(10), client);
            town.arrive(330, ofSeconds(10), ofSeconds(30), client);
            town.arrive(75, ofSeconds(30), ofSeconds(45), client);
        }
        return town.run(ofSeconds(45));
    }

    @Test
    void three_times_what_can_be_done_leaves_what_can_be_done() {
        scenario(
                "overload",
                ResilienceTest::overload,
                10,
                30,
                "stock-",
                town -> {
                    assertThat(between(town, 12, 30).goodput()).isGreaterThan(0.9 * 447);
                    // The throttle remembers for ten seconds what was refused.
                    assertThat(between(town, 41, 45).success()).isGreaterThan(0.99);
                });
    }

    @Test
    void a_cold_instance_is_warmed_up_gently() {
        scenario(
                "cold-start",
                (stack, seed) -> {
                    var town = new Town(stack, seed);
                    for (int i = 0; i < 4; i++) town.start("stock", "stock-" + i, 8, WORK);
                    town.simulation.schedule(
                            ofSeconds(10),
                            () ->
                                    town.start("stock", "cold", 8, WORK)
                                            .server()
                                            .warming(ofSeconds(10), ofSeconds(25), 20));
                    town.arrive(
                            800,
                            Duration.ZERO,
                            ofSeconds(40),
                            town.client("shop", "stock", TWO_SECONDS));
                    return town.run(ofSeconds(40));
                },
                10,
                25,
                "cold",
                town -> {
                    var cold = between(town, 10, 25);
                    assertThat(cold.success()).isGreaterThan(0.9999);
                    assertThat(cold.percentileMs(0.99)).isLessThan(150);
                    assertThat(between(town, 35, 40).share("cold")).isBetween(0.1, 0.3);
                });
    }
}
