package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.http.Problems;
import dev.weft.testkit.LoggedLines;
import dev.weft.testkit.VirtualTime;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A service whose storage is kept by a server that is away, when it starts and later. */
@Timeout(60)
class StorageAwayTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final VirtualTime time = new VirtualTime();

    private static Failure.Storage away() {
        return new Failure.Storage("postgresql://db/shop cannot be reached", true, null);
    }

    private Storage opened() {
        return Storage.open("memory:", SystemTime.INSTANCE);
    }

    /** Starts, with the clock going on whenever it waits. */
    private Storage start(boolean served, Supplier<Storage> opening) throws Exception {
        var starting = new FutureTask<>(() -> StorageWait.open(opening, served, "cart", time));
        var thread = SystemTime.INSTANCE.start("starting", starting);
        long end = SystemTime.INSTANCE.nanos() + PATIENCE.toNanos();
        while (!thread.join(Duration.ofMillis(1))) {
            assertThat(SystemTime.INSTANCE.nanos() - end).isNegative();
            time.advance(Duration.ofSeconds(1));
        }
        return starting.get();
    }

    @Test
    void a_service_that_starts_waits_for_it_and_says_so_once() throws Exception {
        var tries = new AtomicInteger();
        try (var log = new LoggedLines(StorageWait.class.getName());
                var storage =
                        start(
                                true,
                                () -> {
                                    if (tries.incrementAndGet() < 10) throw away();
                                    return opened();
                                })) {
            assertThat(storage.events().head()).isZero();
            assertThat(tries).hasValue(10);
            assertThat(log.lines())
                    .containsExactly(
                            "cart waits for its storage, 5 min at most: postgresql://db/shop cannot be"
                                    + " reached",
                            "cart goes on, its storage is there");
        }
    }

    @Test
    void a_service_does_not_wait_for_ever() {
        assertThatThrownBy(() ->
                        start(
                                true,
                                () -> {
                                    throw away();
                                }))
                .hasCauseInstanceOf(Failure.Storage.class);
        assertThat(time.nanos()).isGreaterThanOrEqualTo(StorageWait.LONGEST.toNanos());
    }

    @Test
    void what_waiting_does_not_mend_ends_the_start_at_once() {
        var wrong = new Failure.Storage("postgresql://db/shop lets this user not in", null);
        for (boolean damagedFile : new boolean[] {true, false})
            assertThatThrownBy(() ->
                            StorageWait.open(
                                    () -> {
                                        throw damagedFile ? away() : wrong;
                                    },
                                    !damagedFile,
                                    "cart",
                                    time))
                    .isInstanceOf(Failure.Storage.class);
    }

    @Test
    void requests_that_are_refused_for_it_are_worth_a_line_now_and_then() throws Exception {
        Service<Request, Response> failing =
                request -> {
                    throw away();
                };
        var service = Problems.filter("cart/1", time).then(failing);
        try (var log = new LoggedLines(Problems.class.getName())) {
            for (int second = 0; second < 60; second++) {
                for (int i = 0; i < 10; i++)
                    assertThat(service.call(Request.get("/carts/1")).status()).isEqualTo(503);
                time.advance(Duration.ofSeconds(1));
            }
            var line =
                    "cart/1 refuses what needs its store, such as GET /carts/1: postgresql://db/shop"
                            + " cannot be reached";
            assertThat(log.lines())
                    .containsExactly(line, line + " (299 such lines before were left out)");
            assertThat(log.traces()).isEmpty();
        }
    }
}
