package dev.weft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Deadline;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.http.HttpTransport;
import dev.weft.testkit.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Waiting for the hub; the hub is not real. */
@Timeout(60)
class AdminTest {

    private static final SystemTime SYSTEM = SystemTime.INSTANCE;
    private static final Duration LONG = Duration.ofMinutes(9);

    private final HttpTransport serving = new HttpTransport();
    private final AtomicInteger asked = new AtomicInteger();

    @AfterEach
    void close() {
        serving.close();
    }

    private Admin admin(Service<Request, Response> hub, Time time) {
        Service<Request, Response> counted =
                request -> {
                    asked.incrementAndGet();
                    return hub.call(request);
                };
        var address = serving.serve(counted, ServerOptions.DEFAULT).address().toString();
        var system =
                new RunningSystem(
                        "shop",
                        "",
                        0,
                        address,
                        "",
                        Optional.empty(),
                        "",
                        "secret",
                        SYSTEM.now(),
                        true,
                        List.of());
        return new Admin(system, new HttpTransport(time));
    }

    private static String await(Admin admin, Time time) {
        var until = Deadline.after(LONG, time);
        return new String(
                admin.await("/admin/settle", until, time, left -> Map.of("timeout_ms", left)),
                UTF_8);
    }

    @Test
    void a_hub_may_say_nothing_for_as_long_as_it_is_asked_to_wait() throws Exception {
        var time = new VirtualTime();
        var waits = new CountDownLatch(1);
        var settled = new CountDownLatch(1);
        Service<Request, Response> hub =
                request -> {
                    waits.countDown();
                    settled.await();
                    return Response.text("settled");
                };
        try (var admin = admin(hub, time)) {
            var answer = new FutureTask<>(() -> await(admin, time));
            SYSTEM.start("waits", answer);
            waits.await();
            time.advance(LONG.minusSeconds(1));
            settled.countDown();
            assertThat(answer.get()).isEqualTo("settled");
        }
        assertThat(asked).hasValue(1);
    }

    @Test
    void a_hub_that_is_away_for_a_moment_is_asked_again() {
        Service<Request, Response> hub =
                request -> asked.get() == 1 ? Response.of(503) : Response.text("settled");
        try (var admin = admin(hub, SYSTEM)) {
            assertThat(await(admin, SYSTEM)).isEqualTo("settled");
        }
        assertThat(asked).hasValue(2);
    }

    @Test
    void a_hub_that_refuses_is_not_asked_again() {
        try (var admin = admin(request -> Response.of(400), SYSTEM)) {
            assertThatThrownBy(() -> await(admin, SYSTEM)).isInstanceOf(CommandFailed.class);
        }
        assertThat(asked).hasValue(1);
    }
}
