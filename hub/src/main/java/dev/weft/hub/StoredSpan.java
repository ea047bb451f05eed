package dev.weft.hub;

import dev.weft.core.Span;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A span as the trace store keeps it: small, for there are many.
 *
 * @param id the span's id as a number
 * @param parent the enclosing span's; 0 at the root
 * @param startNanos since 1970
 * @param attributes name, value, name, value …; values are text, {@code Long}, {@code Double},
 *     {@code Boolean}
 * @param error what went wrong; empty if nothing did
 */
record StoredSpan(
        long id,
        long parent,
        String service,
        String instance,
        String name,
        Span.Kind kind,
        long startNanos,
        long durationNanos,
        Object[] attributes,
        String error) {

    /** About how many bytes it takes. */
    int weightBytes() {
        int weight = 120 + error.length();
        for (var value : attributes)
            weight += 24 + (value instanceof String text ? text.length() : 0);
        return weight;
    }

    long endNanos() {
        return startNanos + durationNanos;
    }

    Instant start() {
        return instant(startNanos);
    }

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(0, nanos);
    }

    Map<String, Object> attributesByName() {
        var byName = new LinkedHashMap<String, Object>();
        for (int i = 0; i + 1 < attributes.length; i += 2)
            byName.put((String) attributes[i], attributes[i + 1]);
        return byName;
    }
}
