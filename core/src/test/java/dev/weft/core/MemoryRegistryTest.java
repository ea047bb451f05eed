package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryRegistryTest {

    private final MemoryRegistry registry = new MemoryRegistry();

    private static Instance instance(String service, String id, URI address) {
        return new Instance(service, id, address, Instance.State.READY, List.of("GET /"));
    }

    private static Instance instance(String service, String id) {
        return instance(service, id, URI.create("memory://" + id));
    }

    @Test
    void an_entry_lives_until_it_is_withdrawn() {
        var lease = registry.register(instance("a", "a1"));
        registry.register(instance("b", "b1"));
        assertThat(registry.instances("a")).extracting(Instance::id).containsExactly("a1");
        lease.update(Instance.State.DRAINING);
        assertThat(registry.instances("a"))
                .extracting(Instance::state)
                .containsExactly(Instance.State.DRAINING);
        lease.close();
        lease.close();
        assertThat(registry.instances()).extracting(Instance::id).containsExactly("b1");
    }

    @Test
    void a_watcher_hears_what_is_known_and_each_change_until_it_stops() {
        var heard = new ArrayList<Integer>();
        var lease = registry.register(instance("a", "a1"));
        var watch = registry.watch(instances -> heard.add(instances.size()));
        registry.register(instance("a", "a2"));
        lease.close();
        watch.close();
        registry.register(instance("a", "a3"));
        assertThat(heard).containsExactly(1, 2, 1);
    }

    @Test
    void filters_nest_the_first_outermost() throws Exception {
        Filter<String, String> a = (request, next) -> "a(" + next.call(request + "a") + ")";
        Filter<String, String> b = (request, next) -> "b(" + next.call(request + "b") + ")";
        Service<String, String> service = request -> request;
        assertThat(a.then(b).then(Filter.none()).then(service).call("")).isEqualTo("a(b(ab))");
    }
}
