package dev.weft.benchmarks;

import java.util.List;

/** A store of events that takes part in {@link StoreBenchmark}. Used by many threads. */
public interface MeasuredStore extends AutoCloseable {

    /** Appends to a stream at whatever version it is. */
    long ANY_VERSION = -1;

    /**
     * Appends to a stream, and returns when it is on disk. Fails if the stream is not at this version, {@link
     * #ANY_VERSION} left aside.
     */
    void append(String stream, long version, List<byte[]> events) throws Exception;

    /** The position of the last event; 0 without one. */
    long head() throws Exception;

    /** The events behind a position, in the log's order, at least one and at most so many; none at the log's end. */
    List<Entry> read(long after, int max) throws Exception;

    /** Whether it promises that positions have no gaps. */
    default boolean gapless() {
        return true;
    }

    @Override
    void close() throws Exception;

    /** An event as it was read. */
    record Entry(long position, String stream, long version, byte[] data) {}
}
