package shop.cart;

import static dev.weft.events.Decision.*;
import static shop.contracts.PublicEvents.*;

import module dev.weft.app;

/** A customer's cart: its rules, as pure functions over what happened to it. */
record Cart(List<OrderLine> lines, Set<String> orders, Optional<OrderPlaced> lastOrder) {

    sealed interface Command { String customerId(); }
    record Add(String customerId, OrderLine line) implements Command {}
    record Remove(String customerId, String productId) implements Command {}
    record CheckOut(String customerId, String orderId) implements Command {}

    sealed interface Change {}
    record ItemAdded(OrderLine line) implements Change {}
    record ItemRemoved(String productId) implements Change {}
    record CheckedOut(OrderPlaced order) implements Change {}

    static final Decider<Command, Cart, Change> CART = Decider.of(
        "cart", new Cart(List.of(), Set.of(), Optional.empty()), Cart::decide, Cart::evolve,
        EventType.of("item-added", ItemAdded.class),
        EventType.of("item-removed", ItemRemoved.class),
        EventType.of("checked-out", CheckedOut.class));

    static Decision<Change> decide(Command command, Cart cart) {
        return switch (command) {
            case Add _ when cart.lines.size() == 1_000 -> reject("cart-full", "a cart has at most 1000 lines");
            case Add(_, var line) -> emit(new ItemAdded(line));
            case Remove(_, var product) -> emit(new ItemRemoved(product));
            case CheckOut(_, var id) when cart.orders.contains(id) -> reject("order-exists", "there is an order " + id);
            case CheckOut(var buyer, _) when cart.lines.isEmpty() ->
                reject("empty-cart", "the cart of customer " + buyer + " is empty");
            case CheckOut(var buyer, var id) ->
                emit(new CheckedOut(new OrderPlaced(id, buyer, cart.lines, cart.total())));
        };
    }

    static Cart evolve(Cart cart, Change change) {
        var lines = new ArrayList<>(cart.lines);
        var orders = new HashSet<>(cart.orders);
        switch (change) {
            case ItemAdded(var more) when lines.stream().noneMatch(more::isLike) -> lines.add(more);
            case ItemAdded(var more) -> lines.replaceAll(line -> line.isLike(more) ? line.and(more) : line);
            case ItemRemoved(var product) -> lines.removeIf(line -> line.productId().equals(product));
            case CheckedOut(var order) -> {
                orders.add(order.id());
                return new Cart(List.of(), orders, Optional.of(order));
            }
        }
        return new Cart(lines, orders, cart.lastOrder);
    }

    BigDecimal total() {
        return lines.stream().map(OrderLine::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
    }
}
