package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.ContextHeaders;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.client.CallSettings;
import dev.weft.core.policy.Mode;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import dev.weft.events.MasterKeys;
import dev.weft.events.MemoryBus;
import dev.weft.events.Projection;
import dev.weft.events.Table;
import dev.weft.http.Endpoint;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Somebody is erased in a running service. */
class ErasureTest {

    record SignUp(String id, String name) {}

    record SignedUp(Personal<String> name) {}

    record Customer(Optional<Personal<String>> name) {}

    record Shown(String id, String name) {}

    record ById(String id) {}

    private static final Decider<SignUp, Customer, SignedUp> CUSTOMER =
            Decider.of(
                    "customer",
                    new Customer(Optional.empty()),
                    (it, known) ->
                            known.name().isPresent()
                                    ? Decision.nothing()
                                    : Decision.emit(new SignedUp(Personal.of(it.id(), it.name()))),
                    (known, it) -> new Customer(Optional.of(it.name())),
                    EventType.of("signed-up", SignedUp.class));

    private static final Table<SignedUp> DIRECTORY = Table.of("directory", SignedUp.class);

    private final SystemTime time = SystemTime.INSTANCE;
    private final MemoryTransport transport = new MemoryTransport(time);

    @SuppressWarnings("NullAway.Init") // Started before each test.
    private Running running;

    @SuppressWarnings("NullAway.Init") // Started before each test.
    private Service<Request, Response> client;

    /** What happens between a handler's work and its answer. */
    private volatile Runnable beforeAnswer = () -> {};

    private App app() {
        return App.named("customers")
                .tables(DIRECTORY)
                .project(
                        Projection.of(
                                        "directory",
                                        CUSTOMER,
                                        (event, sql) ->
                                                DIRECTORY.put(sql, event.key(), event.data()))
                                .onErase(DIRECTORY::forget))
                .routes(weft ->
                        Routes.of(
                                Endpoint.post("/customers/{id}", SignUp.class, Shown.class)
                                        .to(it -> {
                                            var known =
                                                    weft.handle(CUSTOMER, it.id(), it)
                                                            .orProblem(409);
                                            beforeAnswer.run();
                                            return shown(it.id(), known.name());
                                        }),
                                Endpoint.post("/letters/{id}", ById.class, Shown.class)
                                        .to(it -> {
                                            var known = weft.state(CUSTOMER, it.id());
                                            beforeAnswer.run();
                                            return shown(it.id(), known.name());
                                        }),
                                Endpoint.get("/directory/{id}", ById.class, SignedUp.class)
                                        .to(it -> DIRECTORY.get(weft.database(), it.id())),
                                Route.delete(
                                        "/customers/{id}",
                                        request -> {
                                            weft.erase(request.variable("id"), "herself");
                                            return Response.of(204);
                                        })));
    }

    private static Shown shown(String id, Optional<Personal<String>> name) {
        return new Shown(id, name.map(it -> it.orElse("(erased)")).orElse(""));
    }

    @BeforeEach
    void start() {
        var registry = new MemoryRegistry();
        running =
                Running.start(
                        app(),
                        new Surroundings(
                                "customers",
                                "customers-1",
                                time,
                                transport,
                                ServerOptions.DEFAULT,
                                registry,
                                registry,
                                new MemoryBus(time),
                                "memory:",
                                MasterKeys.NONE,
                                Span.Sink.NONE,
                                new MemoryMeter(),
                                100,
                                Duration.ofHours(1),
                                Mode.ON,
                                Optional.empty(),
                                CallSettings.NONE,
                                List.of()));
        client = transport.client(running.address());
    }

    @AfterEach
    void stop() {
        running.close();
    }

    private static Request signUp() {
        return Request.post("/customers/ann", Body.of("{\"name\":\"Ann\"}"))
                .header("Content-Type", "application/json")
                .header(ContextHeaders.IDEMPOTENCY_KEY, "k1");
    }

    private Map<String, Object> call(Request request) throws Exception {
        return Json.readMap(client.call(request).body().bytes());
    }

    private String directory() throws Exception {
        var at = "/_weft/progress?wait_ms=5000";
        assertThat(call(Request.get(at))).containsEntry("settled", true);
        return client.call(Request.get("/directory/ann")).body().text();
    }

    @Test
    void an_answer_that_was_kept_is_not_given_again() throws Exception {
        assertThat(call(signUp())).containsEntry("name", "Ann");
        assertThat(call(signUp())).containsEntry("name", "Ann");
        assertThat(directory()).contains("Ann");
        var deleted = client.call(Request.of(Method.DELETE, "/customers/ann"));
        assertThat(deleted.status()).isEqualTo(204);
        assertThat(call(signUp())).containsEntry("name", "(erased)");
        assertThat(directory()).isEqualTo("{\"name\":{\"personal_of\":\"ann\"}}");
    }

    @Test
    void an_answer_that_is_under_way_is_not_kept() throws Exception {
        beforeAnswer = () -> erase("ann");
        assertThat(call(signUp())).containsEntry("name", "Ann");
        beforeAnswer = () -> {};
        assertThat(call(signUp())).containsEntry("name", "(erased)");
    }

    @Test
    void nor_is_one_of_a_request_that_stores_nothing() throws Exception {
        call(signUp());
        var letter =
                Request.post("/letters/ann", Body.of("{}"))
                        .header("Content-Type", "application/json")
                        .header(ContextHeaders.IDEMPOTENCY_KEY, "k2");
        beforeAnswer = () -> erase("ann");
        assertThat(call(letter)).containsEntry("name", "Ann");
        beforeAnswer = () -> {};
        assertThat(call(letter)).containsEntry("name", "(erased)");
    }

    private void erase(String subject) {
        try {
            assertThat(client.call(Request.of(Method.DELETE, "/customers/" + subject)).status())
                    .isEqualTo(204);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void the_platform_erases_and_tells_when_it_was_done_first() throws Exception {
        call(signUp());
        var erase =
                Request.post("/_weft/erase", Body.of("{\"subject\":\"ann\",\"by\":\"a clerk\"}"));
        assertThat(call(erase))
                .containsEntry("by", "a clerk")
                .containsEntry("repeated", false)
                .containsEntry("copies", List.of());
        assertThat(call(erase)).containsEntry("repeated", true);
        assertThat(directory()).doesNotContain("Ann");
        var nobody = client.call(Request.post("/_weft/erase", Body.of("{\"subject\":\"\"}")));
        assertThat(nobody.status()).isEqualTo(400);
    }
}
