package dev.weft.events;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The log of one service: streams of events, and all of them in one order.
 *
 * <p>Rules, proved by the {@code EventStoreContract} of the test kit: positions are gapless and in
 * commit order, so a reader that has seen position n has seen everything up to n. An append is on
 * disk when it returns and is visible to every read from then on. Many threads, and several
 * processes on one store, may append at once. An append fails with {@link
 * dev.weft.core.Failure.Conflict} if a stream is not at the expected version, with {@link
 * dev.weft.core.Failure.Storage} if the store cannot write; then nothing of it is stored.
 */
public interface EventStore extends AutoCloseable {

    /** Appends to a stream at whatever version it is. */
    long ANY_VERSION = -1;

    /** The most events that one append may hold. */
    int MAX_EVENTS = 1_000;

    /**
     * Events for one stream.
     *
     * @param expectedVersion the stream's version before it (0: no stream yet), or {@link
     *     #ANY_VERSION}
     */
    record Append(String stream, long expectedVersion, List<NewEvent> events) {
        public Append {
            events = List.copyOf(events);
        }
    }

    /**
     * What an append left behind.
     *
     * @param position of its last event
     * @param version of the last stream that it named, behind it
     * @param repeated whether an append with the same key was there before, so that nothing was
     *     stored now and this is what the first one left
     */
    record Appended(long position, long version, boolean repeated) {}

    /**
     * Appends to one or several streams, all or nothing, and blocks until it is on disk.
     *
     * @param origin stored with each event; a non-empty {@link Origin#appendKey} makes the append
     *     happen once
     */
    Appended append(List<Append> appends, Origin origin) throws InterruptedException;

    /** What the append with this key left behind, if there was one. */
    Optional<Appended> appended(String appendKey);

    /** A stream's events behind a version, in order, at most so many. */
    List<StoredEvent> stream(String stream, long afterVersion, int max);

    /** The log's events behind a position, in order, at most so many. */
    List<StoredEvent> log(long afterPosition, int max);

    /** The position of the last event; 0 of an empty log. */
    long head();

    /**
     * Blocks until the log's head is beyond the position, at most so long, and tells the head.
     * Appends of other processes on the same store are noticed within 100 ms.
     */
    long awaitBeyond(long position, Duration atMost) throws InterruptedException;

    /** Finishes the appends under way. */
    @Override
    void close();
}
