package dev.weft.cli;

import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.json.Json;
import dev.weft.supervisor.Port;
import dev.weft.supervisor.ProcessSpec;
import dev.weft.supervisor.ProcessState;
import dev.weft.supervisor.Readiness;
import dev.weft.supervisor.Replacement;
import dev.weft.supervisor.Supervisor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Hub, gateway and each service as processes of their own, under a supervisor. */
final class SeparateProcesses implements Hosting {

    private static final String HUB_MAIN = "dev.weft.hub.HubMain";
    private static final String GATEWAY_MAIN = GatewayMain.class.getName();
    private static final String HUB_MEMORY = "384m";
    private static final String GATEWAY_MEMORY = "256m";

    /** What this process was told is not what its children are told. */
    private static final List<String> NOT_INHERITED =
            List.of(
                    "WEFT_SERVICE",
                    "WEFT_INSTANCE",
                    "WEFT_HOST",
                    "WEFT_PORT",
                    "WEFT_REGISTRY",
                    "WEFT_BUS",
                    "WEFT_STORE",
                    "WEFT_DATA",
                    "WEFT_ADMIN",
                    "WEFT_GATEWAY",
                    "WEFT_SUPERVISOR",
                    "WEFT_SERVICES",
                    GatewaySettings.VARIABLE,
                    Postgres.VARIABLE,
                    Dev.BUILD_SECONDS);

    private final RunningSystem system;
    private final SystemFile files;
    private final Profile profile;
    private final Stores stores;
    private final Installation installation;
    private final Supervisor supervisor;
    private final HubRegistry registry;
    private final Transport transport;
    private final Time time;

    /**
     * @param registry where processes are awaited, and announced that do not do it by themselves
     */
    SeparateProcesses(
            RunningSystem system,
            SystemFile files,
            Profile profile,
            Stores stores,
            Installation installation,
            Supervisor supervisor,
            HubRegistry registry,
            Transport transport,
            Time time) {
        this.system = system;
        this.files = files;
        this.profile = profile;
        this.stores = stores;
        this.installation = installation;
        this.supervisor = supervisor;
        this.registry = registry;
        this.transport = transport;
        this.time = time;
    }

    @Override
    public void startParts() {
        var hub = environment(HUB);
        hub.put("WEFT_DATA", stores.hub().toString());
        hub.put("WEFT_SUPERVISOR", system.control());
        hub.put("WEFT_SERVICES", String.join(",", files.names()));
        var answers = Readiness.answering("/admin/health", transport, time);
        supervisor.start(
                part(HUB, HUB_MAIN, HUB_MEMORY, hub, stores.hub(), system.admin(), answers, 0));
        var gateway = environment(GATEWAY);
        gateway.put("WEFT_HOST", files.gateway().options().server().host());
        gateway.put(GatewaySettings.VARIABLE, Json.text(files.gateway().said()));
        supervisor.start(
                part(
                        GATEWAY,
                        GATEWAY_MAIN,
                        GATEWAY_MEMORY,
                        gateway,
                        files.folder(),
                        system.gateway(),
                        Readiness.registered(registry, registry::forget),
                        2));
    }

    private ProcessSpec part(
            String name,
            String main,
            String memory,
            Map<String, String> environment,
            Path folder,
            String address,
            Readiness readiness,
            int stage) {
        return new ProcessSpec(
                name,
                installation.jvm(memory, List.of(), main),
                environment,
                folder,
                new Port.Fixed(java.net.URI.create(address).getPort()),
                1,
                readiness,
                ProcessSpec.READY_TIMEOUT,
                ProcessSpec.GRACE,
                stage,
                false);
    }

    /** What all processes are told. */
    private Map<String, String> environment(String service) {
        var environment = new HashMap<>(System.getenv());
        NOT_INHERITED.forEach(environment::remove);
        environment.put("WEFT_SERVICE", service);
        environment.put("WEFT_HOST", "127.0.0.1");
        environment.put("WEFT_REGISTRY", "hub+" + system.admin());
        environment.put("WEFT_BUS", "hub+" + system.admin());
        environment.put("WEFT_TOKEN", system.token());
        environment.put("OTEL_EXPORTER_OTLP_ENDPOINT", system.admin());
        environment.put("MALLOC_ARENA_MAX", "2");
        return environment;
    }

    private ProcessSpec spec(ServiceFile service, Optional<Built> built) {
        var environment = environment(service.name());
        environment.put("WEFT_STORE", stores.of(service.name()));
        service.maxBodyBytes()
                .ifPresent(most -> environment.put("WEFT_MAX_BODY_BYTES", Long.toString(most)));
        service.maxTimeout()
                .ifPresent(most -> environment.put("WEFT_MAX_TIMEOUT", most.toMillis() + "ms"));
        if (!service.said().isEmpty()) {
            environment.put("WEFT_CALLS", Json.text(service.said()));
            environment.put("WEFT_CALLS_FROM", service.source());
        }
        environment.putAll(service.environment());
        environment.putAll(profile.environment());
        var readiness =
                built.isPresent()
                        ? Readiness.registered(registry, registry::forget)
                        : foreignReadiness(service);
        return new ProcessSpec(
                service.name(),
                built.map(b -> installation.jvm(service.memory(), b.classPath(), b.main()))
                        .orElse(service.command()),
                environment,
                service.folder(),
                built.isPresent() ? new Port.Own() : new Port.Free(),
                service.instances(),
                readiness,
                service.readyTimeout(),
                ProcessSpec.GRACE,
                1,
                true);
    }

    /** Another program cannot be expected to register itself. */
    private Readiness foreignReadiness(ServiceFile service) {
        var listens =
                service.health()
                        .map(path -> Readiness.answering(path, transport, time))
                        .orElseGet(() -> Readiness.listening(time));
        return listens.announced(registry, service.routes());
    }

    @Override
    public void start(ServiceFile service, Optional<Built> built) {
        supervisor.start(spec(service, built));
    }

    @Override
    public Replacement replace(ServiceFile service, Optional<Built> built)
            throws InterruptedException {
        return supervisor.replace(spec(service, built));
    }

    @Override
    public Optional<String> awaitReady(String service) throws InterruptedException {
        return supervisor.awaitReady(service);
    }

    @Override
    public Optional<String> restart(String service) throws InterruptedException {
        return supervisor.restart(service);
    }

    @Override
    public List<ProcessState> processes() {
        return supervisor.processes();
    }

    @Override
    public List<String> services() {
        return supervisor.services();
    }

    @Override
    public void close() {
        supervisor.close();
    }
}
