import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import io.vertx.circuitbreaker.CircuitBreaker;
import io.vertx.circuitbreaker.CircuitBreakerOptions;
import io.vertx.circuitbreaker.RetryPolicy;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.tracing.TracingPolicy;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import io.vertx.tracing.opentelemetry.OpenTelemetryTracingFactory;
import java.net.URI;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Vert.x: a verticle for each core, Vert.x Web and its client. The breaker of each instance bounds a try; around them
 * stands one that never opens and tries again, as a breaker of Vert.x does both.
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

    static void main(String[] arguments) throws Exception {
        boolean front = arguments[0].equals("front");
        Vertx.builder()
                .withTracer(new OpenTelemetryTracingFactory(telemetry(arguments[0])))
                .build()
                .deployVerticle(
                        () -> front ? new Front() : new Back(),
                        new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors()))
                .await();
    }

    private static OpenTelemetry telemetry(String role) {
        var exporter = OtlpHttpSpanExporter.builder().setEndpoint(System.getenv("TRACES") + "/v1/traces").build();
        return OpenTelemetrySdk.builder()
                .setTracerProvider(
                        SdkTracerProvider.builder()
                                .setResource(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), role)))
                                .setSampler(Sampler.parentBased(new AtMost(200)))
                                .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
                                .build())
                .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
                .build();
    }

    /** At most so many new traces a second are recorded. */
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

    /** A server; what it answers is for others to say. */
    abstract static class Served extends VerticleBase {

        @Override
        public Future<?> start() {
            var router = Router.router(vertx);
            router.get("/orders/:id").handler(this::order);
            router.get("/limited/:id").handler(this::limited);
            return vertx.createHttpServer(new HttpServerOptions().setTracingPolicy(TracingPolicy.ALWAYS))
                    .requestHandler(router)
                    .listen(Integer.parseInt(System.getenv("PORT")));
        }

        abstract void order(RoutingContext request);

        abstract void limited(RoutingContext request);
    }

    /** The front. */
    static final class Front extends Served {

        private record Instance(URI address, CircuitBreaker breaker) {}

        private WebClient client;
        private CircuitBreaker retry;
        private List<Instance> backs;
        private int turn;

        @Override
        public Future<?> start() {
            client = WebClient.create(vertx, new WebClientOptions().setConnectTimeout(1_000), new PoolOptions().setHttp1MaxSize(256));
            retry =
                    CircuitBreaker.create(
                                    "retry",
                                    vertx,
                                    new CircuitBreakerOptions()
                                            .setMaxFailures(Integer.MAX_VALUE)
                                            .setTimeout(-1)
                                            .setMaxRetries(2))
                            .retryPolicy(RetryPolicy.exponentialDelayWithJitter(25, 250));
            backs = Stream.of(System.getenv("BACKS").split(",")).map(this::instance).toList();
            return super.start();
        }

        private Instance instance(String address) {
            return new Instance(
                    URI.create(address),
                    CircuitBreaker.create(
                            address,
                            vertx,
                            new CircuitBreakerOptions().setMaxFailures(5).setTimeout(300).setResetTimeout(5_000)));
        }

        @Override
        void order(RoutingContext request) {
            pass(request, "/orders/");
        }

        @Override
        void limited(RoutingContext request) {
            pass(request, "/limited/");
        }

        private void pass(RoutingContext request, String path) {
            retry.execute(() -> once(path + request.pathParam("id")))
                    .onSuccess(request::json)
                    .onFailure(failure -> request.fail(503, failure));
        }

        private Future<Order> once(String path) {
            var back = backs.get(Math.floorMod(turn++, backs.size()));
            return back.breaker.execute(() -> ask(back.address, path));
        }

        private Future<Order> ask(URI back, String path) {
            return client.get(back.getPort(), back.getHost(), path)
                    .timeout(300)
                    .send()
                    .map(answer -> {
                        if (answer.statusCode() >= 500) throw new IllegalStateException("answered " + answer.statusCode());
                        return answer.bodyAsJson(Order.class);
                    });
        }
    }

    /** A back. */
    static final class Back extends Served {

        private static final Semaphore SLOTS = new Semaphore(8, true);

        @Override
        void order(RoutingContext request) {
            request.json(of(request.pathParam("id")));
        }

        @Override
        void limited(RoutingContext request) {
            vertx.executeBlocking(() -> slow(request.pathParam("id")), false)
                    .onSuccess(request::json)
                    .onFailure(request::fail);
        }

        private static Order slow(String id) throws InterruptedException {
            SLOTS.acquire();
            try {
                Thread.sleep(20);
                return of(id);
            } finally {
                SLOTS.release();
            }
        }

        private static Order of(String id) {
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
}
