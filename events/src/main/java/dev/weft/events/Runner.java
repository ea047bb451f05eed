package dev.weft.events;

import java.time.Duration;

/** What moves events from one place to another in the background. */
interface Runner {

    /** Starts; whatever goes wrong from then on is tried again. */
    void start();

    /** Finishes what is at hand, at most so long, and ends. */
    void stop(Duration atMost);
}
