package dev.weft.events;

import dev.weft.core.Failure;
import java.nio.charset.StandardCharsets;
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
 * dev.weft.core.Failure.Conflict} if a stream is not at the expected version or a condition does not hold, with {@link
 * dev.weft.core.Failure.Storage} if the store cannot write; then nothing of it is stored, unless the connection broke during
 * the commit: who has to know appends under a key.
 *
 * <p>A read brings at most so many events, which is at least one. It ends with the event that brings its data to {@link
 * #MAX_READ_BYTES}, so only an empty read says that there is no more. It is a cut through the log as of one moment.
 */
public interface EventStore extends AutoCloseable {

    /** Appends to a stream at whatever version it is. */
    long ANY_VERSION = -1;

    /** Behind the last event: where backward reads begin. */
    long END = Long.MAX_VALUE;

    /** The most events that one append may hold, over all its streams. */
    int MAX_EVENTS = 1_000;

    /** The most bytes of data, and characters of tags, that the events of one append may have together. */
    int MAX_BYTES = 4 << 20;

    /** About how much data one read brings; it brings at least one event, however large. */
    int MAX_READ_BYTES = 2 << 20;

    /** The longest name of a stream, in characters. */
    int MAX_STREAM_NAME = 500;

    /** How many events may lie behind a condition's position if one of its alternatives names no tag. */
    int MAX_BEHIND_CONDITION = 10_000;

    /** The most conditions of one append. */
    int MAX_CONDITIONS = 10;

    /** The most bytes of a stream's metadata. */
    int MAX_METADATA_BYTES = 64 << 10;

    /**
     * Events for one stream, at least one.
     *
     * @param expectedVersion the stream's version before it (0: no stream yet), or {@link
     *     #ANY_VERSION}
     */
    record Append(String stream, long expectedVersion, List<NewEvent> events) {
        public Append {
            events = List.copyOf(events);
            requireName(stream);
            if (expectedVersion < ANY_VERSION)
                throw new IllegalArgumentException(
                        "no stream is ever at version " + expectedVersion);
            if (events.isEmpty())
                throw new IllegalArgumentException("no events to append to " + stream);
        }
    }

    /** Whether a stream may have this name; one of another name is not there. */
    static boolean isName(String stream) {
        return !stream.isEmpty() && stream.length() <= MAX_STREAM_NAME && isStorable(stream);
    }

    /** Whether every store can keep this text: it has neither the character 0 nor half of a surrogate pair. */
    static boolean isStorable(String text) {
        return text.indexOf(0) < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static void requireName(String stream) {
        if (stream.isEmpty() || stream.length() > MAX_STREAM_NAME)
            throw new IllegalArgumentException(
                    "a stream is named with 1 to "
                            + MAX_STREAM_NAME
                            + " characters, not "
                            + stream.length());
        if (!isStorable(stream))
            throw new IllegalArgumentException(
                    "a stream's name has neither the character 0 nor half of a surrogate pair: "
                            + stream);
    }

    /**
     * No event that the query means lies behind this position; so a decision made on what was read up to it still holds. An
     * alternative without a tag is looked for event by event while all appends wait, so the position has to be within {@link
     * #MAX_BEHIND_CONDITION} of the log's end then.
     *
     * @param after 0: there is no such event at all
     */
    record Condition(EventQuery query, long after) {
        public Condition {
            if (after < 0)
                throw new IllegalArgumentException(
                        "a condition is about what lies behind a position, from 0, not " + after);
        }

        /** Whether it can be looked up in a log with this end. */
        public boolean isNear(long head) {
            return head - after <= MAX_BEHIND_CONDITION
                    || query.anyOf().stream().noneMatch(one -> one.tags().isEmpty());
        }

        /** Fails if it cannot be looked up in a log with this end. */
        public void requireNear(long head) {
            if (!isNear(head))
                throw new IllegalArgumentException(
                        "a condition without a tag is about the last "
                                + MAX_BEHIND_CONDITION
                                + " events at most, and there are "
                                + (head - after)
                                + " behind position "
                                + after
                                + "; name a tag in each alternative of: "
                                + query);
        }

        /** What to tell whose append this event stands against. */
        public Failure.Conflict brokenBy(long position) {
            return new Failure.Conflict(
                    "no event was to be behind position "
                            + after
                            + " that is "
                            + query
                            + ", and there is one at position "
                            + position
                            + "; read what has happened and decide anew");
        }
    }

    /**
     * Checks the limits of an append; every store does so first. Too many events, none, or a stream
     * named twice is an {@link IllegalArgumentException}, too much data {@link
     * dev.weft.core.Failure.TooLarge}.
     */
    static void checkLimits(List<Append> appends, List<Condition> conditions) {
        if (conditions.size() > MAX_CONDITIONS)
            throw new IllegalArgumentException(
                    "an append has at most "
                            + MAX_CONDITIONS
                            + " conditions, not "
                            + conditions.size()
                            + "; say alternatives of one query");
        var streams = new HashSet<String>();
        int events = 0;
        long bytes = 0;
        for (var append : appends) {
            if (!streams.add(append.stream()))
                throw new IllegalArgumentException(
                        "one append names the stream " + append.stream() + " twice");
            events += append.events().size();
            for (var event : append.events()) bytes += event.sizeBytes();
        }
        if (events == 0 || events > MAX_EVENTS)
            throw new IllegalArgumentException(
                    "an append holds 1 to " + MAX_EVENTS + " events, not " + events);
        if (bytes > MAX_BYTES)
            throw new Failure.TooLarge(
                    "an append holds at most "
                            + MAX_BYTES
                            + " bytes of data and tags, not "
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
     * @param conditions all of them hold at the moment of the append, of whatever streams; see {@link EventQuery}
     * @param origin stored with each event; a non-empty {@link Origin#appendKey} makes the append
     *     happen once: a second one with the same key stores nothing, whatever it holds and whatever has happened since
     */
    Appended append(List<Append> appends, List<Condition> conditions, Origin origin)
            throws InterruptedException;

    /** Appends without conditions. */
    default Appended append(List<Append> appends, Origin origin) throws InterruptedException {
        return append(appends, List.of(), origin);
    }

    /** What the append with this key left behind, as a repetition, if there was one. */
    Optional<Appended> appended(String appendKey);

    /** A stream's events behind a version, in order. */
    List<StoredEvent> stream(String stream, long afterVersion, int max);

    /** A stream's events before a version, or {@link #END}, the newest first. */
    List<StoredEvent> streamBackwards(String stream, long beforeVersion, int max);

    /** The log's events behind a position, in order. */
    List<StoredEvent> log(long afterPosition, int max);

    /** The log's events before a position, or {@link #END}, the newest first. */
    List<StoredEvent> logBackwards(long beforePosition, int max);

    /** The events behind a position that the query means, in order. */
    List<StoredEvent> log(EventQuery query, long afterPosition, int max);

    /** The events before a position, or {@link #END}, that the query means, the newest first. */
    List<StoredEvent> logBackwards(EventQuery query, long beforePosition, int max);

    /**
     * The position of the last event behind a position that this correlation brought about ({@link Origin#correlation}); 0
     * without one. It looks at what lies behind the position, newest first: name one from which on it matters.
     */
    long lastOf(String correlation, long afterPosition);

    /** The position of the last event; 0 of an empty log. */
    long head();

    /**
     * Blocks until the log's head is beyond the position, at most so long, and tells the head.
     * Appends of other processes on the same store are noticed within 100 ms.
     */
    long awaitBeyond(long position, Duration atMost) throws InterruptedException;

    /**
     * What a stream's events up to a version come to, so that nobody has to read them all.
     *
     * @param type of the state, by name and version, so that other code knows that it cannot read it
     * @param data JSON, at most {@link #MAX_BYTES}
     */
    record Snapshot(String stream, long version, String type, int typeVersion, byte[] data) {
        public Snapshot {
            requireName(stream);
            if (version < 1)
                throw new IllegalArgumentException(
                        "a snapshot is of a version from 1, not " + version);
            if (data.length > MAX_BYTES)
                throw new Failure.TooLarge(
                        "a snapshot has at most "
                                + MAX_BYTES
                                + " bytes, that of "
                                + stream
                                + " has "
                                + data.length
                                + "; keep it without, or make the state smaller");
        }

        /** Whether it is kept where this one was. */
        public boolean replaces(Snapshot old) {
            return version > old.version
                    || !type.equals(old.type)
                    || typeVersion != old.typeVersion;
        }

        /** What to tell who keeps what the stream, at this version, has not come to. */
        public Failure.Conflict ahead(long streamVersion) {
            return new Failure.Conflict(
                    "stream "
                            + stream
                            + " is at version "
                            + streamVersion
                            + ", so there is no snapshot of version "
                            + version);
        }
    }

    /** The snapshot that is kept of a stream, if there is one. */
    Optional<Snapshot> snapshot(String stream);

    /**
     * Keeps a snapshot in the place of the one that the stream had; an older one of the same type and version of type is
     * not kept. Blocks until it is on disk. {@link dev.weft.core.Failure.Conflict} if the stream has not come to that version yet.
     */
    void keep(Snapshot snapshot) throws InterruptedException;

    /**
     * What is known about a stream beside its events.
     *
     * @param version from 1, one more with each replacement
     * @param data JSON, at most {@link #MAX_METADATA_BYTES}
     */
    record Metadata(long version, byte[] data) {}

    /** The metadata of a stream, if it has some. */
    Optional<Metadata> metadata(String stream);

    /**
     * Replaces the metadata of a stream, which may have no events yet, and tells its new version. Blocks until it is on disk.
     * {@link dev.weft.core.Failure.Conflict} if it is not at the expected version: 0 for none yet, or {@link #ANY_VERSION}.
     */
    long describe(String stream, long expectedVersion, byte[] data) throws InterruptedException;

    /** Checks the limits of metadata; every store does so first. */
    static void checkLimits(String stream, long expectedVersion, byte[] data) {
        requireName(stream);
        if (expectedVersion < ANY_VERSION)
            throw new IllegalArgumentException("no metadata is ever at version " + expectedVersion);
        if (data.length > MAX_METADATA_BYTES)
            throw new Failure.TooLarge(
                    "metadata has at most "
                            + MAX_METADATA_BYTES
                            + " bytes, that of "
                            + stream
                            + " has "
                            + data.length
                            + "; keep it in a table");
    }

    /** Fails with a conflict unless metadata is at the expected version. */
    static void requireDescribed(String stream, long expectedVersion, long version) {
        if (expectedVersion != ANY_VERSION && expectedVersion != version)
            throw new Failure.Conflict(
                    "the metadata of "
                            + stream
                            + " is at version "
                            + version
                            + ", expected was "
                            + expectedVersion);
    }

    /**
     * How many subjects of personal data were erased ({@link Subjects#erasures}): a state that was read before the last of them
     * may know what it should not any more.
     */
    default long erasures() {
        return 0;
    }

    /**
     * Finishes the appends under way, within a bound, and wakes those who wait. Everything after it
     * fails with {@link dev.weft.core.Failure.Storage}.
     */
    @Override
    void close();
}
