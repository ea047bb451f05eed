package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The context, what it is made of, and how it travels. */
class ContextTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @Test
    void is_bound_for_the_work_and_its_threads_and_nowhere_else() throws Exception {
        var context = Context.none().withAttempt(2);
        var seen = new AtomicReference<Context>();
        context.call(() -> {
            TIME.start("test", () -> seen.set(Context.current())).join();
            assertThat(Context.current()).isSameAs(context);
            Context.none().run(() -> assertThat(Context.current().attempt()).isEqualTo(1));
            return "";
        });
        assertThat(seen.get()).isSameAs(context);
        assertThat(Context.current()).isSameAs(Context.none());
    }

    @Test
    void travels_in_headers() throws Exception {
        var trace = Trace.parse(PARENT, "vendor=x").orElseThrow();
        var context =
                Context.none()
                        .with(trace)
                        .with(Baggage.EMPTY.with("user", "ä,b;c=d"))
                        .with(Deadline.after(Duration.ofSeconds(3), TIME))
                        .with(Criticality.BACKGROUND)
                        .withAttempt(3);
        var request = context.call(() -> ContextHeaders.inject(Request.get("/")));
        assertThat(request.headers().get("traceparent")).hasValue(PARENT);
        var arrived = ContextHeaders.extract(request, Duration.ofSeconds(10), TIME);
        assertThat(arrived.trace()).isEqualTo(trace);
        assertThat(arrived.baggage().get("user")).hasValue("ä,b;c=d");
        assertThat(arrived.criticality()).isEqualTo(Criticality.BACKGROUND);
        assertThat(arrived.attempt()).isEqualTo(3);
        assertThat(arrived.deadline().remaining())
                .isBetween(Duration.ofMillis(1), Duration.ofSeconds(3));
    }

    @Test
    void nothing_travels_of_an_empty_context() {
        assertThat(ContextHeaders.inject(Request.get("/")).headers().size()).isZero();
    }

    @Test
    void a_request_is_not_trusted_with_its_deadline_attempt_or_criticality() {
        var longest = Duration.ofSeconds(10);
        for (var text : List.of("99999999", "abc", "", "9223372036854775807", "1e9"))
            assertThat(extract(ContextHeaders.DEADLINE, text).deadline().remaining())
                    .as(text)
                    .isBetween(Duration.ofSeconds(9), longest);
        for (var text : List.of("0", "-5", "-9223372036854775808"))
            assertThat(extract(ContextHeaders.DEADLINE, text).deadline().expired()).isTrue();
        assertThat(extract(ContextHeaders.ATTEMPT, "-1").attempt()).isEqualTo(1);
        assertThat(extract(ContextHeaders.ATTEMPT, "1000000").attempt()).isEqualTo(100);
        assertThat(extract(ContextHeaders.ATTEMPT, "x").attempt()).isEqualTo(1);
        assertThat(extract(ContextHeaders.CRITICALITY, "urgent").criticality())
                .isEqualTo(Criticality.NORMAL);
        assertThat(extract(ContextHeaders.CRITICALITY, "CRITICAL").criticality())
                .isEqualTo(Criticality.CRITICAL);
    }

    @Test
    void the_key_of_the_work_is_the_requests_idempotency_key() {
        var work = extract(ContextHeaders.IDEMPOTENCY_KEY, "k").work();
        assertThat(work.nextAppendKey()).isEqualTo("k#1");
        assertThat(work.nextAppendKey()).isEqualTo("k#2");
        assertThat(extract("X", "").work().nextAppendKey()).isEmpty();
    }

    @Test
    void two_traceparents_are_none() {
        var headers = Headers.of("traceparent", PARENT).and("traceparent", PARENT);
        var context =
                ContextHeaders.extract(
                        Request.get("/").with(headers), Duration.ofSeconds(10), TIME);
        assertThat(context.trace().exists()).isFalse();
    }

    private static Context extract(String name, String value) {
        return ContextHeaders.extract(
                Request.get("/").header(name, value), Duration.ofSeconds(10), TIME);
    }

    // Trace.

    @Test
    void a_traceparent_is_read_as_the_w3c_says() {
        var trace = Trace.parse(PARENT, "").orElseThrow();
        assertThat(trace.traceId()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
        assertThat(trace.spanId()).isEqualTo("b7ad6b7169203331");
        assertThat(trace.sampled()).isTrue();
        assertThat(trace.traceparent()).isEqualTo(PARENT);
        assertThat(Trace.parse(PARENT.replace("-01", "-02"), "").orElseThrow().sampled()).isFalse();
        assertThat(Trace.parse(PARENT.replace("00-0", "cc-0") + "-more", "")).isPresent();
    }

    @Test
    void a_malformed_traceparent_is_none() {
        for (var bad :
                List.of(
                        "",
                        PARENT + "-more",
                        PARENT.replace("00-0", "ff-0"),
                        PARENT.replace("0af7", "0AF7"),
                        PARENT.replace("0af7", "0xf7"),
                        PARENT.substring(1),
                        "00-" + "0".repeat(32) + "-b7ad6b7169203331-01",
                        "00-0af7651916cd43dd8448eb211c80319c-" + "0".repeat(16) + "-01",
                        PARENT.replace("00-0", "cc-0") + "more"))
            assertThat(Trace.parse(bad, "")).as(bad).isEmpty();
    }

    @Test
    void a_child_keeps_the_trace_and_has_its_own_span() {
        var start = Trace.start(TIME, true);
        assertThat(start.exists()).isTrue();
        assertThat(start.hasSpan()).isFalse();
        var child = start.child(TIME);
        assertThat(child.traceId()).isEqualTo(start.traceId());
        assertThat(child.hasSpan()).isTrue();
        assertThat(child.child(TIME).spanId()).isNotEqualTo(child.spanId());
    }

    @Test
    void spans_know_their_parents_and_their_errors() throws Exception {
        var spans = new ArrayList<Span>();
        var tracer = new Tracer(TIME, spans::add);
        assertThatThrownBy(() ->
                        tracer.span(
                                "outer",
                                Span.Kind.SERVER,
                                outer ->
                                        tracer.span(
                                                "inner",
                                                Span.Kind.CLIENT,
                                                inner -> {
                                                    inner.name("renamed").set("a", 1L);
                                                    throw new IllegalStateException("bad");
                                                })))
                .isInstanceOf(IllegalStateException.class);
        var inner = spans.get(0);
        var outer = spans.get(1);
        assertThat(inner.name()).isEqualTo("renamed");
        assertThat(inner.attributes()).isEqualTo(Map.of("a", 1L));
        assertThat(inner.parentId()).isEqualTo(outer.trace().spanId());
        assertThat(inner.trace().traceId()).isEqualTo(outer.trace().traceId());
        assertThat(outer.parentId()).isEmpty();
        assertThat(inner.error()).contains("bad");
        assertThat(outer.error()).contains("bad");
        assertThat(Context.current().trace().exists()).isFalse();
    }

    @Test
    void an_unsampled_trace_has_ids_and_no_spans() throws Exception {
        var spans = new ArrayList<Span>();
        var unsampled = Trace.start(TIME, false);
        var id =
                Context.none()
                        .with(unsampled)
                        .call(() ->
                                new Tracer(TIME, spans::add)
                                        .span(
                                                "x",
                                                Span.Kind.INTERNAL,
                                                span -> Context.current().trace().traceId()));
        assertThat(id).isEqualTo(unsampled.traceId());
        assertThat(spans).isEmpty();
    }

    // Baggage.

    @Test
    void baggage_comes_back_as_it_went() {
        var baggage = Baggage.EMPTY.with("a", "1").with("b", "x y+z%,;=\"ü").with("c", "");
        assertThat(Baggage.parse(baggage.toString())).isEqualTo(baggage);
        assertThat(baggage.toString()).doesNotContain(" ").contains("%20");
    }

    @Test
    void malformed_members_and_properties_of_baggage_are_left_out() {
        assertThat(Baggage.parse(" a = 1 ;p=q , b, =c, d=%zz,e=2+3 ,,").entries())
                .isEqualTo(Map.of("a", "1", "e", "2+3"));
        assertThat(Baggage.parse("")).isSameAs(Baggage.EMPTY);
    }

    @Test
    void baggage_is_bounded_on_the_wire_and_when_read() {
        var many = Baggage.EMPTY;
        for (int i = 0; i < 100; i++) many = many.with("k" + i, "v");
        assertThat(many.toString().split(",")).hasSize(Baggage.MAX_ENTRIES);
        assertThat(many.toString()).startsWith("k0=v,");
        var large = Baggage.EMPTY.with("a", "x".repeat(5000)).with("b", "y".repeat(5000));
        assertThat(large.toString()).hasSizeLessThan(Baggage.MAX_BYTES).startsWith("a=xxx");
        var header = new StringBuilder();
        for (int i = 0; i < 100; i++) header.append("k").append(i).append("=v,");
        assertThat(Baggage.parse(header.toString()).entries()).hasSize(Baggage.MAX_ENTRIES);
    }

    // Receipts.

    @Test
    void receipts_join_to_the_newest_of_each_service() {
        var one = Receipt.of("a", 5).and(Receipt.of("b", 2));
        var both = one.and(Receipt.of("a", 3)).and(Receipt.of("b", 7));
        assertThat(both).hasToString("a=5, b=7");
        assertThat(Receipt.parse(both.toString())).isEqualTo(both);
        assertThat(Receipt.NONE.and(one)).isEqualTo(one);
        assertThat(one.and(Receipt.NONE)).isEqualTo(one);
        assertThat(Receipt.parse(" , ").isEmpty()).isTrue();
        assertThat(Receipt.parse("a=1,a=9, a=4")).isEqualTo(Receipt.of("a", 9));
    }

    @Test
    void what_is_no_receipt_is_malformed() {
        var many = new StringBuilder();
        for (int i = 0; i <= Receipt.MAX_SERVICES; i++) many.append("s").append(i).append("=1,");
        for (var bad : List.of("a", "a=", "=1", "a=-1", "a=1.5", "a=b", "a=1=2", many.toString()))
            assertThatThrownBy(() -> Receipt.parse(bad))
                    .as(bad)
                    .isInstanceOf(Failure.Malformed.class)
                    .hasMessageContaining("service=position");
    }

    @Test
    void work_collects_what_it_wrote() {
        var work = Work.of("k", "");
        work.wrote(Receipt.of("a", 1));
        work.wrote(Receipt.of("b", 2));
        assertThat(work.receipt()).hasToString("a=1, b=2");
        Work.NONE.wrote(Receipt.of("a", 1));
        assertThat(Work.NONE.receipt().isEmpty()).isTrue();
    }

    @Test
    void work_remembers_that_a_retry_was_given_up() {
        var work = Work.of("", "");
        assertThat(work.gaveUp()).isFalse();
        work.noteGaveUp();
        assertThat(work.gaveUp()).isTrue();
        Work.NONE.noteGaveUp();
        assertThat(Work.NONE.gaveUp()).as("everybody shares it").isFalse();
    }
}
