package dev.weft.core.policy;

import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Instances of one service, whose behaviour a test sets, and how often each was called. */
final class Fleet {

    static final String SERVICE = "cart";
    static final Request GET = Request.get("/");

    final MemoryRegistry registry = new MemoryRegistry();
    final Counts counts = new Counts();
    private final SteppedTime time;
    private final Map<String, Service<Request, Response>> behaviours = new HashMap<>();
    private final Map<String, Registry.Lease> leases = new HashMap<>();
    private final Map<String, Integer> calls = new HashMap<>();
    final List<String> closed = new ArrayList<>();

    Fleet(SteppedTime time) {
        this.time = time;
    }

    static Instance instance(String id, URI address, Instance.State state) {
        return new Instance(SERVICE, id, address, state, List.of());
    }

    static Instance instance(String id) {
        return instance(id, URI.create("memory://" + id), Instance.State.READY);
    }

    /** Starts these, each answering its name. */
    void start(String... ids) {
        for (var id : ids) {
            behaves(id, request -> Response.text(id));
            leases.put(id, registry.register(instance(id)));
        }
    }

    void behaves(String id, Service<Request, Response> behaviour) {
        behaviours.put(id, behaviour);
    }

    /** From now on it takes that long, and answers so. */
    void answers(String id, Duration after, Response answer) {
        behaves(
                id,
                request -> {
                    time.pass(after);
                    return answer;
                });
    }

    void drains(String id) {
        lease(id).update(Instance.State.DRAINING);
    }

    void starts(String id) {
        lease(id).update(Instance.State.STARTING);
    }

    void ready(String id) {
        lease(id).update(Instance.State.READY);
    }

    void gone(String id) {
        lease(id).close();
    }

    private Registry.Lease lease(String id) {
        var lease = leases.get(id);
        if (lease == null) throw new IllegalArgumentException(id);
        return lease;
    }

    /** How often it was called since the last {@link #forget}. */
    int calls(String id) {
        return calls.getOrDefault(id, 0);
    }

    void forget() {
        calls.clear();
    }

    Node node(Instance instance, Breaker.Options breaker) {
        return new Node(
                instance,
                new Way(instance.address()),
                new HttpVerdicts(time),
                new Breaker(instance.id(), breaker, counts, time),
                time);
    }

    Node node(Instance instance) {
        return node(instance, Breaker.Options.DEFAULT);
    }

    Balanced balanced(Balancer balancer, Outliers.Options outliers) {
        return new Balanced(
                "shop",
                SERVICE,
                registry,
                this::node,
                balancer,
                new Outliers(outliers, counts),
                counts);
    }

    Balanced balanced(Balancer balancer) {
        return balanced(balancer, Outliers.Options.DEFAULT);
    }

    Balanced balanced() {
        return balanced(new PowerOfTwoChoices(time));
    }

    private final class Way implements Service<Request, Response>, AutoCloseable {
        private final URI address;

        Way(URI address) {
            this.address = address;
        }

        @Override
        public Response call(Request request) throws Exception {
            var id = address.getAuthority();
            calls.merge(id, 1, Integer::sum);
            var behaviour = behaviours.get(id);
            if (behaviour == null) throw new IllegalStateException(id);
            return behaviour.call(request);
        }

        @Override
        public void close() {
            closed.add(address.getAuthority());
        }
    }
}
