package dev.weft.benchmarks;

import dev.weft.core.Context;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientTelemetry;
import dev.weft.core.client.Clients;
import dev.weft.testkit.simulation.Arrivals;
import dev.weft.testkit.simulation.Latency;
import dev.weft.testkit.simulation.SimulatedNetwork;
import dev.weft.testkit.simulation.SimulatedServer;
import dev.weft.testkit.simulation.Simulation;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many calls a second of real time the simulator gets through: of threads that sleep, which is its floor; of servers called without
 * a client of Weft; of the whole stack on both sides. Prints lines of round, what, calls a second.
 *
 * <p>Arguments: rounds, milliseconds of each.
 */
final class SimulationBenchmark {

    private static final int PER_SECOND = 1_000;
    private static final int SERVERS = 10;
    private static final Duration STEP = Duration.ofSeconds(5);
    private static final Latency WORK =
            Latency.logNormal(Duration.ofMillis(10), Duration.ofMillis(40));

    private enum What {
        SLEEPS,
        PLAIN,
        WEFT
    }

    private SimulationBenchmark() {}

    static void main(String[] arguments) {
        int rounds = Integer.parseInt(arguments[0]);
        long nanos = Long.parseLong(arguments[1]) * 1_000_000;
        for (int round = 0; round <= rounds; round++)
            for (var what : What.values()) {
                double perSecond = measure(what, nanos);
                // The first round compiles.
                if (round > 0)
                    System.out.printf(
                            "%d\t%s\t%.0f%n", round, what.name().toLowerCase(), perSecond);
            }
    }

    private static double measure(What what, long nanos) {
        var simulation = new Simulation(1);
        var done = new AtomicLong();
        var service = what == What.SLEEPS ? null : service(what, simulation);
        Runnable call =
                () -> {
                    try {
                        if (service == null) simulation.sleep(Duration.ofMillis(10));
                        else Context.none().call(() -> service.call(Request.get("/")));
                        done.incrementAndGet();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                };
        Arrivals.poisson(simulation, PER_SECOND, Duration.ZERO, Duration.ofDays(1), call);
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) simulation.run(STEP);
        return done.get() * 1e9 / (System.nanoTime() - start);
    }

    private static Service<Request, Response> service(What what, Simulation simulation) {
        var network = new SimulatedNetwork(simulation);
        var registry = new MemoryRegistry();
        Service<Request, Response> last = null;
        for (int i = 0; i < SERVERS; i++) {
            var id = "stock-" + i;
            Service<Request, Response> leaf = request -> Response.of(200);
            var server =
                    what == What.WEFT
                            ? SimulatedServer.weft(
                                    simulation, id, 16, WORK, (it, next) -> next.call(it), leaf)
                            : SimulatedServer.plain(simulation, 1_000, WORK, leaf);
            var address = network.serve(server, ServerOptions.DEFAULT).address();
            registry.register(new Instance("stock", id, address, Instance.State.READY, List.of()));
            last = network.client(address);
        }
        if (what == What.PLAIN) return last;
        return new Clients(
                        "shop",
                        CallSettings.NONE,
                        registry,
                        network,
                        ClientTelemetry.NONE,
                        simulation)
                .of("stock");
    }
}
