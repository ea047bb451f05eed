package dev.weft.testkit;

import dev.weft.core.MemoryRegistry;
import java.time.Duration;
import java.util.Optional;

/** Discovery within one process. */
class MemoryDiscoveryTest extends DiscoveryContract {

    @Override
    protected Source open(VirtualTime time) {
        var registry = new MemoryRegistry();
        return new Source() {
            @Override
            public Party join() {
                return new Party(registry, registry, () -> {});
            }

            @Override
            public void close() {
                registry.close();
            }
        };
    }

    /** Who is in this process dies with it. */
    @Override
    protected Optional<Duration> lease() {
        return Optional.empty();
    }
}
