package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

    @Mixin Place place = new Place();

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

    @Override
    public Integer call() throws Exception {
        var files = SystemFile.read(place.folder);
        var plan =
                new LocalSystem.Plan(
                        files,
                        place.data(files),
                        place.port == null ? files.gatewayPort() : place.port,
                        place.adminPort == null ? files.hubPort() : place.adminPort,
                        place.profile(files),
                        together);
        var system = LocalSystem.open(plan, Installation.current(), this::stop, time);
        Runtime.getRuntime().addShutdownHook(new Thread(system::close, "weft-shutdown"));
        if (together) {
            withoutEffect(files, plan.profile()).forEach(this::warn);
            share(system);
        }
        try (system;
                var _ = printer(system)) {
            system.start();
            system.told().warnings().forEach(this::warn);
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
    static List<String> withoutEffect(SystemFile files, Profile profile) {
        var told = new ArrayList<String>();
        if (!profile.environment().isEmpty())
            told.add(
                    files.folder().resolve(SystemFile.NAME)
                            + ": no effect with --together, which has one process for all:"
                            + " environment: of the profile "
                            + profile.name());
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
                            + system.told().addresses(process));
        if (system.plan().profile().store() == Profile.Store.POSTGRES)
            lines.add("data in " + system.stores().place() + ", a schema for each service");
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

    /** In whichever state the system is: as a signal would, but with another code. */
    private void stop(String by) {
        logs().println("weft: stopped by " + by);
        time.start("weft-stop", () -> System.exit(0));
    }

    private int watch(LocalSystem system) throws InterruptedException, IOException {
        var end = new CountDownLatch(1);
        if (noWatch) end.await();
        try (var _ = new Rebuilding(system, this::say, time)) {
            end.await();
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
