package dev.weft.hub;

import static dev.weft.core.Route.get;
import static dev.weft.core.Route.post;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.Problem;
import dev.weft.core.Receipt;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The admin API. What concerns processes is asked of the supervisor, under the same path; its
 * answers are passed on as they come, so a log that is followed streams.
 */
final class AdminRoutes {

    private static final long LONGEST_WAIT_MS = 600_000;

    /** An instance; {@code heardMsAgo} tells how long ago it last said that it is there. */
    record InstanceView(
            String service,
            String id,
            URI address,
            Instance.State state,
            List<String> routes,
            Optional<Load> load,
            long heardMsAgo) {

        static InstanceView of(InstanceTable.Heard heard) {
            var instance = heard.instance();
            return new InstanceView(
                    instance.service(),
                    instance.id(),
                    instance.address(),
                    instance.state(),
                    instance.routes(),
                    instance.load(),
                    heard.ago().toMillis());
        }
    }

    record ServiceView(
            String service,
            List<InstanceView> instances,
            Optional<Long> published,
            List<BusLog.Progress> subscriptions) {}

    record Services(boolean warming, List<ServiceView> services) {}

    record Settle(Optional<Long> timeoutMs) {}

    record Await(
            Optional<List<String>> receipts,
            Optional<List<String>> traces,
            Optional<Long> timeoutMs) {}

    record Index(String about, List<Place> places) {}

    record Place(String method, String path) {}

    private final InstanceTable table;
    private final BusLog bus;
    private final Settling settling;
    private final Awaiting awaiting;
    private final Optional<Service<Request, Response>> supervisor;

    AdminRoutes(
            InstanceTable table,
            BusLog bus,
            Settling settling,
            Awaiting awaiting,
            Optional<Service<Request, Response>> supervisor) {
        this.table = table;
        this.bus = bus;
        this.settling = settling;
        this.awaiting = awaiting;
        this.supervisor = supervisor;
    }

    Routes routes() {
        return Routes.of(
                get("/admin/health", request -> Answers.json(Map.of("state", "ready"))),
                get("/admin/services", this::services),
                post("/admin/settle", this::settle),
                post("/admin/await", BusRoutes.checked(this::await)),
                get("/admin/processes", this::ofSupervisor),
                get("/admin/logs", this::ofSupervisor),
                post("/admin/stop", this::ofSupervisor),
                post("/admin/processes/{service}/restart", this::ofSupervisor));
    }

    /** {@code GET /admin}: everything that the hub answers. */
    static Route index(List<Route> routes) {
        var places = new ArrayList<Place>();
        for (var route : routes)
            places.add(new Place(route.method().name(), route.path().toString()));
        var index = new Index("the hub: registry, bus, traces, admin API", places);
        return get("/admin", request -> Answers.json(index));
    }

    private Response services(Request request) {
        var byService = new TreeMap<String, List<InstanceView>>();
        for (var heard : table.heard()) {
            var instance = InstanceView.of(heard);
            byService.computeIfAbsent(instance.service(), s -> new ArrayList<>()).add(instance);
        }
        var subscriptions = bus.subscriptions();
        var names = new TreeSet<>(byService.keySet());
        subscriptions.forEach(subscription -> names.add(Settling.service(subscription.name())));
        var services =
                names.stream()
                        .map(name ->
                                new ServiceView(
                                        name,
                                        byService.getOrDefault(name, List.of()),
                                        Optional.of(bus.published(name))
                                                .filter(position -> position > 0),
                                        subscriptions.stream()
                                                .filter(s ->
                                                        Settling.service(s.name()).equals(name))
                                                .toList()))
                        .toList();
        return Answers.json(new Services(table.warming(), services));
    }

    private Response settle(Request request) throws InterruptedException {
        var wanted =
                request.body() == Body.EMPTY
                        ? new Settle(Optional.empty())
                        : Answers.read(request, Settle.class);
        return Answers.json(settling.settle(timeout(wanted.timeoutMs())));
    }

    private static Duration timeout(Optional<Long> ms) {
        return Duration.ofMillis(Math.clamp(ms.orElse(10_000L), 0, LONGEST_WAIT_MS));
    }

    private Response await(Request request) throws InterruptedException {
        var wanted = Answers.read(request, Await.class);
        var receipts = wanted.receipts().orElse(List.of()).stream().map(Receipt::parse).toList();
        var traces =
                wanted.traces().orElse(List.of()).stream()
                        .map(AdminRoutes::trace)
                        .collect(Collectors.toSet());
        if (traces.isEmpty() && receipts.stream().allMatch(Receipt::isEmpty))
            throw new Failure.Malformed(
                    "what is to be waited for is named by receipts or traces: {\"receipts\":[\"cart=17\"]}");
        return Answers.json(awaiting.await(receipts, traces, timeout(wanted.timeoutMs())));
    }

    private static String trace(String text) {
        return TraceId.parse(text)
                .orElseThrow(() ->
                        new Failure.Malformed(
                                "a trace has 32 hexadecimal digits, not \"" + text + "\""))
                .toString();
    }

    private Response ofSupervisor(Request request) throws Exception {
        if (supervisor.isEmpty())
            throw Problem.of(
                            503,
                            "no-supervisor",
                            "this hub has no supervisor; it has one under weft dev, or when"
                                    + " WEFT_SUPERVISOR names its address")
                    .with("reason", Refusal.Reason.UNAVAILABLE.wireName())
                    .with("by", "hub")
                    .with("begun", false)
                    .failure();
        var answer = supervisor.get().call(request.with(passed(request.headers())));
        var type = answer.headers().get("Content-Type");
        var response = Response.of(answer.status()).with(answer.body());
        return type.isEmpty() ? response : response.header("Content-Type", type.get());
    }

    private static Headers passed(Headers headers) {
        var passed = Headers.EMPTY;
        for (var name : List.of("Authorization", "Content-Type", "Accept")) {
            var value = headers.get(name);
            if (value.isPresent()) passed = passed.set(name, value.get());
        }
        return passed;
    }
}
