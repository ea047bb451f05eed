package dev.weft.cli;

import dev.weft.core.Backoff;
import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.http.HttpTransport;
import dev.weft.json.Json;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;

/** Calls to a running system, with its token; whatever goes wrong is a {@link CommandFailed}. */
final class Admin implements AutoCloseable {

    /** How long the hub's answer may take beyond what it was asked to wait. */
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private static final Backoff AGAIN = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));

    private final RunningSystem system;
    private final HttpTransport transport;

    Admin(RunningSystem system) {
        this(system, new HttpTransport());
    }

    /**
     * @param transport is closed with this
     */
    Admin(RunningSystem system, HttpTransport transport) {
        this.system = system;
        this.transport = transport;
    }

    /** The hub's answer. */
    <T> T read(String path, Class<T> type) {
        return Json.read(get(system.admin(), path), type);
    }

    /** The supervisor's answer; from itself if its address is known, so that no hub is needed. */
    byte[] supervisor(String path) {
        return get(system.control().isEmpty() ? system.admin() : system.control(), path);
    }

    private byte[] get(String address, String path) {
        return ask(address, Request.get(path)).body().bytes();
    }

    /** A stream of lines from the supervisor. */
    Response stream(String path) {
        return ask(
                system.control().isEmpty() ? system.admin() : system.control(), Request.get(path));
    }

    /** Has the hub do something and answers what it says. */
    byte[] post(String path, Map<String, Object> what) {
        return ask(system.admin(), Request.post(path, Body.of(Json.write(what)))).body().bytes();
    }

    /**
     * Has the hub wait for something, however long it says nothing meanwhile. It forgets who waits when it is started again, so it is
     * asked anew then.
     *
     * @param what it is asked, with the milliseconds that are left
     */
    byte[] await(String path, Deadline until, Time time, Function<Long, Map<String, Object>> what) {
        for (int attempt = 1; ; attempt++) {
            var left = until.remaining();
            var patient = Context.current().with(Deadline.after(left.plus(ANSWER), time));
            try {
                return patient.call(() -> post(path, what.apply(Math.max(0, left.toMillis()))));
            } catch (CommandFailed e) {
                if (!(e.getCause() instanceof Failure) || until.expired()) throw e;
                pause(AGAIN.after(attempt, time), until, time);
            } catch (Exception e) {
                throw new CommandFailed(path + " cannot be called: " + e, e);
            }
        }
    }

    private static void pause(Duration wait, Deadline until, Time time) {
        try {
            var left = until.remaining();
            time.sleep(wait.compareTo(left) < 0 ? wait : left);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed("interrupted", e);
        }
    }

    /** A member's answer, asked with the token. One that may answer later fails with a {@link Failure} as cause. */
    Response ask(String address, Request request) {
        var answer =
                call(
                        transport.client(URI.create(address)),
                        address,
                        request.header("Authorization", "Bearer " + system.token())
                                .header("Content-Type", "application/json"));
        if (answer.successful()) return answer;
        var problem = problem(answer, request);
        if (answer.status() == 503)
            throw new CommandFailed(problem, new Failure.Unreachable(problem, true, null));
        throw new CommandFailed(problem);
    }

    private static String problem(Response answer, Request request) {
        var text = answer.body().text();
        try {
            var detail = Json.readMap(answer.body().bytes()).get("detail");
            if (detail instanceof String said) return said;
        } catch (Failure.Malformed e) {
            // Not a problem in JSON; shown as it is.
        }
        return request.method()
                + " "
                + request.path()
                + " was answered with "
                + answer.status()
                + (text.isEmpty() ? "" : ": " + text);
    }

    /** A call to anyone in the system. */
    Response call(String address, Request request) {
        return call(transport.client(URI.create(address)), address, request);
    }

    private static Response call(
            Service<Request, Response> client, String address, Request request) {
        try {
            return client.call(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed("interrupted", e);
        } catch (Failure e) {
            throw new CommandFailed(
                    (request.method() == Method.GET ? "" : request.method() + " ")
                            + address
                            + " does not answer: "
                            + e.getMessage(),
                    e);
        } catch (Exception e) {
            throw new CommandFailed(address + " cannot be called: " + e, e);
        }
    }

    @Override
    public void close() {
        transport.close();
    }
}
