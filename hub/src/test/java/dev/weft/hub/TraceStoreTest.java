package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Span;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TraceStoreTest {

    private static final TraceStore.Wanted ALL =
            new TraceStore.Wanted(100, Optional.empty(), 0, false);

    @Test
    void keeps_the_newest_traces() {
        var store = new TraceStore(new TraceStore.Bounds(3, 100, 100, 1 << 20));
        for (int i = 1; i <= 5; i++) store.add(id(i), span(i, 0, "cart", 10, ""));
        assertThat(store.list(ALL))
                .extracting(TraceStore.Summary::traceId)
                .containsExactly(id(5).toString(), id(4).toString(), id(3).toString());
        assertThat(store.size().dropped()).isEqualTo(2);
    }

    @Test
    void is_bounded_by_spans_and_by_bytes() {
        var bySpans = new TraceStore(new TraceStore.Bounds(100, 10, 100, 1 << 20));
        var byBytes = new TraceStore(new TraceStore.Bounds(100, 100, 100, 1_000));
        for (int trace = 1; trace <= 5; trace++)
            for (int i = 1; i <= 4; i++) {
                bySpans.add(id(trace), span(i, 0, "cart", 10, ""));
                byBytes.add(id(trace), span(i, 0, "cart", 10, ""));
            }
        assertThat(bySpans.size().spans()).isEqualTo(8);
        assertThat(byBytes.size().bytes()).isLessThanOrEqualTo(1_000);
    }

    @Test
    void one_trace_does_not_fill_it() {
        var store = new TraceStore(new TraceStore.Bounds(100, 100, 5, 1 << 20));
        for (int i = 1; i <= 50; i++) store.add(id(1), span(i, 0, "cart", 10, ""));
        assertThat(store.whole(id(1)).orElseThrow().spans()).hasSize(5);
        assertThat(store.whole(id(1)).orElseThrow().leftOut()).isEqualTo(45);
    }

    @Test
    void lists_by_service_duration_and_error() {
        var store = new TraceStore(TraceStore.Bounds.DEFAULT);
        store.add(id(1), span(1, 0, "cart", 10, ""));
        store.add(id(2), span(1, 0, "cart", 500, ""));
        store.add(id(2), span(2, 1, "order", 20, "broken"));
        assertThat(store.list(new TraceStore.Wanted(9, Optional.of("order"), 0, false)))
                .extracting(TraceStore.Summary::traceId)
                .containsExactly(id(2).toString());
        assertThat(store.list(new TraceStore.Wanted(9, Optional.empty(), 100, false))).hasSize(1);
        assertThat(store.list(new TraceStore.Wanted(9, Optional.empty(), 0, true))).hasSize(1);
        assertThat(store.list(ALL)).hasSize(2);
        var summary = store.list(ALL).getFirst();
        assertThat(summary.name()).isEqualTo("span 1");
        assertThat(summary.service()).isEqualTo("cart");
        assertThat(summary.services()).containsExactly("cart", "order");
        assertThat(summary.errors()).isEqualTo(1);
        assertThat(summary.durationMs()).isEqualTo(500);
    }

    @Test
    void the_root_is_found_when_its_parent_was_never_sent() {
        var store = new TraceStore(TraceStore.Bounds.DEFAULT);
        store.add(id(1), span(3, 2, "cart", 10, ""));
        store.add(id(1), span(2, 77, "order", 10, ""));
        assertThat(store.list(ALL).getFirst().name()).isEqualTo("span 2");
    }

    private static TraceId id(long number) {
        return new TraceId(1, number);
    }

    private static StoredSpan span(long id, long parent, String service, long ms, String error) {
        return new StoredSpan(
                id,
                parent,
                service,
                service + "-1",
                "span " + id,
                Span.Kind.INTERNAL,
                1_000_000_000L,
                ms * 1_000_000,
                new Object[0],
                error);
    }
}
