package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Discovery;
import dev.weft.core.Instance;
import dev.weft.core.SystemTime;
import dev.weft.http.HttpTransport;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DiscoveriesTest {

    private final HttpTransport transport = new HttpTransport(SystemTime.INSTANCE);

    @AfterEach
    void close() {
        transport.close();
    }

    private Discovery open(String url) {
        return Discoveries.open(url, transport, Optional.empty(), SystemTime.INSTANCE);
    }

    @Test
    void the_scheme_says_what_is_opened() {
        try (var hub = open("hub+http://127.0.0.1:1");
                var list = open("static:cart=http://10.0.0.1:8080")) {
            assertThat(hub.registry()).isInstanceOf(HubRegistry.class).isSameAs(hub.resolver());
            assertThat(list.resolver().instances("cart"))
                    .extracting(Instance::id)
                    .containsExactly("cart@10.0.0.1:8080");
        }
    }

    @Test
    void what_cannot_be_opened_is_named_with_the_variable_and_what_there_is() {
        for (var url : List.of("http://127.0.0.1:8090", "hub+http://", "static:cart", "etcd:x"))
            assertThatThrownBy(() -> open(url).close())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("WEFT_REGISTRY is \"" + url + "\"", "hub+http://127");
    }
}
