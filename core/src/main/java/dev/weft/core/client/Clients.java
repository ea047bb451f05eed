package dev.weft.core.client;

import dev.weft.core.Backoff;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.core.policy.Balanced;
import dev.weft.core.policy.Balancer;
import dev.weft.core.policy.Breaker;
import dev.weft.core.policy.Bulkhead;
import dev.weft.core.policy.ConsistentHash;
import dev.weft.core.policy.Hedge;
import dev.weft.core.policy.LateVerdicts;
import dev.weft.core.policy.LeastLoaded;
import dev.weft.core.policy.Node;
import dev.weft.core.policy.Outliers;
import dev.weft.core.policy.PowerOfTwoChoices;
import dev.weft.core.policy.Protocol;
import dev.weft.core.policy.Replay;
import dev.weft.core.policy.Retry;
import dev.weft.core.policy.RetryBudget;
import dev.weft.core.policy.RoundRobin;
import dev.weft.core.policy.Tally;
import dev.weft.core.policy.Throttle;
import dev.weft.core.policy.Tried;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The clients of one caller: one for each service that it calls, made at the first call.
 *
 * <p>All that is called of a service shares what is known of it: its instances with their breakers
 * and loads, the retry budget, the throttle, the bulkhead. An operation with numbers of its own has layers of its
 * own above that.
 */
public final class Clients implements AutoCloseable {

    private final String by;
    private final CallSettings settings;
    private final Resolver resolver;
    private final Transport transport;
    private final ClientTelemetry telemetry;
    private final Time time;
    private final boolean headsOnly;
    private final Protocol<Request, Response> protocol;
    private final Map<String, Client> made = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * @param by who calls, as refusals name it
     */
    public Clients(
            String by,
            CallSettings settings,
            Resolver resolver,
            Transport transport,
            ClientTelemetry telemetry,
            Time time) {
        this(by, settings, resolver, transport, telemetry, time, false);
    }

    private Clients(
            String by,
            CallSettings settings,
            Resolver resolver,
            Transport transport,
            ClientTelemetry telemetry,
            Time time,
            boolean headsOnly) {
        this.headsOnly = headsOnly;
        this.by = by;
        this.settings = settings;
        this.resolver = resolver;
        this.transport = transport;
        this.telemetry = telemetry;
        this.time = time;
        this.protocol = Protocol.http(time);
    }

    /**
     * The same, before the first call, for who passes bodies on and bounds them himself: the deadline of a
     * call is that of its head.
     */
    public Clients headsOnly() {
        return new Clients(by, settings, resolver, transport, telemetry, time, true);
    }

    /** The client of a service, whether or not anybody serves it now. */
    public Client of(String service) {
        var client = made.get(service);
        if (client != null) return client;
        // Looking up its instances may take a while, so it is made outside of the map.
        var mine = make(service);
        var other = made.putIfAbsent(service, mine);
        if (other != null || closed) mine.close();
        return other == null ? mine : other;
    }

    /** Closes the client of a service that is not called any more; another call makes a new one. */
    public void forget(String service) {
        var client = made.remove(service);
        if (client != null) client.close();
    }

    /** Those that were made, by the name of the service. */
    public List<Client> made() {
        return made.values().stream()
                .sorted(java.util.Comparator.comparing(Client::service))
                .toList();
    }

    /** Ends the watching of instances; every later call is refused. */
    @Override
    public void close() {
        closed = true;
        made.values().forEach(Client::close);
    }

    private Client make(String service) {
        var options = settings.of(service);
        var tally = telemetry.tally(service);
        var balanced =
                new Balanced(
                        by,
                        service,
                        resolver,
                        instance -> node(instance, options, tally),
                        balancer(options),
                        outliers(options, tally),
                        tally);
        var shared =
                new Shared(
                        service,
                        balanced,
                        new RetryBudget(
                                new RetryBudget.Options(
                                        options.get(Setting.BUDGET_RATIO),
                                        options.get(Setting.BUDGET_PER_SECOND),
                                        RetryBudget.Options.DEFAULT.window()),
                                time),
                        throttle(service, options, tally),
                        bulkhead(options, tally),
                        tally);
        var operations = new ArrayList<ClientStack>();
        for (var operation : settings.operations(service))
            operations.add(stack(shared, operation.name(), operation.options()));
        return new Client(
                balanced, stack(shared, "", options), settings.operations(service), operations);
    }

    /** What all stacks of one service have in common. */
    private record Shared(
            String service,
            Balanced balanced,
            RetryBudget budget,
            Filter<Request, Response> throttle,
            Filter<Request, Response> bulkhead,
            Tally tally) {}

    private ClientStack stack(Shared shared, String operation, ClientOptions options) {
        var layers = new ArrayList<Layer>();
        layers.add(
                new Layer(
                        Role.TRACE,
                        "a span and figures of the whole call",
                        List.of(),
                        telemetry.call(shared.service)));
        layers.add(
                new Layer(
                        Role.DEADLINE,
                        "the whole call, waiting and all tries included",
                        List.of(Setting.TIMEOUT),
                        new Timeout(
                                by,
                                options.get(Setting.TIMEOUT),
                                options.get(Setting.TRY_TIMEOUT),
                                time)));
        layers.add(
                new Layer(
                        Role.REPLAY,
                        "bodies up to 64 KiB are kept to be sent again",
                        List.of(),
                        new Replay()));
        layers.add(
                new Layer(
                        Role.RETRY,
                        "tries again what may be tried again",
                        List.of(
                                Setting.RETRY,
                                Setting.RETRY_ATTEMPTS,
                                Setting.RETRY_BASE,
                                Setting.RETRY_CAP,
                                Setting.BUDGET_RATIO,
                                Setting.BUDGET_PER_SECOND),
                        List.of(
                                fixed(
                                        "retry.unsent",
                                        Retry.Options.DEFAULT.unsent(),
                                        "more tries, of what never left this process")),
                        Tried.across(retry(shared, options))));
        layers.add(
                new Layer(
                        Role.HEDGE,
                        "a second try beside the slowest",
                        List.of(Setting.HEDGE, Setting.HEDGE_SHARE),
                        List.of(
                                fixed(
                                        "hedge.spare",
                                        Hedge.SPARE,
                                        "more in 30 s, for when an instance hangs")),
                        Tried.across(hedge(shared, options))));
        layers.add(
                new Layer(
                        Role.THROTTLE,
                        "refuses here what would be refused there",
                        List.of(Setting.THROTTLE),
                        List.of(
                                fixed(
                                        "throttle.window",
                                        Setting.print(Throttle.Options.DEFAULT.window()),
                                        "over which requests are counted"),
                                fixed(
                                        "throttle.share",
                                        percent(Throttle.Options.DEFAULT.mostRefused()),
                                        "of the requests that is refused at most"),
                                fixed(
                                        "throttle.least",
                                        Math.round(Throttle.Options.DEFAULT.leastPerSecond()),
                                        "requests a second below which none is refused")),
                        shared.throttle));
        layers.add(
                new Layer(
                        Role.BULKHEAD,
                        "lets so many tries be under way",
                        List.of(Setting.BULKHEAD),
                        shared.bulkhead));
        layers.add(
                new Layer(
                        Role.BALANCER,
                        "chooses an instance",
                        List.of(
                                Setting.BALANCER,
                                Setting.BALANCER_KEY,
                                Setting.EJECT,
                                Setting.EJECT_SHARE,
                                Setting.PANIC_SHARE),
                        List.of(
                                fixed(
                                        "balancer.passed-over",
                                        Balanced.MOST_PASSED_OVER,
                                        "instances that one try passes over if nothing can be sent")),
                        Filter.none()));
        layers.add(
                new Layer(
                        Role.BREAKER,
                        "leaves out an instance that fails",
                        List.of(
                                Setting.BREAKER,
                                Setting.BREAKER_FAILURES,
                                Setting.BREAKER_SUCCESS,
                                Setting.BREAKER_OPEN,
                                Setting.BREAKER_LONGEST),
                        List.of(
                                fixed(
                                        "breaker.window",
                                        Setting.print(Breaker.Options.DEFAULT.window()),
                                        "over which successes are counted"),
                                fixed(
                                        "breaker.least-calls",
                                        Breaker.Options.DEFAULT.leastCalls(),
                                        "calls in it before their share counts")),
                        Filter.none()));
        layers.addAll(ofInstance(Filter.none(), Filter.none(), Filter.none()));
        return new ClientStack(
                shared.service,
                operation,
                options,
                layers,
                tryDeadline(options.get(Setting.TRY_TIMEOUT)).then(shared.balanced));
    }

    private static Layer.Fixed fixed(String name, Object value, String meaning) {
        return new Layer.Fixed(name, value.toString(), meaning);
    }

    private static String percent(double share) {
        return Math.round(share * 100) + "%";
    }

    /** What stands around each instance. */
    private List<Layer> ofInstance(
            Filter<Request, Response> attempt,
            Filter<Request, Response> limit,
            Filter<Request, Response> sending) {
        return List.of(
                new Layer(Role.ATTEMPT, "a span and figures of one try", List.of(), attempt),
                new Layer(
                        Role.TRY_TIMEOUT,
                        "interrupts a try whose time, choosing an instance included, is over",
                        List.of(Setting.TRY_TIMEOUT),
                        limit),
                new Layer(
                        Role.TRANSPORT,
                        "connects and sends",
                        List.of(),
                        transport.limits().stream()
                                .map(it -> new Layer.Fixed(it.name(), it.value(), it.meaning()))
                                .toList(),
                        sending));
    }

    /** One instance: the way to it below the balancer, and what is known of it. */
    private Node node(Instance instance, ClientOptions options, Tally tally) {
        var bodies = new LateVerdicts();
        var peer = instance.service() + "/" + instance.id();
        var way =
                ClientStack.around(
                        transport.client(instance.address()),
                        ofInstance(
                                telemetry.attempt(instance),
                                headsOnly
                                        ? Cancellation.ofHeads(by, peer, time, bodies)
                                        : Cancellation.ofCalls(by, peer, time, bodies),
                                (request, next) -> next.call(ContextHeaders.inject(request))));
        var node =
                new Node(
                        instance,
                        way,
                        protocol.classifier(),
                        new Breaker(
                                by,
                                new Breaker.Options(
                                        options.get(Setting.BREAKER),
                                        options.get(Setting.BREAKER_FAILURES),
                                        options.get(Setting.BREAKER_SUCCESS),
                                        Breaker.Options.DEFAULT.window(),
                                        Breaker.Options.DEFAULT.leastCalls(),
                                        options.get(Setting.BREAKER_OPEN),
                                        options.get(Setting.BREAKER_LONGEST)),
                                tally,
                                time),
                        time);
        bodies.of(node);
        return node;
    }

    private Filter<Request, Response> tryDeadline(Duration timeout) {
        if (timeout.isZero()) return Filter.none();
        return (request, next) -> {
            var context = Context.current();
            var deadline = context.deadline().earliest(Deadline.after(timeout, time));
            return context.with(deadline).call(() -> next.call(request));
        };
    }

    private Retry<Request, Response> retry(Shared shared, ClientOptions options) {
        return new Retry<>(
                by,
                new Retry.Options(
                        options.get(Setting.RETRY),
                        options.get(Setting.RETRY_ATTEMPTS),
                        Retry.Options.DEFAULT.unsent(),
                        new Backoff(
                                options.get(Setting.RETRY_BASE), options.get(Setting.RETRY_CAP))),
                protocol,
                shared.budget,
                shared.tally,
                time);
    }

    private Hedge<Request, Response> hedge(Shared shared, ClientOptions options) {
        return new Hedge<>(
                new Hedge.Options(options.get(Setting.HEDGE), options.get(Setting.HEDGE_SHARE)),
                protocol,
                shared.budget,
                shared.tally,
                time);
    }

    private Throttle<Request, Response> throttle(
            String service, ClientOptions options, Tally tally) {
        var standard = Throttle.Options.DEFAULT;
        return new Throttle<>(
                by,
                service,
                new Throttle.Options(
                        options.get(Setting.THROTTLE),
                        standard.window(),
                        standard.perAccepted(),
                        standard.mostRefused(),
                        standard.leastPerSecond()),
                protocol.classifier(),
                tally,
                time);
    }

    private Filter<Request, Response> bulkhead(ClientOptions options, Tally tally) {
        int atOnce = options.get(Setting.BULKHEAD);
        return atOnce == 0
                ? Filter.none()
                : new Bulkhead<>(by, Bulkhead.Options.of(atOnce), tally, time);
    }

    private static Outliers outliers(ClientOptions options, Tally tally) {
        return new Outliers(
                new Outliers.Options(
                        options.get(Setting.EJECT),
                        options.get(Setting.EJECT_SHARE),
                        options.get(Setting.PANIC_SHARE)),
                tally);
    }

    private Balancer balancer(ClientOptions options) {
        return switch (options.get(Setting.BALANCER)) {
            case "round-robin" -> new RoundRobin(time);
            case "least-loaded" -> new LeastLoaded(time);
            case "consistent-hash" ->
                    new ConsistentHash(
                            request ->
                                    request.headers()
                                            .get(options.get(Setting.BALANCER_KEY))
                                            .orElse(""),
                            new PowerOfTwoChoices(time));
            default -> new PowerOfTwoChoices(time);
        };
    }
}
