package dev.weft.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Failure;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Trace;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OtlpSpansTest {

    private static final Time TIME = SystemTime.INSTANCE;

    private final LinkedBlockingQueue<Request> requests = new LinkedBlockingQueue<>();

    @Test
    void what_it_sends_reads_as_otlp() throws Exception {
        var attributes = new LinkedHashMap<String, Object>();
        attributes.put("http.route", "/carts/{id}");
        attributes.put("http.response.status_code", 503);
        attributes.put("weft.late", true);
        attributes.put("weft.share", 0.25);
        attributes.put("weft.negative", -3L);
        var trace = new Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true, "a=1");
        var span =
                new Span(
                        trace,
                        "00f067aa0ba902b7",
                        "GET /carts/{id}",
                        Span.Kind.SERVER,
                        Instant.parse("2026-05-04T03:02:01.000000009Z"),
                        1_500_000,
                        attributes,
                        "it broke — badly");
        try (var spans = spans(this::take)) {
            spans.accept(span);
        }
        var request = requests.remove();
        assertThat(request.headers().get("Content-Type")).hasValue("application/x-protobuf");
        assertThat(request.path()).isEqualTo("/v1/traces");
        var resourceSpans = read(request).getResourceSpans(0);
        assertThat(texts(resourceSpans.getResource().getAttributesList()))
                .containsEntry("service.name", "cart")
                .containsEntry("service.instance.id", "cart-1");
        var scopeSpans = resourceSpans.getScopeSpans(0);
        assertThat(scopeSpans.getScope().getName()).isEqualTo("dev.weft");
        var read = scopeSpans.getSpans(0);
        assertThat(hex(read.getTraceId().toByteArray())).isEqualTo(trace.traceId());
        assertThat(hex(read.getSpanId().toByteArray())).isEqualTo(trace.spanId());
        assertThat(hex(read.getParentSpanId().toByteArray())).isEqualTo("00f067aa0ba902b7");
        assertThat(read.getTraceState()).isEqualTo("a=1");
        assertThat(read.getName()).isEqualTo("GET /carts/{id}");
        assertThat(read.getKind().getNumber()).isEqualTo(2);
        assertThat(read.getStartTimeUnixNano()).isEqualTo(1_777_863_721_000_000_009L);
        assertThat(read.getEndTimeUnixNano() - read.getStartTimeUnixNano()).isEqualTo(1_500_000);
        assertThat(read.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
        assertThat(read.getStatus().getMessage()).isEqualTo("it broke — badly");
        var values = new LinkedHashMap<String, Object>();
        for (var pair : read.getAttributesList())
            values.put(
                    pair.getKey(),
                    switch (pair.getValue().getValueCase()) {
                        case BOOL_VALUE -> pair.getValue().getBoolValue();
                        case INT_VALUE -> pair.getValue().getIntValue();
                        case DOUBLE_VALUE -> pair.getValue().getDoubleValue();
                        default -> pair.getValue().getStringValue();
                    });
        assertThat(values)
                .isEqualTo(
                        Map.of(
                                "http.route",
                                "/carts/{id}",
                                "http.response.status_code",
                                503L,
                                "weft.late",
                                true,
                                "weft.share",
                                0.25,
                                "weft.negative",
                                -3L));
    }

    @Test
    void sends_a_lonely_span_within_a_moment() throws Exception {
        try (var spans = spans(this::take)) {
            spans.accept(span("one"));
            var request = requests.poll(10, TimeUnit.SECONDS);
            assertThat(names(List.of(request))).containsExactly("one");
        }
    }

    @Test
    void sends_many_in_batches_in_order_and_loses_none() throws Exception {
        var expected = new ArrayList<String>();
        try (var spans = spans(this::take)) {
            for (int i = 0; i < 5_000; i++) {
                expected.add("span " + i);
                spans.accept(span("span " + i));
            }
        }
        assertThat(names(List.copyOf(requests))).isEqualTo(expected);
        for (var request : requests)
            assertThat(read(request).getResourceSpans(0).getScopeSpans(0).getSpansCount())
                    .isLessThanOrEqualTo(OtlpSpans.MAX_BATCH);
    }

    @Test
    void tries_again_while_the_collector_is_away() throws Exception {
        var tries = new AtomicInteger();
        try (var spans =
                spans(request -> {
                    if (tries.incrementAndGet() < 3)
                        throw new Failure.Unreachable("away", false, null);
                    return take(request);
                })) {
            spans.accept(span("patient"));
            assertThat(requests.poll(20, TimeUnit.SECONDS)).isNotNull();
            assertThat(spans.dropped()).isZero();
        }
    }

    @Test
    void drops_what_does_not_fit_and_counts_it() throws Exception {
        var gate = new Semaphore(0);
        try (var spans =
                spans(request -> {
                    gate.acquire();
                    return take(request);
                })) {
            int given = OtlpSpans.MAX_QUEUED + OtlpSpans.MAX_BATCH + 10;
            for (int i = 0; i < given; i++) spans.accept(span("s"));
            assertThat(spans.dropped()).isBetween(10L, 10L + OtlpSpans.MAX_BATCH);
            gate.release(1_000);
        }
    }

    @Test
    void closing_is_bounded_when_the_collector_hangs() throws Exception {
        long start = TIME.nanos();
        var spans =
                spans(request -> {
                    new Semaphore(0).acquire();
                    return Response.of(200);
                });
        spans.accept(span("stuck"));
        spans.close();
        assertThat(Duration.ofNanos(TIME.nanos() - start)).isLessThan(Duration.ofSeconds(20));
        assertThat(spans.dropped()).isEqualTo(1);
    }

    private OtlpSpans spans(Service<Request, Response> collector) {
        return new OtlpSpans(collector, "/v1/traces", "cart", "cart-1", TIME);
    }

    private Response take(Request request) {
        requests.add(request);
        return Response.of(200);
    }

    private static Span span(String name) {
        return new Span(
                Trace.start(TIME, true).child(TIME),
                "",
                name,
                Span.Kind.INTERNAL,
                TIME.now(),
                1,
                Map.of(),
                "");
    }

    private static ExportTraceServiceRequest read(Request request) throws Exception {
        return ExportTraceServiceRequest.parseFrom(request.body().bytes());
    }

    private static List<String> names(List<Request> requests) throws Exception {
        var names = new ArrayList<String>();
        for (var request : requests)
            for (var span : read(request).getResourceSpans(0).getScopeSpans(0).getSpansList())
                names.add(span.getName());
        return names;
    }

    private static Map<String, String> texts(List<KeyValue> attributes) {
        var texts = new LinkedHashMap<String, String>();
        for (var pair : attributes) texts.put(pair.getKey(), pair.getValue().getStringValue());
        return texts;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
