package shop.contracts;

import module dev.weft.app;

/** What the shop's services tell each other. A name, once told, stays. */
public interface PublicEvents {

    EventType<CustomerSignedUp> CUSTOMER_SIGNED_UP = EventType.of("customer-signed-up", CustomerSignedUp.class);
    EventType<ProductRegistered> PRODUCT_REGISTERED = EventType.of("product-registered", ProductRegistered.class);
    EventType<PriceChanged> PRICE_CHANGED = EventType.of("price-changed", PriceChanged.class);
    EventType<PhotoDownloaded> PHOTO_DOWNLOADED = EventType.of("photo-downloaded", PhotoDownloaded.class);
    EventType<PhotoNotDownloaded> PHOTO_NOT_DOWNLOADED = EventType.of("photo-not-downloaded", PhotoNotDownloaded.class);
    EventType<OrderPlaced> ORDER_PLACED = EventType.of("order-placed", OrderPlaced.class);
    EventType<OrderConfirmed> ORDER_CONFIRMED = EventType.of("order-confirmed", OrderConfirmed.class);
    EventType<OrderCancelled> ORDER_CANCELLED = EventType.of("order-cancelled", OrderCancelled.class);

    record CustomerSignedUp(String id, String name, String country) {}

    sealed interface ProductEvent {}

    /** With the address of a photo that is still to be downloaded, if there is one. */
    record ProductRegistered(String id, String title, BigDecimal price, Optional<URI> photo) implements ProductEvent {}

    record PriceChanged(String id, BigDecimal price) implements ProductEvent {}

    record PhotoDownloaded(String id) implements ProductEvent {}

    record PhotoNotDownloaded(String id, String reason) implements ProductEvent {}

    record OrderPlaced(String id, String customerId, List<OrderLine> lines, BigDecimal total) {}

    /** How a placed order ends. */
    sealed interface OrderEnd {
        String id();
    }

    /** It is paid, and its products are on their way. */
    record OrderConfirmed(String id, String customerId, BigDecimal paid) implements OrderEnd {}

    /** Nothing is paid and nothing is sent; the reason is a word such as {@code out-of-stock}. */
    record OrderCancelled(String id, String customerId, String reason) implements OrderEnd {}

    /** An order has one line per product and price. */
    record OrderLine(String productId, String title, long quantity, BigDecimal price, BigDecimal amount) {
        public static OrderLine of(String productId, String title, long quantity, BigDecimal price) {
            return new OrderLine(productId, title, quantity, price, price.multiply(BigDecimal.valueOf(quantity)));
        }

        public boolean isLike(OrderLine other) {
            return productId.equals(other.productId) && price.compareTo(other.price) == 0;
        }

        public OrderLine and(OrderLine more) {
            return of(productId, title, quantity + more.quantity, price);
        }
    }
}
