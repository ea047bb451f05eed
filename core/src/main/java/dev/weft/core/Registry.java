package dev.weft.core;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * Where an instance makes itself known.
 *
 * <p>An entry lives as long as its lease, which the implementation renews until it is closed; an
 * instance that dies without a word is gone when the lease ends. When the registry is away, renewing
 * goes on trying and the instance serves on.
 */
public interface Registry {

    /**
     * Makes the instance known.
     *
     * @param load asked whenever the lease is renewed; must not block
     */
    Lease register(Instance instance, Supplier<Optional<Load>> load);

    /** Makes an instance known that says nothing of its load. */
    default Lease register(Instance instance) {
        return register(instance, Optional::empty);
    }

    /** A registered instance. */
    interface Lease extends AutoCloseable {

        /** Tells everyone of the new state. */
        void update(Instance.State state);

        /** Withdraws the instance; a second time it does nothing. */
        @Override
        void close();
    }
}
