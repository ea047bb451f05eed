package dev.weft.core.policy;

import dev.weft.core.Cancellation;
import dev.weft.core.Failure;
import dev.weft.core.Refusal;
import dev.weft.core.Response;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Counts against an instance what breaks behind the head of its answer.
 *
 * <p>The call was counted as good when its head came. A body that is cut, or does not end before the deadline, counts as one
 * more call, which failed: half of the calls of an instance that breaks every body have failed, so its breaker opens. As for
 * calls, a deadline that passes sooner than good calls lately took says nothing of the instance.
 */
public final class LateVerdicts implements Cancellation.Broken {

    private final Classifier<Response> classifier;
    private volatile @Nullable Node node;

    public LateVerdicts(Classifier<Response> classifier) {
        this.classifier = classifier;
    }

    /** Says whose they are, once, before the first call. */
    public void of(Node node) {
        this.node = node;
    }

    @Override
    public void broke(Failure failure, Duration took) {
        var node = Objects.requireNonNull(this.node);
        var verdict = classifier.failed(failure);
        boolean hadNoTime =
                verdict.error().equals(Refusal.Reason.DEADLINE.wireName())
                        && took.toNanos() < node.load().goodNanos();
        if (hadNoTime) return;
        node.breaker().force().end(verdict);
        node.load().end(node.load().begin(), verdict);
    }
}
