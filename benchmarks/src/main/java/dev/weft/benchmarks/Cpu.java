package dev.weft.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The CPU time that this process has had, and its children, which are those of a database: read from {@code /proc}, to 10 ms.
 *
 * @param millis of this process
 * @param childrenMillis of its children and theirs, as far as they run still
 */
record Cpu(long millis, long childrenMillis) {

    private static final long TICK_MILLIS = 10;

    static Cpu now() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new Cpu(
                system.getProcessCpuTime() / 1_000_000,
                ProcessHandle.current().descendants().mapToLong(Cpu::millis).sum());
    }

    private static long millis(ProcessHandle process) {
        try {
            var stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            // Behind the name, which may have blanks: state, ..., user and system time as 12th and
            // 13th.
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_MILLIS;
        } catch (IOException e) {
            // It has ended.
            return 0;
        }
    }

    Cpu since(Cpu before) {
        return new Cpu(millis - before.millis, childrenMillis - before.childrenMillis);
    }
}
