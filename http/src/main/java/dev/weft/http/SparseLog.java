package dev.weft.http;

import dev.weft.core.Time;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/**
 * Log lines that come in crowds, because anybody from outside can cause them or all requests do: at most one in a while, which
 * says how many were left out before it.
 */
final class SparseLog {

    private final Logger log;
    private final Level level;
    private final long everyNanos;
    private final Time time;
    private long nextNanos;
    private long leftOut;

    /**
     * @param every the least time between two lines
     */
    SparseLog(Logger log, Level level, Duration every, Time time) {
        this.log = log;
        this.level = level;
        this.everyNanos = every.toNanos();
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
            nextNanos = now + everyNanos;
            left = leftOut;
            leftOut = 0;
        }
        log.log(level, left == 0 ? line : line + " (" + left + " such lines before were left out)");
    }
}
