package dev.weft.supervisor;

import dev.weft.core.BearerToken;
import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Consumer;

/**
 * The supervisor over HTTP: {@code GET /admin/processes}, {@code GET
 * /admin/logs?service=&lines=&follow=true}, {@code POST /admin/stop} with {@code {"by": "who"}} or
 * nothing, and {@code POST /admin/processes/{service}/restart}; each wants {@code Authorization: Bearer
 * TOKEN}.
 *
 * <p>Logs are JSON objects, one a line; while following, an empty line comes when nothing else did
 * for ten seconds.
 */
public final class Control {

    /** What {@code lines} is without a word, and at most. */
    static final int DEFAULT_LINES = 200;

    /** Who stops it, at most. */
    static final int MAX_NAME = 200;

    private static final Duration SILENCE = Duration.ofSeconds(10);

    private final ProcessTable table;
    private final Logs logs;
    private final Consumer<String> stop;
    private final Time time;

    private Control(ProcessTable table, Logs logs, Consumer<String> stop, Time time) {
        this.table = table;
        this.logs = logs;
        this.stop = stop;
        this.time = time;
    }

    /**
     * The service that answers these requests.
     *
     * @param stop begins to stop the system, told on whose behalf, and returns at once
     */
    public static Service<Request, Response> of(
            ProcessTable table, Logs logs, String token, Consumer<String> stop, Time time) {
        var control = new Control(table, logs, stop, time);
        var routes =
                Routes.of(
                        Route.get("/admin/processes", request -> control.processes()),
                        Route.get("/admin/logs", control::logs),
                        Route.post("/admin/stop", control::stop),
                        Route.post("/admin/processes/{service}/restart", control::restart));
        return problems().then(BearerToken.required(token)).then(routes);
    }

    private static Filter<Request, Response> problems() {
        return (request, next) -> {
            try {
                return next.call(request);
            } catch (Failure.Answered e) {
                return answer(e.problem());
            } catch (Failure.Malformed e) {
                return answer(Problem.of(400, "malformed", String.valueOf(e.getMessage())));
            }
        };
    }

    private static Response answer(Problem problem) {
        var members = new java.util.LinkedHashMap<String, Object>();
        members.put("type", "urn:weft:problem:" + problem.type());
        members.put("title", problem.title());
        members.put("status", problem.status());
        members.put("detail", problem.detail());
        members.putAll(problem.members());
        return json(problem.status(), members).header("Content-Type", "application/problem+json");
    }

    private static Response json(int status, Object value) {
        return Response.of(status)
                .header("Content-Type", "application/json")
                .with(Body.of(Json.write(value)));
    }

    private Response processes() {
        return json(200, table.processes());
    }

    private Response stop(Request request) {
        var by = "a request to /admin/stop";
        var body = request.body().bytes();
        if (body.length > 0 && Json.readMap(body).get("by") instanceof String name)
            by = name.substring(0, Math.min(name.length(), MAX_NAME)).replaceAll("\\p{Cntrl}", " ");
        stop.accept(by);
        return Response.of(202);
    }

    private Response restart(Request request) throws InterruptedException {
        var service = request.variable("service");
        if (!table.services().contains(service))
            throw Problem.of(
                            404,
                            "unknown-service",
                            "there is no service "
                                    + service
                                    + "; there are "
                                    + String.join(", ", table.services()))
                    .failure();
        var problem = restart(service);
        if (problem.isPresent())
            throw Problem.of(502, "not-ready", service + " was not replaced: " + problem.get())
                    .failure();
        return json(200, Map.of("service", service));
    }

    /**
     * On a thread of its own, for the request may be cut short by the very restart that it asks for:
     * it came through the hub. Once begun, a restart is finished, whoever still listens.
     */
    private Optional<String> restart(String service) throws InterruptedException {
        var answer = new ArrayBlockingQueue<Optional<String>>(1);
        time.start(
                "weft-restart-" + service,
                () -> Context.none().run(() -> answer.add(outcome(service))));
        return answer.take();
    }

    private Optional<String> outcome(String service) {
        try {
            return table.restart(service);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("the restart was broken off");
        } catch (RuntimeException e) {
            return Optional.of("the restart failed: " + e);
        }
    }

    private Response logs(Request request) {
        var query = request.query();
        var service = query.get("service").orElse("");
        int lines = lines(query.get("lines").orElse(Integer.toString(DEFAULT_LINES)));
        var body =
                query.get("follow").orElse("false").equals("true")
                        ? Body.of(new Following(logs.follow(service, lines)), OptionalLong.empty())
                        : Body.of(text(service, lines));
        return Response.of(200).header("Content-Type", "application/x-ndjson").with(body);
    }

    private static int lines(String text) {
        try {
            int lines = Integer.parseInt(text);
            if (lines >= 0) return Math.min(lines, Logs.MAX_LINES);
        } catch (NumberFormatException e) {
            throw new Failure.Malformed("lines is a number, not \"" + text + "\"", e);
        }
        throw new Failure.Malformed("lines is 0 or more, not " + text);
    }

    private String text(String service, int lines) {
        var text = new StringBuilder();
        for (var line : logs.last(service, lines)) text.append(Json.text(line)).append('\n');
        return text.toString();
    }

    /** The lines to come as one stream of bytes. One thread reads. */
    private static final class Following extends InputStream {
        private final Logs.Follower follower;
        private byte[] line = {};
        private int next;

        Following(Logs.Follower follower) {
            this.follower = follower;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) return 0;
            if (next == line.length) more();
            int count = Math.min(length, line.length - next);
            System.arraycopy(line, next, buffer, offset, count);
            next += count;
            return count;
        }

        private void more() throws IOException {
            try {
                var found = follower.next(SILENCE);
                line = (found.map(Json::text).orElse("") + "\n").getBytes(StandardCharsets.UTF_8);
                next = 0;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("the reader has gone");
            }
        }

        @Override
        public void close() {
            follower.close();
        }
    }
}
