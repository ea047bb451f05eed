package dev.weft.core.policy;

import dev.weft.core.Request;
import java.util.List;

/**
 * Chooses among nodes that may all be called.
 *
 * <p>It gives a node that ramps up ({@link Node#share}) a smaller part, and keeps nothing by position: the candidates
 * differ from call to call. Safe for many threads; never blocks.
 */
@FunctionalInterface
public interface Balancer {

    /**
     * One of the candidates.
     *
     * @param candidates one or more
     */
    Node pick(List<Node> candidates, Request request);
}
