package peer;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Profile;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.RestClient;

/**
 * Spring Boot MVC on virtual threads, RestClient with a time for each try, Resilience4j's retry around the call and its
 * breaker around each try at an instance, Micrometer tracing over OpenTelemetry.
 */
@SpringBootApplication
public class Peer {

    public record Order(
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

    public static void main(String[] arguments) {
        var application = new SpringApplication(Peer.class);
        application.setAdditionalProfiles(arguments[0]);
        application.setDefaultProperties(
                Map.of(
                        "spring.application.name", arguments[0],
                        "server.port", System.getenv("PORT"),
                        "spring.threads.virtual.enabled", true,
                        "spring.http.clients.connect-timeout", "1s",
                        "spring.http.clients.read-timeout", "300ms",
                        "management.opentelemetry.tracing.export.otlp.endpoint", System.getenv("TRACES") + "/v1/traces",
                        "management.otlp.metrics.export.enabled", false));
        application.run();
    }

    /** Its pool has five connections to an address unless told otherwise. */
    @Bean
    ClientHttpRequestFactoryBuilder<?> connections() {
        return ClientHttpRequestFactoryBuilder.httpComponents()
                .withConnectionManagerCustomizer(pool -> pool.setMaxConnPerRoute(256).setMaxConnTotal(1_024));
    }

    /** In place of a share of all traces: at most 200 new ones a second are recorded. */
    @Bean
    Sampler sampler() {
        return Sampler.parentBased(new AtMost(200));
    }

    static final class AtMost implements Sampler {

        private final long costNanos;
        private final long originNanos = System.nanoTime();
        private final AtomicLong fullAtNanos = new AtomicLong();

        AtMost(int perSecond) {
            costNanos = 1_000_000_000L / perSecond;
        }

        @Override
        public SamplingResult shouldSample(
                Context parent, String trace, String name, SpanKind kind, Attributes attributes, List<LinkData> links) {
            long now = System.nanoTime() - originNanos;
            while (true) {
                long before = fullAtNanos.get();
                long after = Math.max(before, now) + costNanos;
                if (after - now > 1_000_000_000L) return SamplingResult.drop();
                if (fullAtNanos.compareAndSet(before, after)) return SamplingResult.recordAndSample();
            }
        }

        @Override
        public String getDescription() {
            return "so many a second";
        }
    }

    /** The front. */
    @RestController
    @Profile("front")
    static class Front {

        private record Instance(RestClient client, CircuitBreaker breaker) {}

        private final AtomicInteger turn = new AtomicInteger();
        private final List<Instance> backs;
        private final Retry retry =
                Retry.of(
                        "back",
                        RetryConfig.custom()
                                .maxAttempts(3)
                                .intervalFunction(
                                        IntervalFunction.ofExponentialRandomBackoff(
                                                Duration.ofMillis(25), 2, 0.5, Duration.ofMillis(250)))
                                .ignoreExceptions(HttpClientErrorException.class)
                                .build());

        Front(RestClient.Builder builder) {
            backs = Stream.of(System.getenv("BACKS").split(",")).map(address -> instance(builder, address)).toList();
        }

        private static Instance instance(RestClient.Builder builder, String address) {
            return new Instance(
                    builder.clone().baseUrl(address).build(),
                    CircuitBreaker.of(
                            address,
                            CircuitBreakerConfig.custom()
                                    .slidingWindowSize(10)
                                    .minimumNumberOfCalls(5)
                                    .failureRateThreshold(50)
                                    .waitDurationInOpenState(Duration.ofSeconds(5))
                                    .permittedNumberOfCallsInHalfOpenState(1)
                                    .ignoreExceptions(HttpClientErrorException.class)
                                    .build()));
        }

        @GetMapping("/orders/{id}")
        Order order(@PathVariable String id) {
            return ask("/orders/{id}", id);
        }

        @GetMapping("/limited/{id}")
        Order limited(@PathVariable String id) {
            return ask("/limited/{id}", id);
        }

        private Order ask(String path, String id) {
            return retry.executeSupplier(() -> {
                var back = backs.get(Math.floorMod(turn.getAndIncrement(), backs.size()));
                return back.breaker.executeSupplier(() ->
                        Objects.requireNonNull(back.client.get().uri(path, id).retrieve().body(Order.class)));
            });
        }
    }

    /** A back. */
    @RestController
    @Profile("back")
    static class Back {

        private final Semaphore slots = new Semaphore(8, true);

        @GetMapping("/orders/{id}")
        Order order(@PathVariable String id) {
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

        @GetMapping("/limited/{id}")
        Order limited(@PathVariable String id) throws InterruptedException {
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
