package dev.weft.events;

import dev.weft.core.Time;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A listener's place in its subscription, taken anew after each failure: what was lost on the way is
 * handed over again. One thread polls; any may acknowledge.
 */
final class Subscribed {

    /** How long a poll waits when there is nothing else to do. */
    static final Duration POLL = Duration.ofSeconds(20);

    private final Bus bus;
    private final String name;
    private final Set<String> types;
    private volatile Optional<Bus.Consumer> consumer = Optional.empty();

    Subscribed(Bus bus, String service, Listener listener) {
        this.bus = bus;
        this.name = service + "." + listener.name();
        this.types =
                listener.types().stream()
                        .flatMap(type -> type.publicNames().stream())
                        .collect(Collectors.toSet());
    }

    /** {@code service.listener} */
    String name() {
        return name;
    }

    Bus.Batch poll(Loop loop, Duration atMost) throws Exception {
        if (consumer.isEmpty()) consumer = Optional.of(bus.subscribe(name, types));
        var polled = consumer.get();
        try {
            return loop.idle(() -> polled.poll(atMost));
        } catch (Exception e) {
            // When it stops, what is handled last is still to be acknowledged.
            if (!loop.stopping()) leave();
            throw e;
        }
    }

    /** Acknowledges; fails if it is not known to have arrived. */
    void acknowledge(List<BusEvent> events) throws InterruptedException {
        var holder = consumer;
        if (holder.isEmpty())
            throw new IllegalStateException(
                    name + " cannot acknowledge before it has joined again");
        holder.get().acknowledge(events);
    }

    /** Leaves; what is not acknowledged goes to the next consumer. */
    void leave() {
        var left = consumer;
        consumer = Optional.empty();
        try {
            left.ifPresent(Bus.Consumer::close);
        } catch (RuntimeException e) {
            Loop.LOG.log(
                    System.Logger.Level.DEBUG,
                    name + " could not say that it leaves; it is taken to have left when silent",
                    e);
        }
    }

    static Duration until(long atNanos, Time time) {
        return Duration.ofNanos(Math.clamp(atNanos - time.nanos(), 0, POLL.toNanos()));
    }
}
