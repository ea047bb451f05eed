package dev.weft.events;

import dev.weft.core.Receipt;
import dev.weft.json.RawJson;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a bus over HTTP and its clients say to each other in JSON, with names in snake_case, as {@code
 * docs/how-it-works.md} has it.
 */
public final class BusMessages {

    private BusMessages() {}

    /**
     * An event.
     *
     * @param source left out in a publication, whose path names it
     */
    public record Sent(
            Optional<String> source,
            long position,
            int part,
            String type,
            String key,
            Instant at,
            RawJson data,
            Optional<String> traceparent,
            Optional<String> tracestate,
            Optional<String> baggage,
            Optional<String> criticality,
            Optional<String> cause) {

        /** An event with its source. */
        public static Sent of(BusEvent event) {
            return of(Optional.of(event.source()), event);
        }

        private static Sent of(Optional<String> source, BusEvent event) {
            var origin = event.origin();
            return new Sent(
                    source,
                    event.position(),
                    event.part(),
                    event.type(),
                    event.key(),
                    event.at(),
                    new RawJson(event.data()),
                    given(origin.traceparent()),
                    given(origin.tracestate()),
                    given(origin.baggage()),
                    given(origin.criticality()),
                    given(origin.cause()));
        }

        private static Optional<String> given(String text) {
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        }

        private BusEvent from(String source) {
            return new BusEvent(
                    source,
                    position,
                    part,
                    type,
                    key,
                    at,
                    data.utf8(),
                    new Origin(
                            traceparent.orElse(""),
                            tracestate.orElse(""),
                            baggage.orElse(""),
                            criticality.orElse(""),
                            cause.orElse(""),
                            ""));
        }
    }

    /**
     * What a service tells.
     *
     * @param through the position of its log up to which it has told everything
     */
    public record Publication(long through, List<Sent> events) {

        public static Publication of(long through, List<BusEvent> events) {
            return new Publication(
                    through,
                    events.stream().map(event -> Sent.of(Optional.empty(), event)).toList());
        }

        public List<BusEvent> from(String source) {
            return events.stream().map(event -> event.from(source)).toList();
        }
    }

    /** How far a service has told. */
    public record PublishedThrough(long published) {}

    /** A consumer's wish for events of these types. */
    public record Join(Set<String> types) {}

    /** A consumer's wish for more, and how long it waits for it. */
    public record Poll(long waitMs) {}

    /**
     * What a consumer gets.
     *
     * @param applied how far each source is applied, by the source
     */
    public record Handed(List<Sent> events, Map<String, Long> applied) {

        public static Handed of(Bus.Batch batch) {
            return new Handed(
                    batch.events().stream().map(Sent::of).toList(), batch.applied().positions());
        }

        public Bus.Batch batch() {
            return new Bus.Batch(
                    events.stream().map(event -> event.from(event.source.orElse(""))).toList(),
                    new Receipt(applied));
        }
    }

    /** The ids of the events that a consumer is done with. */
    public record Acknowledgement(List<String> ids) {}

    /** The ids of those that do not count, because another consumer has them now. */
    public record Acknowledged(List<String> refused) {}
}
