package dev.weft.supervisor;

import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for a condition, with a deadline. */
final class Eventually {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private Eventually() {}

    static void until(String what, Callable<Boolean> holds) throws Exception {
        var time = SystemTime.INSTANCE;
        long end = time.nanos() + LIMIT.toNanos();
        while (!holds.call()) {
            if (time.nanos() > end)
                throw new AssertionError("not within " + LIMIT.toSeconds() + " s: " + what);
            time.sleep(Duration.ofMillis(5));
        }
    }
}
