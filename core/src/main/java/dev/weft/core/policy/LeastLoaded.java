package dev.weft.core.policy;

import dev.weft.core.Request;
import dev.weft.core.Time;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Takes one with the fewest calls under way, by chance among several; looks at all of them. */
public final class LeastLoaded implements Balancer {

    private final Time time;

    public LeastLoaded(Time time) {
        this.time = time;
    }

    @Override
    public Node pick(List<Node> candidates, Request request) {
        var best = least(candidates, false);
        return best == null ? Objects.requireNonNull(least(candidates, true)) : best;
    }

    private @Nullable Node least(List<Node> candidates, boolean all) {
        Node best = null;
        int least = Integer.MAX_VALUE;
        int ties = 0;
        var random = time.random();
        for (var node : candidates) {
            int pending = node.load().pending();
            if (pending > least || !(all || node.takesPart())) continue;
            ties = pending < least ? 1 : ties + 1;
            least = pending;
            if (ties == 1 || random.nextInt(ties) == 0) best = node;
        }
        return best;
    }
}
