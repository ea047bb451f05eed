package dev.weft.gateway;

import dev.weft.core.Transport;
import dev.weft.http.HttpTransport;

final class GatewayOverHttpTest extends GatewayCases {
    @Override
    Transport transport() {
        return new HttpTransport(Surroundings.TIME);
    }
}
