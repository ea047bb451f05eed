package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.weft.core.Failure;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Status;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class OtlpIntakeTest {

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

    private final TraceStore store = new TraceStore(TraceStore.Bounds.DEFAULT);
    private final OtlpIntake intake = new OtlpIntake(store);

    @Test
    void reads_what_the_reference_writes() {
        assertThat(intake.protobuf(request().toByteArray())).isZero();
        var trace = store.whole(TraceId.parse(TRACE).orElseThrow()).orElseThrow();
        assertThat(trace.durationMs()).isEqualTo(2.5);
        assertThat(trace.spans()).hasSize(2);
        var root = trace.spans().getFirst();
        assertThat(root.parentId()).isEmpty();
        assertThat(root.spanId()).isEqualTo("b7ad6b7169203331");
        assertThat(root.service()).isEqualTo("cart");
        assertThat(root.instance()).isEqualTo("cart-1");
        assertThat(root.name()).isEqualTo("GET /carts/{id}");
        assertThat(root.kind()).isEqualTo(Span.Kind.SERVER);
        assertThat(root.error()).hasValue("it broke");
        assertThat(root.attributes())
                .containsEntry("text", "ü")
                .containsEntry("number", -5L)
                .containsEntry("share", 0.25)
                .containsEntry("late", true)
                .containsEntry("list", "[1, a]")
                .containsEntry("map", "[k=v]");
        var child = trace.spans().getLast();
        assertThat(child.parentId()).hasValue("b7ad6b7169203331");
        assertThat(child.offsetMs()).isEqualTo(0.5);
        assertThat(child.error()).isEmpty();
    }

    @Test
    void reads_json_as_the_specification_has_it() {
        var json =
                """
                {"resourceSpans":[{"resource":{"attributes":[
                    {"key":"service.name","value":{"stringValue":"cart"}}]},
                  "scopeSpans":[{"scope":{"name":"x"},"spans":[
                    {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
                     "parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
                     "startTimeUnixNano":"1544712660000000000",
                     "endTimeUnixNano":"1544712661000000000","kind":2,
                     "attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}},
                       {"key":"n","value":{"intValue":"-7"}},
                       {"key":"b","value":{"boolValue":true}},
                       {"key":"d","value":{"doubleValue":1.5}}],
                     "status":{"code":2,"message":"no"},"unknown":null}]}]}]}\
                """;
        assertThat(
                        intake.json(
                                Json.readMap(
                                        json.getBytes(java.nio.charset.StandardCharsets.UTF_8))))
                .isZero();
        var trace =
                store.whole(TraceId.parse("5b8efff798038103d269b633813fc60c").orElseThrow())
                        .orElseThrow();
        var span = trace.spans().getFirst();
        assertThat(span.service()).isEqualTo("cart");
        assertThat(span.kind()).isEqualTo(Span.Kind.SERVER);
        assertThat(span.durationMs()).isEqualTo(1000);
        assertThat(span.error()).hasValue("no");
        assertThat(span.attributes())
                .containsEntry("my.span.attr", "some value")
                .containsEntry("n", -7L)
                .containsEntry("b", true)
                .containsEntry("d", 1.5);
    }

    @Test
    void refuses_spans_without_valid_ids_and_keeps_the_others() {
        var request = request().toBuilder();
        request.getResourceSpansBuilder(0)
                .getScopeSpansBuilder(0)
                .addSpans(io.opentelemetry.proto.trace.v1.Span.newBuilder().setName("no ids"));
        assertThat(intake.protobuf(request.build().toByteArray())).isEqualTo(1);
        assertThat(store.size().spans()).isEqualTo(2);
    }

    @Test
    void cuts_what_is_too_long() {
        var request = request().toBuilder();
        var span = request.getResourceSpansBuilder(0).getScopeSpansBuilder(0).getSpansBuilder(0);
        for (int i = 0; i < 200; i++)
            span.addAttributes(attribute("a" + i, AnyValue.newBuilder().setStringValue("x")));
        span.setName("n".repeat(10_000));
        intake.protobuf(request.build().toByteArray());
        var root = store.whole(TraceId.parse(TRACE).orElseThrow()).orElseThrow().spans().getFirst();
        assertThat(root.attributes()).hasSize(OtlpIntake.MAX_ATTRIBUTES);
        assertThat(root.name()).hasSize(OtlpIntake.MAX_TEXT + 1);
    }

    @Test
    void broken_messages_are_malformed_and_nothing_else() {
        long seed = Long.getLong("weft.seed", SystemTime.INSTANCE.nanos());
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        var valid = request().toByteArray();
        for (int i = 0; i < 20_000; i++) {
            var broken = Arrays.copyOf(valid, 1 + random.nextInt(valid.length));
            for (int flips = random.nextInt(4); flips >= 0; flips--)
                broken[random.nextInt(broken.length)] = (byte) random.nextInt();
            try {
                intake.protobuf(broken);
            } catch (Failure.Malformed expected) {
                assertThat(expected).hasMessageContaining("");
            } catch (RuntimeException e) {
                throw new AssertionError("with -Dweft.seed=" + seed, e);
            }
        }
    }

    @Test
    void values_nested_without_end_are_malformed() {
        var value = AnyValue.newBuilder().setStringValue("core").build();
        for (int i = 0; i < 50; i++)
            value =
                    AnyValue.newBuilder()
                            .setArrayValue(ArrayValue.newBuilder().addValues(value))
                            .build();
        var request = request().toBuilder();
        request.getResourceSpansBuilder(0)
                .getScopeSpansBuilder(0)
                .getSpansBuilder(0)
                .addAttributes(KeyValue.newBuilder().setKey("deep").setValue(value));
        var bytes = request.build().toByteArray();
        assertThatThrownBy(() -> intake.protobuf(bytes))
                .isInstanceOf(Failure.Malformed.class)
                .hasMessageContaining("deeper");
    }

    static ExportTraceServiceRequest request() {
        var root =
                span("b7ad6b7169203331", "GET /carts/{id}", 1_000_000, 3_500_000)
                        .setKind(io.opentelemetry.proto.trace.v1.Span.SpanKind.SPAN_KIND_SERVER)
                        .setStatus(
                                Status.newBuilder()
                                        .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                                        .setMessage("it broke"))
                        .addAttributes(attribute("text", AnyValue.newBuilder().setStringValue("ü")))
                        .addAttributes(attribute("number", AnyValue.newBuilder().setIntValue(-5)))
                        .addAttributes(
                                attribute("share", AnyValue.newBuilder().setDoubleValue(0.25)))
                        .addAttributes(attribute("late", AnyValue.newBuilder().setBoolValue(true)))
                        .addAttributes(
                                attribute(
                                        "list",
                                        AnyValue.newBuilder()
                                                .setArrayValue(
                                                        ArrayValue.newBuilder()
                                                                .addValues(
                                                                        AnyValue.newBuilder()
                                                                                .setIntValue(1))
                                                                .addValues(
                                                                        AnyValue.newBuilder()
                                                                                .setStringValue(
                                                                                        "a")))))
                        .addAttributes(
                                attribute(
                                        "map",
                                        AnyValue.newBuilder()
                                                .setKvlistValue(
                                                        KeyValueList.newBuilder()
                                                                .addValues(
                                                                        attribute(
                                                                                "k",
                                                                                AnyValue
                                                                                        .newBuilder()
                                                                                        .setStringValue(
                                                                                                "v"))))));
        var child =
                span("00f067aa0ba902b7", "select", 1_500_000, 2_000_000)
                        .setParentSpanId(root.getSpanId());
        return ExportTraceServiceRequest.newBuilder()
                .addResourceSpans(
                        ResourceSpans.newBuilder()
                                .setSchemaUrl("https://example.org")
                                .setResource(
                                        Resource.newBuilder()
                                                .addAttributes(
                                                        attribute(
                                                                "service.name",
                                                                AnyValue.newBuilder()
                                                                        .setStringValue("cart")))
                                                .addAttributes(
                                                        attribute(
                                                                "service.instance.id",
                                                                AnyValue.newBuilder()
                                                                        .setStringValue("cart-1"))))
                                .addScopeSpans(
                                        ScopeSpans.newBuilder()
                                                .setScope(
                                                        InstrumentationScope.newBuilder()
                                                                .setName("test"))
                                                .addSpans(root)
                                                .addSpans(child)))
                .build();
    }

    private static io.opentelemetry.proto.trace.v1.Span.Builder span(
            String id, String name, long start, long end) {
        return io.opentelemetry.proto.trace.v1.Span.newBuilder()
                .setTraceId(bytes(TRACE))
                .setSpanId(bytes(id))
                .setFlags(1)
                .setName(name)
                .setStartTimeUnixNano(start)
                .setEndTimeUnixNano(end);
    }

    private static KeyValue attribute(String key, AnyValue.Builder value) {
        return KeyValue.newBuilder().setKey(key).setValue(value).build();
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
