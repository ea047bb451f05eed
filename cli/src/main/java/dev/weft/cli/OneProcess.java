package dev.weft.cli;

import dev.weft.app.Surroundings;
import dev.weft.app.hub.HubBus;
import dev.weft.app.hub.HubRegistry;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.core.policy.Mode;
import dev.weft.events.MasterKeys;
import dev.weft.gateway.Gateway;
import dev.weft.http.HttpTransport;
import dev.weft.hub.Hub;
import dev.weft.hub.Retention;
import dev.weft.supervisor.ProcessState;
import dev.weft.supervisor.Replacement;
import dev.weft.supervisor.Turns;
import dev.weft.telemetry.JvmMetrics;
import dev.weft.telemetry.OtlpSpans;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hub, gateway and all services in this process. Services answer each other and the gateway in
 * memory, with the rules of a network; programs of another kind still are processes.
 *
 * <p>Two things differ from processes of their own: {@code environment:} and {@code memory:} of a
 * {@code service.yml} have no effect, for there is one environment and one heap. The lock guards the
 * table.
 */
final class OneProcess implements Hosting {

    private static final Duration DRAIN = Duration.ofSeconds(8);
    private static final int TRACES_PER_SECOND = 200;

    private final RunningSystem system;
    private final SystemFile said;
    private final Stores stores;
    private final HttpTransport sockets;
    private final HubRegistry registry;
    private final InMemoryFirst transport;
    private final Hosting foreign;
    private final Time time;
    private final Map<String, List<Guest>> guests = new LinkedHashMap<>();
    private final Map<String, ServiceFile> files = new LinkedHashMap<>();
    private final Map<String, Built> built = new LinkedHashMap<>();
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Turns turns = new Turns();
    private Instant since = Instant.EPOCH;
    private int lastNumber;

    /**
     * @param foreign runs what is no Java
     */
    OneProcess(
            RunningSystem system,
            SystemFile said,
            Stores stores,
            HttpTransport sockets,
            HubRegistry registry,
            Hosting foreign,
            Time time) {
        this.system = system;
        this.said = said;
        this.stores = stores;
        this.sockets = sockets;
        this.registry = registry;
        this.transport = new InMemoryFirst(new MemoryTransport(time), sockets);
        this.foreign = foreign;
        this.time = time;
    }

    @Override
    public void startParts() {
        try {
            var hub =
                    Hub.start(
                            Hub.Options.of(
                                            port(system.admin()),
                                            "sqlite:" + stores.hub().resolve("hub.db"))
                                    .token(system.token())
                                    .retention(Retention.from(System.getenv()))
                                    .master(MasterKeys.from(System.getenv()))
                                    .supervisor(URI.create(system.control()))
                                    .services(said.names()),
                            new HubTransport(transport, sockets),
                            meter(),
                            time);
            parts.push(hub);
            var spans = spans(GATEWAY, GATEWAY);
            parts.push(spans);
            var meter = meter();
            var options = said.gateway().options();
            options =
                    options.server(options.server().port(port(system.gateway())))
                            .token(Optional.of(system.token()));
            var gateway =
                    Gateway.start(
                            options,
                            registry,
                            transport,
                            sockets,
                            spans,
                            meter,
                            GatewayMain.metrics(meter, options),
                            time);
            parts.push(() -> gateway.drain(DRAIN));
            since = time.now();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed("the start was broken off", e);
        }
    }

    /** The hub listens on a socket and asks services in memory. */
    private record HubTransport(InMemoryFirst clients, HttpTransport sockets) implements Transport {

        @Override
        public Server serve(Service<Request, Response> service, ServerOptions options) {
            return sockets.serve(service, options);
        }

        @Override
        public Service<Request, Response> client(URI address) {
            return clients.client(address);
        }

        /** Does nothing. */
        @Override
        public void close() {}
    }

    private static int port(String address) {
        return URI.create(address).getPort();
    }

    /** Each service measures what is its own; the process is that of all. */
    private MemoryMeter meter() {
        var meter = new MemoryMeter();
        JvmMetrics.observe(meter);
        sockets.observe(meter);
        return meter;
    }

    private OtlpSpans spans(String service, String instance) {
        return new OtlpSpans(
                sockets.client(URI.create(system.admin())), "/v1/traces", service, instance, time);
    }

    private Surroundings surroundings(ServiceFile service, String instance) {
        var spans = spans(service.name(), instance);
        var bus =
                new HubBus(
                        sockets.client(URI.create(system.admin())),
                        Optional.of(system.token()),
                        instance,
                        time);
        return new Surroundings(
                service.name(),
                instance,
                time,
                transport,
                service.maxBodyBytes()
                        .map(ServerOptions.DEFAULT::maxBodyBytes)
                        .orElse(ServerOptions.DEFAULT),
                registry,
                registry,
                bus,
                stores.of(service.name()),
                MasterKeys.from(System.getenv()),
                spans,
                meter(),
                TRACES_PER_SECOND,
                service.maxTimeout().orElse(ServiceFile.MAX_TIMEOUT),
                Mode.ON,
                Optional.of(system.token()),
                service.calls(),
                List.of(spans, bus));
    }

    private synchronized List<Guest> invite(ServiceFile service, Built of) {
        var all = new ArrayList<Guest>();
        for (int i = 0; i < service.instances(); i++)
            all.add(
                    new Guest(
                            service,
                            of,
                            service.name() + "-" + ++lastNumber,
                            (_, instance) -> surroundings(service, instance),
                            time));
        return all;
    }

    private synchronized List<Guest> seat(ServiceFile service, Built of, List<Guest> now) {
        files.put(service.name(), service);
        built.put(service.name(), of);
        var before = guests.put(service.name(), now);
        return before == null ? List.of() : before;
    }

    private synchronized List<Guest> of(String service) {
        return guests.getOrDefault(service, List.of());
    }

    @Override
    public void start(ServiceFile service, Optional<Built> of) {
        if (of.isEmpty()) foreign.start(service, of);
        else seat(service, of.get(), invite(service, of.get()));
    }

    @Override
    public Replacement replace(ServiceFile service, Optional<Built> of)
            throws InterruptedException {
        if (of.isEmpty()) return foreign.replace(service, of);
        try (var _ = turns.take(service.name())) {
            var problem = replaceNow(service, of.get());
            if (problem.isEmpty()) return new Replacement.Done();
            return runs(service.name())
                    ? new Replacement.Kept(problem.get())
                    : new Replacement.Unready(problem.get());
        }
    }

    private boolean runs(String service) {
        return of(service).stream()
                .anyMatch(guest -> guest.state().state() == ProcessState.State.READY);
    }

    private Optional<String> replaceNow(ServiceFile service, Built of) throws InterruptedException {
        var next = invite(service, of);
        var superfluous = next;
        try {
            for (var guest : next) {
                var problem = guest.awaitReady();
                if (problem.isPresent()) return problem;
            }
            superfluous = seat(service, of, next);
            return Optional.empty();
        } finally {
            superfluous.forEach(Guest::close);
        }
    }

    @Override
    public Optional<String> awaitReady(String service) throws InterruptedException {
        if (service.equals(HUB) || service.equals(GATEWAY)) return Optional.empty();
        var all = of(service);
        if (all.isEmpty()) return foreign.awaitReady(service);
        for (var guest : all) {
            var problem = guest.awaitReady();
            if (problem.isPresent()) return problem;
        }
        return Optional.empty();
    }

    @Override
    public List<ProcessState> processes() {
        var all = new ArrayList<ProcessState>();
        all.add(part(HUB, system.admin()));
        all.add(part(GATEWAY, system.gateway()));
        synchronized (this) {
            guests.values().stream().flatMap(List::stream).map(Guest::state).forEach(all::add);
        }
        all.addAll(foreign.processes());
        return all;
    }

    private ProcessState part(String name, String address) {
        return new ProcessState(
                name, name, system.pid(), ProcessState.State.READY, address, 0, since, "");
    }

    @Override
    public List<String> services() {
        return processes().stream().map(ProcessState::service).distinct().toList();
    }

    @Override
    public Optional<String> restart(String service) throws InterruptedException {
        try (var _ = turns.take(service)) {
            ServiceFile file;
            Built of;
            synchronized (this) {
                file = files.get(service);
                of = built.get(service);
            }
            if (file != null && of != null) return replaceNow(file, of);
        }
        if (service.equals(HUB) || service.equals(GATEWAY))
            return Optional.of("is a part of this process under --together; restart weft dev");
        return foreign.restart(service);
    }

    @Override
    public void close() {
        var gateway = parts.poll();
        close(gateway);
        List<Guest> all;
        synchronized (this) {
            all = guests.values().stream().flatMap(List::stream).toList();
            guests.clear();
        }
        all.forEach(Guest::close);
        foreign.close();
        while (!parts.isEmpty()) close(parts.poll());
        transport.memory().close();
    }

    private static void close(@Nullable AutoCloseable part) {
        try {
            if (part != null) part.close();
        } catch (Exception e) {
            System.err.println("weft: closing failed: " + e);
        }
    }
}
