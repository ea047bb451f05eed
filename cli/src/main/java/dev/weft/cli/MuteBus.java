package dev.weft.cli;

import dev.weft.core.Receipt;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A bus that takes what is told and hands nothing over: for services that are started to be asked, whose listeners must not do
 * anything outside.
 */
final class MuteBus implements Bus {

    private final Map<String, Long> published = new HashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public synchronized void publish(String source, long through, List<BusEvent> events) {
        published.put(source, through);
    }

    @Override
    public boolean durable() {
        return false;
    }

    @Override
    public synchronized long published(String source) {
        return published.getOrDefault(source, 0L);
    }

    @Override
    public Consumer subscribe(String name, Set<String> types) {
        return new Nothing();
    }

    /** A consumer that waits. */
    private final class Nothing implements Consumer {

        @Override
        public Batch poll(Duration atMost) throws InterruptedException {
            boolean over = closed.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
            if (over) throw new InterruptedException("the bus is closed");
            return new Batch(List.of(), Receipt.NONE);
        }

        @Override
        public List<BusEvent> acknowledge(List<BusEvent> events) {
            return List.of();
        }

        /** Does nothing. */
        @Override
        public void close() {}
    }

    /** Ends what waits. */
    @Override
    public void close() {
        closed.countDown();
    }
}
