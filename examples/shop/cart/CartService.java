package shop.cart;

import static dev.weft.http.Endpoint.*;
import static shop.cart.Cart.*;
import static shop.contracts.PublicEvents.*;

import module dev.weft.app;

/** Carts, orders and what they brought in. It keeps its own copy of customers and products. */
class CartService {
    record AddItem(String customerId, String productId, long quantity, Optional<BigDecimal> agreedPrice) {
        AddItem {
            Require.between("quantity", quantity, 1, 1_000_000);
            agreedPrice.ifPresent(price -> Require.money("agreed_price", price));
        }
    }
    record OrderAll(String customerId, Optional<String> orderId) {}
    record Sold(Optional<String> customerId, Optional<String> productId) {
        Sold { Require.that(customerId.isEmpty() || productId.isEmpty(), "name a customer or a product, not both"); }
        String scope() {
            return customerId.map("customer "::concat).or(() -> productId.map("product "::concat)).orElse("all");
        }
    }
    record Shown(List<OrderLine> lines, BigDecimal total) { Shown(Cart it) { this(it.lines(), it.total()); } }
    record Product(String title, BigDecimal price) {}
    record Revenue(long orders, long lines, long units, BigDecimal revenue) {}

    static final Table<CustomerSignedUp> CUSTOMERS = Table.of("customer", CustomerSignedUp.class);
    static final Table<Product> PRODUCTS = Table.of("product", Product.class);
    static final Table<String> BUYERS = Table.of("buyer", String.class);
    static final Table<OrderPlaced> ORDERS = Table.of("order", OrderPlaced.class);
    static final Table<Revenue> REVENUE = Table.of("revenue", Revenue.class);
    static final Revenue NOTHING = new Revenue(0, 0, 0, BigDecimal.ZERO);

    public static void main(String[] args) {
        Weft.run(App.named("cart")
            .tables(CUSTOMERS, PRODUCTS, BUYERS)
            .listen(Listener.transactional("copies")
                .on(CUSTOMER_SIGNED_UP, (e, sql) -> CUSTOMERS.put(sql, e.key(), e.data()))
                .on(PRODUCT_REGISTERED, (e, sql) ->
                    PRODUCTS.put(sql, e.key(), new Product(e.data().title(), e.data().price())))
                .on(PRICE_CHANGED, (e, sql) ->
                    PRODUCTS.change(sql, e.key(), before -> new Product(before.title(), e.data().price()))))
            .project(Projection.of("orders", CART, CartService::project).tables(ORDERS, REVENUE))
            .publish(CART, List.of(ORDER_PLACED), event ->
                event.data() instanceof CheckedOut(var it) ? List.of(ORDER_PLACED.of(it.id(), it)) : List.of())
            .routes(weft -> Routes.of(
                get("/carts/{customer_id}", String.class, Shown.class)
                    .to(id -> new Shown(weft.state(CART, CUSTOMERS.known(weft.database(), id).id()))),
                post("/carts/{customer_id}/items", AddItem.class, Shown.class).status(201)
                    .to(it -> new Shown(handle(weft, add(weft, it)))),
                delete("/carts/{customer_id}/items/{product_id}", Remove.class, Shown.class)
                    .to(it -> new Shown(handle(weft, it))),
                post("/carts/{customer_id}/checkout", OrderAll.class, OrderPlaced.class).status(201)
                    .location(order -> "/orders/" + order.id()).to(it -> checkOut(weft, it)),
                get("/orders/{id}", String.class, OrderPlaced.class).to(id -> ORDERS.get(weft.database(), id)),
                get("/reports/revenue", Sold.class, Revenue.class)
                    .to(it -> REVENUE.find(weft.database(), it.scope()).orElse(NOTHING)))), args);
    }

    static Cart handle(Weft weft, Command command) throws InterruptedException {
        CUSTOMERS.known(weft.database(), command.customerId());
        return weft.handle(CART, command.customerId(), command).orProblem(409);
    }

    static Add add(Weft weft, AddItem it) {
        var product = PRODUCTS.known(weft.database(), it.productId());
        var price = it.agreedPrice().orElse(product.price());
        return new Add(it.customerId(), OrderLine.of(it.productId(), product.title(), it.quantity(), price));
    }

    static OrderPlaced checkOut(Weft weft, OrderAll it) throws InterruptedException {
        var buyer = CUSTOMERS.known(weft.database(), it.customerId()).id();
        var id = it.orderId().orElseGet(weft::newId);
        if (!buyer.equals(weft.database().write(sql -> BUYERS.putIfAbsent(sql, id, buyer))))
            throw Problem.of(409, "order-exists", "there is an order " + id).failure();
        return handle(weft, new CheckOut(buyer, id)).lastOrder().orElseThrow();
    }

    static void project(Event<Change> event, Sql sql) {
        if (!(event.data() instanceof CheckedOut(var order))) return;
        ORDERS.put(sql, order.id(), order);
        var sold = order.lines().stream().collect(Collectors.groupingBy(it -> "product " + it.productId()));
        sold.put("customer " + order.customerId(), order.lines());
        sold.put("all", order.lines());
        sold.forEach((scope, lines) -> REVENUE.change(sql, scope, NOTHING, before -> new Revenue(
            before.orders + 1, before.lines + lines.size(),
            before.units + lines.stream().mapToLong(OrderLine::quantity).sum(),
            lines.stream().map(OrderLine::amount).reduce(before.revenue, BigDecimal::add))));
    }
}
