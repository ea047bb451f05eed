import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Weft as a user would write it: everything as it comes, but for the two times that all peers have. */
public final class Peer {

    record Order(
            String id,
            String customer,
            String country,
            String currency,
            String status,
            String placedAt,
            int items,
            long totalCents,
            boolean paid,
            List<String> tags) {}

    private static final Endpoint<String, Order> ORDER = get("/orders/{id}", String.class, Order.class);
    private static final Endpoint<String, Order> LIMITED = get("/limited/{id}", String.class, Order.class);

    private static final ClientOptions TIMES =
            ClientOptions.DEFAULT
                    .with(Setting.TIMEOUT, Duration.ofSeconds(1))
                    .with(Setting.TRY_TIMEOUT, Duration.ofMillis(300));

    private static final Semaphore SLOTS = new Semaphore(8, true);

    static void main(String[] arguments) {
        Weft.run(arguments[0].equals("front") ? front() : back());
    }

    private static App front() {
        return App.named("front")
                .calls("back", TIMES)
                .routes(weft ->
                        Routes.of(
                                ORDER.to(ORDER.on(weft.client("back"))),
                                LIMITED.to(LIMITED.on(weft.client("back")))));
    }

    private static App back() {
        return App.named("back").routes(Routes.of(ORDER.to(Peer::order), LIMITED.to(Peer::limited)));
    }

    private static Order limited(String id) throws InterruptedException {
        SLOTS.acquire();
        try {
            Thread.sleep(20);
            return order(id);
        } finally {
            SLOTS.release();
        }
    }

    private static Order order(String id) {
        return new Order(
                id,
                "Ann Example",
                "France",
                "EUR",
                "shipped",
                "2026-11-21T14:10:00Z",
                3,
                12_990,
                true,
                List.of("gift", "express"));
    }
}
