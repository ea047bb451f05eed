package dev.weft.app;

import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Discovery;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import java.net.URI;
import java.util.Optional;

/** Opens what {@code WEFT_REGISTRY} names: the hub's registry, or what {@link Discovery} knows. */
public final class Discoveries {

    private static final String HUB = "hub+http://";

    private Discoveries() {}

    /**
     * Opens without waiting for the source.
     *
     * @param url the variable's value
     * @param transport carries requests to the hub
     * @param token what the hub wants to see, if anything
     * @throws IllegalArgumentException that names the variable, its value and how it is written
     */
    public static Discovery open(
            String url, Transport transport, Optional<String> token, Time time) {
        try {
            if (!url.startsWith(HUB)) return Discovery.open(url, time);
            var hub = URI.create(url.substring("hub+".length()));
            var registry = new HubRegistry(transport.client(hub), token, time);
            return new Discovery(registry, registry);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the environment variable WEFT_REGISTRY is \""
                            + url
                            + "\"; "
                            + e.getMessage()
                            + "; a hub is written hub+http://127.0.0.1:8090",
                    e);
        }
    }
}
