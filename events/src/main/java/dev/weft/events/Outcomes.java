package dev.weft.events;

import dev.weft.core.Meter;
import dev.weft.core.Time;

/** Measures what becomes of the events of one listener. */
final class Outcomes {

    private final Meter.Counter events;
    private final Meter.Counter parkings;
    private final Meter.Histogram duration;
    private final String listener;
    private final Time time;

    Outcomes(Meter meter, String listener, Time time) {
        this.events = meter.counter(EventMetrics.LISTENED);
        this.parkings = meter.counter(EventMetrics.PARKINGS);
        this.duration = meter.histogram(EventMetrics.LISTENER_DURATION);
        this.listener = listener;
        this.time = time;
    }

    /** A run that began then has ended now. */
    void ran(long beganNanos, String outcome) {
        duration.record((time.nanos() - beganNanos) / 1e9, listener, outcome);
    }

    void count(int number, String outcome) {
        if (number > 0) events.add(number, listener, outcome);
    }

    /** The first failure of those that are waited for at present. */
    void warn(String subscription, BusEvent event, Throwable failure) {
        Loop.LOG.log(
                System.Logger.Level.WARNING,
                subscription
                        + " fails for "
                        + event.type()
                        + " "
                        + event.id()
                        + "; the events of "
                        + event.key()
                        + " wait for the next attempt",
                failure);
    }

    /** A key was parked, with so many events. */
    void parked(
            String subscription, BusEvent event, Attempts attempts, int rows, Throwable failure) {
        if (rows == 0) return;
        parkings.add(1, listener);
        count(rows, EventMetrics.PARKED);
        Loop.LOG.log(
                System.Logger.Level.WARNING,
                subscription
                        + " has parked the key "
                        + event.key()
                        + " of "
                        + event.source()
                        + ": "
                        + event.type()
                        + " "
                        + event.id()
                        + " has failed "
                        + attempts.counted()
                        + " times, "
                        + (rows - 1)
                        + " events wait behind it (weft parked show "
                        + event.id()
                        + ")",
                failure);
    }

    /** A key was to be parked, and could not be. */
    void notParked(String subscription, BusEvent event, Throwable hindrance) {
        Loop.LOG.log(
                System.Logger.Level.WARNING,
                subscription
                        + " cannot park "
                        + event.id()
                        + " of the key "
                        + event.key()
                        + " and tries it again until it succeeds or can be",
                hindrance);
    }
}
