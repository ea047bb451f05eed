import brave.Tracing;
import brave.propagation.B3Propagation;
import brave.sampler.RateLimitingSampler;
import com.linecorp.armeria.client.Endpoint;
import com.linecorp.armeria.client.RestClient;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.client.brave.BraveClient;
import com.linecorp.armeria.client.circuitbreaker.CircuitBreaker;
import com.linecorp.armeria.client.circuitbreaker.CircuitBreakerClient;
import com.linecorp.armeria.client.circuitbreaker.CircuitBreakerRule;
import com.linecorp.armeria.client.endpoint.EndpointGroup;
import com.linecorp.armeria.client.endpoint.EndpointSelectionStrategy;
import com.linecorp.armeria.client.retry.Backoff;
import com.linecorp.armeria.client.retry.RetryRule;
import com.linecorp.armeria.client.retry.RetryingClient;
import com.linecorp.armeria.common.ResponseEntity;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.common.brave.RequestContextCurrentTraceContext;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.annotation.Blocking;
import com.linecorp.armeria.server.annotation.Get;
import com.linecorp.armeria.server.annotation.Param;
import com.linecorp.armeria.server.annotation.ProducesJson;
import com.linecorp.armeria.server.brave.BraveService;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import zipkin2.reporter.brave.AsyncZipkinSpanHandler;
import zipkin2.reporter.urlconnection.URLConnectionSender;

/**
 * Armeria: annotated services on the event loop, what blocks on its threads for that; around a call a retry, around each
 * try a breaker for each instance and a Brave span.
 */
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

    static void main(String[] arguments) {
        var role = arguments[0];
        var tracing = tracing(role);
        Server.builder()
                .http(Integer.parseInt(System.getenv("PORT")))
                .annotatedService(role.equals("front") ? new Front(client(tracing)) : new Back())
                .decorator(BraveService.newDecorator(tracing))
                .build()
                .start()
                .join();
    }

    /** At most 200 new traces a second are recorded. */
    private static Tracing tracing(String role) {
        var sender = URLConnectionSender.create(System.getenv("TRACES") + "/api/v2/spans");
        return Tracing.newBuilder()
                .localServiceName(role)
                .currentTraceContext(RequestContextCurrentTraceContext.ofDefault())
                .propagationFactory(
                        B3Propagation.newFactoryBuilder()
                                .injectFormat(B3Propagation.Format.SINGLE)
                                .build())
                .sampler(RateLimitingSampler.create(200))
                .addSpanHandler(AsyncZipkinSpanHandler.create(sender))
                .build();
    }

    private static RestClient client(Tracing tracing) {
        var backs = Stream.of(System.getenv("BACKS").split(",")).map(URI::create).map(it -> Endpoint.of(it.getHost(), it.getPort())).toList();
        var bad = CircuitBreakerRule.builder().onServerErrorStatus().onException().thenFailure();
        var again =
                RetryRule.builder()
                        .onServerErrorStatus()
                        .onException()
                        .thenBackoff(Backoff.exponential(25, 250).withJitter(0.5));
        return WebClient.builder(
                        SessionProtocol.HTTP,
                        EndpointGroup.of(EndpointSelectionStrategy.roundRobin(), backs))
                .decorator(BraveClient.newDecorator(tracing))
                .decorator(CircuitBreakerClient.newPerHostDecorator(Peer::breaker, bad))
                .decorator(
                        RetryingClient.builder(again)
                                .maxTotalAttempts(3)
                                .responseTimeoutMillisForEachAttempt(300)
                                .newDecorator())
                .responseTimeoutMillis(1_000)
                .build()
                .asRestClient();
    }

    /** Over two seconds, not the twenty that are the default: in these a stalled instance would be found late. */
    private static CircuitBreaker breaker(String host) {
        return CircuitBreaker.builder("back/" + host)
                .counterSlidingWindow(Duration.ofSeconds(2))
                .counterUpdateInterval(Duration.ofMillis(100))
                .minimumRequestThreshold(5)
                .failureRateThreshold(0.5)
                .circuitOpenWindow(Duration.ofSeconds(5))
                .trialRequestInterval(Duration.ofSeconds(1))
                .build();
    }

    /** The front. */
    static final class Front {

        private final RestClient back;

        Front(RestClient back) {
            this.back = back;
        }

        @Get("/orders/{id}")
        @ProducesJson
        public CompletableFuture<Order> order(@Param String id) {
            return back.get("/orders/{id}")
                    .pathParam("id", id)
                    .execute(Order.class)
                    .thenApply(ResponseEntity::content);
        }

        @Get("/limited/{id}")
        @ProducesJson
        public CompletableFuture<Order> limited(@Param String id) {
            return back.get("/limited/{id}")
                    .pathParam("id", id)
                    .execute(Order.class)
                    .thenApply(ResponseEntity::content);
        }
    }

    /** A back. */
    static final class Back {

        private final Semaphore slots = new Semaphore(8, true);

        @Get("/orders/{id}")
        @ProducesJson
        public Order order(@Param String id) {
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

        @Blocking
        @Get("/limited/{id}")
        @ProducesJson
        public Order limited(@Param String id) throws InterruptedException {
            slots.acquire();
            try {
                Thread.sleep(20);
                return order(id);
            } finally {
                slots.release();
            }
        }
    }
}
