package dev.weft.http;

import dev.weft.core.Time;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * Log lines that anybody from outside can cause: at most one a second, which says how many were left
 * out before it.
 */
final class SparseLog {

    private static final long EVERY_NANOS = Duration.ofSeconds(1).toNanos();

    private final Logger log;
    private final Level level;
    private final Time time;
    private long nextNanos;
    private long leftOut;

    SparseLog(Logger log, Level level, Time time) {
        this.log = log;
        this.level = level;
        this.time = time;
        this.nextNanos = time.nanos();
    }

    void tell(String line) {
        long left;
        synchronized (this) {
            long now = time.nanos();
            if (now - nextNanos < 0) {
                leftOut++;
                return;
            }
            nextNanos = now + EVERY_NANOS;
            left = leftOut;
            leftOut = 0;
        }
        log.log(level, left == 0 ? line : line + " (" + left + " such lines before were left out)");
    }
}
