package dev.weft.app;

import dev.weft.core.Program;
import dev.weft.telemetry.Logging;
import java.util.HashMap;

/** A service as a process of its own. */
final class Standalone {

    private static final String HELP =
            """
            Usage: NAME [--port N] [--help]

            Runs the service NAME until it is stopped (Ctrl-C or SIGTERM).

            Environment (each has a default with which the service runs alone):
              WEFT_HOST, WEFT_PORT          where to listen (127.0.0.1, 8080; 0 takes a free port)
              WEFT_STORE                    sqlite:FILE, memory: or postgresql://… (sqlite:.weft/NAME.db)
              WEFT_MASTER_KEYS              what the keys of personal data are locked with (nothing)
              WEFT_REGISTRY, WEFT_BUS       hub+http://host:port (none; a bus in this process)
              OTEL_EXPORTER_OTLP_ENDPOINT   where traces go (nowhere)
              WEFT_TRACES_PER_SECOND        how many new traces are recorded (200)
              WEFT_MAX_BODY_BYTES           the most bytes of a request (1048576)
              WEFT_MAX_TIMEOUT              the latest deadline that a request may name (1h)
              WEFT_LIMIT                    on, dark or off: the concurrency limit (on)
              WEFT_LOG                      text or json (text)
              WEFT_SERVICE, WEFT_INSTANCE   other names than those in the code
              WEFT_TOKEN                    shown to the hub
              WEFT_SUPERVISED               stop when standard input ends
            """;

    private Standalone() {}

    static void run(App app, String... arguments) {
        try {
            var environment = new HashMap<>(System.getenv());
            for (int i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "--help", "-h" -> {
                        System.out.print(HELP.replace("NAME", app.name()));
                        return;
                    }
                    case "--port" -> {
                        if (++i == arguments.length || !arguments[i].matches("[0-9]{1,5}"))
                            throw new IllegalArgumentException(
                                    "--port needs a number from 0 to 65535");
                        environment.put("WEFT_PORT", arguments[i]);
                    }
                    default ->
                            throw new IllegalArgumentException(
                                    "unknown argument " + arguments[i] + "; see --help");
                }
            }
            var in = Surroundings.from(environment, app.name());
            Logging.start(environment, in.service(), in.instance());
            var running = Running.start(app, in);
            System.getLogger("dev.weft")
                    .log(System.Logger.Level.INFO, app.name() + " listens on " + running.address());
            Program.runUntilStopped(running);
        } catch (Exception e) {
            Program.fail(app.name() + " could not start", e);
        }
    }
}
