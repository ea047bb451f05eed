package dev.weft.core.policy;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A service by its name: sends each call to one of its instances.
 *
 * <p>The {@link Balancer} chooses among those that are ready and that {@link Outliers} leaves; draining ones are called
 * only when no other is left. A further try of the same call meets an instance that it was not sent to, if there is one
 * ({@link Tried#across}). When the probe of a bad instance is due, the first try that comes is the probe. Where it leaves none,
 * the call is refused as {@code breaker}, not begun, with the time until the next probe.
 *
 * <p>An instance that nothing could be sent to, or that says it is draining, is passed over for the next one, if the
 * request is still whole; at most {@link #MOST_PASSED_OVER} times. That adds no load, so it takes from no budget. When none
 * is left, the call is refused as {@code unavailable}, not begun, with a second until the next try; as {@code limit} if it waited here
 * for a connection in vain.
 */
public final class Balanced implements Service<Request, Response>, AutoCloseable {

    /** How many instances one try leaves behind it at most. */
    public static final int MOST_PASSED_OVER = 10;

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final String by;
    private final String service;
    private final Nodes nodes;
    private final Balancer balancer;
    private final Outliers outliers;
    private final Tally tally;

    /**
     * Follows the resolver until it is closed.
     *
     * @param by who calls, as refusals name it
     * @param factory makes the node of an instance that was not known
     */
    public Balanced(
            String by,
            String service,
            Resolver resolver,
            Function<Instance, Node> factory,
            Balancer balancer,
            Outliers outliers,
            Tally tally) {
        this.by = by;
        this.service = service;
        this.nodes = new Nodes(service, resolver, factory);
        this.balancer = balancer;
        this.outliers = outliers;
        this.tally = tally;
    }

    /** Where one try goes. */
    private record Way(Node node, Breaker.Call admitted) {}

    @Override
    public Response call(Request request) throws Exception {
        var choice = nodes.choice();
        var candidates = choice.best();
        var tried = Tried.current();
        int known = candidates.size();
        Failure.@Nullable Unreachable last = null;
        for (int passed = 0; !candidates.isEmpty(); passed++) {
            var way = way(candidates, request, tried, passed == 0);
            if (way == null) throw open(candidates);
            var node = way.node;
            tried.add(node);
            List<Node> others;
            try {
                var answer = node.call(request, way.admitted);
                if (!node.leaves(answer) || !request.body().whole()) return answer;
                others = others(choice, candidates, node, passed);
                if (others.isEmpty()) return answer;
                drop(answer);
            } catch (Failure.Unreachable e) {
                if (e.sent() || !request.body().whole()) throw e;
                last = e;
                others = others(choice, candidates, node, passed);
            }
            tally.count("balancer", "passed-over");
            candidates = others;
        }
        throw unavailable(known, last);
    }

    /** Nowhere if the breakers leave none. */
    private @Nullable Way way(List<Node> candidates, Request request, Tried tried, boolean first) {
        var left = outliers.without(candidates);
        if (first && left.size() < candidates.size() && tried.isEmpty()) {
            for (var node : candidates) {
                var probe = node.breaker().tryProbe();
                if (probe != null) return new Way(node, probe);
            }
        }
        if (left.isEmpty()) return null;
        var node = balancer.pick(tried.without(left), request);
        return new Way(node, node.breaker().force());
    }

    private static List<Node> others(
            Nodes.Choice choice, List<Node> candidates, Node node, int passed) {
        return passed < MOST_PASSED_OVER ? choice.behind(candidates, node) : List.of();
    }

    private static void drop(Response answer) {
        try {
            answer.body().close();
        } catch (UncheckedIOException e) {
            // Its connection is gone; so is the answer.
        }
    }

    private Failure.Refused unavailable(int known, Failure.@Nullable Unreachable last) {
        if (last != null && !last.tried()) return full(last);
        tally.count("balancer", "unavailable");
        var refused =
                new Failure.Refused(
                        Refusal.notBegun(
                                        by,
                                        Refusal.Reason.UNAVAILABLE,
                                        "no instance of "
                                                + service
                                                + " can be reached; "
                                                + known
                                                + " known")
                                .retryAfter(RETRY_AFTER));
        if (last != null) refused.addSuppressed(last);
        return refused;
    }

    /** It is this process that has too much under way, and another try would be more. */
    private Failure.Refused full(Failure.Unreachable last) {
        tally.count("balancer", "full");
        return new Failure.Refused(
                Refusal.notBegun(
                                by,
                                Refusal.Reason.LIMIT,
                                "no connection to " + service + " got free: " + last.getMessage())
                        .retryAfter(RETRY_AFTER));
    }

    private Failure.Refused open(List<Node> candidates) {
        tally.count("breaker", "refused");
        var openFor =
                candidates.stream()
                        .map(node -> node.breaker().openFor())
                        .min(Comparator.naturalOrder())
                        .orElse(Duration.ZERO);
        return new Failure.Refused(
                Refusal.notBegun(
                                by,
                                Refusal.Reason.BREAKER,
                                "all "
                                        + candidates.size()
                                        + " instances of "
                                        + service
                                        + " failed too often; the next probe is in "
                                        + openFor.toMillis()
                                        + " ms")
                        .retryAfter(openFor));
    }

    /** All nodes as they are now, for people to look at. */
    public List<Node> nodes() {
        return nodes.all();
    }

    /**
     * Why the breaker of a node keeps no calls from it although it is not closed, for people to look at: {@code panic},
     * {@code capped} or {@code off}, or {@code dark}; empty if it does, or is closed.
     */
    public String ignoring(Node node) {
        if (node.breaker().state() == Breaker.State.CLOSED) return "";
        if (!node.breaker().bad()) return "dark";
        return outliers.ignoring(node, nodes.choice().best());
    }

    /** Follows the resolver no longer; from now on every call is refused. */
    @Override
    public void close() {
        nodes.close();
    }
}
