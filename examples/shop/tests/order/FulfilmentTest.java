package shop.order;

import static shop.contracts.PublicEvents.ORDER_CANCELLED;
import static shop.contracts.PublicEvents.ORDER_CONFIRMED;
import static shop.contracts.PublicEvents.ORDER_PLACED;
import static shop.order.Fulfilment.FULFILMENT;
import static shop.order.Fulfilment.LATE;
import static shop.order.Fulfilment.PATIENCE;
import static shop.order.Fulfilment.PAY;
import static shop.order.Fulfilment.Stage.CANCELLED;
import static shop.order.Fulfilment.Stage.CONFIRMED;
import static shop.order.Fulfilment.Stage.PAYING;
import static shop.order.Fulfilment.Stage.RESERVING;
import static shop.order.Fulfilment.Stage.UNDOING;
import static shop.order.Fulfilment.UNDO;
import static shop.order.Stock.STOCK;

import dev.weft.core.Problem;
import dev.weft.events.Next;
import dev.weft.testkit.SagaScenario;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import shop.contracts.PublicEvents.OrderCancelled;
import shop.contracts.PublicEvents.OrderConfirmed;
import shop.contracts.PublicEvents.OrderLine;
import shop.contracts.PublicEvents.OrderPlaced;
import shop.order.Fulfilment.Payment;
import shop.order.Fulfilment.Stage;
import shop.order.Fulfilment.Take;
import shop.order.Stock.Release;
import shop.order.Stock.Reserve;
import shop.order.Stock.Ship;

/** When this comes, then that is to be done, step by step. No service has to run for that. */
class FulfilmentTest {

    static final BigDecimal TOTAL = new BigDecimal("2.20");
    static final OrderPlaced ORDER =
        new OrderPlaced("A1", "ann", List.of(OrderLine.of("cup", "Cup", 2, new BigDecimal("1.10"))), TOTAL);
    static final Reserve RESERVE = new Reserve("A1", Map.of("cup", 2L));
    static final Payment PAID = new Payment("A1");

    static final SagaScenario<Fulfilment> PLACED = SagaScenario.of(FULFILMENT).hears(ORDER_PLACED, ORDER)
        .then(Next.to(at(RESERVING)).handle(STOCK, Stock.ID, RESERVE));
    static final SagaScenario<Fulfilment> RESERVED = PLACED.accepts(STOCK, Stock.ID, RESERVE, STOCK.initial());

    @Test
    void what_is_reserved_is_to_be_paid_within_a_while() {
        RESERVED.then(Next.to(at(PAYING)).call(PAY, new Take("A1", "ann", TOTAL)).after(PATIENCE, LATE));
    }

    @Test
    void what_is_paid_is_shipped() {
        RESERVED.answers(PAY, PAID)
            .then(Next.to(at(CONFIRMED)).handle(STOCK, Stock.ID, new Ship("A1"))
                .publish(ORDER_CONFIRMED.of("A1", new OrderConfirmed("A1", "ann", TOTAL))).done());
    }

    @Test
    void what_is_not_there_is_not_paid() {
        PLACED.rejects(STOCK, Stock.ID, RESERVE, "out-of-stock").then(cancelled("out-of-stock"));
    }

    @Test
    void what_cannot_be_paid_is_free_again() {
        RESERVED.refuses(PAY, Problem.of(402, "payment-refused", "ann cannot pay")).then(cancelled("payment-refused"));
    }

    @Test
    void a_payment_that_is_not_answered_is_undone_and_then_the_units_are_free_again() {
        RESERVED.due(LATE).then(Next.to(at(UNDOING)).giveUp(PAY).call(UNDO, "A1"))
            .answers(UNDO, PAID).then(cancelled("payment-late")).thenDone();
    }

    @Test
    void a_payment_that_cannot_be_undone_is_said_with_the_cancelled_order() {
        RESERVED.due(LATE).refuses(UNDO, Problem.of(403, "not-yours", "somebody else's payment"))
            .then(cancelled("payment-not-undone")).thenDone();
    }

    @Test
    void an_answer_that_comes_behind_the_end_changes_nothing() {
        RESERVED.due(LATE).answers(UNDO, PAID).answers(PAY, PAID).thenUnexpected();
    }

    private static Next<Fulfilment> cancelled(String reason) {
        return Next.to(new Fulfilment("A1", "ann", TOTAL, CANCELLED, Optional.of(reason)))
            .handle(STOCK, Stock.ID, new Release("A1"))
            .publish(ORDER_CANCELLED.of("A1", new OrderCancelled("A1", "ann", reason))).done();
    }

    private static Fulfilment at(Stage stage) {
        return new Fulfilment("A1", "ann", TOTAL, stage, Optional.empty());
    }
}
