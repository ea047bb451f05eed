package shop.product;

import static org.assertj.core.api.Assertions.assertThat;
import static shop.product.Product.PhotoStatus.DOWNLOADED;
import static shop.product.Product.PhotoStatus.NONE;
import static shop.product.Product.PhotoStatus.NOT_DOWNLOADED;
import static shop.product.Product.PhotoStatus.PENDING;

import dev.weft.events.Decision;
import java.math.BigDecimal;
import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import shop.contracts.PublicEvents.PhotoDownloaded;
import shop.contracts.PublicEvents.PhotoNotDownloaded;
import shop.contracts.PublicEvents.PriceChanged;
import shop.contracts.PublicEvents.ProductEvent;
import shop.contracts.PublicEvents.ProductRegistered;
import shop.product.Product.ChangePrice;
import shop.product.Product.Command;
import shop.product.Product.Register;

class ProductTest {

    static final BigDecimal PRICE = new BigDecimal("2.550");
    static final Optional<URI> PHOTO = Optional.of(URI.create("http://pictures/cup.png"));
    static final ProductEvent CUP = new ProductRegistered("1", "Cup", PRICE, Optional.empty());
    static final ProductEvent LAMP = new ProductRegistered("2", "Lamp", PRICE, PHOTO);

    @Test
    void a_product_is_registered_once() {
        assertThat(when(new Register("1", "Cup", PRICE, Optional.empty()))).isEqualTo(Decision.emit(CUP));
        assertThat(when(new Register("1", "Mug", PRICE, Optional.empty()), CUP))
            .isEqualTo(Decision.reject("product-exists", "there is a product 1 already"));
    }

    @Test
    void the_price_of_a_product_changes() {
        var dearer = new PriceChanged("1", new BigDecimal("3.00"));
        assertThat(when(new ChangePrice("1", dearer.price()), CUP)).isEqualTo(Decision.emit(dearer));
        assertThat(after(CUP, dearer).orElseThrow().price()).isEqualTo(dearer.price());
    }

    @Test
    void what_is_not_there_has_no_price() {
        assertThat(when(new ChangePrice("1", PRICE)))
            .isEqualTo(Decision.reject("product-not-found", "there is no product 1"));
    }

    @Test
    void a_photo_is_awaited_until_it_is_there_or_given_up() {
        assertThat(after(CUP).orElseThrow().photoStatus()).isEqualTo(NONE);
        assertThat(after(LAMP).orElseThrow().photoStatus()).isEqualTo(PENDING);
        assertThat(after(LAMP, new PhotoDownloaded("2")).orElseThrow().photoStatus()).isEqualTo(DOWNLOADED);
        var given = after(LAMP, new PhotoNotDownloaded("2", "the answer was 404")).orElseThrow();
        assertThat(given.photoStatus()).isEqualTo(NOT_DOWNLOADED);
        assertThat(given.photoProblem()).hasValue("the answer was 404");
    }

    private static Optional<Product> after(ProductEvent... history) {
        var product = Product.DECIDER.initial();
        for (var event : history) product = Product.DECIDER.evolve().apply(product, event);
        return product;
    }

    private static Decision<ProductEvent> when(Command command, ProductEvent... history) {
        return Product.DECIDER.decide().apply(command, after(history));
    }
}
