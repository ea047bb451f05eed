package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Builds and runs a system from its folder, and keeps it up to date with its sources. */
@Command(
        name = "dev",
        mixinStandardHelpOptions = true,
        description = {
            "Builds and runs a system: hub, gateway and every service of DIR.",
            "",
            "Reads DIR/weft.yml and each service's service.yml, restarts what crashes, and replaces"
                    + " a service when one of its source files is saved. Ctrl-C stops it all.",
            "",
            "Exit codes: 0 stopped by weft down, 1 something failed, 2 wrong usage, 130 stopped by"
                    + " Ctrl-C; with --then, that of CMD."
        })
final class Dev implements Callable<Integer> {

    /** Set by the launcher if it has built Weft before it became this process. */
    static final String BUILD_SECONDS = "WEFT_BUILD_SECONDS";

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = ".",
            paramLabel = "DIR",
            description = "The folder with weft.yml (default: the working folder).")
    Path folder = Path.of(".");

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "The gateway's port (default: weft.yml's, else 8080).")
    @Nullable Integer port;

    @Option(
            names = "--admin-port",
            paramLabel = "N",
            description = "The hub's port (default: weft.yml's, else 8090).")
    @Nullable Integer adminPort;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where databases, logs and built services go (default: DIR/.weft).")
    @Nullable Path data;

    @Option(names = "--no-watch", description = "Does not look out for changed sources.")
    boolean noWatch;

    @Option(
            names = "--together",
            description =
                    "Runs all services in one JVM, with the same semantics; environment: and"
                            + " memory: of a service.yml have no effect.")
    boolean together;

    @Option(
            names = "--then",
            paramLabel = "CMD",
            description =
                    "Runs CMD by sh when all is ready, with WEFT_GATEWAY and WEFT_ADMIN set; then"
                            + " stops the system and exits with CMD's code. Logs go to standard"
                            + " error; sources are not watched.")
    @Nullable String then;

    private final Time time = SystemTime.INSTANCE;
    private final PrintStream out = System.out;
    private final PrintStream err = System.err;
    private final Ink ink = Ink.ofTerminal();
    private final CountDownLatch stop = new CountDownLatch(1);

    @Override
    public Integer call() throws Exception {
        var files = SystemFile.read(folder);
        var plan =
                new LocalSystem.Plan(
                        files,
                        (data == null ? files.folder().resolve(LocalSystem.DATA) : data)
                                .toAbsolutePath()
                                .normalize(),
                        port == null ? files.gatewayPort() : port,
                        adminPort == null ? files.hubPort() : adminPort,
                        together);
        var system = LocalSystem.open(plan, Installation.current(), stop::countDown, time);
        Runtime.getRuntime().addShutdownHook(new Thread(system::close, "weft-shutdown"));
        if (together) {
            withoutEffect(files).forEach(this::warn);
            share(system);
        }
        try (system;
                var _ = printer(system)) {
            system.start();
            report(system);
            return then == null ? watch(system) : then(system, then);
        }
    }

    private LogPrinter printer(LocalSystem system) {
        var names = system.plan().files().services().stream().map(ServiceFile::name).toList();
        return new LogPrinter(system.logs(), names, logs(), ink, time);
    }

    private PrintStream logs() {
        return then == null ? out : err;
    }

    /** What of the files only processes of their own could heed. */
    static List<String> withoutEffect(SystemFile files) {
        var told = new ArrayList<String>();
        for (var service : files.services()) {
            if (service.foreign()) continue;
            var keys = new ArrayList<String>();
            if (!service.environment().isEmpty()) keys.add("environment:");
            if (!service.memory().equals(ServiceFile.MEMORY)) keys.add("memory:");
            if (!keys.isEmpty())
                told.add(
                        service.file()
                                + ": no effect with --together, which has one process for all: "
                                + String.join(", ", keys));
        }
        return told;
    }

    private void warn(String what) {
        err.println("weft: " + what);
    }

    /** What services print in this process becomes log lines; what this command says does not. */
    private static void share(LocalSystem system) {
        var shared = new PrintStream(new SharedOutput(system.logs()), true, StandardCharsets.UTF_8);
        System.setOut(shared);
        System.setErr(shared);
    }

    /** One line per service and one with the time since this process began. */
    private void report(LocalSystem system) {
        var lines = new ArrayList<String>();
        int width = 0;
        for (var process : system.hosting().processes())
            width = Math.max(width, process.service().length());
        for (var process : system.hosting().processes())
            lines.add(
                    ink.named(process.service(), pad(process.service(), width))
                            + "  "
                            + ink.green(process.state().name().toLowerCase(Locale.ROOT))
                            + "  "
                            + process.address());
        lines.add(ready());
        out.println(String.join(System.lineSeparator(), lines));
    }

    private String ready() {
        long ms = OwnAge.at(time.now()).toMillis();
        var built = System.getenv(BUILD_SECONDS);
        return "ready in "
                + ms
                + " ms"
                + (built == null ? "" : ", " + built + " s of it to build Weft itself");
    }

    private static String pad(String name, int width) {
        return name + " ".repeat(width - name.length());
    }

    private int watch(LocalSystem system) throws InterruptedException, IOException {
        if (noWatch) {
            stop.await();
            return 0;
        }
        try (var _ = new Rebuilding(system, this::say, time)) {
            stop.await();
        }
        return 0;
    }

    private void say(String what) {
        what.lines()
                .forEach(line ->
                        out.println(LogPrinter.format("weft", line, "gateway".length(), ink)));
    }

    private int then(LocalSystem system, String command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(List.of("sh", "-c", command)).inheritIO();
        builder.environment().put("WEFT_GATEWAY", system.told().gateway());
        builder.environment().put("WEFT_ADMIN", system.told().admin());
        builder.environment().put("WEFT_TOKEN", system.told().token());
        var process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy, "weft-then"));
        return process.waitFor();
    }
}
