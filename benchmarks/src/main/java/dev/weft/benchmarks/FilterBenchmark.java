package dev.weft.benchmarks;

import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What a call pays for a filter around it, when all is well: the time, and with {@code -prof gc} the bytes.
 *
 * <p>Each {@link Filtered} has JVMs of its own. The call at the bottom is never inlined and answers what it has at hand;
 * {@link Filtered#NOTHING} is that call alone, to be taken off all others. The calls run in a context with a trace and a
 * deadline, as those of a handler do.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {
            "-XX:+UseSerialGC",
            "-Xms256m",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 8, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class FilterBenchmark {

    private static final int CALLS = 1_000;
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    @Param public Filtered filtered;

    private Service<Request, Response> service;

    public FilterBenchmark() {}

    @Setup
    public void build() {
        service = filtered.service();
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void call(Blackhole answers) throws Exception {
        Context.none()
                .with(filtered.trace())
                .with(Deadline.after(DEADLINE, SystemTime.INSTANCE))
                .call(() -> {
                    for (int i = 0; i < CALLS; i++)
                        answers.consume(service.call(filtered.request()));
                    return answers;
                });
    }
}
