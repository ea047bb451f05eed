package dev.weft.hub;

import dev.weft.core.MemoryMeter;
import dev.weft.core.Program;
import dev.weft.core.SystemTime;
import dev.weft.http.HttpTransport;
import dev.weft.telemetry.JvmMetrics;
import dev.weft.telemetry.Logging;

/** The hub as a process, configured by its environment alone. */
public final class HubMain {

    private HubMain() {}

    public static void main(String[] arguments) {
        var transport = new HttpTransport(SystemTime.INSTANCE);
        try {
            var environment = System.getenv();
            Logging.start(environment, "hub", environment.getOrDefault("WEFT_INSTANCE", "hub"));
            var meter = new MemoryMeter();
            JvmMetrics.observe(meter);
            transport.observe(meter);
            var options = Hub.Options.from(environment);
            var hub = Hub.start(options, transport, meter, SystemTime.INSTANCE);
            System.getLogger("dev.weft")
                    .log(System.Logger.Level.INFO, "hub listens on " + hub.address());
            Program.runUntilStopped(() -> {
                hub.close();
                transport.close();
            });
        } catch (InterruptedException | RuntimeException e) {
            Program.fail("the hub did not start", e);
        }
    }
}
