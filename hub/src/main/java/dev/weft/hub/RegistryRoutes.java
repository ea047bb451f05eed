package dev.weft.hub;

import static dev.weft.core.Route.delete;
import static dev.weft.core.Route.get;
import static dev.weft.core.Route.put;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The registry over HTTP. */
final class RegistryRoutes {

    /** The longest that a reader waits for a change. */
    static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    private static final int MAX_ROUTES = 2_000;

    record Registration(
            String service,
            URI address,
            Instance.State state,
            List<String> routes,
            Optional<Load> load,
            long leaseMs) {}

    private final InstanceTable table;

    RegistryRoutes(InstanceTable table) {
        this.table = table;
    }

    Routes routes() {
        return Routes.of(
                put("/registry/instances/{id}", this::register),
                delete("/registry/instances/{id}", this::withdraw),
                get("/registry/instances", this::instances));
    }

    private Response register(Request request) {
        var wanted = Answers.read(request, Registration.class);
        var id = request.variable("id");
        if (id.length() > 200 || wanted.service().isEmpty() || wanted.service().length() > 200)
            throw new Failure.Malformed(
                    "an instance's id and its service's name have 1 to 200 characters");
        if (wanted.routes().size() > MAX_ROUTES)
            throw new Failure.Malformed(
                    "an instance has at most "
                            + MAX_ROUTES
                            + " routes, not "
                            + wanted.routes().size());
        table.put(
                new Instance(
                        wanted.service(),
                        id,
                        wanted.address(),
                        wanted.state(),
                        wanted.routes(),
                        wanted.load()),
                Duration.ofMillis(
                        Math.clamp(wanted.leaseMs(), 1, InstanceTable.LONGEST_LEASE.toMillis())));
        return Response.of(204);
    }

    private Response withdraw(Request request) {
        table.remove(request.variable("id"));
        return Response.of(204);
    }

    private Response instances(Request request) throws InterruptedException {
        long waitMs = Answers.number(request, "wait_ms", 0, 0, LONGEST_WAIT.toMillis());
        var version = request.query().get("version").orElse("");
        return Answers.json(table.await(version, Duration.ofMillis(waitMs)));
    }
}
