package dev.weft.benchmarks;

import dev.weft.benchmarks.Durations.Summary;
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
                print(round, "sync_overwrite", 1, benchmark.overwriting());
                print(round, "sync_append", 1, benchmark.appending());
                for (int writers : WRITERS)
                    print(
                            round,
                            "append",
                            writers,
                            benchmark.appends(storage.events(), writers, run++));
            }
        }
    }

    private Summary overwriting() throws Exception {
        var file = folder.resolve("overwritten");
        try (var channel = open(file)) {
            for (int i = 0; i < FILE_BLOCKS; i++) write(channel, i);
            channel.force(true);
            return alone(count -> sync(channel, count % FILE_BLOCKS));
        } finally {
            Files.delete(file);
        }
    }

    private Summary appending() throws Exception {
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

    private Summary alone(Durations.Step step) throws Exception {
        long startNanos = TIME.nanos(), endNanos = startNanos + length.toNanos();
        var cpu = Cpu.now();
        var durations = new Durations();
        durations.fill(step, () -> TIME.nanos() < endNanos);
        return Summary.of(List.of(durations), TIME.nanos() - startNanos, Cpu.now().since(cpu));
    }

    private Summary appends(EventStore store, int writers, int run) throws Exception {
        long startNanos = TIME.nanos(), endNanos = startNanos + length.toNanos();
        var cpu = Cpu.now();
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
        return Summary.of(List.copyOf(all), TIME.nanos() - startNanos, Cpu.now().since(cpu));
    }

    private static void append(EventStore store, String stream, long version)
            throws InterruptedException {
        var data = new byte[EVENT_BYTES];
        Arrays.fill(data, (byte) 'x');
        var append =
                new EventStore.Append(stream, version, List.of(new NewEvent("measured", data)));
        store.append(List.of(append), Origin.NONE);
    }

    private static void print(int round, String what, int writers, Summary measured) {
        System.out.printf(
                "%d\t%s\t%d\t%.0f\t%d\t%d%n",
                round,
                what,
                writers,
                measured.perSecond(),
                measured.p50Micros(),
                measured.p99Micros());
    }
}
