package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.http.HttpTransport;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bus as programs in any language use it. */
@Timeout(60)
class ProgramsTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final Duration NOW = Duration.ZERO;
    private static final String ONE = "application/cloudevents+json";
    private static final String MANY = "application/cloudevents-batch+json";

    private final Transport transport = new HttpTransport(TIME);

    @SuppressWarnings("NullAway.Init") // Started before each case.
    private Hub hub;

    @SuppressWarnings("NullAway.Init") // Started before each case.
    private Service<Request, Response> client;

    @BeforeEach
    void start() throws Exception {
        hub = Hub.start(Hub.Options.of(0, "memory:").drain(NOW), transport, TIME);
        client = transport.client(hub.address());
    }

    @AfterEach
    void close() {
        hub.close();
        transport.close();
    }

    // Events in

    @Test
    void an_event_comes_out_with_the_attributes_that_it_came_in_with() throws Exception {
        declare("log", "{\"types\":[\"measured\"]}");
        var sent =
                "{\"specversion\":\"1.0\",\"id\":\"a-1\",\"source\":\"/sensors/7\",\"type\":\"measured\","
                        + "\"subject\":\"room 1\",\"time\":\"2026-02-03T04:05:06+01:00\",\"dataschema\":\"urn:x\","
                        + "\"site\":\"north\",\"floor\":3,\"live\":true,"
                        + "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\","
                        + "\"data\":{\"celsius\":21.50}}";
        assertThat(text(send(ONE, sent))).isEqualTo("{\"accepted\":1,\"repeated\":0}");
        var got = pull("log").getFirst();
        assertThat(got)
                .containsAllEntriesOf(Json.readMap(sent.getBytes(StandardCharsets.UTF_8)))
                .containsEntry("weftid", "/sensors/7/1/0")
                .hasSize(13);
    }

    @Test
    void a_service_gets_it_with_key_time_and_trace() throws Exception {
        send(
                ONE,
                "{\"specversion\":\"1.0\",\"id\":\"a-1\",\"source\":\"/sensors/7\",\"type\":\"measured\","
                        + "\"subject\":\"room 1\",\"time\":\"2026-02-03T04:05:06+01:00\","
                        + "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\","
                        + "\"baggage\":\"tenant=north\",\"data\":21.50}");
        try (var consumer = hub.bus().subscribe("log.measured", Set.of("measured"))) {
            var batch = consumer.poll(NOW);
            var event = batch.events().getFirst();
            assertThat(event.id()).isEqualTo("/sensors/7/1/0");
            assertThat(event.key()).isEqualTo("room 1");
            assertThat(event.at()).isEqualTo(Instant.parse("2026-02-03T03:05:06Z"));
            assertThat(new String(event.data(), StandardCharsets.UTF_8)).isEqualTo("21.50");
            assertThat(event.origin().traceparent()).contains("0af7651916cd43dd8448eb211c80319c");
            assertThat(event.origin().baggage()).isEqualTo("tenant=north");
            assertThat(batch.applied().positions()).isEmpty();
        }
    }

    @Test
    void headers_carry_attributes_in_percent_encoding() throws Exception {
        declare("log", "{\"types\":[\"measured\"]}");
        var headers =
                Headers.of("ce-specversion", "1.0")
                        .set("ce-id", "1")
                        .set("ce-source", "/s")
                        .set("ce-type", "measured")
                        .set("ce-subject", "Euro%20%E2%82%AC%20100%25")
                        .set("Content-Type", "application/json");
        var sent = Request.post("/bus/events", Body.of("{\"n\": 1}")).with(headers);
        assertThat(client.call(sent).status()).isEqualTo(200);
        assertThat(pull("log").getFirst())
                .containsEntry("subject", "Euro € 100%")
                .containsEntry("data", Map.of("n", 1L));
        assertThat(CloudEvents.encoded("Euro € 100%\"")).isEqualTo("Euro%20%E2%82%AC%20100%25%22");
        assertThat(CloudEvents.decoded("\"a \\\" b\"")).isEqualTo("a \" b");
        assertThat(CloudEvents.decoded("100%")).isEqualTo("100%");
    }

    @Test
    void data_that_is_no_json_comes_out_as_it_came_in() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        var head = "{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\",";
        send(
                MANY,
                "["
                        + head
                        + "\"id\":\"1\",\"datacontenttype\":\"text/plain\",\"data\":\"Zoë\"},"
                        + head
                        + "\"id\":\"2\",\"datacontenttype\":\"image/png\",\"data_base64\":\"AP8B\"},"
                        + head
                        + "\"id\":\"3\"},"
                        + head
                        + "\"id\":\"4\",\"data_base64\":\"eyJhIjoxfQ==\"}]");
        var got = pull("log");
        assertThat(got.get(0)).containsEntry("data", "Zoë");
        assertThat(got.get(1)).containsEntry("data_base64", "AP8B").doesNotContainKey("data");
        assertThat(got.get(2)).doesNotContainKeys("data", "data_base64");
        assertThat(got.get(3)).containsEntry("data", Map.of("a", 1L));
    }

    @Test
    void an_event_of_a_service_has_its_fields_as_attributes() throws Exception {
        declare("log", "{\"types\":[\"opened\"]}");
        var origin =
                new Origin(
                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                        "v=1",
                        "tenant=north",
                        "background",
                        "bell/3/0",
                        "");
        var event =
                new BusEvent(
                        "door",
                        7,
                        2,
                        "opened",
                        "front",
                        Instant.parse("2026-02-03T04:05:06.789Z"),
                        "{\"by\":1}".getBytes(StandardCharsets.UTF_8),
                        origin);
        hub.bus().publish("door", 7, List.of(event));
        assertThat(pull("log").getFirst())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.ofEntries(
                                Map.entry("specversion", "1.0"),
                                Map.entry("id", "door/7/2"),
                                Map.entry("source", "door"),
                                Map.entry("type", "opened"),
                                Map.entry("subject", "front"),
                                Map.entry("time", "2026-02-03T04:05:06.789Z"),
                                Map.entry("datacontenttype", "application/json"),
                                Map.entry("partitionkey", "front"),
                                Map.entry("traceparent", origin.traceparent()),
                                Map.entry("tracestate", "v=1"),
                                Map.entry("baggage", "tenant=north"),
                                Map.entry("criticality", "background"),
                                Map.entry("cause", "bell/3/0"),
                                Map.entry("weftid", "door/7/2"),
                                Map.entry("data", Map.of("by", 1L))));
    }

    @Test
    void what_is_missing_or_wrong_is_named() throws Exception {
        var good = "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"";
        for (var name : List.of("specversion", "id", "source", "type")) {
            var without = "{" + good.replace("\"" + name + "\"", "\"x" + name + "\"") + "}";
            var answer = send(ONE, without);
            assertThat(answer.status()).as(name).isEqualTo(400);
            assertThat(text(answer))
                    .contains("the attribute " + name + " is missing", "\"attribute\":\"" + name);
        }
        assertThat(text(send(ONE, "{" + good.replace("1.0", "0.3") + "}"))).contains("0.3");
        assertThat(text(send(ONE, "{" + good.replace("/s", "cart") + "}"))).contains("/cart");
        assertThat(text(send(ONE, "{" + good + ",\"time\":\"today\"}"))).contains("today");
        assertThat(text(send(ONE, "{" + good + ",\"Bad-Name\":1}"))).contains("Bad-Name");
        assertThat(text(send(ONE, "{" + good + ",\"x\":{}}"))).contains("attribute x");
        var broken = send(ONE, "{" + good + ",\"datacontenttype\":\"text/plain\\nA: b\"}");
        assertThat(broken.status()).isEqualTo(400);
        assertThat(text(broken)).contains("datacontenttype", "control character");
        assertThat(send(ONE, "{" + good + ",\"data\":1,\"data_base64\":\"MQ==\"}").status())
                .isEqualTo(400);
        assertThat(send("application/json", "{" + good + "}").status()).isEqualTo(415);
        var large = "\"" + "x".repeat(1 << 20) + "\"";
        var answer = send(ONE, "{" + good + ",\"data\":" + large + "}");
        assertThat(answer.status()).isEqualTo(413);
        assertThat(text(answer)).contains("1048578", "1048576", "the event 1 of /s");
    }

    @Test
    void an_event_that_was_sent_before_is_left_out() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        assertThat(text(send(MANY, batch("/s", 1, 2)))).contains("\"accepted\":2");
        assertThat(text(send(MANY, batch("/s", 2, 3))))
                .contains("\"accepted\":1", "\"repeated\":1");
        assertThat(text(send(MANY, batch("/other", 1, 1)))).contains("\"accepted\":1");
        assertThat(ids(pull("log"))).containsExactly("1", "2", "3", "1");
    }

    @Test
    void of_a_batch_with_one_bad_event_none_is_taken() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        var batch = batch("/s", 1, 2).replace("\"id\":\"2\"", "\"id\":\"\"");
        assertThat(send(MANY, batch).status()).isEqualTo(400);
        assertThat(pull("log")).isEmpty();
    }

    // Fetching

    @Test
    void what_is_acknowledged_is_done_and_the_rest_comes_again_behind_its_lease() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        send(MANY, batch("/s", 1, 3));
        var first = call("pull", "{\"lease_ms\":1500}");
        var lease = first.headers().get("Weft-Lease").orElseThrow();
        var events = Json.readList(first.body().bytes(), RawJson.class);
        assertThat(events).hasSize(3);
        assertThat(call("acknowledge", handled(lease, "/s/1/0")).status()).isEqualTo(204);
        var again = call("pull", "{\"wait_ms\":20000}");
        assertThat(text(again)).contains("/s/2/0", "/s/3/0").doesNotContain("/s/1/0");
        var late = call("acknowledge", handled(lease, "/s/2/0"));
        assertThat(late.status()).isEqualTo(409);
        assertThat(text(late)).contains("lease-ended", "\"refused\":[\"/s/2/0\"]");
        var other = again.headers().get("Weft-Lease").orElseThrow();
        assertThat(call("acknowledge", handled(other, "/s/2/0", "/s/3/0")).status()).isEqualTo(204);
        assertThat(call("acknowledge", handled(other, "/s/2/0")).status()).isEqualTo(204);
        assertThat(text(call("pull", ""))).isEqualTo("[]");
    }

    @Test
    void two_who_fetch_share_the_keys() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        send(ONE, event("/s", "1", "a"));
        var first = call("pull", "");
        send(ONE, event("/s", "2", "a"));
        send(ONE, event("/s", "3", "b"));
        assertThat(text(call("pull", ""))).contains("/s/3/0").doesNotContain("/s/2/0");
        var lease = first.headers().get("Weft-Lease").orElseThrow();
        call("acknowledge", handled(lease, "/s/1/0"));
        assertThat(text(call("pull", ""))).contains("/s/2/0");
    }

    @Test
    void what_is_rejected_comes_again_and_is_parked_with_the_last_attempt() throws Exception {
        declare("log", "{\"types\":[\"t\"],\"attempts\":2}");
        send(ONE, event("/s", "1", "bad"));
        send(ONE, event("/s", "2", "bad"));
        send(ONE, event("/s", "3", "good"));
        assertThat(rejected("first")).contains("/s/1/0", "/s/2/0", "/s/3/0");
        assertThat(rejected("second")).contains("/s/1/0");
        assertThat(text(call("parked", "", Method.GET)))
                .contains("\"key\":\"bad\"", "\"events\":2", "\"attempts\":2", "second");
        send(ONE, event("/s", "4", "bad"));
        send(ONE, event("/s", "5", "good"));
        assertThat(text(call("pull", "{\"wait_ms\":20000}")))
                .contains("/s/5/0")
                .doesNotContain("/s/4/0");
        assertThat(text(call("parked", "", Method.GET))).contains("\"events\":3");
        var nothing = call("parked/drop", "");
        assertThat(nothing.status()).isEqualTo(400);
        assertThat(text(nothing)).contains("all");
        assertThat(text(call("parked/drop", "{\"key\":\"bad\"}"))).isEqualTo("{\"keys\":1}");
        assertThat(ids(pull("log"))).containsExactly("2", "4");
        assertThat(text(call("parked", "", Method.GET))).isEqualTo("{\"parked\":[]}");
    }

    /** Fetches, acknowledges what is good, rejects the first one of what is bad; what was fetched. */
    private String rejected(String error) throws Exception {
        var answer = call("pull", "{\"wait_ms\":20000}");
        var lease = answer.headers().get("Weft-Lease").orElseThrow();
        call("acknowledge", handled(lease, "/s/3/0"));
        var rejection = handled(lease, "/s/1/0").replace("}", ",\"error\":\"" + error + "\"}");
        assertThat(call("reject", rejection).status()).isEqualTo(204);
        return text(answer);
    }

    @Test
    void a_subscription_begins_where_it_is_told_to() throws Exception {
        send(MANY, batch("/s", 1, 3));
        declare("log", "{\"types\":[\"t\"],\"from\":\"now\"}");
        assertThat(pull("log")).isEmpty();
        declare("third", "{\"types\":[\"t\"],\"from\":\"3\"}");
        assertThat(ids(pull("third"))).containsExactly("3");
        declare("future", "{\"types\":[\"t\"],\"from\":\"2999-01-01T00:00:00Z\"}");
        assertThat(pull("future")).isEmpty();
        declare("past", "{\"types\":[\"t\"],\"from\":\"2020-01-01T00:00:00Z\"}");
        assertThat(ids(pull("past"))).containsExactly("1", "2", "3");
        var answer = put("bad", "{\"types\":[\"t\"],\"from\":\"soon\"}");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(text(answer)).contains("soon", "oldest");
    }

    @Test
    void a_replay_hands_everything_over_again() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        send(MANY, batch("/s", 1, 3));
        var first = call("pull", "");
        var lease = first.headers().get("Weft-Lease").orElseThrow();
        call("acknowledge", handled(lease, "/s/1/0", "/s/2/0", "/s/3/0"));
        assertThat(text(call("replay", "{\"from\":\"2\"}"))).isEqualTo("{\"behind\":1}");
        assertThat(ids(pull("log"))).containsExactly("2", "3");
        call("replay", "{\"from\":\"now\"}");
        assertThat(pull("log")).isEmpty();
    }

    @Test
    void who_had_an_event_before_a_replay_cannot_acknowledge_it_behind_it() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        send(MANY, batch("/s", 1, 2));
        var lease = call("pull", "").headers().get("Weft-Lease").orElseThrow();
        call("replay", "{\"from\":\"oldest\"}");
        assertThat(call("acknowledge", handled(lease, "/s/2/0")).status()).isEqualTo(409);
        assertThat(ids(pull("log"))).containsExactly("1", "2");
        assertThat(call("acknowledge", handled(lease, "/s/1/0")).status()).isEqualTo(409);
    }

    @Test
    void a_services_subscription_is_its_own() throws Exception {
        try (var consumer = hub.bus().subscribe("log", Set.of("t"))) {
            send(MANY, batch("/s", 1, 1));
            for (var what : List.of("pull", "replay"))
                assertThat(text(call(what, "{\"from\":\"now\"}")))
                        .contains("subscription-of-a-service");
            assertThat(put("log", "{\"types\":[\"other\"]}").status()).isEqualTo(409);
            assertThat(consumer.poll(NOW).events()).hasSize(1);
        }
    }

    @Test
    void what_waits_behind_a_failure_comes_behind_it_in_order() throws Exception {
        declare("log", "{\"types\":[\"t\"]}");
        send(MANY, batch("/s", 1, 40));
        var lease = call("pull", "").headers().get("Weft-Lease").orElseThrow();
        call("reject", handled(lease, "/s/1/0"));
        send(MANY, batch("/s", 41, 50));
        assertThat(hub.bus().subscription("log").outstanding()).isEqualTo(1);
        var got = new ArrayList<String>();
        while (got.size() < 50) {
            var answer = call("pull", "{\"wait_ms\":20000,\"max\":7}");
            var ids =
                    Json.readList(answer.body().bytes(), RawJson.class).stream()
                            .map(event -> Json.readMap(event.utf8()))
                            .map(event -> event.getOrDefault("weftid", "").toString())
                            .toList();
            got.addAll(ids);
            var again = answer.headers().get("Weft-Lease").orElseThrow();
            call("acknowledge", handled(again, ids.toArray(String[]::new)));
        }
        assertThat(got)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 50).mapToObj(n -> "/s/" + n + "/0").toList());
        assertThat(hub.bus().subscription("log").parked()).isZero();
    }

    @Test
    void a_type_that_is_declared_no_more_is_taken_no_more() throws Exception {
        declare("log", "{\"types\":[\"t\",\"u\"]}");
        send(ONE, event("/s", "1", "a"));
        call("pull", "");
        assertThat(put("log", "{\"types\":[\"t\"]}").status()).isEqualTo(200);
        send(ONE, event("/s", "2", "b").replace("\"type\":\"t\"", "\"type\":\"u\""));
        send(ONE, event("/s", "3", "c"));
        assertThat(ids(pull("log"))).containsExactly("3");
    }

    // Delivery

    @Test
    void events_are_delivered_in_order_and_again_until_they_are_taken() throws Exception {
        BlockingQueue<String> came = new LinkedBlockingQueue<>();
        var refusals = new AtomicInteger(2);
        try (var receiver =
                receiver(request -> {
                    if (refusals.getAndDecrement() > 0) return Response.of(500);
                    came.add(request.headers().get("ce-id").orElse("") + request.body().text());
                    return Response.of(204);
                })) {
            declare("log", "{\"types\":[\"t\"],\"url\":\"" + receiver.address() + "/e?a=b\"}");
            send(MANY, batch("/s", 1, 4));
            var got = new ArrayList<String>();
            while (got.size() < 4) got.add(came.poll(20, TimeUnit.SECONDS));
            assertThat(got).containsExactly("1{\"n\":1}", "2{\"n\":2}", "3{\"n\":3}", "4{\"n\":4}");
            await(() -> hub.bus().subscription("log").pending() == 0);
        }
    }

    @Test
    void a_key_that_cannot_be_delivered_is_parked_and_others_go_on() throws Exception {
        var came = ConcurrentHashMap.<String>newKeySet();
        try (var receiver =
                receiver(request -> {
                    var body = request.body().text();
                    came.add(body);
                    return Response.of(body.contains("\"subject\":\"bad\"") ? 422 : 200);
                })) {
            declare(
                    "log",
                    "{\"types\":[\"t\"],\"format\":\"structured\",\"attempts\":2,\"url\":\""
                            + receiver.address()
                            + "\"}");
            send(ONE, event("/s", "1", "bad"));
            send(ONE, event("/s", "2", "good"));
            await(() -> hub.bus().parked("log").size() == 1);
            await(() -> hub.bus().subscription("log").pending() == 0);
            assertThat(came).hasSize(2);
            assertThat(hub.bus().parked("log").getFirst().error()).contains("422");
        }
    }

    @Test
    void an_event_that_no_header_can_carry_is_parked_and_others_go_on() throws Exception {
        BlockingQueue<String> came = new LinkedBlockingQueue<>();
        try (var receiver =
                receiver(request -> {
                    came.add(request.headers().get("ce-id").orElse(""));
                    return Response.of(204);
                })) {
            declare(
                    "log",
                    "{\"types\":[\"t\"],\"attempts\":2,\"url\":\"" + receiver.address() + "\"}");
            // The bus takes no such event any more, but may have some of before.
            var attributes =
                    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\","
                            + "\"datacontenttype\":\"text/plain\\nA: b\",\"_data\":\"text\"}";
            var event =
                    new BusEvent(
                            "/s",
                            0,
                            0,
                            "t",
                            "bad",
                            TIME.now(),
                            "\"x\"".getBytes(StandardCharsets.UTF_8),
                            Origin.NONE);
            hub.bus().accept(List.of(new BusTables.Offered("1", event, attributes)));
            send(ONE, event("/s", "2", "good"));
            assertThat(came.poll(20, TimeUnit.SECONDS)).isEqualTo("2");
            await(() -> hub.bus().parked("log").size() == 1);
            assertThat(hub.bus().parked("log").getFirst().key()).isEqualTo("bad");
            await(() -> hub.bus().subscription("log").pending() == 0);
        }
    }

    @Test
    void a_subscription_that_is_made_anew_is_delivered_to_at_once() throws Exception {
        BlockingQueue<String> came = new LinkedBlockingQueue<>();
        try (var receiver =
                receiver(request -> {
                    came.add(request.headers().get("ce-id").orElse(""));
                    return came.size() == 1
                            ? Response.of(503).header("Retry-After", "300")
                            : Response.of(204);
                })) {
            var declaration =
                    "{\"types\":[\"t\"],\"url\":\"" + receiver.address() + "\",\"from\":\"now\"}";
            declare("log", declaration);
            send(ONE, event("/s", "1", "a"));
            await(() -> came.size() == 1);
            var gone = client.call(Request.of(Method.DELETE, "/bus/subscriptions/log"));
            assertThat(gone.status()).isEqualTo(204);
            declare("log", declaration);
            send(ONE, event("/s", "2", "b"));
            await(() -> came.contains("2"));
        }
    }

    @Test
    void a_receiver_that_asks_for_time_gets_it_and_nothing_is_parked() throws Exception {
        var asked = new AtomicInteger();
        try (var receiver =
                receiver(request ->
                        asked.incrementAndGet() == 1
                                ? Response.of(429).header("Retry-After", "1")
                                : Response.of(200))) {
            declare(
                    "log",
                    "{\"types\":[\"t\"],\"attempts\":1,\"url\":\"" + receiver.address() + "\"}");
            send(ONE, event("/s", "1", "a"));
            await(() -> asked.get() == 2 && hub.bus().subscription("log").pending() == 0);
            assertThat(hub.bus().parked("log")).isEmpty();
        }
    }

    @Test
    void a_service_is_called_by_its_name_as_soon_as_it_is_ready() throws Exception {
        BlockingQueue<String> came = new LinkedBlockingQueue<>();
        try (var receiver =
                receiver(request -> {
                    came.add(request.path() + " " + request.headers().get("ce-subject").orElse(""));
                    return Response.of(204);
                })) {
            declare(
                    "log",
                    "{\"types\":[\"t\"],\"attempts\":1,\"url\":\"service://script/events\"}");
            send(ONE, event("/s", "1", "a"));
            var instance =
                    "{\"service\":\"script\",\"address\":\""
                            + receiver.address()
                            + "\",\"state\":\"ready\",\"routes\":[],\"lease_ms\":60000}";
            var registered =
                    client.call(
                            Request.of(Method.PUT, "/registry/instances/script-1")
                                    .with(Body.of(instance)));
            assertThat(registered.status()).isLessThan(300);
            assertThat(came.poll(20, TimeUnit.SECONDS)).isEqualTo("/events a");
        }
    }

    // Words of the cases above

    private Transport.Server receiver(Service<Request, Response> service) {
        return transport.serve(service, ServerOptions.DEFAULT);
    }

    private static void await(BooleanSupplier condition) {
        long endNanos = TIME.nanos() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            if (TIME.nanos() - endNanos > 0) throw new AssertionError("it did not come to pass");
            Thread.onSpinWait();
        }
    }

    private static String event(String source, String id, String subject) {
        return "{\"specversion\":\"1.0\",\"id\":\""
                + id
                + "\",\"source\":\""
                + source
                + "\",\"type\":\"t\",\"subject\":\""
                + subject
                + "\",\"data\":{\"n\":"
                + id
                + "}}";
    }

    private static String batch(String source, int from, int through) {
        var events = new ArrayList<String>();
        for (int id = from; id <= through; id++)
            events.add(event(source, Integer.toString(id), "key"));
        return events.toString();
    }

    private static String handled(String lease, String... ids) {
        return "{\"lease\":\"" + lease + "\",\"ids\":[\"" + String.join("\",\"", ids) + "\"]}";
    }

    private Response send(String type, String body) throws Exception {
        return client.call(Request.post("/bus/events", Body.of(body)).header("Content-Type", type));
    }

    private Response put(String name, String body) throws Exception {
        return client.call(
                Request.of(Method.PUT, "/bus/subscriptions/" + name).with(Body.of(body)));
    }

    private void declare(String name, String body) throws Exception {
        var answer = put(name, body);
        assertThat(answer.status()).as(name).isEqualTo(201);
        answer.body().close();
    }

    private Response call(String what, String body) throws Exception {
        return call(what, body, Method.POST);
    }

    private Response call(String what, String body, Method method) throws Exception {
        return client.call(
                Request.of(method, "/bus/subscriptions/log/" + what).with(Body.of(body)));
    }

    private List<Map<String, Object>> pull(String name) throws Exception {
        var answer =
                client.call(
                        Request.of(Method.POST, "/bus/subscriptions/" + name + "/pull")
                                .with(Body.of("{}")));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.headers().mediaType()).isEqualTo(MANY);
        return Json.readList(answer.body().bytes(), RawJson.class).stream()
                .map(event -> Json.readMap(event.utf8()))
                .toList();
    }

    private static List<Object> ids(List<Map<String, Object>> events) {
        return events.stream().map(event -> event.getOrDefault("id", "")).toList();
    }

    private static String text(Response answer) {
        return answer.body().text();
    }
}
