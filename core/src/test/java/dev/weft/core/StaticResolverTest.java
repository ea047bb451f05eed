package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StaticResolverTest {

    @Test
    void knows_what_is_written_and_only_that() {
        var discovery =
                Discovery.open(
                        "static:product=http://10.0.0.1:8080, http://[::1]:81;customer=http://c:80;",
                        SystemTime.INSTANCE);
        var resolver = discovery.resolver();
        assertThat(resolver.instances("product"))
                .extracting(Instance::id)
                .containsExactly("product@10.0.0.1:8080", "product@[::1]:81");
        assertThat(resolver.instances("customer"))
                .allSatisfy(i -> assertThat(i.state()).isEqualTo(Instance.State.READY))
                .extracting(instance -> instance.address().toString())
                .containsExactly("http://c:80");
        assertThat(resolver.instances("other")).isEmpty();
        assertThat(resolver.age()).isZero();
        discovery.registry().register(resolver.instances().getFirst()).close();
        assertThat(resolver.instances()).hasSize(3);
    }

    @Test
    void who_watches_is_told_once() {
        var heard = new ArrayList<List<Instance>>();
        try (var resolver = StaticResolver.parse("product=http://a:1");
                var _ = resolver.watch("product", heard::add)) {
            assertThat(heard).containsExactly(resolver.instances());
        }
    }

    @Test
    void what_cannot_be_read_is_named_with_the_form() {
        refused("", "\"\"", "names no instance");
        refused("http://10.0.0.1:8080", "\"http://10.0.0.1:8080\"", "names no service");
        refused("=http://a:1", "names no service");
        refused("product", "\"product\"", "names no service");
        refused("product=", "is no address");
        refused("product=10.0.0.1:8080", "\"10.0.0.1:8080\"", "is no address");
        refused("product=http://10.0.0.1", "is no address");
        refused("product=http://a b:1", "\"http://a b:1\"", "is no address");
        refused("product=http://a:1/shop", "\"http://a:1/shop\"", "path");
        refused("product=http://a:1,http://a:1", "\"http://a:1\"", "twice");
        refused("product=http://a:1;product=http://b:1", "\"product\"", "twice");
    }

    private static void refused(String list, String... named) {
        assertThatThrownBy(() -> StaticResolver.parse(list).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("product=http://10.0.0.1:8080,http://10.0.0.2:8080;")
                .satisfies(e -> assertThat(e.getMessage()).contains(named));
    }

    @Test
    void a_scheme_that_nobody_knows_is_refused_with_those_there_are() {
        assertThatThrownBy(() -> Discovery.open("nothing:at-all", SystemTime.INSTANCE).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("static:")
                .hasMessageContaining("weft-dns");
    }
}
