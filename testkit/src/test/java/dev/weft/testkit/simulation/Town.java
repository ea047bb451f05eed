package dev.weft.testkit.simulation;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Transport;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.ClientTelemetry;
import dev.weft.core.client.Clients;
import dev.weft.core.client.Setting;
import dev.weft.core.policy.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Services and callers in one simulation, all with Weft's policies or all without. */
final class Town {

    /** What clients and servers are made of. */
    enum Stack {
        WEFT,

        /** Round robin, three tries of whatever failed, no breaker, no budget, nothing said between servers. */
        NAIVE
    }

    static final Duration SLICE = Duration.ofMillis(500);
    private static final CallSettings NAIVE_CALLS =
            CallSettings.NONE.with(
                    CallSettings.EVERY,
                    ClientOptions.DEFAULT
                            .with(Setting.BALANCER, "round-robin")
                            .with(Setting.BREAKER, Mode.OFF)
                            .with(Setting.THROTTLE, Mode.OFF)
                            .with(Setting.HEDGE, Mode.OFF)
                            .with(Setting.BUDGET_RATIO, 1.0)
                            .with(Setting.BUDGET_PER_SECOND, 1_000_000));

    final Stack stack;
    final Simulation simulation;
    final SimulatedNetwork network;
    final MemoryRegistry registry = new MemoryRegistry();
    final Figures figures;
    private final List<Clients> callers = new ArrayList<>();

    Town(Stack stack, long seed) {
        this.stack = stack;
        this.simulation = new Simulation(seed);
        this.network = new SimulatedNetwork(simulation);
        this.figures = new Figures(simulation, SLICE);
    }

    /** A running instance. */
    record Running(SimulatedServer server, Transport.Server listener, Registry.Lease lease) {}

    Running start(
            String service,
            String id,
            int workers,
            Latency latency,
            Filter<Request, Response> policies,
            Service<Request, Response> calls) {
        var server =
                stack == Stack.WEFT
                        ? SimulatedServer.weft(simulation, id, workers, latency, policies, calls)
                        : SimulatedServer.plain(simulation, workers, latency, calls);
        var listener = network.serve(figures.arrivals(id).then(server), ServerOptions.DEFAULT);
        var instance =
                new Instance(service, id, listener.address(), Instance.State.READY, List.of());
        return new Running(server, listener, registry.register(instance));
    }

    /** A leaf without policies of its own. */
    Running start(String service, String id, int workers, Latency latency) {
        return start(service, id, workers, latency, Filter.none(), request -> Response.of(200));
    }

    /** A service by its name, as one caller sees it. */
    Service<Request, Response> client(String by, String service, ClientOptions options) {
        var calls = CallSettings.NONE.with(CallSettings.EVERY, options);
        if (stack == Stack.NAIVE) calls = calls.and(NAIVE_CALLS);
        var clients = new Clients(by, calls, registry, network, ClientTelemetry.NONE, simulation);
        callers.add(clients);
        return clients.of(service);
    }

    /** Lets calls come that begin here. */
    void arrive(double perSecond, Duration from, Duration to, Service<Request, Response> service) {
        var called = figures.calls().then(service);
        Arrivals.poisson(simulation, perSecond, from, to, () -> call(called));
    }

    static void call(Service<Request, Response> service) {
        try {
            Context.none().call(() -> service.call(Request.get("/")));
        } catch (Failure expected) {
            return;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs until that time, and then until nothing is under way. */
    Town run(Duration end) {
        simulation.run(end.minusNanos(simulation.nanos()));
        simulation.run(Duration.ofSeconds(30));
        callers.forEach(Clients::close);
        registry.close();
        return this;
    }
}
