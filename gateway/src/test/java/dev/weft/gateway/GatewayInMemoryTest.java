package dev.weft.gateway;

import dev.weft.core.MemoryTransport;
import dev.weft.core.Transport;

final class GatewayInMemoryTest extends GatewayCases {
    @Override
    Transport transport() {
        return new MemoryTransport(Surroundings.TIME);
    }
}
