package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writers that append to a store, each as soon as its last append was acknowledged, and the proof that all of it is there.
 *
 * <p>Each writer has a stream of its own, of which it knows the version; or all have one, at whatever version it is.
 *
 * @param events of one append
 * @param bytes of one event
 */
record AppendLoad(int writers, int events, int bytes, boolean oneStream) {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final AtomicLong RUNS = new AtomicLong();

    AppendLoad(int writers, int events, int bytes) {
        this(writers, events, bytes, false);
    }

    /** When to stop: behind a time, or behind so many appends of all writers. */
    private record Bound(long endNanos, AtomicLong left) {
        boolean more() {
            return TIME.nanos() < endNanos && left.getAndDecrement() > 0;
        }
    }

    /** What one writer does. */
    @FunctionalInterface
    interface Writer {
        void run(Durations durations) throws Exception;
    }

    /** Makes the writer of a number. */
    @FunctionalInterface
    interface Writers {
        Writer of(int number);
    }

    /** Appends for a while, and proves what was acknowledged. */
    Durations.Summary run(MeasuredStore store, Duration length) throws Exception {
        return run(
                store, new Bound(TIME.nanos() + length.toNanos(), new AtomicLong(Long.MAX_VALUE)));
    }

    /** Appends so often, by all writers together, and proves what was acknowledged. */
    Durations.Summary run(MeasuredStore store, long appends) throws Exception {
        return run(store, new Bound(Long.MAX_VALUE, new AtomicLong(appends)));
    }

    private Durations.Summary run(MeasuredStore store, Bound bound) throws Exception {
        long head = store.head();
        var acknowledged = new ConcurrentHashMap<String, Long>();
        var run = "load-" + RUNS.incrementAndGet();
        var summary =
                sideBySide(
                        writers,
                        number -> {
                            var name = run + "-" + number;
                            var stream = oneStream ? run : name;
                            return durations -> {
                                durations.fill(
                                        count -> append(store, stream, name, count * events),
                                        bound::more);
                                if (durations.count() > 0)
                                    acknowledged.put(name, durations.count() * events);
                            };
                        });
        new Proof(store, bytes, oneStream).behind(head, Map.of(), acknowledged);
        if (!oneStream) proveConflict(store, acknowledged);
        return summary;
    }

    /** Runs so many writers; fails if one of them does. */
    static Durations.Summary sideBySide(int count, Writers writers) throws Exception {
        long startNanos = TIME.nanos();
        var startCpu = Cpu.now();
        var all = new ArrayList<Durations>();
        var failures = new ConcurrentLinkedQueue<Exception>();
        var left = new CountDownLatch(count);
        for (int i = 0; i < count; i++) {
            var writer = writers.of(i);
            var durations = new Durations();
            all.add(durations);
            TIME.start(
                    "writer-" + i,
                    () -> {
                        try {
                            writer.run(durations);
                        } catch (Exception e) {
                            failures.add(e);
                        } finally {
                            left.countDown();
                        }
                    });
        }
        left.await();
        long nanos = TIME.nanos() - startNanos;
        if (!failures.isEmpty()) throw failures.element();
        return Durations.Summary.of(all, nanos, Cpu.now().since(startCpu));
    }

    private void append(MeasuredStore store, String stream, String writer, long before)
            throws Exception {
        var data = new ArrayList<byte[]>(events);
        for (int i = 1; i <= events; i++) data.add(Payload.of(writer, before + i, bytes));
        store.append(stream, oneStream ? MeasuredStore.ANY_VERSION : before, data);
    }

    /** What was decided on an old version is refused, and nothing of it is stored. */
    private void proveConflict(MeasuredStore store, Map<String, Long> versions) throws Exception {
        if (versions.isEmpty()) return;
        var stream = versions.keySet().iterator().next();
        long head = store.head();
        try {
            store.append(
                    stream, versions.get(stream) - events, List.of(Payload.of("late", 1, bytes)));
        } catch (Exception _) {
            if (store.read(head, 1).isEmpty()) return;
        }
        throw new IllegalStateException(
                "an append to " + stream + " at the version before its last was stored");
    }
}
