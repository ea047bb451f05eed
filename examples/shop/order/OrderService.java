package shop.order;

import static dev.weft.http.Endpoint.*;
import static shop.order.Fulfilment.FULFILMENT;
import static shop.order.Stock.STOCK;

import module dev.weft.app;

/** Takes placed orders through stock and payment. */
class OrderService {

    record Units(String productId, long units) {
        Units { Require.between("units", units, 0, 1_000_000_000); }
    }

    public static void main(String[] args) {
        Weft.run(App.named("order")
            .saga(FULFILMENT)
            .routes(weft -> Routes.of(
                get("/fulfilment/{order_id}", String.class, Fulfilment.class).to(id ->
                    weft.saga(FULFILMENT, id).orElseThrow(() -> Problem.notFound("fulfilment", id))),
                put("/stock/{product_id}", Units.class, Stock.Shelf.class).to(it -> shelf(count(weft, it), it.productId())),
                get("/stock/{product_id}", String.class, Stock.Shelf.class).to(id ->
                    shelf(weft.state(STOCK, Stock.ID), id)))), args);
    }

    static Stock count(Weft weft, Units it) throws InterruptedException {
        return weft.handle(STOCK, Stock.ID, new Stock.Count(it.productId(), it.units())).orProblem(409);
    }

    static Stock.Shelf shelf(Stock stock, String product) {
        return stock.shelf(product).orElseThrow(() -> Problem.notFound("stock", product));
    }
}
