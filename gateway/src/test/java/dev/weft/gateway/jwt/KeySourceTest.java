package dev.weft.gateway.jwt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Body;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.http.HttpTransport;
import dev.weft.testkit.VirtualTime;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class KeySourceTest {

    private static final URI FROM = URI.create("https://issuer.example/keys");
    private static final Duration REAL = Duration.ofSeconds(20);

    private static Issuer first;
    private static Issuer second;

    @TempDir Path folder;

    private final VirtualTime time = new VirtualTime();
    private final AtomicInteger loadings = new AtomicInteger();
    private volatile String served = "";

    @BeforeAll
    static void generate() throws Exception {
        first = Issuer.ec("first");
        second = Issuer.ec("second");
    }

    private byte[] read(URI from) throws IOException {
        loadings.incrementAndGet();
        if (served.isEmpty()) throw new IOException("refused");
        return served.getBytes(StandardCharsets.UTF_8);
    }

    private KeySource source() throws InterruptedException {
        var source = new KeySource(FROM, this::read, time);
        awaitLoading(source, 1);
        return source;
    }

    /** Waits until it has tried so often, and rests. */
    private static void awaitLoading(KeySource source, int times) throws InterruptedException {
        long end = SystemTime.INSTANCE.nanos() + REAL.toNanos();
        while (source.loadings() < times) {
            assertThat(SystemTime.INSTANCE.nanos()).isLessThan(end);
            SystemTime.INSTANCE.sleep(Duration.ofMillis(1));
        }
    }

    private static Optional<Boolean> knows(KeySource source, String id) throws Exception {
        return source.fitting(Algorithm.ES256, Optional.of(id)).map(keys -> !keys.isEmpty());
    }

    @Test
    void keys_are_loaded_once_and_then_every_ten_minutes() throws Exception {
        served = Issuer.set(first);
        try (var source = source()) {
            for (int i = 0; i < 100; i++) assertThat(knows(source, "first")).contains(true);
            assertThat(loadings).hasValue(1);
            served = Issuer.set(second);
            time.advance(Duration.ofMinutes(10));
            awaitLoading(source, 2);
            assertThat(knows(source, "second")).contains(true);
            assertThat(loadings).hasValue(2);
        }
    }

    @Test
    void a_key_that_is_not_known_is_asked_for_at_once() throws Exception {
        served = Issuer.set(first);
        try (var source = source()) {
            time.advance(KeySource.GAP_URL);
            served = Issuer.set(first, second);
            assertThat(knows(source, "second")).contains(true);
            assertThat(loadings).hasValue(2);
        }
    }

    @Test
    void made_up_keys_do_not_flood_the_issuer() throws Exception {
        served = Issuer.set(first);
        try (var source = source()) {
            for (int i = 0; i < 1000; i++)
                assertThat(knows(source, "made-up-" + i)).contains(false);
            assertThat(loadings).hasValue(1);
            time.advance(KeySource.GAP_URL);
            for (int i = 0; i < 1000; i++)
                assertThat(knows(source, "made-up-" + i)).contains(false);
            assertThat(loadings).hasValue(2);
        }
    }

    @Test
    void what_was_known_last_stays_while_the_issuer_is_away() throws Exception {
        served = Issuer.set(first);
        try (var source = source()) {
            int times = 1;
            for (var wrong : new String[] {"", "<html>", "{\"keys\":[]}"}) {
                served = wrong;
                time.advance(KeySource.EVERY_URL);
                awaitLoading(source, ++times);
                assertThat(knows(source, "first")).as(wrong).contains(true);
            }
        }
    }

    @Test
    void while_nothing_is_known_nobody_can_tell_and_it_is_tried_again_soon() throws Exception {
        try (var source = source()) {
            assertThat(knows(source, "first")).isEmpty();
            served = Issuer.set(first);
            time.advance(Duration.ofSeconds(1));
            awaitLoading(source, 2);
            assertThat(knows(source, "first")).contains(true);
        }
    }

    @Test
    void who_comes_before_the_first_keys_waits_for_them() throws Exception {
        var go = new CountDownLatch(1);
        try (var source =
                new KeySource(
                        FROM,
                        from -> {
                            go.await();
                            return Issuer.set(first).getBytes(StandardCharsets.UTF_8);
                        },
                        time)) {
            var early = new FutureTask<>(() -> knows(source, "first"));
            SystemTime.INSTANCE.start("early", early);
            time.awaitWaiting(2, REAL);
            go.countDown();
            assertThat(early.get(20, TimeUnit.SECONDS)).contains(true);
        }
    }

    @Test
    void a_loading_that_hangs_is_ended_and_holds_nobody_up_for_long() throws Exception {
        var ended = new CountDownLatch(1);
        try (var source =
                new KeySource(
                        FROM,
                        from -> {
                            try {
                                new CountDownLatch(1).await();
                            } finally {
                                ended.countDown();
                            }
                            return new byte[0];
                        },
                        time)) {
            var early = new FutureTask<>(() -> knows(source, "first"));
            SystemTime.INSTANCE.start("early", early);
            time.awaitWaiting(2, REAL);
            time.advance(KeySource.LIMIT);
            assertThat(early.get(20, TimeUnit.SECONDS)).isEmpty();
            assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void a_file_has_to_be_good_at_the_start_and_is_looked_at_again() throws Exception {
        var file = folder.resolve("keys.json");
        assertThatThrownBy(() -> new KeySource(file.toUri(), time))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": there is no such file");
        Files.writeString(file, "{\"keys\":[]}");
        assertThatThrownBy(() -> new KeySource(file.toUri(), time))
                .hasMessageContaining("none of the 0 keys");
        Files.writeString(file, Issuer.set(first));
        try (var source = new KeySource(file.toUri(), time)) {
            awaitLoading(source, 1);
            Files.writeString(file, Issuer.set(second));
            time.advance(KeySource.EVERY_FILE);
            awaitLoading(source, 2);
            assertThat(knows(source, "second")).contains(true);
            assertThat(knows(source, "first")).contains(false);
        }
    }

    @Test
    void a_url_is_read_up_to_a_limit() throws Exception {
        try (var transport = new HttpTransport(SystemTime.INSTANCE)) {
            var server =
                    transport.serve(
                            request ->
                                    switch (request.path()) {
                                        case "/keys" ->
                                                Response.of(200).with(Body.of(Issuer.set(first)));
                                        case "/moved" ->
                                                Response.of(302).header("Location", "/keys");
                                        case "/large" ->
                                                Response.of(200).with(Body.of(new byte[2 << 20]));
                                        default -> Response.of(404);
                                    },
                            ServerOptions.DEFAULT);
            var reader = new KeyReader();
            for (var path : new String[] {"/keys", "/moved"})
                assertThat(Keys.parse(reader.call(server.address().resolve(path))).all())
                        .hasSize(1);
            assertThatThrownBy(() -> reader.call(server.address().resolve("/large")))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> reader.call(server.address().resolve("/nothing")))
                    .hasMessage("it was answered with 404");
        }
    }
}
