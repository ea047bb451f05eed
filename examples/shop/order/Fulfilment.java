package shop.order;

import static dev.weft.http.Endpoint.*;
import static shop.contracts.PublicEvents.*;
import static shop.order.Stock.STOCK;

import module dev.weft.app;

/** What a placed order goes through: stock, payment, the end; and what is undone where that fails. */
record Fulfilment(String orderId, String customerId, BigDecimal total, Stage stage, Optional<String> reason) {

    enum Stage { RESERVING, PAYING, UNDOING, CONFIRMED, CANCELLED }

    /** What the payment service takes and answers, as far as it matters here. The payment has the order's id. */
    record Take(String id, String customerId, BigDecimal amount) {}
    record Payment(String id) {}

    static final Call<Take, Payment> PAY =
        Call.of("pay", "payment", put("/payments/{id}", Take.class, Payment.class));
    static final Call<String, Payment> UNDO =
        Call.of("undo", "payment", delete("/payments/{id}", String.class, Payment.class));

    static final Duration PATIENCE = Duration.ofSeconds(10);
    static final String LATE = "payment-late";

    static final Saga<Fulfilment> FULFILMENT = Saga.of("fulfilment", Fulfilment.class)
        .publishes(ORDER_CONFIRMED, ORDER_CANCELLED)
        .begin(ORDER_PLACED, OrderPlaced::id, Fulfilment::reserve)
        .accepted(STOCK, (it, _) -> it.pay())
        .rejected(STOCK, (it, no) -> it.cancel(no.reason()))
        .answered(PAY, (it, _) -> it.confirm())
        .refused(PAY, (it, problem) -> it.cancel(problem.type()))
        .due(LATE, Fulfilment::undo)
        .answered(UNDO, (it, _) -> it.cancel(LATE))
        .refused(UNDO, (it, _) -> it.cancel("payment-not-undone"));

    private static Next<Fulfilment> reserve(OrderPlaced it) {
        return Next.to(new Fulfilment(it.id(), it.customerId(), it.total(), Stage.RESERVING, Optional.empty()))
            .handle(STOCK, Stock.ID, Stock.Reserve.of(it));
    }

    private Next<Fulfilment> pay() {
        return Next.to(at(Stage.PAYING)).call(PAY, new Take(orderId, customerId, total)).after(PATIENCE, LATE);
    }

    /** Nobody knows whether the money was taken, so the payment is undone first. */
    private Next<Fulfilment> undo() {
        return Next.to(at(Stage.UNDOING)).giveUp(PAY).call(UNDO, orderId);
    }

    private Next<Fulfilment> confirm() {
        return Next.to(at(Stage.CONFIRMED)).handle(STOCK, Stock.ID, new Stock.Ship(orderId))
            .publish(ORDER_CONFIRMED.of(orderId, new OrderConfirmed(orderId, customerId, total))).done();
    }

    private Next<Fulfilment> cancel(String reason) {
        return Next.to(new Fulfilment(orderId, customerId, total, Stage.CANCELLED, Optional.of(reason)))
            .handle(STOCK, Stock.ID, new Stock.Release(orderId))
            .publish(ORDER_CANCELLED.of(orderId, new OrderCancelled(orderId, customerId, reason))).done();
    }

    private Fulfilment at(Stage stage) {
        return new Fulfilment(orderId, customerId, total, stage, reason);
    }
}
