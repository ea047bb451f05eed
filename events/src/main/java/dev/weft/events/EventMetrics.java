package dev.weft.events;

import dev.weft.core.Metric;
import java.util.List;

/** What is measured of events: how many, how far behind, and what became of them. */
public final class EventMetrics {

    private static final String LISTENER = "listener";
    private static final String OUTCOME = "outcome";

    public static final Metric APPENDED =
            Metric.counter(
                    "weft.events.appended",
                    "{event}",
                    "Events that commands stored, by the decider's name.",
                    "decider");

    /** Each is decided again, on what the other wrote. */
    public static final Metric CONFLICTS =
            Metric.counter(
                    "weft.events.conflicts",
                    "{conflict}",
                    "Appends that another writer to the same stream was faster than.",
                    "decider");

    public static final Metric PUBLISHED =
            Metric.counter(
                    "weft.events.published",
                    "{event}",
                    "Public events that the bus has taken.",
                    "type");

    public static final Metric PUBLICATION_LAG =
            Metric.gauge(
                    "weft.publication.lag",
                    "{event}",
                    "Events of this service's log that are not published yet.");

    public static final Metric PROJECTION_LAG =
            Metric.gauge(
                    "weft.projection.lag",
                    "{event}",
                    "Events of this service's log that the projection has not applied yet.",
                    "projection");

    /**
     * An outcome is {@code handled}, {@code failed} (it is tried again, or parked), {@code given-up} or
     * {@code parked}.
     */
    public static final Metric LISTENED =
            Metric.counter(
                    "weft.listener.events",
                    "{event}",
                    "Events that came to a listener, by what came of them.",
                    LISTENER,
                    OUTCOME);

    /** Of an effect for one event; of a listener that changes tables for one transaction. */
    public static final Metric LISTENER_DURATION =
            Metric.histogram(
                    "weft.listener.duration",
                    "s",
                    "Duration of one run of a listener.",
                    Metric.DURATIONS,
                    LISTENER,
                    OUTCOME);

    /** Keys of events for a listener; for a projection or the publication one, as all of it stands. */
    public static final Metric FAILING =
            Metric.gauge(
                    "weft.failing",
                    "{key}",
                    "What does not go on at present because it fails.",
                    "part");

    public static final Metric PARKINGS =
            Metric.counter(
                    "weft.parked.parkings",
                    "{key}",
                    "Keys that were parked because an event of theirs kept failing.",
                    LISTENER);

    /** What lies in the service's database, so that each of its instances tells the same. */
    public static final Metric PARKED_EVENTS =
            Metric.gauge(
                    "weft.parked.events",
                    "{event}",
                    "Events that are parked, with those that wait behind them.",
                    LISTENER);

    /** An outcome is {@code handled} or {@code failed}. */
    public static final Metric RETRIED =
            Metric.counter(
                    "weft.parked.retried",
                    "{event}",
                    "Parked events that were tried again, by what came of it.",
                    LISTENER,
                    OUTCOME);

    public static final Metric DROPPED =
            Metric.counter(
                    "weft.parked.dropped",
                    "{event}",
                    "Parked events that somebody had dropped.",
                    LISTENER);

    public static final Metric UNEXPECTED =
            Metric.counter(
                    "weft.saga.unexpected",
                    "{input}",
                    "Inputs that instances of a saga had no use for: late answers, events behind the end.",
                    "saga");

    public static final Metric COMMIT_DURATION =
            Metric.histogram(
                    "weft.store.commit.duration",
                    "s",
                    "Duration of one transaction of the writer, until it is on disk.",
                    List.of(
                            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                            0.25, 0.5, 1.0));

    public static final Metric COMMIT_UNITS =
            Metric.histogram(
                    "weft.store.commit.units",
                    "{unit}",
                    "Appends and transactions that shared one commit.",
                    List.of(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0));

    /** All of these. */
    public static final List<Metric> ALL =
            List.of(
                    APPENDED,
                    CONFLICTS,
                    PUBLISHED,
                    PUBLICATION_LAG,
                    PROJECTION_LAG,
                    LISTENED,
                    LISTENER_DURATION,
                    FAILING,
                    PARKINGS,
                    PARKED_EVENTS,
                    RETRIED,
                    DROPPED,
                    UNEXPECTED,
                    COMMIT_DURATION,
                    COMMIT_UNITS);

    static final String HANDLED = "handled";
    static final String FAILED = "failed";
    static final String GIVEN_UP = "given-up";
    static final String PARKED = "parked";

    private EventMetrics() {}
}
