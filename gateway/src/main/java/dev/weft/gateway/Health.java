package dev.weft.gateway;

import dev.weft.core.Instance;
import java.util.List;

/**
 * What the gateway says of itself.
 *
 * @param routes how many it serves
 * @param ready the services that have a ready instance
 * @param conflicts routes that two services claim
 */
record Health(
        String service,
        String instance,
        Instance.State state,
        int routes,
        List<String> ready,
        List<RouteTable.Conflict> conflicts) {}
