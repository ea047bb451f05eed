package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Transport;
import dev.weft.http.HttpTransport;
import org.junit.jupiter.api.Test;

final class GatewayOverHttpTest extends GatewayCases {
    @Override
    Transport transport() {
        return new HttpTransport(Surroundings.TIME);
    }

    @Test
    void a_service_learns_who_called_and_by_what_name() throws Exception {
        try (var around = new Surroundings(transport())) {
            around.service(
                    "echo",
                    Route.get(
                            "/x",
                            r ->
                                    Response.text(
                                            String.join(
                                                    " ",
                                                    r.headers().all("X-Forwarded-For").toString(),
                                                    r.headers().all("X-Forwarded-Host").toString(),
                                                    r.headers().all("Forwarded").toString()))));
            var gateway = around.gateway();
            var host = gateway.address().getAuthority();
            var request = Request.get("/x").header("weft-peer", "9.9.9.9");
            assertThat(around.text(gateway, request))
                    .isEqualTo(
                            "[127.0.0.1] [%s] [for=127.0.0.1;host=\"%s\";proto=http]"
                                    .formatted(host, host));
        }
    }
}
