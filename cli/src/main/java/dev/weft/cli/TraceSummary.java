package dev.weft.cli;

import java.time.Instant;
import java.util.List;

/** A trace in the hub's list. */
record TraceSummary(
        String traceId,
        String name,
        String service,
        Instant start,
        double durationMs,
        int spans,
        int errors,
        List<String> services) {

    /** The list, as the hub tells it. */
    record Latest(List<TraceSummary> traces) {}
}
