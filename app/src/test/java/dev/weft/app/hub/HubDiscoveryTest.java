package dev.weft.app.hub;

import dev.weft.core.SystemTime;
import dev.weft.http.HttpTransport;
import dev.weft.hub.Hub;
import dev.weft.testkit.DiscoveryContract;
import dev.weft.testkit.FreePort;
import dev.weft.testkit.VirtualTime;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

/** The registry of a hub, through HTTP. */
class HubDiscoveryTest extends DiscoveryContract {

    private static final String TOKEN = "secret";

    @TempDir private Path folder;

    @Override
    protected Source open(VirtualTime time) {
        return new Hubs(time);
    }

    @Override
    protected Optional<Duration> lease() {
        return Optional.of(HubRegistry.LEASE);
    }

    /** A hub with connections of its own, that may stop and start again at the same port. */
    private final class Hubs implements Source {

        private final VirtualTime time;
        private final List<HttpTransport> clients = new ArrayList<>();
        private URI address = URI.create("http://127.0.0.1:" + FreePort.find());
        private Runnable stop = () -> {};

        Hubs(VirtualTime time) {
            this.time = time;
            start();
        }

        private void start() {
            var transport = new HttpTransport(SystemTime.INSTANCE);
            var store = "sqlite:" + folder.resolve("hub.db");
            var options = Hub.Options.of(address.getPort(), store).token(TOKEN);
            try {
                var hub = Hub.start(options, transport, time);
                address = hub.address();
                stop =
                        () -> {
                            hub.close();
                            transport.close();
                        };
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public Party join() {
            var transport = new HttpTransport(SystemTime.INSTANCE);
            clients.add(transport);
            var registry = new HubRegistry(transport.client(address), Optional.of(TOKEN), time);
            return new Party(registry, registry, registry::close);
        }

        @Override
        public Optional<Runnable> away() {
            stop.run();
            return Optional.of(this::start);
        }

        @Override
        public void close() {
            clients.forEach(HttpTransport::close);
            stop.run();
        }
    }
}
