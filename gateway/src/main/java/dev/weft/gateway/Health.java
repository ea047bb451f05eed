package dev.weft.gateway;

import dev.weft.core.Instance;
import java.util.List;

/**
 * What the gateway says of itself.
 *
 * @param routes how many it serves
 * @param registryAgeMs for how long the registry has not confirmed what is known; 0 while it answers
 * @param ready the services that have a ready instance
 * @param conflicts routes that two services claim
 */
record Health(
        String service,
        String instance,
        Instance.State state,
        int routes,
        long registryAgeMs,
        List<String> ready,
        List<RouteConflict> conflicts) {}
