package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.SystemTime;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HubMetricsTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;

    @Test
    void the_page_tells_of_bus_and_requests_to_who_has_the_token() throws Exception {
        var options = Hub.Options.of(0, "memory:").token("secret").warming(Duration.ZERO);
        try (var transport = new MemoryTransport(TIME);
                var hub = Hub.start(options, transport, TIME)) {
            try (var consumer = hub.bus().subscribe("cart.prices", Set.of("price"))) {
                hub.bus().publish("product", 2, List.of(price(1), price(2)));
                consumer.poll(Duration.ofSeconds(5));
                var client = transport.client(hub.address());
                client.call(Request.get("/admin/health")).body().bytes();
                assertThat(client.call(Request.get("/metrics")).status()).isEqualTo(401);
                var scrape = Request.get("/metrics").header("Authorization", "Bearer secret");
                assertThat(client.call(scrape).body().text())
                        .contains(
                                "weft_bus_events 2",
                                "weft_bus_outstanding{subscription=\"cart.prices\"} 2",
                                "weft_bus_unread{subscription=\"cart.prices\"} 0",
                                "weft_traces_spans 0",
                                "http_server_request_duration_seconds_count{"
                                        + "http_request_method=\"GET\",http_route=\"/admin/health\","
                                        + "http_response_status_code=\"200\",url_scheme=\"http\"} 1");
            }
        }
    }

    private static BusEvent price(long position) {
        return new BusEvent(
                "product",
                position,
                0,
                "price",
                "cup",
                Instant.EPOCH,
                "{}".getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }
}
