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
        var trace = Trace.parse(PARENT.replace("-01", "-03"), "vendor=x").orElseThrow();
        var context =
                Context.none()
                        .with(trace)
                        .with(Baggage.EMPTY.with("user", "ä,b;c=d"))
                        .with(Deadline.after(Duration.ofSeconds(3), TIME))
                        .with(Criticality.BACKGROUND)
                        .with(Work.of("key", "/ä b%\r\n/7/0"))
                        .withAttempt(3);
        var request = context.call(() -> ContextHeaders.inject(Request.get("/")));
        assertThat(request.headers().get("traceparent")).hasValue(PARENT.replace("-01", "-03"));
        assertThat(request.headers().get("tracestate")).hasValue("vendor=x");
        var arrived = ContextHeaders.extract(request, Duration.ofSeconds(10), TIME);
        assertThat(arrived.trace()).isEqualTo(trace);
        assertThat(arrived.baggage().get("user")).hasValue("ä,b;c=d");
        assertThat(arrived.criticality()).isEqualTo(Criticality.BACKGROUND);
        assertThat(arrived.attempt()).isEqualTo(3);
        assertThat(arrived.work().cause()).isEqualTo("/ä b%\r\n/7/0");
        assertThat(arrived.work().key()).isEmpty();
        assertThat(extract(ContextHeaders.CAUSE, "%").work().cause()).isEmpty();
        assertThat(arrived.deadline().remaining())
                .isBetween(Duration.ofMillis(1), Duration.ofSeconds(3));
    }

    @Test
    void a_request_that_is_passed_on_has_no_more_of_the_trace_that_it_came_with() throws Exception {
        var came =
                Request.get("/")
                        .with(
                                Headers.of("traceparent", "00-no")
                                        .and("tracestate", "A=1")
                                        .and("b3", "0"));
        var context = Context.none().with(Trace.start(TIME, true).child(TIME));
        var headers = context.call(() -> ContextHeaders.inject(came)).headers();
        assertThat(headers.all("traceparent")).containsExactly(context.trace().traceparent());
        assertThat(headers.get("tracestate")).isEmpty();
        assertThat(headers.get("b3")).isEmpty();
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
    void what_a_trace_brings_arrives_in_as_many_headers_as_it_came() {
        var headers =
                Headers.of("TraceParent", " " + PARENT + "\t")
                        .and("tracestate", "a=1, b=2")
                        .and("TRACESTATE", "")
                        .and("tracestate", "c=3")
                        .and("baggage", "x=1")
                        .and("Baggage", "y=2");
        var context = extract(headers);
        assertThat(context.trace().traceparent()).isEqualTo(PARENT);
        assertThat(context.trace().state()).isEqualTo("a=1,b=2,c=3");
        assertThat(context.baggage().entries()).isEqualTo(Map.of("x", "1", "y", "2"));
        var alone = extract(Headers.of("tracestate", "a=1"));
        assertThat(alone.trace()).isEqualTo(Trace.NONE);
    }

    @Test
    void a_request_that_is_passed_on_says_what_holds_now_and_not_what_it_came_with()
            throws Exception {
        var came =
                Request.get("/")
                        .header(ContextHeaders.CALLER, "ann;roles=admin")
                        .header(ContextHeaders.ATTEMPT, "3")
                        .header(ContextHeaders.CRITICALITY, "critical")
                        .header(ContextHeaders.DEADLINE, "5000")
                        .header(ContextHeaders.CAUSE, "shop/1/0")
                        .header(ContextHeaders.BAGGAGE, "tenant=north");
        var goes = Context.none().call(() -> ContextHeaders.inject(came)).headers();
        for (var name :
                List.of(
                        ContextHeaders.CALLER,
                        ContextHeaders.ATTEMPT,
                        ContextHeaders.CRITICALITY,
                        ContextHeaders.DEADLINE,
                        ContextHeaders.CAUSE,
                        ContextHeaders.BAGGAGE)) assertThat(goes.get(name)).as(name).isEmpty();
    }

    private static Context extract(Headers headers) {
        return ContextHeaders.extract(Request.get("/").with(headers), Duration.ofSeconds(10), TIME);
    }

    @Test
    void b3_counts_where_there_is_no_traceparent() {
        var b3 = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90";
        var trace = extract(Headers.of("b3", b3)).trace();
        assertThat(trace.traceparent())
                .isEqualTo("00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01");
        var both = Headers.of("b3", b3).and("traceparent", PARENT);
        assertThat(extract(both).trace().traceparent()).isEqualTo(PARENT);
        var malformed = Headers.of("b3", b3).and("traceparent", "00-no");
        assertThat(extract(malformed).trace()).isEqualTo(Trace.NONE);
        var twice = Headers.of("b3", b3).and("b3", b3);
        assertThat(extract(twice).trace()).isEqualTo(Trace.NONE);
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
    void a_flag_that_is_known_goes_on_and_another_does_not() {
        for (var flags :
                List.of(
                        List.of("00", "00"),
                        List.of("01", "01"),
                        List.of("02", "02"),
                        List.of("03", "03"),
                        List.of("04", "00"),
                        List.of("ff", "03"))) {
            var trace =
                    Trace.parse(PARENT.replace("-01", "-" + flags.getFirst()), "").orElseThrow();
            assertThat(trace.child(TIME).traceparent()).endsWith("-" + flags.getLast());
        }
        var later = Trace.parse(PARENT.replace("00-0", "cc-0").replace("-01", "-03"), "");
        assertThat(later.orElseThrow().traceparent()).startsWith("00-").endsWith("-01");
        assertThat(Trace.start(TIME, true).child(TIME).traceparent()).endsWith("-03");
        assertThat(Trace.start(TIME, false).child(TIME).traceparent()).endsWith("-02");
    }

    @Test
    void a_trace_goes_on_though_its_state_is_malformed() {
        var trace = Trace.parse(PARENT, "foo=bar=baz").orElseThrow();
        assertThat(trace.traceparent()).isEqualTo(PARENT);
        assertThat(trace.state()).isEmpty();
    }

    @Test
    void a_state_goes_on_as_the_w3c_says() {
        record Case(String came, String goes) {}
        var characters = "a-z*/_0@x= !\"#$%&'()*+-./0123456789:;<>?@AZ[\\]^_`az{|}~";
        var longKey = "z".repeat(256);
        for (var each :
                List.of(
                        new Case("", ""),
                        new Case(" \t, ,", ""),
                        new Case("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
                        new Case("foo= 1 ", "foo= 1"),
                        new Case("foo=1,,bar=2", "foo=1,bar=2"),
                        new Case("foo=1,bar=2,foo=3", "foo=1,bar=2"),
                        new Case(characters, characters),
                        new Case("1a=1,foo@@bar=1,foo@=2", "1a=1,foo@@bar=1,foo@=2"),
                        new Case("foo=1," + longKey + "=1", "foo=1," + longKey + "=1"),
                        new Case("foo=1,z" + longKey + "=1", ""),
                        new Case("foo=" + longKey, "foo=" + longKey),
                        new Case("foo=z" + longKey, ""),
                        new Case("foo =1,bar=2", ""),
                        new Case("FOO=1", ""),
                        new Case("foo.bar=1", ""),
                        new Case("@foo=1,bar=2", ""),
                        new Case("=1", ""),
                        new Case("foo", ""),
                        new Case("foo=,bar=3", ""),
                        new Case("foo=bar=baz", ""),
                        new Case("foo=\u00e4", ""),
                        new Case("foo=a\tb", "")))
            assertThat(TraceState.read(each.came())).as(each.came()).isEqualTo(each.goes());
    }

    @Test
    void a_state_has_at_most_32_members_and_512_characters_of_whole_ones() {
        var many = numbered("k", "=v", 32);
        assertThat(TraceState.read(many)).isEqualTo(many);
        assertThat(TraceState.read(many + ",one=more")).isEmpty();
        assertThat(TraceState.read(many + ",k1=v")).isEmpty();
        var fits = "a=" + "x".repeat(254) + ",b=" + "y".repeat(253);
        assertThat(TraceState.read(fits)).hasSize(512).isEqualTo(fits);
        var large = "a=1,b=" + "x".repeat(256) + ",c=" + "y".repeat(250) + ",d=2";
        assertThat(TraceState.read(large)).isEqualTo("a=1,b=" + "x".repeat(256) + ",d=2");
        var small = numbered("key", "=" + "v".repeat(30), 20);
        var kept = TraceState.read(small);
        assertThat(kept).hasSizeBetween(470, 512).isEqualTo(small.substring(0, kept.length()));
        assertThat(small.charAt(kept.length())).isEqualTo(',');
    }

    /** {@code k0=v,k1=v …}. */
    private static String numbered(String before, String behind, int count) {
        var members = new ArrayList<String>();
        for (int i = 0; i < count; i++) members.add(before + i + behind);
        return String.join(",", members);
    }

    @Test
    void b3_is_read_as_zipkin_writes_it() {
        var id = "80f198ee56343ba864fe8b2a57d3eff7";
        var span = "e457b5a2e4d86bd1";
        record Case(String header, String parent) {}
        for (var each :
                List.of(
                        new Case(id + "-" + span, "00-" + id + "-" + span + "-01"),
                        new Case(id + "-" + span + "-0", "00-" + id + "-" + span + "-00"),
                        new Case(id + "-" + span + "-1", "00-" + id + "-" + span + "-01"),
                        new Case(id + "-" + span + "-d", "00-" + id + "-" + span + "-01"),
                        new Case(id + "-" + span + "-0-" + span, "00-" + id + "-" + span + "-00"),
                        new Case(
                                span + "-" + span + "-1",
                                "00-" + "0".repeat(16) + span + "-" + span + "-01")))
            assertThat(Trace.parseB3(each.header(), TIME).orElseThrow().traceparent())
                    .isEqualTo(each.parent());
        for (var bad :
                List.of(
                        "",
                        "2",
                        "-",
                        id,
                        id + "-",
                        id + "-" + span + "-",
                        id + "-" + span + "-true",
                        id + "-" + span + "-1-",
                        id + "-" + span + "-1-" + span + "-1",
                        id + "-" + "0".repeat(16),
                        "0".repeat(32) + "-" + span,
                        id.toUpperCase(java.util.Locale.ROOT) + "-" + span,
                        id.substring(1) + "-" + span))
            assertThat(Trace.parseB3(bad, TIME)).as(bad).isEmpty();
    }

    @Test
    void b3_that_says_only_whether_to_record_begins_a_trace_that_heeds_it() {
        for (var said : List.of("0", "1", "d")) {
            var trace = Trace.parseB3(said, TIME).orElseThrow();
            assertThat(trace.exists()).isTrue();
            assertThat(trace.hasSpan()).isFalse();
            assertThat(trace.sampled()).isEqualTo(!said.equals("0"));
        }
    }

    @Test
    void a_malformed_traceparent_is_none() {
        for (var bad :
                List.of(
                        "",
                        "." + PARENT.substring(1),
                        PARENT.replace("00-0", "0-00"),
                        PARENT.replace("-b7", "-B7"),
                        PARENT.replace("-01", "-.1"),
                        PARENT.replace("-01", "-0"),
                        PARENT.replace("-01", "-001"),
                        PARENT.replace("00-0", "cc-0").substring(0, 54),
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
    void malformed_members_of_baggage_are_left_out() {
        assertThat(Baggage.parse(" a = 1 ;p=q , b, =c, d=%zz,e=2+3 ,,").entries())
                .isEqualTo(Map.of("a", "1", "e", "2+3"));
        assertThat(Baggage.parse("")).isSameAs(Baggage.EMPTY);
    }

    @Test
    void properties_of_baggage_go_on_with_their_value() {
        var header = "a=1;p;q=x%20y,b=2,c=3;r=a=b";
        var baggage = Baggage.parse("a = 1 ; p ;\tq = x%20y , b=2,c=3;r=a=b");
        assertThat(baggage.entries()).isEqualTo(Map.of("a", "1", "b", "2", "c", "3"));
        assertThat(baggage.toString()).isEqualTo(header);
        assertThat(Baggage.parse(header)).isEqualTo(baggage);
        assertThat(baggage.with("a", "9").toString()).isEqualTo("a=9,b=2,c=3;r=a=b");
        assertThat(Baggage.parse("a=1;;b c;=d;ok;x=\"y\"").toString()).isEqualTo("a=1;ok");
        assertThat(Baggage.parse("a=1;p,a=2").toString()).isEqualTo("a=2");
    }

    @Test
    void a_value_of_baggage_is_decoded_as_the_w3c_says() {
        record Case(String member, Map<String, String> read) {}
        for (var each :
                List.of(
                        new Case("a=b=c=", Map.of("a", "b=c=")),
                        new Case("a=", Map.of("a", "")),
                        new Case("a=%41%2c%3B", Map.of("a", "A,;")),
                        new Case("a=Am%C3%A9lie", Map.of("a", "Am\u00e9lie")),
                        new Case("a=x%C3x", Map.of("a", "x\ufffdx")),
                        new Case("a=%FF", Map.of("a", "\ufffd")),
                        new Case("!#$%&'*+-.^_`|~09azAZ=1", Map.of("!#$%&'*+-.^_`|~09azAZ", "1")),
                        new Case("a b=1", Map.of()),
                        new Case("a@b=1", Map.of()),
                        new Case("\u00e4=1", Map.of()),
                        new Case("a=b c", Map.of()),
                        new Case("a=\"b\"", Map.of()),
                        new Case("a=b\\c", Map.of()),
                        new Case("a=\u00e4", Map.of()),
                        new Case("a=%4", Map.of()),
                        new Case("a=1,a=2", Map.of("a", "2"))))
            assertThat(Baggage.parse(each.member()).entries())
                    .as(each.member())
                    .isEqualTo(each.read());
    }

    @Test
    void a_name_that_would_break_the_header_is_refused() {
        for (var name : List.of("", "a b", "a,b=c", "a=b", "a;b", "\u00e4", "a\nb"))
            assertThatThrownBy(() -> Baggage.EMPTY.with(name, "x"))
                    .as(name)
                    .hasMessageContaining("token");
    }

    @Test
    void baggage_that_just_fits_is_sent_whole_and_a_member_never_in_part() {
        var fits = Baggage.EMPTY.with("a", "x".repeat(8000)).with("b", "y".repeat(187));
        assertThat(fits.toString()).hasSize(Baggage.MAX_BYTES);
        assertThat(fits.with("b", "y".repeat(188)).toString()).isEqualTo("a=" + "x".repeat(8000));
        assertThat(fits.with("c", "").toString()).isEqualTo(fits.toString());
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

    @Test
    void who_asks_travels_with_what_is_vouched_for() throws Exception {
        var ann = new Caller("ann;x=1,\u00e4\n", Map.of("roles", "clerk admin", "a=b", "100 %; +"));
        var request = Context.none().with(ann).call(() -> ContextHeaders.inject(Request.get("/x")));
        assertThat(request.headers().get("weft-caller").orElseThrow())
                .isEqualTo("ann%3Bx%3D1%2C%C3%A4%0A;a%3Db=100%20%25%3B%20%2B;roles=clerk%20admin");
        assertThat(caller(request)).isEqualTo(ann);
        assertThat(ContextHeaders.inject(Request.get("/x")).headers().get("weft-caller")).isEmpty();
    }

    @Test
    void a_caller_that_cannot_be_read_is_nobody() {
        for (var header :
                List.of("", ";a=b", "ann;a", "ann;=b", "ann%zz", "ann;a=%zz", "a".repeat(5000)))
            assertThat(caller(Request.get("/x").header("weft-caller", header)))
                    .as(header)
                    .isEqualTo(Caller.ANONYMOUS);
        var two = Headers.of("weft-caller", "ann").and("Weft-Caller", "bob");
        assertThat(caller(Request.get("/x").with(two))).isEqualTo(Caller.ANONYMOUS);
    }

    private static Caller caller(Request request) {
        return ContextHeaders.extract(request, Duration.ofSeconds(1), SystemTime.INSTANCE).caller();
    }
}
