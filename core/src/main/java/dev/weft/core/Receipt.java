package dev.weft.core;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a write left behind: for each service the newest position of its log that is meant.
 *
 * <p>On the wire {@code product=4711, customer=12}, in the header {@code Weft-Receipt} of an answer.
 * A request that names it in {@code Weft-After} is answered only once the service has applied those
 * positions.
 *
 * @param positions log position by service name; positions start at 1
 */
public record Receipt(Map<String, Long> positions) {

    /** Nothing was written. */
    public static final Receipt NONE = new Receipt(Map.of());

    /** The most services that one receipt may name. */
    public static final int MAX_SERVICES = 64;

    public Receipt {
        positions = Collections.unmodifiableMap(new TreeMap<>(positions));
    }

    public static Receipt of(String service, long position) {
        return new Receipt(Map.of(service, position));
    }

    /** Both together; of one service's positions the newer. */
    public Receipt and(Receipt other) {
        if (positions.isEmpty()) return other;
        if (other.positions.isEmpty()) return this;
        var both = new TreeMap<>(positions);
        other.positions.forEach((service, position) -> both.merge(service, position, Math::max));
        return new Receipt(both);
    }

    public boolean isEmpty() {
        return positions.isEmpty();
    }

    /** Reads the header's text; throws {@link Failure.Malformed} on anything else. */
    public static Receipt parse(String text) {
        var positions = new TreeMap<String, Long>();
        for (var part : text.split(",", -1)) {
            if (part.isBlank()) continue;
            int equals = part.indexOf('=');
            var service = equals < 0 ? "" : part.substring(0, equals).trim();
            if (service.isEmpty() || positions.size() == MAX_SERVICES) throw malformed(text);
            try {
                long position = Long.parseLong(part.substring(equals + 1).trim());
                if (position < 0) throw malformed(text);
                positions.merge(service, position, Math::max);
            } catch (NumberFormatException e) {
                throw malformed(text);
            }
        }
        return new Receipt(positions);
    }

    private static Failure.Malformed malformed(String text) {
        return new Failure.Malformed(
                "a receipt reads \"service=position, …\" with at most "
                        + MAX_SERVICES
                        + " services, not \""
                        + text
                        + "\"");
    }

    @Override
    public String toString() {
        return positions.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(", "));
    }
}
