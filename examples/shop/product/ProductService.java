package shop.product;

import static dev.weft.http.Endpoint.*;
import static shop.contracts.PublicEvents.*;

import module dev.weft.app;

/** What can be bought, at which price, with which picture. */
class ProductService {

    record Register(Optional<String> id, String title, BigDecimal price, Optional<URI> photo) {
        Register {
            id.ifPresent(it -> Require.text("id", it, 100));
            Require.text("title", title, 200);
            Require.money("price", price);
            photo.ifPresent(it -> Require.that(it.toString().matches("https?://.+"), "photo must be a URL, not " + it));
        }
    }

    record NewPrice(String id, BigDecimal price) {
        NewPrice {
            Require.money("price", price);
        }
    }

    public static void main(String[] args) {
        Weft.run(App.named("product")
            .tables(Photos.TABLE)
            .publish(Product.DECIDER)
            .listen(weft -> Listener.effect("photos").attempts(5, Backoff.PATIENT).on(PRODUCT_REGISTERED,
                event -> Photos.download(weft, event.data()),
                (event, failure) -> Photos.giveUp(weft, event.data(), failure)))
            .routes(weft -> Routes.of(
                post("/products", Register.class, Product.class).status(201)
                    .location(it -> "/products/" + it.id()).to(it -> register(weft, it)),
                get("/products/{id}", String.class, Product.class).to(id ->
                    weft.state(Product.DECIDER, id).orElseThrow(() -> Problem.notFound("product", id))),
                put("/products/{id}/price", NewPrice.class, Product.class).to(it ->
                    weft.handle(Product.DECIDER, it.id(), new Product.ChangePrice(it.id(), it.price()))
                        .orProblem(404).orElseThrow()),
                Route.get("/products/{id}/photo", request -> Photos.serve(weft, request.variable("id"))))),
            args);
    }

    static Product register(Weft weft, Register it) throws InterruptedException {
        var id = it.id().orElseGet(weft::newId);
        var command = new Product.Register(id, it.title(), it.price(), it.photo());
        return weft.handle(Product.DECIDER, id, command).orProblem(409).orElseThrow();
    }
}
