package dev.weft.core.policy;

import java.time.Duration;

/** Verdicts for tests. */
final class Verdicts {

    static final Verdict BAD = of(Verdict.Health.BAD);
    static final Verdict BUSY = of(Verdict.Health.BUSY);

    private Verdicts() {}

    private static Verdict of(Verdict.Health health) {
        return new Verdict(health, Verdict.Again.IF_IDEMPOTENT, Duration.ZERO, "test");
    }
}
