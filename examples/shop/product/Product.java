package shop.product;

import static dev.weft.events.Decision.*;
import static shop.contracts.PublicEvents.*;

import module dev.weft.app;

/** What can be bought: its rules, as pure functions over what happened to it. */
record Product(String id, String title, BigDecimal price, PhotoStatus photoStatus, Optional<String> photoProblem) {

    enum PhotoStatus { NONE, PENDING, DOWNLOADED, NOT_DOWNLOADED }

    sealed interface Command {}
    record Register(String id, String title, BigDecimal price, Optional<URI> photo) implements Command {}
    record ChangePrice(String id, BigDecimal price) implements Command {}
    record PhotoFound(String id) implements Command {}
    record PhotoMissed(String id, String reason) implements Command {}

    /** What happens to a product is no secret, so its events are the public ones themselves. */
    static final Decider<Command, Optional<Product>, ProductEvent> DECIDER = Decider.of(
        "product", Optional.empty(), Product::decide, Product::evolve,
        PRODUCT_REGISTERED, PRICE_CHANGED, PHOTO_DOWNLOADED, PHOTO_NOT_DOWNLOADED);

    static Decision<ProductEvent> decide(Command command, Optional<Product> known) {
        return switch (command) {
            case Register it when known.isPresent() ->
                reject("product-exists", "there is a product " + it.id() + " already");
            case Register(var id, var title, var price, var photo) ->
                emit(new ProductRegistered(id, title, price, photo));
            case ChangePrice it when known.isEmpty() ->
                reject("product-not-found", "there is no product " + it.id());
            case ChangePrice(_, var price) when known.get().price.compareTo(price) == 0 -> nothing();
            case ChangePrice(var id, var price) -> emit(new PriceChanged(id, price));
            case PhotoFound(var id) -> emit(new PhotoDownloaded(id));
            case PhotoMissed(var id, var reason) -> emit(new PhotoNotDownloaded(id, reason));
        };
    }

    static Optional<Product> evolve(Optional<Product> before, ProductEvent event) {
        return switch (event) {
            case ProductRegistered(var id, var title, var price, var photo) ->
                Optional.of(new Product(id, title, price,
                    photo.isPresent() ? PhotoStatus.PENDING : PhotoStatus.NONE, Optional.empty()));
            case PriceChanged(var _, var price) -> before.map(it -> it.at(price));
            case PhotoDownloaded _ -> before.map(it -> it.with(PhotoStatus.DOWNLOADED, Optional.empty()));
            case PhotoNotDownloaded(var _, var reason) ->
                before.map(it -> it.with(PhotoStatus.NOT_DOWNLOADED, Optional.of(reason)));
        };
    }

    private Product at(BigDecimal price) {
        return new Product(id, title, price, photoStatus, photoProblem);
    }

    private Product with(PhotoStatus status, Optional<String> problem) {
        return new Product(id, title, price, status, problem);
    }
}
