package dev.weft.cli;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How long this process has run.
 *
 * <p>On Linux the JDK adds to a process's start the time of the boot in whole seconds, and is up to
 * a second off; the kernel's own clock is exact to its ticks.
 */
final class OwnAge {

    /** Of a second, to programs: {@code USER_HZ}, which is the same on all of Java's Linuxes. */
    private static final BigDecimal TICKS = BigDecimal.valueOf(100);

    /** Behind the program's name in parentheses, field 22 of proc_pid_stat(5). */
    private static final int STARTED = 19;

    private OwnAge() {}

    static Duration at(Instant now) {
        return byKernel()
                .orElseGet(() ->
                        ProcessHandle.current()
                                .info()
                                .startInstant()
                                .map(start -> Duration.between(start, now))
                                .orElse(Duration.ZERO));
    }

    private static Optional<Duration> byKernel() {
        try {
            var stat = Files.readString(Path.of("/proc/self/stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            var uptime = Files.readString(Path.of("/proc/uptime")).split(" ")[0];
            var started = new BigDecimal(fields[STARTED]).divide(TICKS);
            var seconds = new BigDecimal(uptime).subtract(started);
            return Optional.of(Duration.ofMillis(seconds.movePointRight(3).longValue()));
        } catch (IOException | RuntimeException e) {
            // Not Linux.
            return Optional.empty();
        }
    }
}
