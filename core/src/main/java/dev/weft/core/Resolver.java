package dev.weft.core;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Knows the instances of all services.
 *
 * <p>It answers from memory, with what it last knew when its source is away; {@link #age} tells for
 * how long that is so. One that looks services up by name, such as DNS, begins to follow a service
 * when it is first named, and lets that first call wait a bounded time for an answer.
 *
 * <p>A listener is called at once, on the caller's thread, with what is known, and then with what is
 * newest whenever something changed; never twice at a time. One that is slow misses what lies
 * between, one that throws is called again at the next change, and neither holds up others.
 */
public interface Resolver extends AutoCloseable {

    /** All instances known, in no order. */
    List<Instance> instances();

    /** The instances of one service. */
    default List<Instance> instances(String service) {
        return instances().stream().filter(i -> i.service().equals(service)).toList();
    }

    /**
     * Whether every service is among what is known. Not so as long as its source has just started
     * and hears of them one by one: what is not found then may well be there. Listeners are called
     * when it becomes so.
     */
    default boolean complete() {
        return true;
    }

    /** Calls the listener now and with each change until the answer is closed. */
    Watch watch(Consumer<List<Instance>> listener);

    /** As {@link #watch(Consumer)}, with the instances of one service and its changes alone. */
    default Watch watch(String service, Consumer<List<Instance>> listener) {
        var before = new AtomicReference<List<Instance>>();
        return watch(all -> {
            var now = all.stream().filter(i -> i.service().equals(service)).toList();
            if (!now.equals(before.getAndSet(now))) listener.accept(now);
        });
    }

    /**
     * For how long the source has not confirmed what is known: zero while it answers. Of several
     * sources, the longest.
     */
    Duration age();

    /** Ends all watching. */
    @Override
    void close();

    /** Ends the watching: no call begins any more; one that has begun may still be under way. */
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }
}
