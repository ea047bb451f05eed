package dev.weft.app.hub;

import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.Receipt;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.json.RawJson;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The words of the hub's protocol, as {@code docs/how-it-works.md} has them. */
final class Wire {

    private Wire() {}

    /** An event; {@code source} is left out in a publication, whose path names it. */
    record Sent(
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

        static Sent of(BusEvent event) {
            return new Sent(
                    Optional.empty(),
                    event.position(),
                    event.part(),
                    event.type(),
                    event.key(),
                    event.at(),
                    new RawJson(event.data()),
                    given(event.origin().traceparent()),
                    given(event.origin().tracestate()),
                    given(event.origin().baggage()),
                    given(event.origin().criticality()),
                    given(event.origin().cause()));
        }

        private static Optional<String> given(String text) {
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        }

        BusEvent event() {
            return new BusEvent(
                    source.orElse(""),
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

    record Publication(long through, List<Sent> events) {}

    record PublishedThrough(long published) {}

    record Join(Set<String> types) {}

    record Poll(long waitMs) {}

    record Handed(List<Sent> events, Map<String, Long> applied) {
        Bus.Batch batch() {
            return new Bus.Batch(events.stream().map(Sent::event).toList(), new Receipt(applied));
        }
    }

    record Acknowledgement(List<String> ids) {}

    record Registration(
            String service,
            URI address,
            Instance.State state,
            List<String> routes,
            Optional<Load> load,
            long leaseMs) {}

    record View(
            String version,
            boolean warming,
            boolean complete,
            List<Instance> instances,
            Set<String> gone) {}
}
