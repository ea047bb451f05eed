import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Sells, and says so. It takes any amount; others do not. */
class Till {

    record Sell(String key, int amount) {}

    record Sold(int amount) {}

    static final Decider<Sell, Integer, Sold> TILL = Decider.of(
        "till", 0, (sell, total) -> Decision.emit(new Sold(sell.amount())), (total, sold) -> total + sold.amount(),
        EventType.of("sold", Sold.class));

    public static void main(String[] args) {
        Weft.run(App.named("till")
            .publish(TILL)
            .routes(weft -> Routes.of(post("/sales/{key}", Sell.class, Map.class).status(201).to(sell ->
                Map.of("total", weft.handle(TILL, sell.key(), sell).orProblem(409))))), args);
    }
}
