package dev.weft.gateway;

import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A gateway among services, on one transport. */
final class Surroundings implements AutoCloseable {

    static final Time TIME = SystemTime.INSTANCE;

    /** More than the heap of these tests. */
    static final long LARGE_BYTES = 200 << 20;

    static final ServerOptions SERVICE = ServerOptions.DEFAULT.maxBodyBytes(LARGE_BYTES);

    final Transport transport;
    final MemoryRegistry registry = new MemoryRegistry();
    final ConcurrentLinkedQueue<Span> spans = new ConcurrentLinkedQueue<>();
    volatile boolean complete = true;
    private final Resolver resolver =
            new Resolver() {
                @Override
                public List<Instance> instances() {
                    return registry.instances();
                }

                @Override
                public Duration age() {
                    return registry.age();
                }

                @Override
                public boolean complete() {
                    return complete;
                }

                @Override
                public Watch watch(Consumer<List<Instance>> listener) {
                    return registry.watch(listener);
                }

                @Override
                public void close() {}
            };
    private final AtomicInteger ids = new AtomicInteger();
    private final Deque<Runnable> closing = new ArrayDeque<>();

    Surroundings(Transport transport) {
        this.transport = transport;
    }

    static GatewayOptions options() {
        return GatewayOptions.DEFAULT
                .server(GatewayOptions.DEFAULT.server().port(0))
                .tracesPerSecond(1_000_000);
    }

    Gateway gateway() {
        return gateway(options());
    }

    Gateway gateway(GatewayOptions options) {
        var gateway = Gateway.start(options, resolver, transport, transport, spans::add, TIME);
        closing.push(gateway::close);
        return gateway;
    }

    /** One instance of a service and its entry in the registry. */
    record Running(Transport.Server server, Registry.Lease lease) implements AutoCloseable {

        /** Leaves like a process that was told to stop. */
        void leave() {
            lease.update(Instance.State.DRAINING);
            server.drain(Duration.ofSeconds(5));
            lease.close();
        }

        /** Dies like a process that was killed, but for the lease. */
        void die() {
            server.close();
        }

        @Override
        public void close() {
            lease.close();
            server.close();
        }
    }

    Running service(String name, Route... routes) {
        return service(name, Instance.State.READY, routes);
    }

    Running service(String name, Instance.State state, Route... routes) {
        var tracer = new Tracer(TIME, spans::add);
        var table = Routes.of(routes);
        Filter<Request, Response> stack =
                new ServerTrace(tracer, TIME, Duration.ofSeconds(10), ServerTrace.templates(table))
                        .then(Problems.filter(name))
                        .then(Cancellation.atDeadline(name, TIME));
        return process(
                name, state, stack.then(table), Stream.of(routes).map(Route::toString).toList());
    }

    /** Something that serves, with these routes; not necessarily a service of ours. */
    Running process(
            String name,
            Instance.State state,
            Service<Request, Response> service,
            List<String> routes) {
        var server = transport.serve(service, SERVICE);
        var instance =
                new Instance(
                        name, name + "-" + ids.incrementAndGet(), server.address(), state, routes);
        var running = new Running(server, registry.register(instance));
        closing.push(running::close);
        return running;
    }

    Response call(Gateway gateway, Request request) throws Exception {
        return transport.client(gateway.address()).call(request);
    }

    String text(Gateway gateway, Request request) throws Exception {
        try (var body = call(gateway, request).body()) {
            return body.text();
        }
    }

    /** Runs it beside the test; {@link FutureTask#get} waits for its end. */
    static <T> FutureTask<T> beside(Callable<T> work) {
        var task = new FutureTask<>(work);
        TIME.start("beside", task);
        return task;
    }

    static <T> T await(FutureTask<T> task) throws Exception {
        return task.get(20, TimeUnit.SECONDS);
    }

    static Response ok(String text) {
        return Response.of(200).with(Body.of(text));
    }

    @Override
    public void close() {
        while (!closing.isEmpty()) closing.pop().run();
        transport.close();
    }
}
