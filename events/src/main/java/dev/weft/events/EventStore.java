package dev.weft.events;

import dev.weft.core.Failure;
import java.time.Duration;
import java.util.HashSet;
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

    /** The most events that one append may hold, over all its streams. */
    int MAX_EVENTS = 1_000;

    /** The most bytes of data that the events of one append may have together. */
    int MAX_BYTES = 4 << 20;

    /** About how much data one read brings; it brings at least one event, however large. */
    int MAX_READ_BYTES = 2 << 20;

    /** The longest name of a stream, in characters. */
    int MAX_STREAM_NAME = 500;

    /**
     * Events for one stream, at least one.
     *
     * @param expectedVersion the stream's version before it (0: no stream yet), or {@link
     *     #ANY_VERSION}
     */
    record Append(String stream, long expectedVersion, List<NewEvent> events) {
        public Append {
            events = List.copyOf(events);
            if (stream.isEmpty() || stream.length() > MAX_STREAM_NAME)
                throw new IllegalArgumentException(
                        "a stream is named with 1 to "
                                + MAX_STREAM_NAME
                                + " characters, not "
                                + stream.length());
            if (expectedVersion < ANY_VERSION)
                throw new IllegalArgumentException(
                        "no stream is ever at version " + expectedVersion);
            if (events.isEmpty())
                throw new IllegalArgumentException("no events to append to " + stream);
        }
    }

    /**
     * Checks the limits of an append; every store does so first. Too many events, none, or a stream
     * named twice is an {@link IllegalArgumentException}, too much data {@link
     * dev.weft.core.Failure.TooLarge}.
     */
    static void checkLimits(List<Append> appends) {
        var streams = new HashSet<String>();
        int events = 0;
        long bytes = 0;
        for (var append : appends) {
            if (!streams.add(append.stream()))
                throw new IllegalArgumentException(
                        "one append names the stream " + append.stream() + " twice");
            events += append.events().size();
            for (var event : append.events()) bytes += event.data().length;
        }
        if (events == 0 || events > MAX_EVENTS)
            throw new IllegalArgumentException(
                    "an append holds 1 to " + MAX_EVENTS + " events, not " + events);
        if (bytes > MAX_BYTES)
            throw new Failure.TooLarge(
                    "an append holds at most "
                            + MAX_BYTES
                            + " bytes of data, not "
                            + bytes
                            + "; append in parts, or keep large data elsewhere");
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
     *     happen once: a second one with the same key stores nothing, whatever it holds
     */
    Appended append(List<Append> appends, Origin origin) throws InterruptedException;

    /** What the append with this key left behind, as a repetition, if there was one. */
    Optional<Appended> appended(String appendKey);

    /**
     * A stream's events behind a version, in order, at most so many, which is at least one. It ends
     * with the event that brings its data to {@link #MAX_READ_BYTES}, so only an empty read says that
     * there is no more.
     */
    List<StoredEvent> stream(String stream, long afterVersion, int max);

    /**
     * The log's events behind a position, in order, at most so many, which is at least one. It ends
     * with the event that brings its data to {@link #MAX_READ_BYTES}, so only an empty read says that
     * there is no more.
     */
    List<StoredEvent> log(long afterPosition, int max);

    /** The position of the last event; 0 of an empty log. */
    long head();

    /**
     * Blocks until the log's head is beyond the position, at most so long, and tells the head.
     * Appends of other processes on the same store are noticed within 100 ms.
     */
    long awaitBeyond(long position, Duration atMost) throws InterruptedException;

    /**
     * Finishes the appends under way, within a bound, and wakes those who wait. Everything after it
     * fails with {@link dev.weft.core.Failure.Storage}.
     */
    @Override
    void close();
}
