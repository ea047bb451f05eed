package dev.weft.core.policy;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How one try ended: with an answer or with a failure, and what that means. */
record Outcome<O>(@Nullable O answer, @Nullable Exception failure, Verdict verdict) {

    static <O> Outcome<O> answered(O answer, Protocol<?, O> protocol) {
        return new Outcome<>(answer, null, protocol.classifier().answered(answer));
    }

    static <O> Outcome<O> failed(Exception failure, Protocol<?, O> protocol) {
        return new Outcome<>(null, failure, protocol.classifier().failed(failure));
    }

    /** Ends the call as this try ended. */
    O get() throws Exception {
        if (failure != null) throw failure;
        return Objects.requireNonNull(answer);
    }

    /** Gives back what the answer holds, for nobody will get it. */
    void discard(Protocol<?, O> protocol) {
        if (answer != null) protocol.discard().accept(answer);
    }
}
