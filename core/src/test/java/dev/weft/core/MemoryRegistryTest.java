package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
    void calls_go_to_the_ready_instances_in_turn_and_past_those_that_are_gone() throws Exception {
        try (var transport = new MemoryTransport(SystemTime.INSTANCE)) {
            for (int i = 1; i <= 3; i++) {
                var name = "s" + i;
                var server = transport.serve(request -> Response.text(name), ServerOptions.DEFAULT);
                registry.register(instance("s", name, server.address()));
                if (i == 3) server.close();
            }
            var client = new RoundRobin("test", "s", registry, transport);
            var answers = new ArrayList<String>();
            for (int i = 0; i < 6; i++) answers.add(client.call(Request.get("/")).body().text());
            assertThat(answers).contains("s1", "s2").doesNotContain("s3").hasSize(6);
        }
    }

    @Test
    void a_call_that_no_instance_can_take_is_refused_with_when_to_come_back() {
        var transport = new MemoryTransport(SystemTime.INSTANCE);
        registry.register(instance("s", "gone"));
        for (var service : List.of("s", "unknown"))
            assertThatThrownBy(() ->
                            new RoundRobin("test", service, registry, transport)
                                    .call(Request.get("/")))
                    .isInstanceOfSatisfying(
                            Failure.Refused.class,
                            e -> {
                                assertThat(e.refusal().reason())
                                        .isEqualTo(Refusal.Reason.UNAVAILABLE);
                                assertThat(e.refusal().begun()).isFalse();
                                assertThat(e.refusal().retryAfter()).isPositive();
                            });
    }

    @Test
    void filters_nest_the_first_outermost() throws Exception {
        Filter<String, String> a = (request, next) -> "a(" + next.call(request + "a") + ")";
        Filter<String, String> b = (request, next) -> "b(" + next.call(request + "b") + ")";
        Service<String, String> service = request -> request;
        assertThat(a.then(b).then(Filter.none()).then(service).call("")).isEqualTo("a(b(ab))");
    }
}
