package dev.weft.benchmarks;

import dev.weft.app.App;
import dev.weft.app.Running;
import dev.weft.app.Surroundings;
import dev.weft.core.Body;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Method;
import dev.weft.core.PathTemplate;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Sampler;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.StaticResolver;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Transport;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.Clients;
import dev.weft.core.policy.Balancer;
import dev.weft.core.policy.Breaker;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.Node;
import dev.weft.core.policy.Protocol;
import dev.weft.core.policy.RetryBudget;
import dev.weft.core.policy.Tally;
import dev.weft.events.MasterKeys;
import dev.weft.events.MemoryBus;
import dev.weft.http.AttemptTrace;
import dev.weft.http.HttpClientTelemetry;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.CompilerControl;

/** The call that filters are measured around, and what they are made of. */
final class Bottom {

    static final Time TIME = SystemTime.INSTANCE;
    static final String BY = "front/1";
    static final Duration LONGEST = Duration.ofSeconds(10);
    static final String PATH = "/orders/{id}";
    static final Protocol<Request, Response> HTTP = Protocol.http(TIME);

    static final Response ANSWER =
            Response.of(200)
                    .header("Content-Type", "application/json")
                    .with(Body.of("{\"id\":\"4711\"}"));

    static final List<Instance> INSTANCES =
            IntStream.rangeClosed(1, 3)
                    .mapToObj(i ->
                            new Instance(
                                    "back",
                                    "back-" + i,
                                    URI.create("http://127.0.0.1:" + (8080 + i)),
                                    Instance.State.READY,
                                    List.of("GET " + PATH)))
                    .toList();

    private Bottom() {}

    /** The call itself. */
    @CompilerControl(CompilerControl.Mode.DONT_INLINE)
    static Response answer(Request request) {
        return ANSWER;
    }

    static Service<Request, Response> around(Filter<Request, Response> filter) {
        return filter.then(Bottom::answer);
    }

    static RetryBudget budget() {
        return new RetryBudget(RetryBudget.Options.DEFAULT, TIME);
    }

    static Breaker breaker() {
        return new Breaker(BY, Breaker.Options.DEFAULT, Tally.NONE, TIME);
    }

    static Node node(Instance instance) {
        return new Node(instance, Bottom::answer, HTTP.classifier(), breaker(), TIME);
    }

    /** Chooses, keeps what it chose, and calls the one call that there is. */
    static final class Picking implements Filter<Request, Response> {

        private final List<Node> nodes = INSTANCES.stream().map(Bottom::node).toList();
        private final Balancer balancer;
        private Node picked = nodes.getFirst();

        Picking(Balancer balancer) {
            this.balancer = balancer;
        }

        @Override
        public Response apply(Request request, Service<Request, Response> next) throws Exception {
            picked = balancer.pick(nodes, request);
            return next.call(request);
        }
    }

    static Tracer tracer() {
        return new Tracer(TIME, Span.Sink.NONE, Sampler.ALL);
    }

    static AttemptTrace attemptTrace() {
        var to = INSTANCES.getFirst();
        return new AttemptTrace(
                to.service(), to.id(), to.address(), tracer(), new MemoryMeter(), TIME);
    }

    static Routes routes(Service<Request, Response> handler) {
        return Routes.of(new Route(Method.GET, new PathTemplate(PATH), handler));
    }

    static Service<Request, Response> clientStack() {
        return new Clients(
                        BY,
                        CallSettings.NONE,
                        new StaticResolver(INSTANCES),
                        new Nowhere(),
                        new HttpClientTelemetry(tracer(), new MemoryMeter(), TIME),
                        TIME)
                .of("back");
    }

    /** A whole service, called as its transport would call it. */
    static Service<Request, Response> serverStack() {
        var transport = new Nowhere();
        var registry = new MemoryRegistry();
        Running.start(
                App.named("back").routes(routes(Bottom::answer)),
                new Surroundings(
                        "back",
                        "1",
                        TIME,
                        transport,
                        ServerOptions.DEFAULT,
                        registry,
                        registry,
                        new MemoryBus(TIME),
                        "memory:",
                        MasterKeys.NONE,
                        Span.Sink.NONE,
                        new MemoryMeter(),
                        200,
                        Duration.ofHours(1),
                        Mode.ON,
                        Optional.empty(),
                        CallSettings.NONE,
                        List.of()));
        return transport.served;
    }

    /** A transport without a way: the service is called where it stands, and all that is called is the same call. */
    private static final class Nowhere implements Transport {

        private Service<Request, Response> served = Bottom::answer;

        @Override
        public Server serve(Service<Request, Response> service, ServerOptions options) {
            served = service;
            return new Server() {
                @Override
                public URI address() {
                    return INSTANCES.getFirst().address();
                }

                @Override
                public void drain(Duration limit) {}

                @Override
                public void close() {}
            };
        }

        @Override
        public Service<Request, Response> client(URI address) {
            return Bottom::answer;
        }

        @Override
        public void close() {}
    }
}
