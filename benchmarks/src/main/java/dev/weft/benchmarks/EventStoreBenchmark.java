package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.EventStore;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/**
 * Appends a second to the event store in an SQLite file, beside what the disk below it can sync.
 *
 * <p>Each round measures, one after the other: syncs after overwriting 4 KiB of a file that is there
 * in full, syncs after appending 4 KiB, then appends of one event of 256 bytes by 1, 8 and 64
 * writers, each with a stream of its own and the version that it expects. The rounds repeat the
 * whole, so that a disk that changes its pace changes it for all. An append by several writers
 * shares its sync with others, which is what the ratio shows.
 *
 * <p>Prints one line per figure: {@code round what writers per_s p50_us p99_us}, tab-separated.
 * Arguments: a folder on the disk to measure, rounds, milliseconds per figure.
 */
public final class EventStoreBenchmark {

    private static final int BLOCK_BYTES = 4 << 10;
    private static final int FILE_BLOCKS = 1 << 12;
    private static final int EVENT_BYTES = 256;
    private static final int[] WRITERS = {1, 8, 64};

    /** A run keeps at most so many durations; later ones are counted only. */
    private static final int MAX_DURATIONS = 1 << 20;

    private static final Time TIME = SystemTime.INSTANCE;

    private final Path folder;
    private final Duration length;

    private EventStoreBenchmark(Path folder, Duration length) {
        this.folder = folder;
        this.length = length;
    }

    public static void main(String[] args) throws Exception {
        var benchmark =
                new EventStoreBenchmark(
                        Path.of(args[0]), Duration.ofMillis(Long.parseLong(args[2])));
        try (var storage = Storage.open("sqlite:" + benchmark.folder.resolve("log.db"), TIME)) {
            int run = 0;
            benchmark.appends(storage.events(), 64, run++); // Compiles what is hot.
            for (int round = 1; round <= Integer.parseInt(args[1]); round++) {
                benchmark.overwriting().print(round, "sync_overwrite", 1);
                benchmark.appending().print(round, "sync_append", 1);
                for (int writers : WRITERS)
                    benchmark
                            .appends(storage.events(), writers, run++)
                            .print(round, "append", writers);
            }
        }
    }

    /** One thing done again and again for a while. */
    @FunctionalInterface
    private interface Step {
        void run(long count) throws Exception;
    }

    private Measured overwriting() throws Exception {
        var file = folder.resolve("overwritten");
        try (var channel = open(file)) {
            for (int i = 0; i < FILE_BLOCKS; i++) write(channel, i);
            channel.force(true);
            return alone(count -> sync(channel, count % FILE_BLOCKS));
        } finally {
            Files.delete(file);
        }
    }

    private Measured appending() throws Exception {
        var file = folder.resolve("appended");
        try (var channel = open(file)) {
            return alone(count -> sync(channel, count));
        } finally {
            Files.delete(file);
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private static void sync(FileChannel channel, long block) throws IOException {
        write(channel, block);
        channel.force(true);
    }

    private static void write(FileChannel channel, long block) throws IOException {
        var bytes = ByteBuffer.allocate(BLOCK_BYTES);
        TIME.random().nextBytes(bytes.array());
        while (bytes.hasRemaining()) channel.write(bytes, block * BLOCK_BYTES + bytes.position());
    }

    private Measured alone(Step step) throws Exception {
        long startNanos = TIME.nanos(), endNanos = startNanos + length.toNanos();
        var durations = new Durations();
        durations.fill(step, () -> TIME.nanos() < endNanos);
        return Measured.of(List.of(durations), TIME.nanos() - startNanos);
    }

    private Measured appends(EventStore store, int writers, int run) throws Exception {
        long startNanos = TIME.nanos(), endNanos = startNanos + length.toNanos();
        var all = new ConcurrentLinkedQueue<Durations>();
        var failures = new ConcurrentLinkedQueue<Exception>();
        var left = new CountDownLatch(writers);
        for (int i = 0; i < writers; i++) {
            var stream = "order-" + run + "-" + i;
            TIME.start(
                    "writer-" + i,
                    () -> {
                        var durations = new Durations();
                        all.add(durations);
                        try {
                            durations.fill(
                                    version -> append(store, stream, version),
                                    () -> TIME.nanos() < endNanos);
                        } catch (Exception e) {
                            failures.add(e);
                        } finally {
                            left.countDown();
                        }
                    });
        }
        left.await();
        if (!failures.isEmpty()) throw failures.element();
        return Measured.of(List.copyOf(all), TIME.nanos() - startNanos);
    }

    private static void append(EventStore store, String stream, long version)
            throws InterruptedException {
        var data = new byte[EVENT_BYTES];
        Arrays.fill(data, (byte) 'x');
        var append =
                new EventStore.Append(stream, version, List.of(new NewEvent("measured", data)));
        store.append(List.of(append), Origin.NONE);
    }

    /** How long each step of one thread took. */
    private static final class Durations {
        private long[] nanos = new long[1 << 10];
        private long count;

        void fill(Step step, BooleanSupplier more) throws Exception {
            while (more.getAsBoolean()) {
                long startNanos = TIME.nanos();
                step.run(count);
                add(TIME.nanos() - startNanos);
            }
        }

        private void add(long duration) {
            if (count == nanos.length && count < MAX_DURATIONS)
                nanos = Arrays.copyOf(nanos, nanos.length * 2);
            if (count < nanos.length) nanos[(int) count] = duration;
            count++;
        }

        long[] kept() {
            return Arrays.copyOf(nanos, (int) Math.min(count, nanos.length));
        }
    }

    /** What came of one run. */
    private record Measured(double perSecond, long p50Micros, long p99Micros) {

        static Measured of(List<Durations> all, long nanos) {
            long count = all.stream().mapToLong(each -> each.count).sum();
            var sorted =
                    all.stream().flatMapToLong(d -> Arrays.stream(d.kept())).sorted().toArray();
            return new Measured(
                    count * 1e9 / nanos, percentile(sorted, 0.5), percentile(sorted, 0.99));
        }

        private static long percentile(long[] sorted, double part) {
            return sorted.length == 0 ? 0 : sorted[(int) (part * (sorted.length - 1))] / 1_000;
        }

        void print(int round, String what, int writers) {
            System.out.printf(
                    "%d\t%s\t%d\t%.0f\t%d\t%d%n",
                    round, what, writers, perSecond, p50Micros, p99Micros);
        }
    }
}
