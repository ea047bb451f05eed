package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.testkit.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class AskedRoutesTest {

    private static final SystemTime REAL = SystemTime.INSTANCE;

    private final VirtualTime time = new VirtualTime();
    private final MemoryTransport transport = new MemoryTransport(REAL);
    private final MemoryRegistry registry = new MemoryRegistry();
    private final AtomicInteger questions = new AtomicInteger();
    private volatile String routes = "{\"routes\":[\"GET /carts/{id}\"]}";
    private volatile boolean broken;

    @AfterEach
    void close() {
        transport.close();
    }

    private Response answer(Request request) {
        assertThat(request.path()).isEqualTo("/_weft/routes");
        questions.incrementAndGet();
        if (broken) throw new Failure.Unreachable("as the test wants it", true, null);
        return routes.isEmpty() ? Response.of(404) : Response.text(routes);
    }

    private AskedRoutes asked() {
        var server = transport.serve(this::answer, ServerOptions.DEFAULT);
        registry.register(
                new Instance("cart", "cart-1", server.address(), Instance.State.READY, List.of()));
        return new AskedRoutes(registry, transport, time);
    }

    /** Lets time fly until it is so. */
    private void pass(BooleanSupplier condition) throws InterruptedException {
        long end = REAL.nanos() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            if (REAL.nanos() - end > 0) throw new AssertionError("waited in vain");
            time.advance(Duration.ofMillis(100));
            REAL.sleep(Duration.ofMillis(2));
        }
    }

    private static List<String> routes(AskedRoutes asked) {
        return asked.instances().stream().flatMap(i -> i.routes().stream()).toList();
    }

    @Test
    void an_instance_is_known_with_the_routes_that_it_tells_and_asked_again() throws Exception {
        try (var asked = asked()) {
            pass(() -> routes(asked).equals(List.of("GET /carts/{id}")));
            routes = "{\"routes\":[\"GET /carts\",\"POST /carts\"]}";
            pass(() -> routes(asked).equals(List.of("GET /carts", "POST /carts")));
            assertThat(asked.instances("cart")).hasSize(1);
            assertThat(asked.age()).isZero();
        }
    }

    @Test
    void one_that_has_none_to_tell_is_known_without() throws Exception {
        routes = "";
        try (var asked = asked()) {
            pass(() -> !asked.instances().isEmpty());
            assertThat(routes(asked)).isEmpty();
        }
    }

    @Test
    void one_that_gives_no_answer_keeps_the_routes_that_it_had() throws Exception {
        try (var asked = asked()) {
            pass(() -> !routes(asked).isEmpty());
            broken = true;
            int before = questions.get();
            pass(() -> questions.get() > before + 2);
            assertThat(routes(asked)).containsExactly("GET /carts/{id}");
            broken = false;
            routes = "{\"routes\":[]}";
            pass(() -> routes(asked).isEmpty());
        }
    }

    @Test
    void one_that_never_answers_is_known_without_and_forgotten_when_it_leaves() throws Exception {
        broken = true;
        try (var asked = asked()) {
            pass(() -> !asked.instances().isEmpty());
            assertThat(routes(asked)).isEmpty();
            registry.register(asked.instances().getFirst()).close();
            assertThat(asked.instances()).isEmpty();
        }
    }
}
