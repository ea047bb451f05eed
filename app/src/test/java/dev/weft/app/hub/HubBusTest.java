package dev.weft.app.hub;

import dev.weft.core.SystemTime;
import dev.weft.core.Transport;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.http.HttpTransport;
import dev.weft.hub.Hub;
import dev.weft.testkit.BusContract;
import dev.weft.testkit.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;

/** The bus of a hub, through HTTP. */
class HubBusTest extends BusContract {

    @TempDir private Path folder;

    private VirtualTime time = new VirtualTime();

    @Override
    protected Bus open(VirtualTime time) {
        this.time = time;
        return open();
    }

    @Override
    protected Bus reopen(Bus bus) {
        bus.close();
        return open();
    }

    private Bus open() {
        var transport = new HttpTransport(SystemTime.INSTANCE);
        try {
            var options =
                    Hub.Options.of(0, "sqlite:" + folder.resolve("hub.db"))
                            .token("secret")
                            .drain(Duration.ZERO);
            var hub = Hub.start(options, transport, time);
            var client = transport.client(hub.address());
            return new Remote(
                    new HubBus(client, Optional.of("secret"), "test-1", time), hub, transport);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The client with the hub that it speaks to. */
    private record Remote(HubBus bus, Hub hub, Transport transport) implements Bus {

        @Override
        public void publish(String source, long through, List<BusEvent> events)
                throws InterruptedException {
            bus.publish(source, through, events);
        }

        @Override
        public long published(String source) {
            return bus.published(source);
        }

        @Override
        public Consumer subscribe(String name, Set<String> types) {
            return bus.subscribe(name, types);
        }

        @Override
        public void close() {
            bus.close();
            hub.close();
            transport.close();
        }
    }
}
