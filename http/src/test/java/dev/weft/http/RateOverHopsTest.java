package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientTelemetry;
import dev.weft.core.client.Clients;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A calls B, B does something and calls C, and C answers 429. */
class RateOverHopsTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final Request POST = Request.post("/", Body.of("x"));

    private final MemoryTransport transport = new MemoryTransport(TIME);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final AtomicInteger atB = new AtomicInteger();
    private final AtomicInteger atC = new AtomicInteger();

    @AfterEach
    void close() {
        transport.close();
    }

    private void serve(String name, Service<Request, Response> service) {
        var server =
                transport.serve(
                        new ServerTrace(Tracer.NONE, TIME, Duration.ofSeconds(10), request -> "")
                                .then(Problems.filter(name))
                                .then(Problems.handlers())
                                .then(service),
                        ServerOptions.DEFAULT.port(0));
        register(name, server.address());
    }

    private void register(String name, java.net.URI address) {
        registry.register(
                new Instance(name, name + "-1", address, Instance.State.READY, List.of()));
    }

    private Clients clients(String by) {
        return new Clients(by, CallSettings.NONE, registry, transport, ClientTelemetry.NONE, TIME);
    }

    private Response callsThroughB(Response ofC, boolean typed) throws Exception {
        atB.set(0);
        atC.set(0);
        var c =
                transport.serve(
                        request -> {
                            atC.incrementAndGet();
                            return ofC;
                        },
                        ServerOptions.DEFAULT.port(0));
        register("c", c.address());
        try (var ofB = clients("b");
                var ofA = clients("a")) {
            serve(
                    "b",
                    request -> {
                        atB.incrementAndGet();
                        var answer = ofB.of("c").call(POST);
                        if (typed) throw Problems.failure(answer);
                        return answer;
                    });
            return ofA.of("b").call(POST);
        }
    }

    @Test
    void work_that_was_begun_is_not_repeated_because_somebody_further_in_was_asked_too_often()
            throws Exception {
        for (boolean typed : new boolean[] {false, true}) {
            var plain = callsThroughB(Response.of(429), typed);
            assertThat(plain.status()).isEqualTo(429);
            assertThat(atC).hasValue(1);
            assertThat(atB).hasValue(1);
            var unbegun = Response.of(429).header(ContextHeaders.RETRYABLE, "yes");
            var gaveUp = callsThroughB(unbegun, typed);
            assertThat(gaveUp.status()).isEqualTo(429);
            assertThat(gaveUp.headers().get(ContextHeaders.RETRYABLE)).hasValue("no");
            assertThat(atC).as("refused before the work, so it is tried again").hasValue(3);
            assertThat(atB).hasValue(1);
        }
    }
}
