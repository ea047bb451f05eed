package dev.weft.core;

import java.util.List;
import java.util.function.Consumer;

/**
 * Knows the instances of all services.
 *
 * <p>It answers from memory, with what it last knew when its source is away. Listeners are called
 * one at a time, at once with what is known and then with every change.
 */
public interface Resolver extends AutoCloseable {

    /** All instances known, in no order. */
    List<Instance> instances();

    /** The instances of one service. */
    default List<Instance> instances(String service) {
        return instances().stream().filter(i -> i.service().equals(service)).toList();
    }

    /** Calls the listener now and with each change until the answer is closed. */
    Watch watch(Consumer<List<Instance>> listener);

    @Override
    void close();

    /** Ends the watching. */
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }
}
