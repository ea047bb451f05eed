package dev.weft.hub;

import dev.weft.core.Program;
import dev.weft.core.SystemTime;
import dev.weft.http.HttpTransport;

/** The hub as a process, configured by its environment alone. */
public final class HubMain {

    private HubMain() {}

    public static void main(String[] arguments) {
        var transport = new HttpTransport(SystemTime.INSTANCE);
        try {
            var options = Hub.Options.from(System.getenv());
            var hub = Hub.start(options, transport, SystemTime.INSTANCE);
            System.out.println("hub listening at " + hub.address());
            Program.runUntilStopped(() -> {
                hub.close();
                transport.close();
            });
        } catch (InterruptedException | RuntimeException e) {
            Program.fail("the hub did not start", e);
        }
    }
}
