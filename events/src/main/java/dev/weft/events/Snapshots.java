package dev.weft.events;

/**
 * That a decider's states are kept now and then, so that long streams need not be read from their start.
 *
 * @param every so many events of a stream at least lie between two snapshots of it
 */
public record Snapshots<S>(StateType<S> type, int every) {

    /** What one read of a stream brings: with fewer events a snapshot saves next to nothing. */
    public static final int EVERY = 500;

    public Snapshots {
        if (every < 1)
            throw new IllegalArgumentException(
                    "a snapshot is made every 1 or more events, not every " + every);
    }
}
