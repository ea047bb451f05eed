package shop.product;

import static org.assertj.core.api.Assertions.assertThat;
import static shop.product.Product.PhotoStatus.DOWNLOADED;
import static shop.product.Product.PhotoStatus.NONE;
import static shop.product.Product.PhotoStatus.NOT_DOWNLOADED;
import static shop.product.Product.PhotoStatus.PENDING;

import dev.weft.testkit.Scenario;
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
import shop.product.Product.PhotoFound;
import shop.product.Product.PhotoMissed;
import shop.product.Product.Register;

class ProductTest {

    static final BigDecimal PRICE = new BigDecimal("2.550");
    static final Optional<URI> PHOTO = Optional.of(URI.create("http://pictures/cup.png"));
    static final ProductEvent CUP = new ProductRegistered("1", "Cup", PRICE, Optional.empty());
    static final ProductEvent LAMP = new ProductRegistered("2", "Lamp", PRICE, PHOTO);
    static final Scenario<Command, Optional<Product>, ProductEvent> UNKNOWN = Scenario.of(Product.DECIDER);

    @Test
    void a_product_is_registered_once() {
        UNKNOWN.when(new Register("1", "Cup", PRICE, Optional.empty())).then(CUP);
        UNKNOWN.given(CUP).when(new Register("1", "Mug", PRICE, Optional.empty())).thenRejected("product-exists");
    }

    @Test
    void the_price_of_a_product_changes() {
        var dearer = new PriceChanged("1", new BigDecimal("3.00"));
        var product = UNKNOWN.given(CUP).when(new ChangePrice("1", dearer.price())).then(dearer);
        assertThat(product.orElseThrow().price()).isEqualTo(dearer.price());
        UNKNOWN.given(CUP, dearer).when(new ChangePrice("1", new BigDecimal("3"))).thenNothing();
    }

    @Test
    void what_is_not_there_has_no_price() {
        UNKNOWN.when(new ChangePrice("1", PRICE)).thenRejected("product-not-found");
    }

    @Test
    void a_photo_is_awaited_until_it_is_there_or_given_up() {
        assertThat(UNKNOWN.given(CUP).state().orElseThrow().photoStatus()).isEqualTo(NONE);
        assertThat(UNKNOWN.given(LAMP).state().orElseThrow().photoStatus()).isEqualTo(PENDING);
        var found = UNKNOWN.given(LAMP).when(new PhotoFound("2")).then(new PhotoDownloaded("2")).orElseThrow();
        assertThat(found.photoStatus()).isEqualTo(DOWNLOADED);
        var missed = UNKNOWN.given(LAMP).when(new PhotoMissed("2", "the answer was 404"))
            .then(new PhotoNotDownloaded("2", "the answer was 404")).orElseThrow();
        assertThat(missed.photoStatus()).isEqualTo(NOT_DOWNLOADED);
        assertThat(missed.photoProblem()).hasValue("the answer was 404");
    }
}
