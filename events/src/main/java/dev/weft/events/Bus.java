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
 * left out; a new subscription starts with the oldest event there is. The consumers of one
 * subscription share its keys: while one that lives has an event, no other is handed any of the same
 * key; events of one key are handed over in the order of their source's log.
 */
public interface Bus extends AutoCloseable {

    /**
     * Publishes what a source's log holds for others, up to a position.
     *
     * @param through everything of the source up to here has now been published, if it was public
     * @param events in order of position and part, none beyond {@code through}; at most {@value
     *     #MAX_BATCH}, each with at most {@value #MAX_DATA_BYTES} bytes of data
     */
    void publish(String source, long through, List<BusEvent> events) throws InterruptedException;

    /**
     * Whether what was published and acknowledged outlives the bus's process. If not, it begins empty with each start,
     * and sources publish from their beginning.
     */
    default boolean durable() {
        return true;
    }

    /** The position up to which the source has published; 0 if it never did. */
    long published(String source);

    /**
     * Joins the durable subscription as one of its consumers; the first one makes it. If several
     * have joined they share its keys. A key is with one of them until that has acknowledged all of
     * it that it was handed, leaves, or is silent for {@link #SILENCE}.
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

    /**
     * The most events of one subscription that are handed over and not yet acknowledged. Of several
     * consumers each is handed at most its equal share, but one.
     */
    int MAX_IN_FLIGHT = 2_000;

    /** The most bytes of one event's data, as JSON. */
    int MAX_DATA_BYTES = 1 << 20;

    /** The most characters of a source's name and of a type's. */
    int MAX_NAME = 200;

    /** The most characters of a key. */
    int MAX_KEY = 1_000;

    /** A consumer that has not been heard of for so long has left. */
    Duration SILENCE = Duration.ofSeconds(10);

    /** One consumer of a subscription. One thread polls; any may acknowledge. */
    interface Consumer extends AutoCloseable {

        /**
         * Waits until there is something new, at most so long; an empty batch says that there is
         * not. What a batch holds is handed over until it is acknowledged or the consumer leaves.
         */
        Batch poll(Duration atMost) throws InterruptedException;

        /**
         * Says that these are handled for ever. Durable when it returns.
         *
         * @return those that do not count, because this consumer was taken to be silent and another
         *     one has their key now: it will handle them again
         */
        List<BusEvent> acknowledge(List<BusEvent> events) throws InterruptedException;

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
