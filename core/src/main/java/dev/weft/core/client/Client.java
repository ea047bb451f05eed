package dev.weft.core.client;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.core.policy.Balanced;
import dev.weft.core.policy.Node;
import java.util.ArrayList;
import java.util.List;

/** The client of one service, with a stack for each of its operations that differs. */
public final class Client implements Service<Request, Response>, AutoCloseable {

    private final Balanced balanced;
    private final ClientStack others;
    private final List<ClientStack> stacks;
    private final Routes operations;

    Client(
            Balanced balanced,
            ClientStack others,
            List<CallSettings.Operation> operations,
            List<ClientStack> stacks) {
        this.balanced = balanced;
        this.others = others;
        this.stacks = new ArrayList<>(stacks);
        this.stacks.add(others);
        var routes = new Route[operations.size()];
        for (int i = 0; i < routes.length; i++)
            routes[i] =
                    new Route(operations.get(i).method(), operations.get(i).path(), stacks.get(i));
        this.operations = Routes.of(routes);
    }

    @Override
    public Response call(Request request) throws Exception {
        return stackOf(request).call(request);
    }

    private Service<Request, Response> stackOf(Request request) {
        if (stacks.size() == 1) return others;
        var route = operations.find(request.method(), request.path());
        return route == null ? others : route.service();
    }

    public String service() {
        return others.service();
    }

    /** Those of single operations, then that of all others. */
    public List<ClientStack> stacks() {
        return List.copyOf(stacks);
    }

    /** The instances as this client sees them. */
    public List<Node> nodes() {
        return balanced.nodes();
    }

    /** Why the breaker of one of them does not count although it is not closed: {@link Balanced#ignoring}. */
    String ignoring(Node node) {
        return balanced.ignoring(node);
    }

    @Override
    public void close() {
        balanced.close();
    }
}
