package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.http.HttpTransport;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A hub that is a process of its own and is killed with {@code kill -9} amid publishing. */
@Timeout(120)
class KilledHubTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final int EVENTS = 150;
    private static final int KEYS = 7;
    private static final Pattern ADDRESS = Pattern.compile("listens on (http://[0-9.:]+)");

    @TempDir private Path folder;

    private final HttpTransport transport = new HttpTransport(TIME);
    private final Set<String> published = ConcurrentHashMap.newKeySet();
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();

    /** Where the hub listens; whoever waits for a change waits on the test. */
    private Optional<URI> address = Optional.empty();

    private int starts;

    @Test
    void what_was_answered_is_neither_lost_nor_repeated_nor_reordered() throws Exception {
        var hub = start();
        try {
            call(Method.PUT, "/bus/subscriptions/log", "application/json", "{\"types\":[\"t\"]}");
            var publisher = started(this::publish);
            var consumer = started(this::consume);
            for (int kill = 1; kill <= 2; kill++) {
                awaitAcknowledged(kill * EVENTS / 3);
                hub.destroyForcibly().waitFor();
                hub = start();
            }
            publisher.get(60, TimeUnit.SECONDS);
            consumer.get(60, TimeUnit.SECONDS);
            assertThat(published).hasSize(EVENTS);
            assertThat(acknowledged).isEqualTo(published);
        } finally {
            hub.destroyForcibly().waitFor();
            transport.close();
        }
    }

    private Boolean publish() throws Exception {
        for (int n = 1; n <= EVENTS; n++) {
            var event =
                    "{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\",\"id\":\""
                            + n
                            + "\",\"subject\":\"key"
                            + n % KEYS
                            + "\"}";
            persist("/bus/events", "application/cloudevents+json", event);
            published.add("/s/" + n + "/0");
        }
        return true;
    }

    /** What is acknowledged has to come no more; of each key, it is in order. */
    private Boolean consume() throws Exception {
        Map<String, Integer> last = new HashMap<>();
        while (acknowledged.size() < EVENTS) {
            var pull =
                    persist(
                            "/bus/subscriptions/log/pull",
                            "application/json",
                            "{\"max\":10,\"wait_ms\":200,\"lease_ms\":10000}");
            var ids = new ArrayList<String>();
            var numbers = new HashMap<String, Map<String, Object>>();
            for (var json : Json.readList(pull.body().bytes(), RawJson.class)) {
                var event = Json.readMap(json.utf8());
                var id = event.getOrDefault("weftid", "").toString();
                assertThat(acknowledged).doesNotContain(id);
                numbers.put(id, event);
                ids.add(id);
            }
            if (ids.isEmpty()) continue;
            // One by one, or the hub would have to be killed within a moment to split a batch.
            for (var id : ids) {
                var handled =
                        "{\"lease\":\""
                                + pull.headers().get("Weft-Lease").orElseThrow()
                                + "\",\"ids\":[\""
                                + id
                                + "\"]}";
                var answer =
                        persist("/bus/subscriptions/log/acknowledge", "application/json", handled);
                // Its lease ended with the hub: it comes again.
                if (answer.status() == 409) break;
                var event = numbers.getOrDefault(id, Map.of());
                int number = Integer.parseInt(event.getOrDefault("id", "").toString());
                var before = last.put(event.getOrDefault("subject", "").toString(), number);
                assertThat(before == null || before + KEYS == number)
                        .as("%s behind %s", number, before)
                        .isTrue();
                noteAcknowledged(id);
            }
        }
        return true;
    }

    /** Until it is answered; what is away comes back. */
    private Response persist(String path, String type, String body) throws Exception {
        while (true) {
            int before = starts();
            try {
                var answer = call(Method.POST, path, type, body);
                if (answer.status() != 503) {
                    assertThat(answer.status()).as(path).isIn(200, 204, 409);
                    return answer;
                }
            } catch (Failure.Unreachable | UncheckedIOException away) {
                awaitAnother(before);
            }
        }
    }

    private synchronized URI address() {
        return address.orElseThrow();
    }

    private synchronized int starts() {
        return starts;
    }

    private synchronized void awaitAnother(int before) throws InterruptedException {
        while (starts == before) wait();
    }

    private Response call(Method method, String path, String type, String body) throws Exception {
        var request = Request.of(method, path).header("Content-Type", type).with(Body.of(body));
        var answer = transport.client(address()).call(request);
        answer.body().bytes();
        return answer;
    }

    private synchronized void awaitAcknowledged(int count) throws InterruptedException {
        while (acknowledged.size() < count) wait();
    }

    private synchronized void noteAcknowledged(String id) {
        acknowledged.add(id);
        notifyAll();
    }

    private synchronized void listens(URI at) {
        address = Optional.of(at);
        starts++;
        notifyAll();
    }

    private static FutureTask<Boolean> started(Callable<Boolean> work) {
        var task = new FutureTask<>(work);
        TIME.start("killed-hub", task);
        return task;
    }

    /** Starts it with the data of the one before, and waits until it listens. */
    private Process start() throws IOException {
        var command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx128m",
                        "-cp",
                        classPath(),
                        HubMain.class.getName());
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(Map.of("WEFT_PORT", "0", "WEFT_DATA", folder.toString()));
        var process = builder.start();
        var out = process.inputReader();
        var said = new StringBuilder();
        for (var line = out.readLine(); line != null; line = out.readLine()) {
            said.append(line).append('\n');
            var found = ADDRESS.matcher(line);
            if (!found.find()) continue;
            listens(URI.create(found.group(1)));
            return process;
        }
        throw new IOException("the hub ended before it listened: " + said);
    }

    private static String classPath() {
        var parts = new ArrayList<String>();
        for (var property : List.of("jdk.module.path", "java.class.path"))
            if (System.getProperty(property) != null) parts.add(System.getProperty(property));
        return String.join(File.pathSeparator, parts);
    }
}
