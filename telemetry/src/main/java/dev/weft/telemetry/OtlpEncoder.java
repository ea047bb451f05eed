package dev.weft.telemetry;

import dev.weft.core.Span;
import dev.weft.core.Trace;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Spans as an {@code ExportTraceServiceRequest} of OTLP 1 ({@code opentelemetry/proto/trace/v1}).
 *
 * <p>The field numbers are the protocol's; they never change. {@link Protobuf} wants everything last
 * to first.
 */
final class OtlpEncoder {

    private static final HexFormat HEX = HexFormat.of();

    private final Map<String, Object> resource;

    OtlpEncoder(Map<String, Object> resource) {
        this.resource = resource;
    }

    byte[] encode(List<Span> spans) {
        var out = new Protobuf(spans.size() * 320 + 256);
        int scopeSpans = out.mark();
        for (var span : spans.reversed()) span(out, span);
        int scope = out.mark();
        out.text(1, "dev.weft");
        out.close(1, scope);
        out.close(2, scopeSpans);
        int ofResource = out.mark();
        attributes(out, 1, resource);
        out.close(1, ofResource);
        out.close(1, 0);
        return out.bytes();
    }

    private static void span(Protobuf out, Span span) {
        int mark = out.mark();
        out.fixed32(16, span.trace().sampled() ? 1 : 0);
        if (!span.error().isEmpty()) {
            int status = out.mark();
            out.number(3, 2);
            out.text(2, span.error());
            out.close(15, status);
        }
        attributes(out, 9, span.attributes());
        long startNanos = epochNanos(span.start());
        out.fixed64(8, startNanos + Math.max(0, span.durationNanos()));
        out.fixed64(7, startNanos);
        out.number(6, kind(span.kind()));
        out.text(5, span.name());
        if (!span.parentId().isEmpty()) out.bytes(4, HEX.parseHex(span.parentId()));
        trace(out, span.trace());
        out.close(2, mark);
    }

    private static void trace(Protobuf out, Trace trace) {
        if (!trace.state().isEmpty()) out.text(3, trace.state());
        out.bytes(2, HEX.parseHex(trace.spanId()));
        out.bytes(1, HEX.parseHex(trace.traceId()));
    }

    private static void attributes(Protobuf out, int field, Map<String, Object> attributes) {
        attributes.forEach((key, value) -> {
            int pair = out.mark();
            int any = out.mark();
            switch (value) {
                case Boolean truth -> out.number(2, truth ? 1 : 0);
                case Double number -> out.fixed64(4, Double.doubleToRawLongBits(number));
                case Float number -> out.fixed64(4, Double.doubleToRawLongBits(number));
                case Number whole -> out.number(3, whole.longValue());
                default -> out.text(1, value.toString());
            }
            out.close(2, any);
            out.text(1, key);
            out.close(field, pair);
        });
    }

    private static int kind(Span.Kind kind) {
        return switch (kind) {
            case INTERNAL -> 1;
            case SERVER -> 2;
            case CLIENT -> 3;
            case PRODUCER -> 4;
            case CONSUMER -> 5;
        };
    }

    private static long epochNanos(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000 + instant.getNano();
    }
}
