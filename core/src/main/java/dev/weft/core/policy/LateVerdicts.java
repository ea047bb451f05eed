package dev.weft.core.policy;

import dev.weft.core.Cancellation;
import dev.weft.core.Failure;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Counts against an instance what breaks behind the head of its answer: it stands on the way that its {@link Node} is made of, so it
 * is there before that.
 *
 * <p>The call was counted as good when its head came, so half of the counts of an instance that breaks every body are failures, and
 * its breaker opens.
 */
public final class LateVerdicts implements Cancellation.Broken {

    private volatile @Nullable Node node;

    public LateVerdicts() {}

    /** Says whose they are, once, before the first call. */
    public void of(Node node) {
        this.node = node;
    }

    @Override
    public void broke(Failure failure, Duration took) {
        Objects.requireNonNull(node).late(failure, took);
    }
}
