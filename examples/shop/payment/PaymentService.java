package shop.payment;

import static dev.weft.events.Decision.*;
import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/**
 * Takes money, and plays what is somebody else's: it has HTTP and nothing else, knows neither the shop's events nor its
 * code, may refuse, and may never answer. Who asks names the payment, so asking twice takes the money once; and one that
 * was undone before it was asked for is never made.
 */
class PaymentService {

    enum Status { TAKEN, VOID }

    record Payment(String id, Status status, Optional<String> customerId, Optional<BigDecimal> amount) {}

    sealed interface Command { String id(); }
    record Take(String id, String customerId, BigDecimal amount) implements Command {
        Take {
            Require.text("customer_id", customerId, 100);
            Require.money("amount", amount);
        }
    }
    record Undo(String id) implements Command {}

    sealed interface Change {}
    record Taken(String id, String customerId, BigDecimal amount) implements Change {}
    record Undone(String id) implements Change {}

    record Account(long payments, BigDecimal paid) {
        Account and(int more, BigDecimal amount) { return new Account(payments + more, paid.add(amount)); }
    }

    static final Decider<Command, Optional<Payment>, Change> PAYMENT = Decider.of(
        "payment", Optional.empty(), PaymentService::decide, PaymentService::evolve,
        EventType.of("payment-taken", Taken.class), EventType.of("payment-undone", Undone.class));

    static final Table<Taken> TAKEN = Table.of("taken", Taken.class);
    static final Table<Account> ACCOUNTS = Table.of("account", Account.class);
    static final Account NEW = new Account(0, BigDecimal.ZERO);
    static final Duration FOR_EVER = Duration.ofDays(1);

    public static void main(String[] args) {
        Weft.run(App.named("payment")
            .project(Projection.of("accounts", PAYMENT, PaymentService::project).tables(TAKEN, ACCOUNTS))
            .routes(weft -> Routes.of(
                put("/payments/{id}", Take.class, Payment.class).to(it -> take(weft, it)),
                delete("/payments/{id}", String.class, Payment.class).to(id -> handle(weft, new Undo(id))),
                get("/payments/{id}", String.class, Payment.class).to(id ->
                    weft.state(PAYMENT, id).orElseThrow(() -> Problem.notFound("payment", id))),
                get("/accounts/{customer_id}", String.class, Account.class).to(id ->
                    ACCOUNTS.find(weft.database(), id).orElse(NEW)))), args);
    }

    static Decision<Change> decide(Command command, Optional<Payment> known) {
        return switch (command) {
            case Take(var id, var customer, _) when known.isEmpty() && customer.startsWith("broke") ->
                reject("payment-refused", "customer " + customer + " cannot pay " + id);
            case Take(var id, var customer, var amount) when known.isEmpty() -> emit(new Taken(id, customer, amount));
            case Take(var id, _, _) when known.get().status() == Status.VOID ->
                reject("payment-void", "payment " + id + " was undone");
            case Take _ -> nothing();
            case Undo _ when known.filter(it -> it.status() == Status.VOID).isPresent() -> nothing();
            case Undo(var id) -> emit(new Undone(id));
        };
    }

    static Optional<Payment> evolve(Optional<Payment> before, Change change) {
        return Optional.of(switch (change) {
            case Taken(var id, var customer, var amount) ->
                new Payment(id, Status.TAKEN, Optional.of(customer), Optional.of(amount));
            case Undone(var id) -> new Payment(id, Status.VOID,
                before.flatMap(Payment::customerId), before.flatMap(Payment::amount));
        });
    }

    static Payment handle(Weft weft, Command command) throws InterruptedException {
        return weft.handle(PAYMENT, command.id(), command).orProblem(402).orElseThrow();
    }

    /** The worst that can happen to who asks: the money is taken, and the answer never comes. */
    static Payment take(Weft weft, Take it) throws InterruptedException {
        var payment = handle(weft, it);
        if (it.customerId().startsWith("silent")) weft.time().sleep(FOR_EVER);
        return payment;
    }

    static void project(Event<Change> event, Sql sql) {
        switch (event.data()) {
            case Taken it -> {
                TAKEN.put(sql, it.id(), it);
                ACCOUNTS.change(sql, it.customerId(), NEW, before -> before.and(1, it.amount()));
            }
            case Undone(var id) -> TAKEN.find(sql, id).ifPresent(it ->
                ACCOUNTS.change(sql, it.customerId(), before -> before.and(-1, it.amount().negate())));
        }
    }
}
