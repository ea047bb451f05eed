package shop.cart;

import static org.assertj.core.api.Assertions.assertThat;
import static shop.cart.Cart.CART;

import dev.weft.events.Decision;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import shop.cart.Cart.Add;
import shop.cart.Cart.Change;
import shop.cart.Cart.CheckOut;
import shop.cart.Cart.CheckedOut;
import shop.cart.Cart.Command;
import shop.cart.Cart.ItemAdded;
import shop.cart.Cart.ItemRemoved;
import shop.cart.Cart.Remove;
import shop.contracts.PublicEvents.OrderLine;
import shop.contracts.PublicEvents.OrderPlaced;

/** Given what happened, when a command comes, then this happens. No service has to run for that. */
class CartTest {

    @Test
    void what_is_added_is_in_the_cart() {
        then(after(added("cup", 2, "1.10")).lines(), line("cup", 2, "1.10"));
    }

    @Test
    void the_same_product_at_the_same_price_is_one_line() {
        then(after(added("cup", 2, "1.10"), added("cup", 3, "1.100")).lines(), line("cup", 5, "1.10"));
    }

    @Test
    void the_same_product_at_another_price_is_another_line() {
        var cart = after(added("cup", 2, "1.10"), added("cup", 3, "1.00"), added("cup", 1, "1.10"));
        then(cart.lines(), line("cup", 3, "1.10"), line("cup", 3, "1.00"));
        assertThat(cart.total()).isEqualByComparingTo("6.30");
    }

    @Test
    void what_is_removed_is_gone_at_all_its_prices() {
        var cart = after(added("cup", 2, "1.10"), added("cup", 3, "1.00"), added("jar", 1, "2"), new ItemRemoved("cup"));
        then(cart.lines(), line("jar", 1, "2"));
        assertThat(when(new Remove("12", "cup"))).isEqualTo(Decision.emit(new ItemRemoved("cup")));
    }

    @Test
    void a_checkout_orders_what_is_in_the_cart() {
        var order = new OrderPlaced("A1", "12", List.of(line("cup", 2, "1.10")), new BigDecimal("2.20"));
        assertThat(when(new CheckOut("12", "A1"), added("cup", 2, "1.10")))
            .isEqualTo(Decision.emit(new CheckedOut(order)));
        var cart = after(added("cup", 2, "1.10"), new CheckedOut(order));
        assertThat(cart.lines()).isEmpty();
        assertThat(cart.lastOrder()).hasValue(order);
    }

    @Test
    void an_empty_cart_is_not_checked_out() {
        assertThat(when(new CheckOut("12", "A1")))
            .isEqualTo(Decision.reject("empty-cart", "the cart of customer 12 is empty"));
    }

    @Test
    void an_order_is_not_placed_twice() {
        var order = new OrderPlaced("A1", "12", List.of(line("cup", 2, "1.10")), new BigDecimal("2.20"));
        assertThat(when(new CheckOut("12", "A1"), new CheckedOut(order), added("jar", 1, "2")))
            .isEqualTo(Decision.reject("order-exists", "there is an order A1"));
    }

    @Test
    void a_cart_has_an_end() {
        var full = LongStream.rangeClosed(1, 1_000).mapToObj(i -> (Change) added("cup " + i, 1, "1"));
        assertThat(when(new Add("12", line("jar", 1, "2")), full.toArray(Change[]::new)))
            .isEqualTo(Decision.reject("cart-full", "a cart has at most 1000 lines"));
    }

    private static Cart after(Change... history) {
        var cart = CART.initial();
        for (var change : history) cart = CART.evolve().apply(cart, change);
        return cart;
    }

    private static Decision<Change> when(Command command, Change... history) {
        return CART.decide().apply(command, after(history));
    }

    private static void then(List<OrderLine> lines, OrderLine... expected) {
        assertThat(lines).containsExactly(expected);
    }

    private static ItemAdded added(String product, long quantity, String price) {
        return new ItemAdded(line(product, quantity, price));
    }

    private static OrderLine line(String product, long quantity, String price) {
        return OrderLine.of(product, "Title of " + product, quantity, new BigDecimal(price));
    }
}
