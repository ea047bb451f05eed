package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class RouteBookTest {

    private final RouteBook book = new RouteBook(service -> request -> Response.text(service));

    @Test
    void the_table_stays_the_same_when_only_instances_change() {
        var table = update(ready("cart", "1", "GET /carts/{id}"));
        assertThat(update(ready("cart", "2", "GET /carts/{id}"))).isSameAs(table);
        assertThat(update()).isSameAs(table);
        assertThat(update(ready("cart", "3", "GET /carts/{id}", "GET /x"))).isNotSameAs(table);
    }

    @Test
    void of_two_that_live_the_one_keeps_a_route_that_had_it_first() throws Exception {
        var stock = ready("stock", "1", "GET /things/{id}");
        var cart = ready("cart", "1", "GET /things/{key}");
        update(stock);
        var table = update(cart, stock);
        assertThat(answer(table, "/things/1")).isEqualTo("stock");
        assertThat(table.conflicts())
                .containsExactly(new RouteConflict("GET /things/{key}", "stock", "cart"));
        assertThat(update(stock).conflicts()).isEmpty();
    }

    @Test
    void of_two_that_are_new_the_first_by_name_has_it() throws Exception {
        assertThat(answer(update(ready("b", "1", "GET /x"), ready("a", "1", "GET /x")), "/x"))
                .isEqualTo("a");
    }

    @Test
    void one_that_lives_takes_a_route_over_from_one_that_is_gone() throws Exception {
        update(ready("old", "1", "GET /x", "GET /y"));
        var table = update(ready("new", "1", "GET /x"));
        assertThat(answer(table, "/x")).isEqualTo("new");
        assertThat(answer(table, "/y")).isEqualTo("old");
        assertThat(table.conflicts()).isEmpty();
    }

    @Test
    void routes_are_those_of_the_ready_instances_as_long_as_there_are_any() {
        var old = ready("cart", "1", "GET /old", "GET /both");
        var next = ready("cart", "2", "GET /both", "GET /new");
        assertThat(update(old, next.with(Instance.State.STARTING)).size()).isEqualTo(2);
        assertThat(update(old.with(Instance.State.DRAINING), next).find(Method.GET, "/old"))
                .isNull();
        assertThat(update(next.with(Instance.State.DRAINING)).size()).isEqualTo(2);
        assertThat(update().size()).isEqualTo(2);
    }

    @Test
    void what_is_no_route_is_left_out() {
        assertThat(
                        update(
                                        ready(
                                                "cart",
                                                "1",
                                                "GET",
                                                "FETCH /a",
                                                "GET b",
                                                "GET /{a}/{a}",
                                                "GET /good"))
                                .size())
                .isEqualTo(1);
    }

    @Test
    void services_that_are_gone_are_remembered_within_a_bound() {
        for (int i = 0; i < RouteBook.MAX_ABSENT + 10; i++)
            update(ready("service-" + i, "1", "GET /" + i));
        assertThat(update().size()).isEqualTo(RouteBook.MAX_ABSENT);
        assertThat(book.knows("service-0")).isFalse();
        assertThat(book.knows("service-" + (RouteBook.MAX_ABSENT + 9))).isTrue();
    }

    @Test
    void in_a_system_that_starts_two_services_with_one_route_are_told_of() {
        var all =
                List.of(
                        ready("stock", "1", "GET /things/{id}", "GET /stock"),
                        ready("stock", "2", "GET /things/{id}"),
                        ready("cart", "1", "GET /things/{key}", "POST /things/{id}"));
        assertThat(RouteConflict.among(all))
                .containsExactly(new RouteConflict("GET /things/{id}", "cart", "stock"));
        assertThat(RouteConflict.among(all).getFirst())
                .hasToString("GET /things/{id} is claimed by cart and by stock");
    }

    private RouteTable update(Instance... instances) {
        Map<String, List<Instance>> byService =
                Stream.of(instances).collect(Collectors.groupingBy(Instance::service));
        return book.update(new HashMap<>(byService));
    }

    private static String answer(RouteTable table, String path) throws Exception {
        var target = table.find(Method.GET, path);
        return target == null ? "nobody" : target.call(Request.get(path)).body().text();
    }

    private static Instance ready(String service, String id, String... routes) {
        return new Instance(
                service,
                service + "-" + id,
                URI.create("memory://" + service),
                Instance.State.READY,
                List.of(routes));
    }
}
