package dev.weft.hub;

import dev.weft.core.Span;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The traces of late, in memory: at most {@link Bounds#traces} with {@link Bounds#spans} and {@link
 * Bounds#bytes} in all. The trace that began first goes first.
 *
 * <p>Spans come in any order, from any service, and late. The monitor guards everything here and is
 * held for no longer than one walk over the traces.
 */
final class TraceStore {

    /**
     * How much is kept.
     *
     * @param spansPerTrace what a trace has beyond it is left out
     * @param bytes an estimate of the memory
     */
    record Bounds(int traces, int spans, int spansPerTrace, long bytes) {
        static final Bounds DEFAULT = new Bounds(20_000, 400_000, 5_000, 96L << 20);
    }

    /** A trace in a list. */
    public record Summary(
            String traceId,
            String name,
            String service,
            Instant start,
            double durationMs,
            int spans,
            int errors,
            List<String> services) {}

    /** A trace with its spans in order of their start. */
    public record Whole(
            String traceId, Instant start, double durationMs, int leftOut, List<Step> spans) {}

    /** A span; {@code parentId} is absent at the root, {@code error} if nothing went wrong. */
    public record Step(
            String spanId,
            Optional<String> parentId,
            String service,
            String instance,
            String name,
            Span.Kind kind,
            Instant start,
            double offsetMs,
            double durationMs,
            Map<String, Object> attributes,
            Optional<String> error) {}

    /** Which traces are asked for. */
    record Wanted(int limit, Optional<String> service, double minMs, boolean failedOnly) {}

    /** What there is. */
    public record Size(int traces, int spans, long bytes, long dropped) {}

    private static final class Kept {
        final List<StoredSpan> spans = new ArrayList<>(8);
        long bytes;
        int leftOut;
    }

    private final Bounds bounds;
    private final LinkedHashMap<TraceId, Kept> traces = new LinkedHashMap<>();
    private int spans;
    private long bytes;
    private long dropped;

    TraceStore(Bounds bounds) {
        this.bounds = bounds;
    }

    synchronized void add(TraceId id, StoredSpan span) {
        var kept = traces.computeIfAbsent(id, i -> new Kept());
        if (kept.spans.size() >= bounds.spansPerTrace) {
            kept.leftOut++;
            dropped++;
            return;
        }
        kept.spans.add(span);
        int weight = span.weightBytes();
        kept.bytes += weight;
        bytes += weight;
        spans++;
        while (traces.size() > bounds.traces || spans > bounds.spans || bytes > bounds.bytes)
            dropOldest();
    }

    private void dropOldest() {
        var oldest = traces.pollFirstEntry().getValue();
        spans -= oldest.spans.size();
        bytes -= oldest.bytes;
        dropped += oldest.spans.size();
    }

    /** Those wanted, the newest first. */
    synchronized List<Summary> list(Wanted wanted) {
        var found = new ArrayList<Summary>();
        for (var entry : traces.sequencedEntrySet().reversed()) {
            if (found.size() >= wanted.limit) break;
            var spans = entry.getValue().spans;
            if (matches(spans, wanted)) found.add(summary(entry.getKey(), spans));
        }
        return found;
    }

    private static boolean matches(List<StoredSpan> spans, Wanted wanted) {
        if (wanted.failedOnly && spans.stream().allMatch(s -> s.error().isEmpty())) return false;
        if (wanted.service.isPresent()
                && spans.stream().noneMatch(s -> s.service().equals(wanted.service.get())))
            return false;
        return wanted.minMs <= 0 || millis(end(spans) - start(spans)) >= wanted.minMs;
    }

    private static Summary summary(TraceId id, List<StoredSpan> spans) {
        long start = start(spans);
        var root = root(spans);
        var services = new TreeSet<String>();
        int errors = 0;
        for (var span : spans) {
            services.add(span.service());
            if (!span.error().isEmpty()) errors++;
        }
        return new Summary(
                id.toString(),
                root.name(),
                root.service(),
                StoredSpan.instant(start),
                millis(end(spans) - start),
                spans.size(),
                errors,
                List.copyOf(services));
    }

    /** The trace with all its spans, if it is still there. */
    synchronized Optional<Whole> whole(TraceId id) {
        var kept = traces.get(id);
        if (kept == null) return Optional.empty();
        long start = start(kept.spans);
        var steps =
                kept.spans.stream()
                        .sorted(Comparator.comparingLong(StoredSpan::startNanos))
                        .map(span -> step(span, start))
                        .toList();
        return Optional.of(
                new Whole(
                        id.toString(),
                        StoredSpan.instant(start),
                        millis(end(kept.spans) - start),
                        kept.leftOut,
                        steps));
    }

    private static Step step(StoredSpan span, long traceStart) {
        var hex = HexFormat.of();
        return new Step(
                hex.toHexDigits(span.id()),
                span.parent() == 0 ? Optional.empty() : Optional.of(hex.toHexDigits(span.parent())),
                span.service(),
                span.instance(),
                span.name(),
                span.kind(),
                span.start(),
                millis(span.startNanos() - traceStart),
                millis(span.durationNanos()),
                span.attributesByName(),
                span.error().isEmpty() ? Optional.empty() : Optional.of(span.error()));
    }

    synchronized Size size() {
        return new Size(traces.size(), spans, bytes, dropped);
    }

    /** The span without a parent here; the earliest if there are several. */
    private static StoredSpan root(List<StoredSpan> spans) {
        var ids = new HashSet<Long>();
        for (var span : spans) ids.add(span.id());
        return spans.stream()
                .filter(span -> !ids.contains(span.parent()))
                .min(Comparator.comparingLong(StoredSpan::startNanos))
                .orElse(spans.getFirst());
    }

    private static long start(List<StoredSpan> spans) {
        return spans.stream().mapToLong(StoredSpan::startNanos).min().orElse(0);
    }

    private static long end(List<StoredSpan> spans) {
        return spans.stream().mapToLong(StoredSpan::endNanos).max().orElse(0);
    }

    private static double millis(long nanos) {
        return nanos / 1_000_000.0;
    }
}
