package dev.weft.events;

import dev.weft.core.Receipt;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * Carries public events from services to the durable subscriptions of services.
 *
 * <p>Rules, proved by the {@code BusContract} of the test kit: what {@link #publish} returned from
 * is on disk and reaches every subscription of its type, at least once; what was published again is
 * left out; a new subscription starts with the oldest event there is. Of one subscription, an event
 * is not handed to a second consumer while a first one that lives has it; events of one key are
 * handed over in the order of their source's log.
 */
public interface Bus extends AutoCloseable {

    /**
     * Publishes what a source's log holds for others, up to a position.
     *
     * @param through everything of the source up to here has now been published, if it was public
     * @param events in order of position and part, none beyond {@code through}; at most {@value
     *     #MAX_BATCH}
     */
    void publish(String source, long through, List<BusEvent> events) throws InterruptedException;

    /** The position up to which the source has published; 0 if it never did. */
    long published(String source);

    /**
     * Joins the durable subscription as one of its consumers; the first one makes it. If several
     * have joined, one is handed events and the others wait until it leaves or is silent for {@link
     * #SILENCE}.
     *
     * <p>The subscription takes all types that its consumers name. A type that is new to a
     * subscription which has read on already is heard from then on: its older events are not handed
     * over. One that no consumer has named for {@link #SILENCE} is no longer taken, and what was
     * not acknowledged of it is dropped. A consumer is only handed the types that it named.
     *
     * @param name {@code service.listener}
     */
    Consumer subscribe(String name, Set<String> types);

    /** The most events in one publication or one batch. */
    int MAX_BATCH = 500;

    /** The most events of one subscription that are handed over and not yet acknowledged. */
    int MAX_IN_FLIGHT = 2_000;

    /** A consumer that has not been heard of for so long has left. */
    Duration SILENCE = Duration.ofSeconds(10);

    /** One consumer of a subscription. One thread polls; any may acknowledge. */
    interface Consumer extends AutoCloseable {

        /**
         * Waits until there is something new, at most so long; an empty batch says that there is
         * not. What a batch holds is handed over until it is acknowledged or the consumer leaves.
         */
        Batch poll(Duration atMost) throws InterruptedException;

        /** Says that these are handled for ever. Durable when it returns. */
        void acknowledge(List<BusEvent> events) throws InterruptedException;

        /** Leaves; what it has not acknowledged goes to the next consumer. */
        @Override
        void close();
    }

    /**
     * What a poll brings.
     *
     * @param events in order
     * @param applied for each source the position up to which this subscription has acknowledged
     *     everything that concerns it
     */
    record Batch(List<BusEvent> events, Receipt applied) {
        public Batch {
            events = List.copyOf(events);
        }
    }

    @Override
    void close();
}
