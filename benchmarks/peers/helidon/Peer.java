import io.helidon.http.HeaderNames;
import io.helidon.webclient.api.WebClient;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** Helidon SE without any policy: no deadline, no retry, no breaker, no traces. What the others' features are held against. */
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

    private static final JsonMapper JSON = new JsonMapper();
    private static final Semaphore SLOTS = new Semaphore(8, true);
    private static final AtomicInteger TURN = new AtomicInteger();

    static void main(String[] arguments) {
        boolean front = arguments[0].equals("front");
        var backs =
                Stream.of(System.getenv("BACKS").split(","))
                        .map(address -> WebClient.builder().baseUri(address).build())
                        .toList();
        WebServer.builder()
                .port(Integer.parseInt(System.getenv("PORT")))
                .routing(routes -> {
                    if (front)
                        routes.get("/orders/{id}", (in, out) -> pass(backs, in, out))
                                .get("/limited/{id}", (in, out) -> pass(backs, in, out));
                    else
                        routes.get("/orders/{id}", (in, out) -> send(out, order(id(in))))
                                .get("/limited/{id}", (in, out) -> send(out, limited(id(in))));
                })
                .build()
                .start();
    }

    private static String id(ServerRequest in) {
        return in.path().pathParameters().get("id");
    }

    private static void pass(List<WebClient> backs, ServerRequest in, ServerResponse out) {
        var back = backs.get(Math.floorMod(TURN.getAndIncrement(), backs.size()));
        try (var answer = back.get(in.path().path()).request()) {
            send(out, JSON.readValue(answer.entity().inputStream(), Order.class));
        }
    }

    private static void send(ServerResponse out, Order order) {
        out.header(HeaderNames.CONTENT_TYPE, "application/json").send(JSON.writeValueAsBytes(order));
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
