package dev.weft.core;

import java.time.Instant;
import java.util.Map;

/**
 * One finished step of a trace.
 *
 * @param trace the trace's id and this span's own id
 * @param parentId the enclosing span's id; empty at the root
 * @param name short and of few values: {@code POST /carts/{customer_id}/items}
 * @param attributes text, whole numbers, booleans or doubles by OpenTelemetry's names
 * @param error what went wrong; empty if nothing did
 */
public record Span(
        Trace trace,
        String parentId,
        String name,
        Kind kind,
        Instant start,
        long durationNanos,
        Map<String, Object> attributes,
        String error) {

    /** The span's role, as OpenTelemetry names it. */
    public enum Kind {
        INTERNAL,
        SERVER,
        CLIENT,
        PRODUCER,
        CONSUMER
    }

    /** Where finished spans go; it never blocks and never throws. */
    @FunctionalInterface
    public interface Sink {
        Sink NONE = span -> {};

        void accept(Span span);
    }
}
