package dev.weft.events;

import dev.weft.core.Meter;
import dev.weft.core.Time;

/** Measures what becomes of the events of one listener. */
final class Outcomes {

    private final Meter.Counter events;
    private final Meter.Histogram duration;
    private final String listener;
    private final Time time;

    Outcomes(Meter meter, String listener, Time time) {
        this.events = meter.counter(EventMetrics.LISTENED);
        this.duration = meter.histogram(EventMetrics.LISTENER_DURATION);
        this.listener = listener;
        this.time = time;
    }

    /** A run that began then has ended now. */
    void ran(long beganNanos, String outcome) {
        duration.record((time.nanos() - beganNanos) / 1e9, listener, outcome);
    }

    void count(int number, String outcome) {
        events.add(number, listener, outcome);
    }
}
