package dev.weft.core.policy;

import dev.weft.core.Request;
import dev.weft.core.Time;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Takes one behind the other, whatever their load; begins at random, so that clients which start together differ. */
public final class RoundRobin implements Balancer {

    private final AtomicInteger turn;

    public RoundRobin(Time time) {
        turn = new AtomicInteger(time.random().nextInt());
    }

    @Override
    public Node pick(List<Node> candidates, Request request) {
        for (int i = 1; i < candidates.size(); i++) {
            var next = next(candidates);
            if (next.takesPart()) return next;
        }
        return next(candidates);
    }

    private Node next(List<Node> candidates) {
        return candidates.get(Math.floorMod(turn.getAndIncrement(), candidates.size()));
    }
}
