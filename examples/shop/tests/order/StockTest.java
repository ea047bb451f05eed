package shop.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.testkit.Scenario;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import shop.contracts.PublicEvents.OrderLine;
import shop.contracts.PublicEvents.OrderPlaced;
import shop.order.Stock.Change;
import shop.order.Stock.Command;
import shop.order.Stock.Count;
import shop.order.Stock.Counted;
import shop.order.Stock.Release;
import shop.order.Stock.Released;
import shop.order.Stock.Reserve;
import shop.order.Stock.Reserved;
import shop.order.Stock.Shelf;
import shop.order.Stock.Ship;
import shop.order.Stock.Shipped;

class StockTest {

    static final Scenario<Command, Stock, Change> EMPTY = Scenario.of(Stock.STOCK);
    static final Scenario<Command, Stock, Change> FIVE_CUPS = EMPTY.given(new Counted("cup", 5));

    @Test
    void what_nobody_has_counted_never_runs_out() {
        EMPTY.when(new Reserve("A1", Map.of("cup", 1_000_000L))).thenNothing();
    }

    @Test
    void what_was_counted_is_promised_once() {
        var stock = FIVE_CUPS.when(new Reserve("A1", Map.of("cup", 3L))).then(new Reserved("A1", Map.of("cup", 3L)));
        assertThat(stock.shelf("cup")).hasValue(new Shelf("cup", 2, 3));
        FIVE_CUPS.given(new Reserved("A1", Map.of("cup", 3L)))
            .when(new Reserve("A2", Map.of("cup", 3L))).thenRejected("out-of-stock");
    }

    @Test
    void an_order_gets_all_or_nothing_and_only_what_is_counted_is_kept() {
        var jars = FIVE_CUPS.given(new Counted("jar", 1));
        assertThat(jars.when(new Reserve("A1", Map.of("cup", 1L, "jar", 2L))).thenRejected("out-of-stock"))
            .isEqualTo("order A1 wants more than there is of jar");
        jars.when(new Reserve("A1", Map.of("cup", 1L, "spoon", 2L))).then(new Reserved("A1", Map.of("cup", 1L)));
    }

    @Test
    void a_reservation_ends_once() {
        var reserved = FIVE_CUPS.given(new Reserved("A1", Map.of("cup", 3L)));
        assertThat(reserved.when(new Release("A1")).then(new Released("A1")).shelf("cup"))
            .hasValue(new Shelf("cup", 5, 0));
        assertThat(reserved.when(new Ship("A1")).then(new Shipped("A1")).shelf("cup"))
            .hasValue(new Shelf("cup", 2, 0));
        reserved.given(new Shipped("A1")).when(new Release("A1")).thenNothing();
        reserved.when(new Reserve("A1", Map.of("cup", 3L))).thenNothing();
    }

    @Test
    void counting_anew_replaces_what_was_free() {
        var stock = FIVE_CUPS.given(new Reserved("A1", Map.of("cup", 3L))).when(new Count("cup", 7)).then(new Counted("cup", 7));
        assertThat(stock.shelf("cup")).hasValue(new Shelf("cup", 7, 3));
    }

    @Test
    void lines_of_one_product_are_reserved_together() {
        var order = new OrderPlaced("A1", "12", List.of(line("cup", 2, "1.10"), line("cup", 3, "1")), new BigDecimal("5.20"));
        assertThat(Reserve.of(order)).isEqualTo(new Reserve("A1", Map.of("cup", 5L)));
    }

    private static OrderLine line(String product, long quantity, String price) {
        return OrderLine.of(product, "Title of " + product, quantity, new BigDecimal(price));
    }
}
