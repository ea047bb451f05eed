package dev.weft.core;

/**
 * Where an instance makes itself known.
 *
 * <p>An entry lives as long as its lease, which the implementation renews until it is closed; an
 * instance that dies without a word is gone when the lease ends. When the registry is away, renewing
 * goes on trying and the instance serves on.
 */
public interface Registry {

    Lease register(Instance instance);

    /** A registered instance. */
    interface Lease extends AutoCloseable {

        /** Tells everyone of the new state. */
        void update(Instance.State state);

        /** Withdraws the instance. */
        @Override
        void close();
    }
}
