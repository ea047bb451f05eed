package dev.weft.cli;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A trace with its steps, as the hub tells it.
 *
 * @param leftOut how many steps the hub did not keep
 */
record WholeTrace(String traceId, Instant start, double durationMs, int leftOut, List<Step> spans) {

    /** One step. */
    record Step(
            String spanId,
            Optional<String> parentId,
            String service,
            String instance,
            String name,
            String kind,
            double offsetMs,
            double durationMs,
            Map<String, Object> attributes,
            Optional<String> error) {

        /** What came of it, in a word. */
        String outcome() {
            var status = attributes.get("http.response.status_code");
            if (status != null) return status.toString();
            return error.isPresent() ? "error" : "ok";
        }

        /** What went wrong, beyond the {@link #outcome}; may have several lines. */
        Optional<String> why() {
            return error.map(String::strip).filter(it -> !it.isEmpty() && !it.equals(outcome()));
        }
    }
}
