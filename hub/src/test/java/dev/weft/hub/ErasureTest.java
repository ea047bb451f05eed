package dev.weft.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the bus keeps of somebody, and what it hands out once that somebody is erased. */
class ErasureTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final Duration NOW = Duration.ZERO;

    @TempDir Path folder;

    private Storage storage() {
        return Storage.open("sqlite:" + folder.resolve("hub.db"), TIME);
    }

    private static BusLog bus(Storage storage) throws InterruptedException {
        return new BusLog(storage.database(), storage.subjects(), Retention.DEFAULT, TIME);
    }

    private static BusEvent event(int position, String data) {
        return new BusEvent(
                "desk",
                position,
                0,
                "signed-up",
                "k" + position,
                Instant.parse("2026-01-01T00:00:00Z"),
                data.getBytes(UTF_8),
                Origin.NONE);
    }

    private static String of(String subject, String name) {
        return "{\"name\":{\"personal_of\":\"" + subject + "\",\"value\":\"" + name + "\"}}";
    }

    private static List<String> handed(BusLog bus, String name) throws InterruptedException {
        try (var consumer = bus.subscribe(name, Set.of("signed-up"))) {
            return consumer.poll(NOW).events().stream()
                    .map(each -> new String(each.data(), UTF_8))
                    .toList();
        }
    }

    @Test
    void events_lie_sealed_and_are_handed_out_open_until_their_subject_is_erased()
            throws Exception {
        try (var storage = storage();
                var bus = bus(storage)) {
            bus.publish("desk", 2, List.of(event(1, of("ann", "Ann")), event(2, of("bob", "Bob"))));
            assertThat(
                            storage.database()
                                    .query(
                                            "select data from bus_event",
                                            row -> new String(row.bytes("data"), UTF_8)))
                    .allMatch(data -> !data.contains("Ann") && !data.contains("Bob"));
            assertThat(handed(bus, "a.b")).containsExactly(of("ann", "Ann"), of("bob", "Bob"));
            storage.subjects().erase("ann", "test", sql -> {});
            var left = List.of("{\"name\":{\"personal_of\":\"ann\"}}", of("bob", "Bob"));
            assertThat(handed(bus, "a.b")).as("from memory").isEqualTo(left);
            bus.publish("desk", 3, List.of(event(3, of("ann", "Ann"))));
            assertThat(handed(bus, "a.c")).hasSize(3).noneMatch(data -> data.contains("Ann"));
        }
        try (var storage = storage();
                var bus = bus(storage)) {
            assertThat(handed(bus, "a.d"))
                    .as("from disk")
                    .containsExactly(
                            "{\"name\":{\"personal_of\":\"ann\"}}",
                            of("bob", "Bob"),
                            "{\"name\":{\"personal_of\":\"ann\"}}");
        }
    }

    @Test
    void every_service_is_asked_and_those_that_do_not_erase_are_named() throws Exception {
        var transport = new MemoryTransport(TIME);
        var asked = new AtomicReference<>("");
        try (transport;
                var cart = transport.serve(erasing(asked), ServerOptions.DEFAULT);
                var sensor = transport.serve(request -> Response.of(404), ServerOptions.DEFAULT);
                var hub =
                        Hub.start(
                                Hub.Options.of(0, "memory:")
                                        .services(Set.of("cart", "sensor", "till")),
                                transport,
                                TIME)) {
            var client = transport.client(hub.address());
            register(client, "cart", cart.address());
            register(client, "sensor", sensor.address());
            var erase = Body.of("{\"subject\":\"ann\",\"by\":\"a clerk\"}");
            var told =
                    Json.readMap(client.call(Request.post("/admin/erase", erase)).body().bytes());
            assertThat(told.get("bus"))
                    .asString()
                    .contains("by=a clerk")
                    .contains("repeated=false");
            assertThat(told.get("services")).asString().contains("service=cart, status=200");
            assertThat(told).containsEntry("silent", List.of("sensor", "till"));
            assertThat(asked.get()).isEqualTo("{\"subject\":\"ann\",\"by\":\"a clerk\"}");
            var only = Request.post("/admin/erase?service=cart", erase);
            told = Json.readMap(client.call(only).body().bytes());
            assertThat(told).doesNotContainKey("bus").containsEntry("silent", List.of());
            var nobody = Request.post("/admin/erase", Body.of("{\"subject\":\"\"}"));
            assertThat(client.call(nobody).status()).isEqualTo(400);
        }
    }

    private static final Duration LEASE = Duration.ofSeconds(30);

    private static void declareWithOneAttempt(BusLog bus) throws InterruptedException {
        bus.declare(
                "log",
                new Declaration(
                        Set.of("signed-up"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(1),
                        Optional.empty()));
    }

    private static List<String> errors(BusLog bus) {
        return bus.parked("log").stream().map(BusLog.ParkedKey::error).toList();
    }

    @Test
    void what_consumers_said_of_an_event_is_taken_away_with_its_subject() throws Exception {
        var transport = new MemoryTransport(TIME);
        var store = "sqlite:" + folder.resolve("hub.db");
        try (transport;
                var hub = Hub.start(Hub.Options.of(0, store), transport, TIME)) {
            var bus = hub.bus();
            declareWithOneAttempt(bus);
            bus.publish(
                    "desk",
                    3,
                    List.of(
                            event(1, of("ann", "Ann")),
                            event(2, of("bob", "Bob")),
                            event(3, of("ann", "Ann"))));
            assertThat(bus.lease("log", "pull-a", 9, NOW, LEASE)).hasSize(3);
            bus.reject("log", "pull-a", List.of("desk/1/0"), "no Ann", Optional.empty());
            bus.reject("log", "pull-a", List.of("desk/2/0"), "no Bob", Optional.empty());
            assertThat(errors(bus)).containsExactly("no Ann", "no Bob");
            var erase = Request.post("/admin/erase", Body.of("{\"subject\":\"ann\"}"));
            assertThat(transport.client(hub.address()).call(erase).status()).isEqualTo(200);
            // It was handed out before, with her name.
            bus.reject("log", "pull-a", List.of("desk/3/0"), "no Ann, either", Optional.empty());
            assertThat(errors(bus))
                    .hasSize(3)
                    .contains("no Bob")
                    .noneMatch(error -> error.contains("Ann"));
        }
        try (var storage = storage();
                var bus = bus(storage)) {
            assertThat(errors(bus))
                    .hasSize(3)
                    .contains("no Bob")
                    .noneMatch(error -> error.contains("Ann"));
        }
    }

    private static Service<Request, Response> erasing(AtomicReference<String> asked) {
        return request -> {
            if (!request.path().equals("/_weft/erase")) return Response.of(404);
            asked.set(request.body().text());
            return Response.of(200).with(Body.of("{}"));
        };
    }

    private static void register(Service<Request, Response> hub, String service, URI address)
            throws Exception {
        var body =
                "{\"service\":\""
                        + service
                        + "\",\"address\":\""
                        + address
                        + "\",\"state\":\"ready\",\"routes\":[],\"lease_ms\":10000}";
        var put = Request.of(Method.PUT, "/registry/instances/" + service + "-1");
        assertThat(hub.call(put.with(Body.of(body))).successful()).isTrue();
    }

    @Test
    void what_a_program_has_sealed_itself_is_left_out_and_stops_nobody() throws Exception {
        try (var storage = storage();
                var bus = bus(storage)) {
            bus.publish(
                    "desk",
                    2,
                    List.of(
                            event(1, "{\"personal_of\":\"ann\",\"sealed\":\"1abc\"}"),
                            event(2, "{}")));
            assertThat(handed(bus, "a.b")).containsExactly("{\"personal_of\":\"ann\"}", "{}");
        }
    }
}
