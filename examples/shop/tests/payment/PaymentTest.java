package shop.payment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.testkit.Scenario;
import java.math.BigDecimal;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import shop.payment.PaymentService.Change;
import shop.payment.PaymentService.Command;
import shop.payment.PaymentService.Payment;
import shop.payment.PaymentService.Status;
import shop.payment.PaymentService.Take;
import shop.payment.PaymentService.Taken;
import shop.payment.PaymentService.Undo;
import shop.payment.PaymentService.Undone;

class PaymentTest {

    static final Scenario<Command, Optional<Payment>, Change> NEW = Scenario.of(PaymentService.PAYMENT);
    static final BigDecimal AMOUNT = new BigDecimal("2.20");
    static final Take TAKE = new Take("A1", "ann", AMOUNT);
    static final Taken TAKEN = new Taken("A1", "ann", AMOUNT);

    @Test
    void a_payment_is_taken_once_however_often_it_is_asked_for() {
        assertThat(NEW.when(TAKE).then(TAKEN).orElseThrow().status()).isEqualTo(Status.TAKEN);
        NEW.given(TAKEN).when(TAKE).thenNothing();
    }

    @Test
    void one_that_was_undone_is_never_taken_again() {
        NEW.given(TAKEN).when(new Undo("A1")).then(new Undone("A1"));
        NEW.given(TAKEN, new Undone("A1")).when(new Undo("A1")).thenNothing();
        NEW.given(TAKEN, new Undone("A1")).when(TAKE).thenRejected("payment-void");
    }

    @Test
    void one_that_is_undone_before_it_is_asked_for_is_never_made() {
        NEW.when(new Undo("A1")).then(new Undone("A1"));
        NEW.given(new Undone("A1")).when(TAKE).thenRejected("payment-void");
    }

    @Test
    void who_is_broke_is_refused() {
        NEW.when(new Take("A1", "broke-bob", AMOUNT)).thenRejected("payment-refused");
    }
}
