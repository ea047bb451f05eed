package dev.weft.telemetry;

import dev.weft.core.Backoff;
import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Sends finished spans to a collector, as OTLP over HTTP in protobuf.
 *
 * <p>{@link #accept} puts a span into a queue of {@link #MAX_QUEUED} and returns; with the queue full
 * the span is dropped, which is counted and logged once. One virtual thread sends batches of at most
 * {@link #MAX_BATCH}, at the latest {@link #MAX_DELAY} behind the first span of a batch. A collector
 * that is away or overloaded is tried again, {@link #ATTEMPTS} times a batch.
 *
 * <p>The monitor guards the queue and the flags; nothing is encoded or sent while it is held.
 */
public final class OtlpSpans implements Span.Sink, AutoCloseable {

    /** The most spans that wait. */
    public static final int MAX_QUEUED = 8_192;

    /** The most spans in one request. */
    public static final int MAX_BATCH = 512;

    /** How long a span waits for others at most. */
    public static final Duration MAX_DELAY = Duration.ofMillis(200);

    /** How long one request may take. */
    public static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** How often a batch is tried before it is dropped. */
    public static final int ATTEMPTS = 8;

    /** How long {@link #close} goes on sending what waits. */
    public static final Duration CLOSING = Duration.ofSeconds(2);

    private static final System.Logger LOG = System.getLogger(OtlpSpans.class.getName());
    private static final Backoff BACKOFF =
            new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));

    private final Service<Request, Response> collector;
    private final String path;
    private final OtlpEncoder encoder;
    private final Time time;
    private final Thread sender;

    private final ArrayDeque<Span> queue = new ArrayDeque<>();
    private boolean ripe;
    private boolean closed;
    private boolean ended;
    private long dropped;

    /**
     * Starts the sender; nothing is sent before there are spans.
     *
     * @param collector the client of the collector's address
     * @param path {@code /v1/traces}, below the path of {@code OTEL_EXPORTER_OTLP_ENDPOINT}
     * @param service {@code service.name}
     * @param instance {@code service.instance.id}
     */
    public OtlpSpans(
            Service<Request, Response> collector,
            String path,
            String service,
            String instance,
            Time time) {
        this.collector = Cancellation.ofCalls(service, "collector", time).then(collector);
        this.path = path;
        this.time = time;
        var resource = new LinkedHashMap<String, Object>();
        resource.put("service.name", service);
        resource.put("service.instance.id", instance);
        this.encoder = new OtlpEncoder(resource);
        this.sender = time.start("otlp-spans", () -> Context.none().run(this::send));
    }

    @Override
    public void accept(Span span) {
        boolean firstDrop;
        boolean firstOfBatch;
        synchronized (this) {
            boolean full = closed || queue.size() == MAX_QUEUED;
            firstDrop = full && dropped++ == 0;
            if (!full) queue.add(span);
            firstOfBatch = !full && queue.size() == 1;
            if (queue.size() == MAX_BATCH) notifyAll();
        }
        if (firstOfBatch) time.schedule(MAX_DELAY, this::ripen);
        if (firstDrop)
            LOG.log(
                    System.Logger.Level.WARNING,
                    "spans are dropped: more than {0} wait for the collector",
                    MAX_QUEUED);
    }

    /** How many spans were dropped so far. */
    public synchronized long dropped() {
        return dropped;
    }

    private synchronized void ripen() {
        ripe = true;
        notifyAll();
    }

    private void send() {
        var batch = List.<Span>of();
        try {
            for (batch = next(); !batch.isEmpty(); batch = next()) {
                if (!delivered(batch)) drop(batch.size());
            }
        } catch (InterruptedException e) {
            drop(batch.size());
        } finally {
            end();
        }
    }

    /** Waits for a batch; an empty one says that there will be no more. */
    private synchronized List<Span> next() throws InterruptedException {
        while (!closed && !(ripe && !queue.isEmpty()) && queue.size() < MAX_BATCH) {
            ripe = false;
            wait();
        }
        var batch = new ArrayList<Span>(Math.min(queue.size(), MAX_BATCH));
        while (!queue.isEmpty() && batch.size() < MAX_BATCH) batch.add(queue.remove());
        // What is left is older than a moment already, and its timer has been used up.
        if (queue.isEmpty()) ripe = false;
        return batch;
    }

    private boolean delivered(List<Span> batch) throws InterruptedException {
        var body = encoder.encode(batch);
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            if (attempt > 1 && !pause(attempt)) return false;
            int status = post(body);
            if (status < 300) return true;
            if (status < 500 && status != 429) return false;
        }
        return false;
    }

    /** Waits before another attempt; false if there shall be none, because this is closing. */
    private boolean pause(int attempt) throws InterruptedException {
        synchronized (this) {
            if (closed) return false;
        }
        time.sleep(BACKOFF.after(attempt - 1, time));
        return true;
    }

    /** The answer's status; 503 without an answer. */
    private int post(byte[] body) throws InterruptedException {
        var request =
                Request.post(path, Body.of(body)).header("Content-Type", "application/x-protobuf");
        try {
            var within = Context.none().with(Deadline.after(TIMEOUT, time));
            var response = within.call(() -> collector.call(request));
            response.body().close();
            return response.status();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            LOG.log(System.Logger.Level.DEBUG, "the collector gave no answer", e);
            return 503;
        }
    }

    private void drop(int count) {
        boolean first;
        synchronized (this) {
            first = dropped == 0;
            dropped += count;
        }
        if (first)
            LOG.log(
                    System.Logger.Level.WARNING,
                    "spans are dropped: the collector did not take {0}",
                    count);
    }

    private synchronized void end() {
        ended = true;
        dropped += queue.size();
        queue.clear();
        notifyAll();
    }

    /** Takes no more spans and sends those that wait, for at most {@link #CLOSING}. */
    @Override
    public void close() {
        var cutOff = time.schedule(CLOSING, sender::interrupt);
        try {
            awaitEnd();
        } catch (InterruptedException e) {
            sender.interrupt();
            Thread.currentThread().interrupt();
        } finally {
            cutOff.cancel();
        }
        long lost = dropped();
        if (lost > 0) LOG.log(System.Logger.Level.WARNING, "{0} spans were dropped in all", lost);
    }

    private synchronized void awaitEnd() throws InterruptedException {
        closed = true;
        notifyAll();
        while (!ended) wait();
    }
}
