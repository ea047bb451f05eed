package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A store that was filled with so many events, and appends to streams that are anywhere among them. */
final class Growth {

    private static final int EVENTS_OF_STREAM = 100;
    private static final int FILLERS = 16;
    private static final int PROBES = 1_000;

    private final MeasuredStore store;
    private final int bytes;
    private final int[] versions;

    private Growth(MeasuredStore store, int bytes, int streams) {
        this.store = store;
        this.bytes = bytes;
        this.versions = new int[streams];
    }

    /** Fills an empty store, stream by stream, with as many events as are a multiple of {@value #EVENTS_OF_STREAM}. */
    static Growth fill(MeasuredStore store, long events, int bytes) throws Exception {
        var growth = new Growth(store, bytes, (int) (events / EVENTS_OF_STREAM));
        var next = new AtomicInteger();
        AppendLoad.sideBySide(
                FILLERS,
                number ->
                        durations -> {
                            for (int i = next.getAndIncrement();
                                    i < growth.versions.length;
                                    i = next.getAndIncrement()) growth.append(i, EVENTS_OF_STREAM);
                        });
        long stored = (long) growth.versions.length * EVENTS_OF_STREAM;
        if (store.head() != stored)
            throw new IllegalStateException(
                    stored + " events were acknowledged, the log ends at " + store.head());
        return growth;
    }

    /** Streams whose numbers are near are not near in an index. */
    private static String name(int stream) {
        return "filled-" + Long.toHexString(new SplittableRandom(stream).nextLong());
    }

    private void append(int stream, int count) throws Exception {
        var name = name(stream);
        var data = new ArrayList<byte[]>(count);
        for (int i = 1; i <= count; i++) data.add(Payload.of(name, versions[stream] + i, bytes));
        store.append(name, versions[stream], data);
        versions[stream] += count;
    }

    /** Appends events one by one, each to any of the streams, and proves what was acknowledged. */
    Durations.Summary run(int writers, long appends) throws Exception {
        if (writers > versions.length)
            throw new IllegalArgumentException(
                    writers + " writers need as many streams, there are " + versions.length);
        long head = store.head();
        var left = new AtomicLong(appends);
        var before = Arrays.copyOf(versions, versions.length);
        var summary =
                AppendLoad.sideBySide(
                        writers,
                        number ->
                                durations ->
                                        durations.fill(
                                                count -> append(any(number, writers), 1),
                                                () -> left.getAndDecrement() > 0));
        prove(head, before);
        return summary;
    }

    /** One of the streams that are this writer's. */
    private int any(int writer, int writers) {
        int each = versions.length / writers;
        return SystemTime.INSTANCE.random().nextInt(each) * writers + writer;
    }

    private void prove(long head, int[] before) throws Exception {
        Map<String, Long> had = new HashMap<>(), have = new HashMap<>();
        for (int i = 0; i < versions.length; i++)
            if (versions[i] > before[i]) {
                had.put(name(i), (long) before[i]);
                have.put(name(i), (long) versions[i]);
            }
        new Proof(store, bytes, false).behind(head, had, have);
    }

    /** What the log holds at some places is what it was filled with. */
    void proveSome() throws Exception {
        for (int i = 0; i < PROBES; i++) {
            long after = SystemTime.INSTANCE.random().nextLong(store.head());
            for (var event : store.read(after, EVENTS_OF_STREAM))
                if (event.position() != ++after
                        || !Arrays.equals(
                                event.data(), Payload.of(event.stream(), event.version(), bytes)))
                    throw new IllegalStateException("another event is at position " + after);
        }
    }
}
