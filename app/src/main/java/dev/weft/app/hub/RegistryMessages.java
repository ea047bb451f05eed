package dev.weft.app.hub;

import dev.weft.core.Instance;
import dev.weft.core.Load;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The words of the hub's registry, as {@code docs/how-it-works.md} has them. */
final class RegistryMessages {

    private RegistryMessages() {}

    record Registration(
            String service,
            URI address,
            Instance.State state,
            List<String> routes,
            Optional<Load> load,
            long leaseMs) {}

    record View(
            String version,
            boolean warming,
            boolean complete,
            List<Instance> instances,
            Set<String> gone) {}
}
