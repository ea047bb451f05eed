package shop.cart;

import static org.assertj.core.api.Assertions.assertThat;
import static shop.cart.Cart.CART;

import dev.weft.testkit.Scenario;
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

    static final Scenario<Command, Cart, Change> EMPTY = Scenario.of(CART);
    static final OrderPlaced ORDER =
        new OrderPlaced("A1", "12", List.of(line("cup", 2, "1.10")), new BigDecimal("2.20"));

    @Test
    void what_is_added_is_in_the_cart() {
        var cart = EMPTY.when(new Add("12", line("cup", 2, "1.10"))).then(added("cup", 2, "1.10"));
        assertThat(cart.lines()).containsExactly(line("cup", 2, "1.10"));
    }

    @Test
    void the_same_product_at_the_same_price_is_one_line() {
        var cart = EMPTY.given(added("cup", 2, "1.10"), added("cup", 3, "1.100")).state();
        assertThat(cart.lines()).containsExactly(line("cup", 5, "1.10"));
    }

    @Test
    void the_same_product_at_another_price_is_another_line() {
        var cart = EMPTY.given(added("cup", 2, "1.10"), added("cup", 3, "1.00"), added("cup", 1, "1.10")).state();
        assertThat(cart.lines()).containsExactly(line("cup", 3, "1.10"), line("cup", 3, "1.00"));
        assertThat(cart.total()).isEqualByComparingTo("6.30");
    }

    @Test
    void what_is_removed_is_gone_at_all_its_prices() {
        var cart = EMPTY.given(added("cup", 2, "1.10"), added("cup", 3, "1.00"), added("jar", 1, "2"))
            .when(new Remove("12", "cup")).then(new ItemRemoved("cup"));
        assertThat(cart.lines()).containsExactly(line("jar", 1, "2"));
    }

    @Test
    void a_checkout_orders_what_is_in_the_cart() {
        var cart = EMPTY.given(added("cup", 2, "1.10")).when(new CheckOut("12", "A1")).then(new CheckedOut(ORDER));
        assertThat(cart.lines()).isEmpty();
        assertThat(cart.lastOrder()).hasValue(ORDER);
    }

    @Test
    void an_empty_cart_is_not_checked_out() {
        assertThat(EMPTY.when(new CheckOut("12", "A1")).thenRejected("empty-cart"))
            .isEqualTo("the cart of customer 12 is empty");
    }

    @Test
    void an_order_is_not_placed_twice() {
        EMPTY.given(new CheckedOut(ORDER), added("jar", 1, "2")).when(new CheckOut("12", "A1"))
            .thenRejected("order-exists");
    }

    @Test
    void a_cart_has_an_end() {
        EMPTY.given(LongStream.rangeClosed(1, 1_000).mapToObj(i -> added("cup " + i, 1, "1")).toList())
            .when(new Add("12", line("jar", 1, "2"))).thenRejected("cart-full");
    }

    private static ItemAdded added(String product, long quantity, String price) {
        return new ItemAdded(line(product, quantity, price));
    }

    private static OrderLine line(String product, long quantity, String price) {
        return OrderLine.of(product, "Title of " + product, quantity, new BigDecimal(price));
    }
}
