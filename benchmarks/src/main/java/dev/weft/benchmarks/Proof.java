package dev.weft.benchmarks;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Holds what is in a store against what its writers were told: a store that is fast because it loses or mixes things up fails its
 * measurement.
 *
 * @param bytes of one event
 * @param oneStream whether writers share a stream; else each is named as his own
 */
record Proof(MeasuredStore store, int bytes, boolean oneStream) {

    private static final int PAGE = 1_000;

    /**
     * Reads the log on from a position: each event that was acknowledged is there once, with its data, in the order of its
     * writer; versions count up within streams and positions over all of them; and nothing else is there.
     *
     * @param before the number of each writer's last event up to the position; those who are missing had none
     * @param acknowledged the same behind it
     */
    void behind(long position, Map<String, Long> before, Map<String, Long> acknowledged)
            throws Exception {
        var numbers = new HashMap<>(before);
        var versions = new HashMap<>(before);
        long last = position;
        for (var page = store.read(last, PAGE); !page.isEmpty(); page = store.read(last, PAGE))
            for (var event : page) {
                var writer = Payload.writer(event.data());
                long number = Payload.number(event.data());
                require(event.position() > last, event, "is out of order");
                require(!store.gapless() || event.position() == last + 1, event, "is behind a gap");
                require(
                        oneStream || writer.equals(event.stream()),
                        event,
                        "is in another's stream");
                require(
                        number == numbers.merge(writer, 1L, Long::sum),
                        event,
                        "is not the next of its writer");
                require(
                        event.version() == versions.merge(event.stream(), 1L, Long::sum),
                        event,
                        "is not of the next version");
                require(
                        Arrays.equals(event.data(), Payload.of(writer, number, bytes)),
                        event,
                        "has other data than were written");
                last = event.position();
            }
        if (!numbers.equals(acknowledged))
            throw new IllegalStateException(
                    "acknowledged were up to " + acknowledged + ", there are " + numbers);
    }

    private static void require(boolean right, MeasuredStore.Entry event, String what) {
        if (!right)
            throw new IllegalStateException(
                    "the event at position "
                            + event.position()
                            + ", version "
                            + event.version()
                            + " of "
                            + event.stream()
                            + ", "
                            + what);
    }
}
