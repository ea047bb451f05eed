package dev.weft.telemetry;

import com.sun.management.OperatingSystemMXBean;
import dev.weft.core.Meter;
import dev.weft.core.Metric;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What is measured of the process and its JVM, by OpenTelemetry's conventions. All of it is read when somebody asks; until
 * then it costs nothing.
 */
public final class JvmMetrics {

    private static final String POOL = "jvm.memory.pool.name";
    private static final String TYPE = "jvm.memory.type";

    public static final Metric MEMORY_USED =
            Metric.upDownCounter("jvm.memory.used", "By", "Measure of memory used.", TYPE, POOL);

    public static final Metric MEMORY_COMMITTED =
            Metric.upDownCounter(
                    "jvm.memory.committed", "By", "Measure of memory committed.", TYPE, POOL);

    public static final Metric MEMORY_LIMIT =
            Metric.upDownCounter(
                    "jvm.memory.limit", "By", "Measure of max obtainable memory.", TYPE, POOL);

    /** Without buckets: the JVM tells count and sum for nothing, each collection only to listeners. */
    public static final Metric GC_DURATION =
            Metric.histogram(
                    "jvm.gc.duration",
                    "s",
                    "Duration of JVM garbage collection actions.",
                    List.of(),
                    "jvm.gc.name");

    public static final Metric THREADS =
            Metric.upDownCounter(
                    "jvm.thread.count",
                    "{thread}",
                    "Number of executing platform threads.",
                    "jvm.thread.daemon");

    public static final Metric CLASSES =
            Metric.upDownCounter(
                    "jvm.class.count", "{class}", "Number of classes currently loaded.");

    public static final Metric CPU_TIME =
            Metric.counter(
                    "jvm.cpu.time", "s", "CPU time used by the process as reported by the JVM.");

    public static final Metric CPU_COUNT =
            Metric.upDownCounter(
                    "jvm.cpu.count",
                    "{cpu}",
                    "Number of processors available to the Java virtual machine.");

    public static final Metric CPU_RECENT =
            Metric.gauge(
                    "jvm.cpu.recent_utilization",
                    "1",
                    "Recent CPU utilization for the process as reported by the JVM.");

    /** Where the system has {@code /proc}. */
    public static final Metric RESIDENT =
            Metric.upDownCounter(
                    "process.memory.usage", "By", "The amount of physical memory in use.");

    public static final Metric UPTIME =
            Metric.gauge("process.uptime", "s", "The time the process has been running.");

    /** All of these. */
    public static final List<Metric> ALL =
            List.of(
                    MEMORY_USED,
                    MEMORY_COMMITTED,
                    MEMORY_LIMIT,
                    GC_DURATION,
                    THREADS,
                    CLASSES,
                    CPU_TIME,
                    CPU_COUNT,
                    CPU_RECENT,
                    RESIDENT,
                    UPTIME);

    private static final Path STATUS = Path.of("/proc/self/status");

    private JvmMetrics() {}

    /** Has this process in the meter; once. */
    public static void observe(Meter meter) {
        meter.observe(MEMORY_USED, it -> pools(it, MemoryUsage::getUsed));
        meter.observe(MEMORY_COMMITTED, it -> pools(it, MemoryUsage::getCommitted));
        meter.observe(MEMORY_LIMIT, it -> pools(it, MemoryUsage::getMax));
        meter.observe(GC_DURATION, JvmMetrics::collections);
        meter.observe(THREADS, JvmMetrics::threads);
        meter.observe(
                CLASSES,
                it -> it.value(ManagementFactory.getClassLoadingMXBean().getLoadedClassCount()));
        meter.observe(CPU_TIME, it -> it.value(system().getProcessCpuTime() / 1e9));
        meter.observe(CPU_COUNT, it -> it.value(Runtime.getRuntime().availableProcessors()));
        meter.observe(CPU_RECENT, it -> it.value(Math.max(0, system().getProcessCpuLoad())));
        meter.observe(RESIDENT, JvmMetrics::resident);
        meter.observe(
                UPTIME, it -> it.value(ManagementFactory.getRuntimeMXBean().getUptime() / 1e3));
    }

    private static OperatingSystemMXBean system() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    }

    private static void pools(Meter.Observer to, ToLongFunction<MemoryUsage> of) {
        for (var pool : ManagementFactory.getMemoryPoolMXBeans()) {
            var usage = pool.getUsage();
            long bytes = usage == null ? -1 : of.applyAsLong(usage);
            var type = pool.getType() == MemoryType.HEAP ? "heap" : "non_heap";
            if (bytes >= 0) to.value((double) bytes, type, pool.getName());
        }
    }

    private static void collections(Meter.Observer to) {
        for (var collector : ManagementFactory.getGarbageCollectorMXBeans())
            to.total(
                    Math.max(0, collector.getCollectionCount()),
                    Math.max(0, collector.getCollectionTime()) / 1e3,
                    collector.getName());
    }

    private static void threads(Meter.Observer to) {
        var threads = ManagementFactory.getThreadMXBean();
        int daemons = threads.getDaemonThreadCount();
        to.value(daemons, "true");
        to.value(threads.getThreadCount() - daemons, "false");
    }

    private static void resident(Meter.Observer to) {
        try {
            for (var line : Files.readAllLines(STATUS))
                if (line.startsWith("VmRSS:"))
                    to.value(1024 * Double.parseDouble(line.replaceAll("[^0-9]", "")));
        } catch (IOException noSuchSystem) {
            return;
        }
    }
}
