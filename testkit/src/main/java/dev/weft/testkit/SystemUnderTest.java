package dev.weft.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Awaited;
import dev.weft.core.Blocked;
import dev.weft.core.Body;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Transport;
import dev.weft.http.HttpTransport;
import dev.weft.json.Json;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A system that runs, as a test sees it: it sends commands through the gateway and waits exactly until what came of them is
 * done, in all services. Nobody sleeps, and what is still not done when the time is over is named in the failure.
 *
 * <pre>{@code
 * var ordered = system.call(Request.post("/orders", body));
 * system.await(Duration.ofSeconds(10), ordered);
 * assertThat(system.call(Request.get("/reports/today")).body().text()).contains("1 order");
 * }</pre>
 */
public final class SystemUnderTest implements AutoCloseable {

    private static final long MAX_ANSWER_BYTES = 16 << 20;

    /** What the hub says about the whole system. */
    public record Settled(boolean settled, long waitedMs, List<Blocked> blocked) {}

    private final Service<Request, Response> gateway;
    private final Service<Request, Response> hub;
    private final Optional<String> token;
    private final Runnable closing;

    private SystemUnderTest(
            Service<Request, Response> gateway,
            Service<Request, Response> hub,
            Optional<String> token,
            Runnable closing) {
        this.gateway = gateway;
        this.hub = hub;
        this.token = token;
        this.closing = closing;
    }

    /** Where {@code WEFT_GATEWAY}, {@code WEFT_ADMIN} and {@code WEFT_TOKEN} say, as {@code weft run} sets them. */
    public static SystemUnderTest ofEnvironment() {
        var environment = System.getenv();
        var transport = new HttpTransport();
        return new SystemUnderTest(
                transport.client(
                        URI.create(
                                environment.getOrDefault("WEFT_GATEWAY", "http://127.0.0.1:8080"))),
                transport.client(
                        URI.create(
                                environment.getOrDefault("WEFT_ADMIN", "http://127.0.0.1:8090"))),
                Optional.ofNullable(environment.get("WEFT_TOKEN")),
                transport::close);
    }

    /**
     * At these addresses; the transport stays the caller's.
     *
     * @param gateway where commands go: the gateway, or a service
     */
    public static SystemUnderTest at(
            Transport transport, URI gateway, URI hub, Optional<String> token) {
        return new SystemUnderTest(
                transport.client(gateway), transport.client(hub), token, () -> {});
    }

    /** The system's answer to a caller from outside. */
    public Response call(Request request) throws Exception {
        return gateway.call(request);
    }

    /**
     * Waits until all is done that came of commands, by the receipts in their answers; of one that wrote nothing nothing
     * came.
     *
     * @throws AssertionError naming what is not done when the time is over, or does not go on by itself
     */
    public void await(Duration atMost, Response... answers) throws Exception {
        await(
                atMost,
                Stream.of(answers)
                        .flatMap(answer -> answer.headers().all(ContextHeaders.RECEIPT).stream())
                        .map(Receipt::parse)
                        .toArray(Receipt[]::new));
    }

    /**
     * Waits until all is done that came of what the receipts name.
     *
     * @param receipts one of each command: joined ones name the latest of each service only
     * @throws AssertionError as the other
     */
    public void await(Duration atMost, Receipt... receipts) throws Exception {
        var named =
                Stream.of(receipts)
                        .filter(receipt -> !receipt.isEmpty())
                        .map(Receipt::toString)
                        .toList();
        if (named.isEmpty()) return;
        var what = Map.of("receipts", named, "timeout_ms", atMost.toMillis());
        var awaited = Json.read(post("/admin/await", what), Awaited.class);
        if (!awaited.done())
            throw new AssertionError(String.join("; ", named) + " " + awaited.text());
    }

    /**
     * Waits until nothing is under way any more in the whole system.
     *
     * @throws AssertionError naming what blocks
     */
    public void settle(Duration atMost) throws Exception {
        var settled =
                Json.read(
                        post("/admin/settle", Map.of("timeout_ms", atMost.toMillis())),
                        Settled.class);
        if (!settled.settled())
            throw new AssertionError(
                    "not settled after "
                            + settled.waitedMs()
                            + " ms"
                            + Blocked.lines(settled.blocked()));
    }

    private byte[] post(String path, Map<String, Object> what) throws Exception {
        var request =
                Request.post(path, Body.of(Json.write(what)))
                        .header("Content-Type", "application/json");
        if (token.isPresent()) request = request.header("Authorization", "Bearer " + token.get());
        var answer = hub.call(request);
        try (var body = answer.body()) {
            var bytes = body.bytes(MAX_ANSWER_BYTES);
            if (!answer.successful())
                throw new AssertionError(
                        path
                                + " was answered with "
                                + answer.status()
                                + ": "
                                + new String(bytes, UTF_8));
            return bytes;
        }
    }

    /** Closes the connections; the system goes on. */
    @Override
    public void close() {
        closing.run();
    }
}
