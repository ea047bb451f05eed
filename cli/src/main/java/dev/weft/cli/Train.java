package dev.weft.cli;

import dev.weft.app.Host;
import dev.weft.app.Surroundings;
import dev.weft.app.Weft;
import dev.weft.app.hub.HubBus;
import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.client.CallSettings;
import dev.weft.core.policy.Mode;
import dev.weft.events.MasterKeys;
import dev.weft.http.HttpTransport;
import dev.weft.hub.Hub;
import dev.weft.json.Json;
import dev.weft.supervisor.Control;
import dev.weft.supervisor.Logs;
import dev.weft.supervisor.Port;
import dev.weft.supervisor.ProcessSpec;
import dev.weft.supervisor.ProcessState;
import dev.weft.supervisor.Readiness;
import dev.weft.supervisor.Supervisor;
import dev.weft.telemetry.JvmMetrics;
import dev.weft.telemetry.Logging;
import dev.weft.telemetry.MetricsPage;
import dev.weft.telemetry.OtlpSpans;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * The run that the launcher's AOT cache is trained with: hub, gateway, a service, a supervisor and
 * the commands that look at them, all in one process on free ports, doing a little of everything.
 * The cache serves every process of Weft; whatever one of them loads at its start belongs here.
 * SQLite's native library is unpacked beside the cache.
 */
@Command(name = "train", hidden = true, description = "Trains the AOT cache.")
final class Train implements Callable<Integer> {

    private static final int ROUNDS = 60;
    private static final String TOKEN = "training";
    private static final String NAME = "notes";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Time time = SystemTime.INSTANCE;

    @Override
    public Integer call() throws Exception {
        Main.commandLine().getUsageMessage();
        Main.commandLine("ps", "--help").getUsageMessage();
        var home = Installation.current().home();
        if (home.isPresent() && NativeSqlite.unpack(home.get()))
            NativeSqlite.properties(home).forEach(System::setProperty);
        var folder = Files.createTempDirectory("weft-train");
        try (var transport = new HttpTransport(time)) {
            files(folder);
            system(folder, transport);
        } finally {
            delete(folder);
        }
        return 0;
    }

    private static void files(Path folder) throws IOException {
        Files.writeString(folder.resolve(SystemFile.NAME), "name: training\ngateway: {port: 1}\n");
        var service = Files.createDirectory(folder.resolve(NAME));
        Files.writeString(
                service.resolve(ServiceFile.NAME),
                "name: notes\nsources: [.]\nenvironment: {A: b}\nready_timeout: 3s\n");
        Files.writeString(service.resolve("Notes.java"), "class Notes {}");
        var files = SystemFile.read(folder);
        for (var each : files.services()) Sources.of(each);
        Builder.sha256().digest(folder.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void system(Path folder, HttpTransport transport) throws Exception {
        var options =
                Hub.Options.from(
                                Map.of(
                                        "WEFT_PORT",
                                        "0",
                                        "WEFT_DATA",
                                        folder.toString(),
                                        "WEFT_TOKEN",
                                        TOKEN))
                        .warming(Duration.ZERO);
        var hub = Hub.start(options, transport, time);
        var address = hub.address().toString();
        var environment =
                Map.of(
                        "WEFT_PORT",
                        "0",
                        "WEFT_TOKEN",
                        TOKEN,
                        "WEFT_REGISTRY",
                        "hub+" + address,
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        address);
        try (hub;
                var gateway = GatewayMain.start(environment, time);
                var registry =
                        new HubRegistry(transport.client(hub.address()), Optional.of(TOKEN), time);
                var host = new Host(app -> surroundings(folder, transport, registry, address))) {
            host.run(() -> {
                Weft.run(TrainingApp.app(NAME));
                return NAME;
            });
            requests(transport.client(gateway.address()));
            for (var running : host.running()) scrape(transport.client(running.address()));
            admin(transport, address);
            supervise(folder, transport, registry);
        }
    }

    private Surroundings surroundings(
            Path folder, HttpTransport transport, HubRegistry registry, String hub) {
        var client = transport.client(URI.create(hub));
        var spans = new OtlpSpans(client, "/v1/traces", NAME, NAME, time);
        var bus = new HubBus(client, Optional.of(TOKEN), NAME, time);
        var meter = new MemoryMeter();
        JvmMetrics.observe(meter);
        transport.observe(meter);
        return new Surroundings(
                NAME,
                NAME,
                time,
                transport,
                ServerOptions.DEFAULT,
                registry,
                registry,
                bus,
                "sqlite:" + folder.resolve(NAME + ".db"),
                MasterKeys.NONE,
                spans,
                meter,
                200,
                Duration.ofHours(1),
                Mode.ON,
                Optional.of(TOKEN),
                CallSettings.NONE,
                List.of(spans, bus));
    }

    private void requests(Service<Request, Response> gateway) throws Exception {
        await(() -> gateway.call(Request.get("/notes/none")).status() == 404);
        for (int i = 0; i < ROUNDS; i++) {
            var json = "{\"id\":\"n" + i + "\",\"text\":\"a text\",\"amount\":1.50}";
            var written =
                    gateway.call(
                            Request.post("/notes", Body.of(json))
                                    .header("Content-Type", "application/json")
                                    .header("Idempotency-Key", "key-" + i));
            Json.readMap(written.body().bytes());
            var after = written.headers().get("Weft-Receipt").orElse("");
            gateway.call(Request.get("/seen/n" + i).header("Weft-After", after)).body().bytes();
            gateway.call(Request.get("/notes/n" + i)).body().bytes();
        }
        gateway.call(Request.get("/nowhere")).body().bytes();
    }

    /** What it answers with, and a line of each kind in the log. */
    private static void scrape(Service<Request, Response> service) throws Exception {
        service.call(Request.get(MetricsPage.PATH)).body().bytes();
        for (var format : List.of("json", "text")) {
            Logging.start(Map.of(Logging.VARIABLE, format), NAME, NAME);
            System.getLogger(Train.class.getName()).log(System.Logger.Level.INFO, "trained");
        }
    }

    private void admin(HttpTransport transport, String hub) throws Exception {
        var system =
                new RunningSystem(
                        "x",
                        "x",
                        0,
                        hub,
                        "",
                        Optional.empty(),
                        "",
                        TOKEN,
                        time.now(),
                        true,
                        List.of());
        Json.read(Json.write(system), RunningSystem.class);
        try (var admin = new Admin(system)) {
            admin.post("/admin/settle", Map.of("timeout_ms", 5_000));
            await(() -> !admin.read("/admin/traces", TraceSummary.Latest.class).traces().isEmpty());
            for (var trace : admin.read("/admin/traces", TraceSummary.Latest.class).traces())
                Waterfall.draw(
                        admin.read("/admin/traces/" + trace.traceId(), WholeTrace.class),
                        Registered.at(admin).several(),
                        100,
                        new Ink(true));
        }
        transport.client(URI.create(hub)).call(Request.get("/admin/health")).body().bytes();
    }

    private void supervise(Path folder, HttpTransport transport, HubRegistry registry)
            throws Exception {
        try (var logs = new Logs(folder.resolve("logs"), time);
                var supervisor = new Supervisor(logs, time)) {
            var server =
                    transport.serve(
                            Control.of(supervisor, logs, TOKEN, _ -> {}, time),
                            ServerOptions.DEFAULT);
            Readiness ready = launched -> new Readiness.Ready(server.address(), () -> {});
            supervisor.start(
                    new ProcessSpec(
                            "child",
                            List.of("sh", "-c", "echo hello; cat >/dev/null"),
                            System.getenv(),
                            folder,
                            new Port.Own(),
                            1,
                            ready.announced(registry, List.of()),
                            LIMIT,
                            Duration.ofSeconds(1),
                            1,
                            true));
            supervisor.awaitReady("child");
            var ps =
                    transport
                            .client(server.address())
                            .call(
                                    Request.get("/admin/processes")
                                            .header("Authorization", "Bearer " + TOKEN));
            Json.readList(ps.body().bytes(), ProcessState.class);
            logs.last("", 10).forEach(Json::text);
        }
    }

    private void await(Callable<Boolean> condition) throws Exception {
        long end = time.nanos() + LIMIT.toNanos();
        while (!holds(condition)) {
            if (time.nanos() > end) throw new CommandFailed("training does not get on");
            time.sleep(Duration.ofMillis(20));
        }
    }

    private static boolean holds(Callable<Boolean> condition) throws Exception {
        try {
            return condition.call();
        } catch (Failure.Unreachable e) {
            return false;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList())
                Files.deleteIfExists(file);
        }
    }
}
